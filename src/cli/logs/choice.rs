//! Whose log is asked for: which Pods of a run, which container, and which instance of the container?

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use crate::api::labels;

/// One instance of a container: a restart makes the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The ID of the container runtime.
    pub id: String,
    /// It is the instance before the current one.
    pub previous: bool,
    /// It runs.
    pub runs: bool,
}

/// A log to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The Pod.
    pub pod: String,
    /// The number of the Pod within the run, from 0.
    pub attempt: Option<u32>,
    /// The index of the Pod.
    pub index: Option<u32>,
    /// The container.
    pub container: String,
    /// The instance.
    pub instance: Instance,
}

/// Sorts the Pods of a run, the oldest first.
pub fn sort(pods: &mut [Pod]) {
    let created = |pod: &Pod| pod.metadata.creation_timestamp.as_ref().map_or(Timestamp::MIN, |at| at.0);
    pods.sort_by_cached_key(|pod| (attempt(pod).is_none(), attempt(pod), created(pod), pod.name_any()));
}

/// The number of the Pod within its run.
pub fn attempt(pod: &Pod) -> Option<u32> {
    pod.labels().get(labels::ATTEMPT)?.parse().ok()
}

/// The index of the Pod.
pub fn index(pod: &Pod) -> Option<u32> {
    let annotation = pod.annotations().get(labels::COMPLETION_INDEX);
    annotation.or_else(|| pod.labels().get(labels::COMPLETION_INDEX))?.parse().ok()
}

/// The names of the Pod's containers, main containers and sidecars first.
pub fn containers(pod: &Pod) -> Vec<&str> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let ephemeral = spec.ephemeral_containers.iter().flatten().map(|c| c.name.as_str());
    let init = spec.init_containers.iter().flatten();
    spec.containers.iter().chain(init).map(|c| c.name.as_str()).chain(ephemeral).collect()
}

/// The container with this name; without a name the container that `kubectl logs POD` takes, or else the first main
/// container. The error names the containers that there are.
pub fn container(pod: &Pod, wanted: Option<&str>) -> Result<String, String> {
    let all = containers(pod);
    if let Some(wanted) = wanted {
        let there =
            || format!("Pod {} has no container {wanted}: its containers are {}", pod.name_any(), all.join(", "));
        return all.contains(&wanted).then(|| wanted.to_owned()).ok_or_else(there);
    }
    let said = |annotation| pod.annotations().get(annotation).map(String::as_str).unwrap_or_default();
    let named = said(labels::DEFAULT_CONTAINER).split(',').chain(said(labels::MAIN).split(','));
    let named = named.map(str::trim).find(|name| all.contains(name));
    let found = named.or_else(|| all.first().copied());
    found.map(str::to_owned).ok_or_else(|| format!("Pod {} has no container", pod.name_any()))
}

fn status<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let lists = [&status.container_statuses, &status.init_container_statuses, &status.ephemeral_container_statuses];
    lists.into_iter().flatten().flatten().find(|c| c.name == container)
}

/// The instances of the container that have a log, the oldest first. The kubelet keeps the logs of at most two.
pub fn instances(pod: &Pod, container: &str) -> Vec<Instance> {
    let Some(status) = status(pod, container) else { return Vec::new() };
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref()?.container_id.clone());
    let state = status.state.as_ref();
    let runs = state.is_some_and(|state| state.running.is_some());
    let ended = || state?.terminated.as_ref()?.container_id.clone();
    let current = if runs { status.container_id.clone() } else { ended() };
    let last = last.map(|id| Instance { id, previous: true, runs: false });
    let current = current.map(|id| Instance { id, previous: false, runs });
    last.into_iter().chain(current).filter(|instance| !instance.id.is_empty()).collect()
}

/// Why the container has not started, in the words of the kubelet.
pub fn why_not_started(pod: &Pod, container: &str) -> String {
    let waiting = status(pod, container).and_then(|status| status.state.as_ref()?.waiting.as_ref());
    let Some(waiting) = waiting else {
        return "the kubelet has not reported it yet".to_owned();
    };
    let reason = waiting.reason.as_deref().unwrap_or("waiting");
    waiting.message.as_deref().map_or_else(|| reason.to_owned(), |message| format!("{reason}: {message}"))
}

/// A log of this Pod.
pub fn log(pod: &Pod, container: &str, instance: Instance) -> Log {
    let container = container.to_owned();
    Log { pod: pod.name_any(), attempt: attempt(pod), index: index(pod), container, instance }
}

/// All logs of these Pods, in order.
pub fn all(pods: &[Pod], wanted: Option<&str>) -> Vec<Log> {
    let of_pod = |pod: &Pod| {
        let container = container(pod, wanted).unwrap_or_default();
        instances(pod, &container).into_iter().map(|instance| log(pod, &container, instance)).collect::<Vec<_>>()
    };
    pods.iter().flat_map(of_pod).collect()
}

/// The newest log of these Pods; with `before`, the one that ran before it: the instance before in the same Pod, or else
/// the Pod of the attempt before. The error is a sentence.
pub fn newest(pods: &[Pod], wanted: Option<&str>, before: bool) -> Result<Log, String> {
    let newest = pods.last().ok_or("there is no Pod")?;
    let container = container(newest, wanted)?;
    let mut own = instances(newest, &container);
    let has_started = !own.is_empty();
    let current = own.pop_if(|instance| !instance.previous);
    match (before, current, own.pop(), pods.len()) {
        (false, Some(instance), ..) | (_, _, Some(instance), _) => Ok(log(newest, &container, instance)),
        (false, ..) => Err(format!(
            "container {container} of Pod {} has not started: {}",
            newest.name_any(),
            why_not_started(newest, &container)
        )),
        (true, _, _, 0 | 1) => {
            let start = if has_started { "the first" } else { "no" };
            Err(format!("nothing ran before: Pod {} has {start} instance of container {container}", newest.name_any()))
        }
        (true, _, _, n) => self::newest(&pods[..n - 1], wanted, false),
    }
}

#[cfg(test)]
mod tests;
