//! Which containers are main containers, and which are sidecars?
//!
//! The spec alone decides, by the name of the container. A container of the template with `restartPolicy: Always` never
//! ends, so it is a sidecar, whether `spec.sidecars` names it or not.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Container;

use crate::api::{InjectedContainers, Require, SidecarJobSpec};
use crate::engine::observed::restarts_always;

/// What a container of `spec.containers` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The exit code of the container decides the result.
    Main,
    /// The container stops when the main containers are done.
    Sidecar,
}

/// The role of each container, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// `mainContainers.names`, if given.
    main: Option<BTreeSet<String>>,
    /// The names in `spec.sidecars`, and of the template's containers and init containers with `restartPolicy: Always`.
    sidecars: BTreeSet<String>,
    /// The names of the template's containers.
    containers: Vec<String>,
    /// The names of the template's init containers.
    init_containers: Vec<String>,
    injected: InjectedContainers,
    /// How many main containers must succeed.
    require: Require,
    /// The spec has `injectedContainers`.
    expects_injected: bool,
}

impl Roles {
    /// The roles that a spec gives.
    pub fn of(spec: &SidecarJobSpec) -> Self {
        let pod = spec.template.spec.as_ref();
        let names = |list: &[Container]| list.iter().map(|c| c.name.clone()).collect();
        let all = pod.into_iter().flat_map(|p| p.init_containers.iter().flatten().chain(&p.containers));
        let always = all.filter(|c| restarts_always(c));
        Self {
            main: spec
                .main_containers
                .as_ref()
                .filter(|m| !m.names.is_empty())
                .map(|m| m.names.iter().cloned().collect()),
            sidecars: spec.sidecars.iter().map(|s| &s.name).chain(always.map(|c| &c.name)).cloned().collect(),
            containers: pod.map(|p| names(&p.containers)).unwrap_or_default(),
            init_containers: pod.and_then(|p| p.init_containers.as_deref()).map(names).unwrap_or_default(),
            injected: spec.injected_containers.unwrap_or_default(),
            require: spec.main_containers.as_ref().and_then(|m| m.require).unwrap_or_default(),
            expects_injected: spec.injected_containers.is_some(),
        }
    }

    /// The role of the container with this name.
    pub fn of_container(&self, name: &str) -> Role {
        let main = if self.sidecars.contains(name) {
            false
        } else if self.containers.iter().any(|c| c == name) {
            self.main.as_ref().is_none_or(|main| main.contains(name))
        } else {
            self.injected == InjectedContainers::Main
        };
        if main { Role::Main } else { Role::Sidecar }
    }

    /// The template's main containers, in the order of the template.
    pub fn main(&self) -> Vec<&str> {
        self.containers.iter().map(String::as_str).filter(|c| self.of_container(c) == Role::Main).collect()
    }

    /// The template's sidecars: init containers first, each in the order of the template.
    pub fn sidecars(&self) -> Vec<&str> {
        let marked = self.init_containers.iter().filter(|c| self.is_marked(c)).map(String::as_str);
        let plain = self.containers.iter().map(String::as_str).filter(|c| self.of_container(c) == Role::Sidecar);
        marked.chain(plain).collect()
    }

    /// How many main containers must succeed.
    pub fn require(&self) -> Require {
        self.require
    }

    /// The template's sidecars, and after them the names in `spec.sidecars` that a webhook may add.
    pub fn all_sidecars(&self) -> Vec<&str> {
        let mut names = self.sidecars();
        names.extend(self.missing(|name| self.in_template(name)));
        names
    }

    /// A container that is neither in the template nor in `spec.sidecars` is a main container.
    pub fn injected_are_main(&self) -> bool {
        self.injected == InjectedContainers::Main
    }

    /// `spec.sidecars` has this name, or the template's container with this name has `restartPolicy: Always`.
    pub fn is_marked(&self, name: &str) -> bool {
        self.sidecars.contains(name)
    }

    /// The names of sidecars for which `has` is false.
    pub fn missing(&self, has: impl Fn(&str) -> bool) -> Vec<&str> {
        self.sidecars.iter().map(String::as_str).filter(|name| !has(name)).collect()
    }

    /// The template has a container or init container with this name.
    pub fn in_template(&self, name: &str) -> bool {
        self.containers.iter().chain(&self.init_containers).any(|c| c == name)
    }

    /// The spec has `injectedContainers`, so a webhook may add a sidecar that the template does not have.
    pub fn expects_injected(&self) -> bool {
        self.expects_injected
    }
}

#[cfg(test)]
mod tests;
