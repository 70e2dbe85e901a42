//! What does the status say to people?
//!
//! One word, one sentence, and strings that a printer column shows as they are. The summary follows from the rest of
//! the status, and no decision reads it. The summary keeps what it says about Pods that are no longer in view, so that
//! the status of a finished run does not depend on which Pods are still in view.

use chrono::{DateTime, Utc};

use crate::api::conditions::types;
use crate::api::{self, labels};
use crate::engine::count::outcome;
use crate::engine::count::tally::{self, Tally};
use crate::engine::judgement::Judgement;
use crate::engine::observed::status::{Status, Summary};
use crate::engine::observed::{Observed, Pod, State, time};

/// The summary of this status, whose own summary is still the stored one.
pub fn of(j: &Judgement, status: &Status) -> Summary {
    let Judgement { seen, tally, now, .. } = j;
    let (reason, message) = why(status);
    let sidecars_to_stop = sidecars_to_stop(seen, status, tally);
    Summary {
        phase: Some(phase(seen, status, tally)),
        reason,
        message,
        completions: Some(completions(seen, tally)),
        sidecars: sidecars(seen, tally, sidecars_to_stop.unwrap_or(0)),
        sidecars_to_stop,
        duration: duration(status, *now),
        selector: Some(format!("{}={}", labels::UID, seen.job.uid)),
    }
}

fn phase(seen: &Observed, status: &Status, tally: &Tally) -> api::Phase {
    let is = |type_| status.conditions.is_true(type_);
    // Since the start or the last resume. A Pod that is gone may have started too.
    let has_run = tally.succeeded + tally.failed > 0 || status.summary.phase == Some(api::Phase::Running);
    let started = |pod: &Pod| pod.deleting_since.is_none() && has_started(pod);
    if is(types::COMPLETE) {
        api::Phase::Complete
    } else if is(types::FAILED) {
        api::Phase::Failed
    } else if is(types::SUCCESS_CRITERIA_MET) || is(types::FAILURE_TARGET) {
        api::Phase::Stopping
    } else if seen.job.spec.suspend {
        api::Phase::Suspended
    } else if has_run || seen.own_pods().any(started) {
        api::Phase::Running
    } else {
        api::Phase::Pending
    }
}

/// Reason and message of the most important condition that is True.
fn why(status: &Status) -> (Option<String>, Option<String>) {
    const FIRST: [&str; 9] = [
        types::FAILED,
        types::COMPLETE,
        types::FAILURE_TARGET,
        types::SUCCESS_CRITERIA_MET,
        types::STALLED,
        types::SUSPENDED,
        types::WAITING,
        types::POD_CHANGED,
        types::SIDECAR_MISSING,
    ];
    let condition = FIRST.iter().find_map(|type_| status.conditions.when_true(type_));
    (condition.map(|c| c.reason.clone()), condition.map(|c| c.message.clone()).filter(|m| !m.is_empty()))
}

/// Succeeded Pods of the required Pods, as kubectl prints them for a Job: `3/5`, for a work queue `0/1 of 4`.
fn completions(seen: &Observed, tally: &Tally) -> String {
    match (seen.job.spec.completions, seen.job.spec.parallelism) {
        (Some(wanted), _) => format!("{}/{wanted}", tally.succeeded),
        (None, 2..) => format!("{}/1 of {}", tally.succeeded, seen.job.spec.parallelism),
        (None, _) => format!("{}/1", tally.succeeded),
    }
}

/// While Pods work: how many of their sidecars run. Afterwards: how many sidecars have stopped, of the sidecars in all
/// counted Pods; the others still run. Only Pods that have not ended matter here, and such Pods are always in view.
fn sidecars(seen: &Observed, tally: &Tally, to_stop: u32) -> Option<String> {
    let of = |pod| outcome::sidecars(pod, &seen.job.spec.roles);
    let running = |pod| of(pod).filter(|c| c.state == State::Running).count();
    if !tally.working.is_empty() {
        let all: usize = tally.working.iter().map(|pod| of(pod).count()).sum();
        let running: usize = tally.working.iter().map(|pod| running(pod)).sum();
        return (all > 0).then(|| format!("{running}/{all} running"));
    }
    let going_on: usize = seen.own_pods().filter(|pod| !pod.ended()).map(running).sum();
    let all = going_on.max(to_stop as usize); // Pods that the controller ends uncounted go on for a while too
    (all > 0).then(|| format!("{}/{all} stopped", all - going_on))
}

/// How many sidecars the counted Pods have, with the Pods that this status is the first to count.
fn sidecars_to_stop(seen: &Observed, status: &Status, tally: &Tally) -> Option<u32> {
    let roles = &seen.job.spec.roles;
    let of = |pod| if has_started(pod) { tally::count(outcome::sidecars(pod, roles)) } else { 0 };
    // A status without the number is new, or is older than this field.
    let before = status.summary.sidecars_to_stop;
    let listed = || seen.own_pods().filter(|pod| seen.job.status.is_listed(&pod.uid)).map(of).sum();
    let new: u32 = tally.record.first_counted.iter().map(|pod| of(pod)).sum();
    let all = before.unwrap_or_else(listed).saturating_add(new);
    before.map(|_| all).or((all > 0).then_some(all))
}

/// A container of the Pod runs, or has run.
fn has_started(pod: &Pod) -> bool {
    pod.containers.iter().any(|c| c.state != State::Waiting || c.restarts > 0)
}

fn duration(status: &Status, now: DateTime<Utc>) -> Option<String> {
    let end = status.finished_at()?;
    status.summary.duration.clone().or_else(|| {
        let start = status.start_time.unwrap_or(now);
        Some(time::human(end - start))
    })
}
