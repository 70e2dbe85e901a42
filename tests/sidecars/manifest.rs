//! A SidecarJob in few words, and what its containers say about themselves.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};

use crate::support::World;

/// Both, and a name of a run for each.
pub const MODES: [(&str, &str); 2] = [("native", "Native"), ("managed", "Managed")];

/// A SidecarJob with these lines in its spec and these containers, the first of which should be `main`.
pub fn job(name: &str, spec: &str, containers: &[String]) -> String {
    pod(name, spec, "", containers)
}

/// The same with lines for the Pod's spec.
pub fn pod(name: &str, spec: &str, pod: &str, containers: &[String]) -> String {
    let list: String = containers.iter().map(|c| format!("      - {{{c}}}\n")).collect();
    let policy = if pod.contains("restartPolicy") { "" } else { "      restartPolicy: Never\n" };
    let grace =
        if pod.contains("terminationGracePeriodSeconds") { "" } else { "      terminationGracePeriodSeconds: 20\n" };
    format!(
        "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarJob\nmetadata: {{name: {name}}}\nspec:\n{spec}\n  template:\n    \
         spec:\n{policy}{grace}{pod}\n      containers:\n{list}"
    )
}

/// A container that runs that in a shell.
pub fn shell(name: &str, script: &str) -> String {
    format!(r#"name: {name}, image: "busybox:1.37", command: [sh, -c, "{script}"]"#)
}

/// A container with our stand-in (tests/programs/standin.go), which has no shell.
pub fn standin(name: &str, flags: &str) -> String {
    let args = flags.split_whitespace().map(|f| format!("{f:?}")).collect::<Vec<_>>().join(", ");
    format!(r#"name: {name}, image: "sidecarjob.test/standin:1", args: [{args}]"#)
}

/// The flag that names the image with `sidecarjob signal`.
pub fn signal_image() -> String {
    let image = std::env::var("SIDECARJOB_IMAGE").expect("SIDECARJOB_IMAGE names the image under test: run make test");
    format!("--stop-signal-image={image}")
}

/// How a container of a Pod ended.
pub fn end(pod: &Pod, container: &str) -> ContainerStateTerminated {
    let status = pod.status.as_ref().expect("a status");
    let all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    let state = all.into_iter().find(|s| s.name == container).and_then(|s| s.state.clone());
    state.and_then(|s| s.terminated).unwrap_or_else(|| panic!("{container} has ended: {status:?}"))
}

/// The uptime, in seconds, at which the container said something that begins with these words.
pub async fn said_at(w: &World, pod: &Pod, container: &str, words: &str) -> f64 {
    let log = w.logs(pod, container).await;
    let line = log.lines().find_map(|l| l.split_once(' ').filter(|(_, said)| said.starts_with(words)));
    let (at, _) = line.unwrap_or_else(|| panic!("{container} said {words:?}:\n{log}"));
    at.parse().unwrap_or_else(|e| panic!("{at}: {e}"))
}

/// A run of one Pod in that mode, which is not repeated, with lines for the Pod and these containers, of which `side` is a
/// sidecar. Its name.
pub async fn run(w: &World, name: &str, (suffix, mode): (&str, &str), more: &str, containers: &[String]) -> String {
    let name = format!("{name}-{suffix}");
    let spec = format!("  backoffLimit: 0\n  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
    w.apply(&pod(&name, &spec, more, containers)).await;
    name
}
