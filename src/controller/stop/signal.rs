//! How does the controller send a signal to a container? From an ephemeral container in the container's process
//! namespace.
//!
//! The ephemeral container runs `sidecarjob signal`, so no image needs a shell. It runs as the user of the container,
//! or, if the Pod names no user, as root with the capability KILL only. Its name is computed, so a second attempt finds
//! the first one.

use futures::TryFutureExt;
use k8s_openapi::api::core::v1::{
    Capabilities, ContainerStateTerminated, EphemeralContainer, Pod, PodSpec, SeccompProfile, SecurityContext,
};
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use serde_json::json;
use tracing::warn;

use crate::api::labels;
use crate::controller::call::{call, failed};
use crate::controller::stop::NotReached;
use crate::engine::build::names;
use crate::engine::observed::PodRef;

/// Sends the signal, and waits until the signal has been sent.
pub async fn ask(
    api: &Api<Pod>,
    pod: &PodRef,
    container: &str,
    signal: &str,
    image: Option<&str>,
) -> Result<(), NotReached> {
    let image = image.ok_or_else(|| {
        NotReached::Other("the controller knows no image with `sidecarjob signal`: set --stop-signal-image".into())
    })?;
    let live = api.get(&pod.name).await?;
    let spec = live.spec.as_ref().filter(|_| live.metadata.uid.as_deref() == Some(&pod.uid));
    let Some(spec) = spec else { return Err(NotReached::Other("another Pod has this name by now".into())) };
    has_a_first_process_of_its_own(spec)?;
    let name = names::signal_container(container, signal);
    if !spec.ephemeral_containers.iter().flatten().any(|c| c.name == name) {
        let patch = json!({"spec": {"ephemeralContainers": [ephemeral(spec, &name, container, signal, image)]}});
        let params = PatchParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PatchParams::default() };
        api.patch_ephemeral_containers(&pod.name, &params, &Patch::Strategic(patch)).await?;
    }
    let sent = await_condition(api.clone(), &pod.name, |pod: Option<&Pod>| pod.is_none_or(|p| end(p, &name).is_some()));
    let pod = sent.map_err(|e| NotReached::Other(e.to_string())).await?;
    match pod.as_ref().and_then(|p| end(p, &name)) {
        Some(end) if end.exit_code != 0 => Err(NotReached::Other(format!(
            "exit code {}: {}",
            end.exit_code,
            end.message.as_deref().unwrap_or_default().trim()
        ))),
        _ => Ok(()),
    }
}

/// An error if the container has no process 1 of its own: if containers share a process namespace, process 1 belongs to
/// none of them, and with hostPID process 1 is the node's init process.
fn has_a_first_process_of_its_own(spec: &PodSpec) -> Result<(), NotReached> {
    let shared = [("hostPID", spec.host_pid), ("shareProcessNamespace", spec.share_process_namespace)];
    match shared.iter().find(|(_, is)| *is == Some(true)) {
        Some((field, _)) => {
            Err(NotReached::Other(format!("the Pod has {field}, so the container has no process 1 of its own")))
        }
        None => Ok(()),
    }
}

/// How the ephemeral container ended.
fn end(pod: &Pod, name: &str) -> Option<ContainerStateTerminated> {
    let all = pod.status.as_ref()?.ephemeral_container_statuses.as_ref()?;
    all.iter().find(|s| s.name == name)?.state.as_ref()?.terminated.clone()
}

fn ephemeral(spec: &PodSpec, name: &str, container: &str, signal: &str, image: &str) -> EphemeralContainer {
    EphemeralContainer {
        name: name.into(),
        image: Some(image.into()),
        image_pull_policy: Some("IfNotPresent".into()),
        args: Some(vec!["signal".into(), signal.into()]),
        target_container_name: Some(container.into()),
        termination_message_policy: Some("FallbackToLogsOnError".into()),
        security_context: Some(security(user(spec, container))),
        ..EphemeralContainer::default()
    }
}

/// The user that the container runs as, if the Pod names a user.
fn user(spec: &PodSpec, container: &str) -> Option<i64> {
    let own = spec.containers.iter().find(|c| c.name == container).and_then(|c| c.security_context.as_ref());
    own.and_then(|s| s.run_as_user).or(spec.security_context.as_ref().and_then(|s| s.run_as_user))
}

/// A process may send a signal to a process of the same user. If the user is unknown, root with CAP_KILL may do so.
fn security(user: Option<i64>) -> SecurityContext {
    let add = user.is_none().then(|| vec!["KILL".to_owned()]);
    SecurityContext {
        run_as_user: Some(user.unwrap_or(0)),
        run_as_non_root: Some(user.is_some_and(|user| user != 0)),
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities { add, drop: Some(vec!["ALL".into()]) }),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".into(), ..SeccompProfile::default() }),
        ..SecurityContext::default()
    }
}

/// The image of this program's own Pod: the default for `--stop-signal-image`. If the program runs in a Pod and may not
/// read the Pod, a warning says so, because `stop.signal` does not work without an image.
pub async fn own_image(client: kube::Client) -> Option<String> {
    const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    let namespace = std::fs::read_to_string(NAMESPACE).ok()?;
    let name = std::env::var("HOSTNAME").ok()?;
    let what = format!("get the controller's own Pod {name} for the image that stop.signal needs");
    let pods = Api::<Pod>::namespaced(client, namespace.trim());
    let pod = match call(&what, pods.get(&name)).await.and_then(|answer| answer.map_err(|e| failed(&what, e))) {
        Ok(pod) => pod,
        Err(error) => {
            warn!("{error}; apply config/rbac, or set --stop-signal-image");
            return None;
        }
    };
    let containers = pod.spec?.containers; // a mesh's proxy may be the first container
    containers.iter().find(|c| c.name == "controller").or(containers.first())?.image.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_signal_is_sent_where_process_1_is_another_containers_or_the_nodes() {
        let pod = |fields| serde_json::from_value(fields).unwrap();
        assert!(has_a_first_process_of_its_own(&pod(json!({"containers": []}))).is_ok());
        assert!(has_a_first_process_of_its_own(&pod(json!({"containers": [], "hostPID": false}))).is_ok());
        for field in ["hostPID", "shareProcessNamespace"] {
            let why = has_a_first_process_of_its_own(&pod(json!({"containers": [], field: true}))).unwrap_err();
            assert!(why.to_string().contains(field), "{why}");
        }
    }
}
