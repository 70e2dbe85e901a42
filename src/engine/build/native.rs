//! How is a Pod built so that the kubelet starts and stops its sidecars?
//!
//! Sidecars become init containers with `restartPolicy: Always` (KEP-753). The kubelet starts them in the order of the
//! list, each when the one before has started, and stops them in the reverse order, one at a time. So `start.before`
//! and `stop.order` are places in the list, `start.until: Ready` is a startup probe, and `stop.exec` a preStop hook.
//! `limits` says what native sidecars can't do.

use std::cmp::Reverse;

use k8s_openapi::api::core::v1::{Container, ExecAction, Lifecycle, LifecycleHandler, PodSpec, Probe};

use crate::api::recipes::{Recipe, Way};
use crate::api::{StartBefore, StartUntil};
use crate::engine::build::grace::budget;
use crate::engine::build::recipes;
use crate::engine::observed::roles::{Role, Roles};
use crate::engine::observed::{Sidecar, restarts_always};

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
    // Beside Always these rules change nothing, and API servers before 1.36 reject them there.
    c.restart_policy_rules.take_if(|rules| rules.iter().all(|rule| rule.action == "Restart"));
    let Some(sidecar) = Sidecar::named(sidecars, &c.name) else { return };
    if sidecar.until == StartUntil::Ready && c.startup_probe.is_none() {
        c.startup_probe = c.readiness_probe.as_ref().map(gate);
    }
    if let Some(Way::Exec(stop)) = &sidecar.way {
        let hooks = c.lifecycle.get_or_insert_with(Lifecycle::default);
        let exec = Some(ExecAction { command: Some(stop.command.clone()) });
        hooks.pre_stop.get_or_insert_with(|| LifecycleHandler { exec, ..LifecycleHandler::default() });
    }
}

/// The readiness probe as a startup probe. The kubelet probes each second, and never kills the sidecar because of the
/// probe: a sidecar that is not ready yet has not failed. `start.deadlineSeconds` bounds the wait.
fn gate(readiness: &Probe) -> Probe {
    Probe {
        period_seconds: Some(1),
        failure_threshold: Some(i32::MAX),
        success_threshold: Some(1),
        termination_grace_period_seconds: None,
        ..readiness.clone()
    }
}

/// The kubelet stops the sidecars one after the other within one grace period: the sum of their grace periods.
fn grace(spec: &PodSpec, init: &[Container], sidecars: &[Sidecar]) -> Option<i64> {
    let of = |c: &Container| Sidecar::named(sidecars, &c.name).and_then(|s| s.grace);
    budget(spec, init.iter().filter_map(of).sum())
}

/// What the spec asks for and native sidecars can't do, in sentences; usually none.
pub fn limits(template: &PodSpec, roles: &Roles, sidecars: &[Sidecar], known: &[Recipe]) -> Vec<String> {
    let mut built = template.clone();
    build(&mut built, roles, sidecars);
    let native: Vec<(&Container, Sidecar)> = built
        .init_containers
        .iter()
        .flatten()
        .filter(|c| restarts_always(c))
        .map(|c| (c, Sidecar::named(sidecars, &c.name).cloned().unwrap_or_default()))
        .collect();
    let not_gated = native.iter().filter(|(c, s)| s.until == StartUntil::Ready && c.startup_probe.is_none());
    let mut said: Vec<String> = not_gated
        .map(|(c, _)| {
            format!(
                "sidecar {} has start.until Ready and neither a readinessProbe nor a startupProbe: main containers \
                 wait only until the sidecar has started; give the sidecar a readinessProbe",
                c.name
            )
        })
        .collect();
    said.extend(out_of_order(&native));
    said.extend(hooks_at_once(&native));
    said.extend(native.iter().filter_map(|(c, s)| not_used(c, s, known)));
    said.extend(sidecars.iter().filter_map(|s| recipes::unknown(s, known)));
    said
}

/// A way to stop the sidecar that the kubelet does not have.
fn not_used(c: &Container, sidecar: &Sidecar, known: &[Recipe]) -> Option<String> {
    let pre_stop = c.lifecycle.as_ref().and_then(|l| l.pre_stop.as_ref());
    let given = match (&sidecar.way, &sidecar.recipe) {
        (Some(Way::Exec(stop)), _) => {
            let is_its_hook = pre_stop.and_then(|hook| hook.exec.as_ref()?.command.as_ref()) == Some(&stop.command);
            (!is_its_hook).then(|| "stop.exec".to_owned())?
        }
        (Some(Way::Signal(name)), _) => (name != "SIGTERM").then(|| format!("stop.signal {name}"))?,
        (Some(Way::Http(_)), _) => "stop.http".into(),
        (None, Some(name)) => recipes::named(name, known).map(|_| format!("stop.recipe {name}"))?,
        (None, None) => return None,
    };
    Some(format!(
        "{given} of sidecar {} has no effect: the kubelet stops native sidecars by their preStop hook and SIGTERM; use \
         sidecarMode Managed if SIGTERM does not stop the sidecar",
        c.name
    ))
}

/// The kubelet stops sidecars in the reverse order of the list.
fn out_of_order(native: &[(&Container, Sidecar)]) -> Option<String> {
    let (earlier, later) =
        native.windows(2).find(|pair| pair[0].1.order < pair[1].1.order).map(|pair| (pair[0].0, pair[1].0))?;
    Some(format!(
        "the kubelet can't keep stop.order: sidecar {} starts before sidecar {}, so the kubelet stops {} first; change \
         start.before or stop.order, or use sidecarMode Managed",
        earlier.name, later.name, later.name
    ))
}

/// The kubelet runs all preStop hooks when it begins to stop the Pod. Then it sends SIGTERM to one sidecar after the
/// other.
fn hooks_at_once(native: &[(&Container, Sidecar)]) -> Option<String> {
    let last = native.iter().map(|(_, s)| s.order).min()?;
    let has_hook = |c: &Container| c.lifecycle.as_ref().is_some_and(|l| l.pre_stop.is_some());
    let (early, _) = native.iter().find(|(c, s)| s.order > last && has_hook(c))?;
    Some(format!(
        "the preStop hook of sidecar {} does not wait for its stop.order: the kubelet runs all preStop hooks as soon \
         as the main containers are done, and only SIGTERM follows stop.order; use sidecarMode Managed with stop.exec \
         or stop.http, which follow stop.order",
        early.name
    ))
}

#[cfg(test)]
mod tests;
