//! The decision: what was seen and what time it is go in, a [`Plan`] comes out.
//!
//! Pure: no async, client, clock, randomness or log, and no `HashMap` (its order would leak into plans). Each policy is
//! a file named after the question it answers. The rule that must stay true: what is decided from a state that has been
//! acted on already is nothing, so every plan may be carried out twice.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod build;
pub mod count;
pub mod deeds;
pub mod observed;
pub mod plan;
pub mod report;
pub mod result;
pub mod schedule;

use chrono::{DateTime, Utc};
use count::tally::{self, Tally};
use deeds::{finished, ownership, pods, release, replace, sidecars, starting, suspend};
use observed::Observed;
use plan::{Plan, Step, sooner};
use result::deadline;
use result::ending::Ending;

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
    let tally = tally::of(seen);
    let ending = result::judge(seen, &tally, now);
    let mut wake = sooner(deadline::wake(seen, ending.as_ref()), report::waiting::wake(seen, now));
    let steps = steps(seen, &tally, ending.as_ref(), now, &mut wake);
    if steps.is_empty() {
        report(seen, &tally, ending.as_ref(), now, wake)
    } else {
        Plan { steps, wake, handled: tally.handled_by_release, ..Plan::nothing() }
    }
}

/// The status alone: for a sync of which a step failed, so that what was done is not lost for those who read it.
pub fn take_stock(seen: &Observed, now: DateTime<Utc>) -> Plan {
    let job = &seen.job;
    if !job.is_ours() || job.deleting || job.status.is_finished() {
        return Plan::nothing();
    }
    if !ownership::settle(seen).is_empty() {
        return Plan::nothing(); // a Pod that is listed and still to be taken over again looks like one that is counted
    }
    let tally = tally::of(seen);
    let ending = result::judge(seen, &tally, now);
    report(seen, &tally, ending.as_ref(), now, None)
}

fn report(
    seen: &Observed,
    tally: &Tally,
    ending: Option<&Ending>,
    now: DateTime<Utc>,
    wake: Option<DateTime<Utc>>,
) -> Plan {
    let (status, events) = report::next(seen, tally, ending, now);
    if status == seen.job.status {
        return Plan { wake, ..Plan::nothing() };
    }
    let may_wait = status.differs_for_people_only(&seen.job.status);
    Plan { steps: Vec::new(), status: Some(status), may_wait, events, handled: tally.handled.clone(), wake }
}

/// The deeds, in the order in which they are done.
fn steps(
    seen: &Observed,
    tally: &Tally,
    ending: Option<&Ending>,
    now: DateTime<Utc>,
    wake: &mut Option<DateTime<Utc>>,
) -> Vec<Step> {
    let mut steps = release::counted(tally);
    steps.extend(release::orphans(seen));
    steps.extend(sidecars::stop(seen, tally, now, wake));
    steps.extend(starting::fail(seen, now, wake));
    steps.extend(replace::replace(seen, now));
    steps.extend(match ending {
        Some(ending) => pods::end(seen, tally, ending),
        None if seen.job.spec.suspend => suspend::end_pods(seen, tally),
        None => pods::manage(seen, tally, now, wake),
    });
    steps
}

#[cfg(test)]
mod tests;
