//! The decision: what was seen and what time it is go in, a [`Plan`] comes out.
//!
//! Pure: no async, client, clock, randomness or log, and no `HashMap` (its order would leak into plans). Each policy is
//! a file named after the question it answers. The rule that must stay true: once a plan has been carried out,
//! deciding again yields no steps, so every plan may be carried out twice.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub(crate) mod build;
pub(crate) mod count;
pub(crate) mod deeds;
pub(crate) mod judgement;
pub mod observed;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod result;
pub mod schedule;

use chrono::{DateTime, Utc};
use deeds::{finished, ownership, pods, release, replace, sidecars, starting, suspend};
use judgement::Judgement;
use observed::Observed;
use plan::{Deed, Plan};
use result::deadline;

/// What to do about one run, from all that was seen of it.
///
/// A plan with steps is carried out and decided anew, with the steps' results in view; only a plan without steps
/// writes the status. So a status is written once for all that led to it, and never before it is true.
pub fn decide(seen: &Observed, now: DateTime<Utc>) -> Plan {
    if !seen.job.is_ours() {
        return Plan::nothing();
    }
    if seen.job.deleting {
        return finished::release_all(seen);
    }
    if seen.job.status.is_finished() {
        return finished::clean_up(seen, now);
    }
    let claims = ownership::settle(seen);
    if !claims.is_empty() {
        return Plan { steps: claims, ..Plan::nothing() };
    }
    let j = Judgement::of(seen, now);
    let deed: Deed = DEEDS.iter().map(|deed| deed(&j)).collect();
    let waits = [deed.wake, deadline::wake(seen, j.ending.as_ref()), report::waiting::wake(seen, now)];
    let wake = waits.into_iter().flatten().min();
    if deed.steps.is_empty() {
        report(&j, wake)
    } else {
        Plan { steps: deed.steps, wake, handled: j.tally.released.handled, ..Plan::nothing() }
    }
}

/// The deeds, in the order in which they are done.
const DEEDS: [fn(&Judgement) -> Deed; 8] = [
    release::counted,  // Pods that are counted lose our finalizer
    release::orphans,  // so do Pods of an older run of this name
    sidecars::stop,    // plain sidecars end when the result of their Pod is stored
    starting::fail,    // Pods whose sidecars are late, or fail too often, fail
    replace::hanging,  // Pods that a webhook made hang are replaced
    pods::end,         // the result is stored: what works is ended
    suspend::end_pods, // the run is suspended: what works is ended
    pods::manage,      // the run goes on: Pods are created, or those beyond the number are ended
];

/// The status alone: for a sync of which a step failed, so that what was done is not lost for those who read it.
/// `all_in_view`: no Pod may exist that is not seen; otherwise no result is found that is not stored already.
pub(crate) fn take_stock(seen: &Observed, now: DateTime<Utc>, all_in_view: bool) -> Plan {
    let job = &seen.job;
    if !job.is_ours() || job.deleting || job.status.is_finished() {
        return Plan::nothing();
    }
    if !ownership::settle(seen).is_empty() {
        return Plan::nothing(); // a Pod that is listed and still to be taken over again looks like one that is counted
    }
    let mut j = Judgement::of(seen, now);
    j.ending = j.ending.filter(|ending| ending.stored || all_in_view);
    report(&j, None)
}

fn report(j: &Judgement, wake: Option<DateTime<Utc>>) -> Plan {
    let stored = &j.seen.job.status;
    let (status, events) = report::next(j);
    if status == *stored {
        return Plan { wake, ..Plan::nothing() };
    }
    let may_wait = status.differs_for_people_only(stored);
    Plan { steps: Vec::new(), status: Some(status), may_wait, events, handled: j.tally.record.handled.clone(), wake }
}

#[cfg(test)]
mod tests;
