//! How is a Pod built whose sidecars the controller stops?
//!
//! All sidecars are plain containers, and the kubelet must not send SIGKILL before a sidecar had its grace period.
//! `limits` says what plain containers can't do. `deeds::ladder` stops them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::api::recipes::Recipe;
use crate::api::{StartBefore, StartUntil};
use crate::engine::build::grace::budget;
use crate::engine::build::recipes;
use crate::engine::observed::roles::Roles;
use crate::engine::observed::{Sidecar, grace_seconds};

/// Gives the Pod the longest grace period of its sidecars, and makes native sidecars plain: as an init container
/// without `restartPolicy: Always` a sidecar would never end.
pub fn build(spec: &mut PodSpec, roles: &Roles, sidecars: &[Sidecar]) {
    let (moved, init): (Vec<Container>, Vec<Container>) =
        std::mem::take(&mut spec.init_containers).into_iter().flatten().partition(|c| roles.is_marked(&c.name));
    spec.containers.extend(moved.into_iter().map(|c| Container {
        restart_policy: None,
        restart_policy_rules: None,
        ..c
    }));
    spec.init_containers = (!init.is_empty()).then_some(init);
    let longest = sidecars.iter().filter_map(|s| s.grace).max().unwrap_or_default();
    spec.termination_grace_period_seconds = budget(spec, longest);
}

/// What the spec asks for and plain containers can't do.
pub fn limits(template: &PodSpec, roles: &Roles, sidecars: &[Sidecar], known: &[Recipe]) -> Vec<String> {
    let mut built = template.clone();
    build(&mut built, roles, sidecars);
    let init = template.init_containers.iter().flatten().filter(|c| roles.is_marked(&c.name)).map(|c| c.name.as_str());
    let asks = |s: &&Sidecar| s.before == Some(StartBefore::Init) || s.until == StartUntil::Ready;
    let early: BTreeSet<&str> = init.chain(sidecars.iter().filter(asks).map(|s| s.name.as_str())).collect();
    let each = |s: &Sidecar| [shorter(s, &built, known), recipes::unknown(s, known)];
    early.into_iter().map(beside_main).chain(sidecars.iter().flat_map(each).flatten()).collect()
}

fn beside_main(name: &str) -> String {
    format!(
        "sidecar {name} runs as a plain container, which starts beside the main containers and after all init \
         containers: its place among the init containers, start.before and start.until have no effect"
    )
}

/// No process in a container can kill the first process there: the kubelet sends SIGKILL, after the Pod's grace period.
fn shorter(s: &Sidecar, spec: &PodSpec, known: &[Recipe]) -> Option<String> {
    let grace = s.grace?.num_seconds();
    let pods = grace_seconds(spec);
    let has_way = s.way.is_some() || s.recipe.as_ref().is_some_and(|name| recipes::named(name, known).is_some());
    (grace < pods && !has_way).then(|| {
        format!(
            "stop.gracePeriodSeconds {grace} of sidecar {} has no effect: only SIGTERM stops this sidecar, and the \
             kubelet sends SIGKILL after the Pod's terminationGracePeriodSeconds, {pods}; shorten \
             terminationGracePeriodSeconds, or set another way to stop the sidecar in stop",
            s.name
        )
    })
}

#[cfg(test)]
mod tests;
