//! The decision about a run: a function from what the controller observes, and the time, to a [`Plan`].
//!
//! The engine is pure: no async, client, clock, randomness or log, and no `HashMap` (its order would leak into plans).
//! Each policy is a file named after the question that the file answers. One rule must stay true: after the controller
//! has carried out a plan, the next decision has no steps. So the controller may carry out every plan twice.

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
use plan::{Deed, Hold, Plan};
use result::deadline;

/// What to do about one run.
///
/// The controller carries out a plan with steps, and then decides again with the results of the steps in view. Only a
/// plan without steps writes the status. So one write reports all steps, and no status is written before it is true.
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
        let measures = report::measures::of_released(&j);
        Plan { steps: deed.steps, wake, handled: j.tally.released.handled, measures, ..Plan::nothing() }
    }
}

/// The deeds, in the order in which the controller does them.
const DEEDS: [fn(&Judgement) -> Deed; 8] = [
    release::counted,  // remove our finalizer from Pods that are counted
    release::orphans,  // and from Pods of an older run with this name
    sidecars::stop,    // stop plain sidecars when the result of their Pod is stored
    starting::fail,    // fail Pods whose sidecars are late or fail too often
    replace::hanging,  // replace Pods that hang because a webhook changed them
    pods::end,         // the result is stored: end the Pods that still work
    suspend::end_pods, // the run is suspended: end the Pods that still work
    pods::manage,      // the run goes on: create missing Pods, or end surplus Pods
];

/// A plan with the status alone, for a sync in which a step failed: the status reports what succeeded all the same.
/// `all_in_view`: every Pod of the run is in view. If it is false, the plan finds no result that is not stored already.
pub(crate) fn take_stock(seen: &Observed, now: DateTime<Utc>, all_in_view: bool) -> Plan {
    let job = &seen.job;
    if !job.is_ours() || job.deleting || job.status.is_finished() {
        return Plan::nothing();
    }
    if !ownership::settle(seen).is_empty() {
        return Plan::nothing(); // a listed Pod that the run has to adopt again looks like a counted Pod
    }
    let mut j = Judgement::of(seen, now);
    j.ending = j.ending.filter(|ending| ending.stored || all_in_view);
    report(&j, None)
}

fn report(j: &Judgement, wake: Option<DateTime<Utc>>) -> Plan {
    let stored = &j.seen.job.status;
    let (status, events) = report::next(j);
    if status.is_no_news(stored) {
        return Plan { wake, ..Plan::nothing() };
    }
    let hold = if status.differs_for_people_only(stored) {
        Hold::ForPeople
    } else if events.is_empty() && status.only_begins(stored) {
        Hold::WhileBusy
    } else {
        Hold::No
    };
    let (handled, measures) = (j.tally.record.handled.clone(), report::measures::of_status(j));
    Plan { steps: Vec::new(), status: Some(status), hold, events, handled, measures, wake }
}

#[cfg(test)]
mod tests;
