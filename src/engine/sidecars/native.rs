//! How is a Pod built so that the kubelet starts and stops its sidecars?
//!
//! Sidecars become init containers with `restartPolicy: Always` (KEP-753). The kubelet starts them in the order of the
//! list, each when the one before has started, and stops them in the reverse order, one at a time. So `start.before` and
//! `stop.order` are places in the list, and `start.until: Ready` is a startup probe. What can't be said in this way is told,
//! not dropped in silence: `limits`.

use std::cmp::Reverse;

use chrono::TimeDelta;
use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};

use super::Sidecar;
use crate::api::{StartBefore, StartUntil};
use crate::engine::roles::{Role, Roles};

/// What Kubernetes gives a Pod that says nothing.
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// Makes the sidecars of the Pod native.
pub fn build(spec: &mut PodSpec, roles: &Roles, sidecars: &[Sidecar]) {
    let before = |c: &Container| Sidecar::named(sidecars, &c.name).and_then(|s| s.before);
    let (plain, sidecar_containers): (Vec<Container>, Vec<Container>) =
        std::mem::take(&mut spec.containers).into_iter().partition(|c| roles.of_container(&c.name) == Role::Main);
    let (mut first, mut middle, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for c in spec.init_containers.take().unwrap_or_default() {
        match before(&c).filter(|_| roles.is_marked(&c.name)) {
            Some(StartBefore::Init) => first.push(c),
            Some(StartBefore::Main) => after.push(c),
            None => middle.push(c),
        }
    }
    for c in sidecar_containers {
        if before(&c) == Some(StartBefore::Init) { first.push(c) } else { after.push(c) }
    }
    for list in [&mut first, &mut after] {
        list.sort_by_key(|c| Reverse(Sidecar::named(sidecars, &c.name).map_or(0, |s| s.order)));
        list.iter_mut().for_each(|c| make_sidecar(c, sidecars));
    }
    middle.iter_mut().filter(|c| roles.is_marked(&c.name)).for_each(|c| make_sidecar(c, sidecars));
    let init: Vec<Container> = first.into_iter().chain(middle).chain(after).collect();
    spec.termination_grace_period_seconds = grace(spec, &init, sidecars);
    spec.containers = plain;
    spec.init_containers = (!init.is_empty()).then_some(init);
}

fn make_sidecar(c: &mut Container, sidecars: &[Sidecar]) {
    c.restart_policy = Some("Always".into());
    if Sidecar::named(sidecars, &c.name).is_some_and(|s| s.until == StartUntil::Ready) && c.startup_probe.is_none() {
        c.startup_probe = c.readiness_probe.as_ref().map(gate);
    }
}

/// The readiness probe as a startup probe: it is asked each second, and it never kills, since not to be ready yet is no
/// fault; `start.deadlineSeconds` bounds it.
fn gate(readiness: &Probe) -> Probe {
    Probe {
        period_seconds: Some(1),
        failure_threshold: Some(i32::MAX),
        success_threshold: Some(1),
        termination_grace_period_seconds: None,
        ..readiness.clone()
    }
}

/// The kubelet has one budget for all, used up one after the other: the sum of what the sidecars were given.
fn grace(spec: &PodSpec, init: &[Container], sidecars: &[Sidecar]) -> Option<i64> {
    let of = |c: &Container| Sidecar::named(sidecars, &c.name).and_then(|s| s.grace);
    let sum: TimeDelta = init.iter().filter_map(of).sum();
    let own = spec.termination_grace_period_seconds;
    if sum.num_seconds() > own.unwrap_or(DEFAULT_GRACE_SECONDS) { Some(sum.num_seconds()) } else { own }
}

/// What the spec asks for and native sidecars can't do, in sentences; none in the usual case.
pub fn limits(template: &PodSpec, roles: &Roles, sidecars: &[Sidecar]) -> Vec<String> {
    let mut built = template.clone();
    build(&mut built, roles, sidecars);
    let native: Vec<(&Container, Sidecar)> = built
        .init_containers
        .iter()
        .flatten()
        .filter(|c| c.restart_policy.as_deref() == Some("Always"))
        .map(|c| (c, Sidecar::named(sidecars, &c.name).cloned().unwrap_or_default()))
        .collect();
    let not_gated = native.iter().filter(|(c, s)| s.until == StartUntil::Ready && c.startup_probe.is_none());
    let mut said: Vec<String> = not_gated
        .map(|(c, _)| {
            format!(
                "sidecar {} has start.until Ready and neither a readinessProbe nor a startupProbe: main containers wait \
                 until it has started, not longer; give it a readinessProbe",
                c.name
            )
        })
        .collect();
    said.extend(out_of_order(&native));
    said.extend(hooks_at_once(&native));
    said
}

/// Stopped is in the reverse order of the list.
fn out_of_order(native: &[(&Container, Sidecar)]) -> Option<String> {
    let (earlier, later) =
        native.windows(2).find(|pair| pair[0].1.order < pair[1].1.order).map(|pair| (pair[0].0, pair[1].0))?;
    Some(format!(
        "stop.order can't be kept: sidecar {} starts before sidecar {}, so the kubelet stops it after that one; change \
         start.before or stop.order, or use sidecarMode Managed",
        earlier.name, later.name
    ))
}

/// The kubelet runs all preStop hooks when the end of the Pod begins, and sends TERM in turn after that.
fn hooks_at_once(native: &[(&Container, Sidecar)]) -> Option<String> {
    let last = native.iter().map(|(_, s)| s.order).min()?;
    let has_hook = |c: &Container| c.lifecycle.as_ref().is_some_and(|l| l.pre_stop.is_some());
    let (early, _) = native.iter().find(|(c, s)| s.order > last && has_hook(c))?;
    Some(format!(
        "the preStop hook of sidecar {} does not wait for its stop.order: the kubelet runs all hooks as soon as the main \
         containers are done, and only SIGTERM waits its turn; use sidecarMode Managed with stop.exec or stop.http, which \
         wait",
        early.name
    ))
}

/// What the spec asks for and plain containers can't do, where no mode but the managed one is left.
pub fn managed_limits(sidecars: &[Sidecar]) -> Vec<String> {
    let asks = |s: &&Sidecar| s.before == Some(StartBefore::Init) || s.until == StartUntil::Ready;
    sidecars
        .iter()
        .filter(asks)
        .map(|s| {
            format!(
                "sidecar {} runs as a plain container, which starts beside the main containers: its start.before and \
                 start.until are not kept",
                s.name
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
