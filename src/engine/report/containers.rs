//! What became of each container?
//!
//! By the name of the container, in all Pods that the counters count. Each Pod adds itself twice, and each time once: its
//! main and init containers with the write that is the first to record its result, its sidecars with the write that
//! counts the Pod. Before the first write no list of the status has the Pod; at the second write the Pod still has our
//! finalizer, and `countedTerminatedPods` does not have it. So nothing is lost or added twice, whenever the controller
//! is killed (`count::tally` has the moves).

use crate::api::Require;
use crate::api::history::{ContainerRole, ContainerSummary};
use crate::engine::count::outcome::{self, Outcome};
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Container, Observed, Pod, Slot, time};
use crate::engine::report::stopped::Stop;
use crate::engine::report::{counters, ends};

/// Most containers that the status has; a Pod of more is rare.
const MOST: usize = 32;

/// `status.containers`, with the Pods that this status is the first to record or to count.
pub fn next(j: &Judgement) -> Vec<ContainerSummary> {
    let worked = recorded(j).into_iter().flat_map(|(pod, outcome)| at_the_result(j.seen, pod, outcome));
    let stopped = counters::newly_counted(j).into_iter().flat_map(|pod| at_the_end(j.seen, pod));
    worked.chain(stopped).fold(j.seen.job.status.history.containers.clone(), with)
}

/// The Pods whose results this status is the first to record. A status without containers is older than this field: then
/// the listed Pods are not in it either.
fn recorded<'a>(j: &Judgement<'a>) -> Vec<(&'a Pod, Outcome)> {
    let (seen, status) = (j.seen, &j.seen.job.status);
    let listed = seen.own_pods().filter(|pod| status.history.containers.is_empty() && status.is_listed(&pod.uid));
    let before = listed.filter_map(|pod| {
        let success = status.uncounted_succeeded.contains(&pod.uid);
        Some((pod, Outcome { success, ..outcome::of(pod, &seen.job.spec, true)? }))
    });
    before.chain(j.tally.record.listed.iter().copied()).collect()
}

/// The same list with what became of one more container.
fn with(mut all: Vec<ContainerSummary>, new: ContainerSummary) -> Vec<ContainerSummary> {
    match all.iter().position(|known| known.name == new.name) {
        Some(place) => all[place] = sum(&all[place], new),
        None if all.len() < MOST => all.push(new),
        None => {}
    }
    all
}

/// What became of containers of one name in several Pods: the counts of both, and the later end.
fn sum(known: &ContainerSummary, new: ContainerSummary) -> ContainerSummary {
    let add = |a: Option<i32>, b: Option<i32>| a.map_or(b, |a| Some(a.saturating_add(b.unwrap_or(0))));
    let is_later = new.last_exit_code.is_some() && new.last_finished_at >= known.last_finished_at;
    let last = if is_later { &new } else { known };
    ContainerSummary {
        succeeded: known.succeeded.saturating_add(new.succeeded),
        failed: known.failed.saturating_add(new.failed),
        restarts: known.restarts.saturating_add(new.restarts),
        last_exit_code: last.last_exit_code,
        last_signal: last.last_signal,
        last_reason: last.last_reason.clone(),
        last_finished_at: last.last_finished_at.clone(),
        stopped_by_controller: add(known.stopped_by_controller, new.stopped_by_controller),
        stop_method: new.stop_method.or(known.stop_method),
        force_killed: add(known.force_killed, new.force_killed),
        max_stop_seconds: known.max_stop_seconds.max(new.max_stop_seconds),
        ..new
    }
}

/// The containers of a Pod whose result has become known. Of the sidecars, which may still run, only that they are there.
fn at_the_result<'a>(seen: &'a Observed, pod: &'a Pod, outcome: Outcome) -> impl Iterator<Item = ContainerSummary> {
    let roles = &seen.job.spec.roles;
    let cut_off = !outcome.success && outcome::exited_with_success(pod, roles);
    let mains = outcome::mains(pod, roles).map(move |c| {
        let exited_with_0 = ends::now(c).is_some_and(|end| end.exit == 0);
        let success = match roles.require() {
            // What the Pod counts as is true of all its main containers, whatever the kubelet says of one of them.
            Require::All if outcome.success => Some(true),
            // Main containers that still run are not needed, and have not failed.
            Require::Any if outcome.success && ends::now(c).is_none() => None,
            _ => Some(exited_with_0 && !cut_off),
        };
        ended(seen, c, ContainerRole::Main, success)
    });
    let sidecars = outcome::sidecars(pod, roles).map(|c| blank(seen, c, ContainerRole::Sidecar));
    let init = pod.containers.iter().filter(|c| c.slot == Slot::Init);
    let init = init.map(|c| ended(seen, c, ContainerRole::Init, ends::now(c).map(|end| end.exit == 0)));
    mains.chain(sidecars).chain(init)
}

/// The sidecars of a Pod that the status counts. A sidecar that still runs, since somebody deletes the Pod or its kubelet
/// is silent, has neither succeeded nor failed.
fn at_the_end<'a>(seen: &'a Observed, pod: &'a Pod) -> impl Iterator<Item = ContainerSummary> {
    outcome::sidecars(pod, &seen.job.spec.roles).map(|c| {
        let success = ends::now(c).map(|end| end.exit == 0);
        let summary = ended(seen, c, ContainerRole::Sidecar, success);
        match Stop::of(seen, pod, c) {
            Some(stop) => told(stop, summary),
            None => summary,
        }
    })
}

/// A container of which nothing is known yet.
fn blank(seen: &Observed, c: &Container, role: ContainerRole) -> ContainerSummary {
    ContainerSummary {
        name: ends::name(c),
        role,
        native: c.slot == Slot::NativeSidecar,
        injected: !seen.job.spec.roles.in_template(&c.name),
        succeeded: 0,
        failed: 0,
        restarts: 0,
        last_exit_code: None,
        last_signal: None,
        last_reason: None,
        last_finished_at: None,
        stopped_by_controller: None,
        stop_method: None,
        force_killed: None,
        max_stop_seconds: None,
    }
}

/// A container of one Pod, and whether it succeeded. `None`: nobody knows, or it does not matter.
fn ended(seen: &Observed, c: &Container, role: ContainerRole, success: Option<bool>) -> ContainerSummary {
    let end = c.end.as_deref();
    ContainerSummary {
        succeeded: i32::from(success == Some(true)),
        failed: i32::from(success == Some(false)),
        restarts: i32::try_from(c.restarts).unwrap_or(i32::MAX),
        last_exit_code: end.map(|end| end.exit),
        last_signal: end.and_then(ends::signal),
        last_reason: end.and_then(|end| end.reason.as_deref()).map(ends::reason),
        last_finished_at: end.and_then(|end| end.finished_at).map(time::to_wire),
        ..blank(seen, c, role)
    }
}

/// The same with how the sidecar was stopped.
fn told(stop: Stop, summary: ContainerSummary) -> ContainerSummary {
    let some = |is: bool| is.then_some(1);
    ContainerSummary {
        stopped_by_controller: some(stop.by_controller),
        stop_method: stop.method,
        force_killed: some(stop.killed),
        max_stop_seconds: i32::try_from(stop.took.num_seconds()).ok(),
        ..summary
    }
}

#[cfg(test)]
mod tests;
