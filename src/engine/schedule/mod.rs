//! What is to be done about one SidecarCronJob: which run starts, which goes, what is written.
//!
//! The order of the questions is `decide`; each has its file. Pure as the whole engine. A plan with steps is carried out
//! and decided anew with their results in view; only a plan without steps writes the status. So a start costs one create
//! and one write. When a schedule fires is `crate::cron`'s part.
//!
//! A time never runs twice: the run's name is computed from it (`names`), and the status keeps up to which time all is
//! dealt with (`due`). A process that is killed between the two finds the run under its name.

pub(crate) mod due;
pub(crate) mod history;
pub mod observed;
pub(crate) mod past;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod search;

use chrono::{DateTime, Utc};
use due::Due;
use observed::Observed;
use plan::{Plan, Step};

use crate::api::sidecarcronjob::ConcurrencyPolicy;
use crate::engine::plan::sooner;

/// The decision.
pub fn decide(seen: &Observed, now: DateTime<Utc>) -> Plan {
    let lost = report::to_look_up(seen);
    if !lost.is_empty() {
        return Plan { steps: lost, ..Plan::default() };
    }
    if seen.cron.deleting {
        return report::report(seen, &Due::default(), now, None);
    }
    let due = due::of(seen, now);
    let wake = sooner(sooner(due.wake, history::wake(seen, now)), retry(seen).filter(|at| *at > now));
    let starts = starts(seen, &due, now);
    let search = due.search.clone();
    if !starts.is_empty() {
        return Plan { steps: starts, wake, search, ..Plan::default() };
    }
    let plan = Plan { may_wait: report::may_wait(seen, &due), search, ..report::report(seen, &due, now, wake) };
    if plan.status.is_some() {
        return plan;
    }
    // Last, so that a run that can't be deleted holds up neither a start nor the status.
    Plan { steps: history::clean_up(seen, now), ..plan }
}

/// Runs to start now, and runs that must go before.
fn starts(seen: &Observed, due: &Due, now: DateTime<Utc>) -> Vec<Step> {
    if due.starts.is_empty() || retry(seen).is_some_and(|at| at > now) {
        return Vec::new();
    }
    let blocking: Vec<_> = seen.blocking().collect();
    if seen.cron.spec.concurrency == ConcurrencyPolicy::Replace && !blocking.is_empty() {
        let is_news = |at| Some(at) > seen.cron.status.last_schedule && Some(at) <= due.last_schedule.min(Some(now));
        if blocking.iter().any(|run| run.scheduled.is_some_and(is_news)) {
            return Vec::new(); // first it is written down: once it is gone, nothing else tells that its time ran
        }
        let replaced = blocking.iter().filter(|run| !run.deleting);
        return replaced.map(|run| Step::Delete { run: run.to_ref(), replaced: true }).collect();
    }
    due.starts.iter().map(|at| Step::Create(*at)).collect()
}

/// The API server refused the last run: not before that.
fn retry(seen: &Observed) -> Option<DateTime<Utc>> {
    seen.refusal.as_ref().map(|refusal| refusal.retry_at)
}

#[cfg(test)]
mod tests;
