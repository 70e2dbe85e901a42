//! Which role has a container of a Pod, and what is its status?

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};
use kube::ResourceExt;

use crate::api::labels;

/// The role of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A main container, which decides the result.
    Main,
    /// A sidecar.
    Sidecar,
    /// An init container.
    Init,
}

impl Role {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sidecar => "sidecar",
            Self::Init => "init",
        }
    }
}

/// A container and its status.
pub struct Container<'a> {
    /// The role of the container.
    pub role: Role,
    /// The sidecar is native: an init container with `restartPolicy: Always`.
    pub native: bool,
    /// What the kubelet says.
    pub status: &'a ContainerStatus,
}

/// All containers with a status, init containers first.
pub fn all(pod: &Pod) -> impl Iterator<Item = Container<'_>> {
    let status = pod.status.as_ref();
    let init = status.and_then(|s| s.init_container_statuses.as_deref()).unwrap_or_default();
    let plain = status.and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
    let native = |name: &str| {
        let init = pod.spec.as_ref().and_then(|s| s.init_containers.as_deref()).unwrap_or_default();
        init.iter().any(|c| c.name == name && c.restart_policy.as_deref() == Some("Always"))
    };
    let init = init.iter().map(move |status| {
        let native = native(&status.name);
        let role = if native { Role::Sidecar } else { Role::Init };
        Container { role, native, status }
    });
    let plain = plain.iter().map(|status| {
        let role = if is_main(pod, &status.name) { Role::Main } else { Role::Sidecar };
        Container { role, native: false, status }
    });
    init.chain(plain)
}

impl Container<'_> {
    /// How the container ended, if it has ended and does not run again.
    pub fn ended(&self) -> Option<&ContainerStateTerminated> {
        self.status.state.as_ref()?.terminated.as_ref()
    }

    /// The container runs.
    pub fn runs(&self) -> bool {
        self.status.state.as_ref().is_some_and(|state| state.running.is_some())
    }

    /// The role and the name, for people.
    pub fn words(&self) -> String {
        format!("{} {}", self.role.word(), self.status.name)
    }
}

/// A plain container decides the result if the Pod's annotation names it. In a Pod without the annotation all plain
/// containers do: the controller did not create such a Pod, and Kubernetes waits for all of them.
fn is_main(pod: &Pod, container: &str) -> bool {
    let named = pod.annotations().get(labels::MAIN);
    named.is_none_or(|named| labels::names(named).any(|name| name == container))
}
