//! What is written back?
//!
//! The next status from what was seen, and the events that go with it. Counts are what was seen, not what is hoped;
//! strings for people are `summary`'s part, the wire form is `observed::status`'.

pub mod changed;
pub mod counters;
mod limits;
mod missing;
mod progress;
pub mod summary;
pub mod suspend;
pub mod waiting;

use chrono::{DateTime, Utc};

use crate::api::Kind;
use crate::api::conditions::{events, messages, types};
use crate::engine::count::tally::Tally;
use crate::engine::deeds::pods;
use crate::engine::judgement::Judgement;
use crate::engine::observed::status::{Counts, Status};
use crate::engine::observed::{Observed, time};
use crate::engine::plan::Event;
use crate::engine::result::ending::Ending;
use crate::engine::result::given_up;

/// The next status, and what people are told about it.
pub fn next(j: &Judgement) -> (Status, Vec<Event>) {
    let Judgement { seen, tally, ending, now } = j;
    let (ending, now) = (ending.as_ref(), *now);
    let mut status = seen.job.status.clone();
    let mut told = Vec::new();
    status.counts = counts(seen, tally);
    status.backoff = pods::backoff_record(seen, tally);
    counters::settle(seen, tally, &mut status);
    match ending {
        None => told.extend(suspend::note(seen, &mut status, now)),
        Some(ending) => told.extend(end(seen, tally, ending, &mut status, now)),
    }
    told.extend(missing::note(seen, &mut status, now));
    // A Job that has no sidecar looks as the built-in controller would leave it.
    if seen.job.has_company() {
        told.extend(changed::note(seen, &mut status, now));
        told.extend(limits::said(seen));
        waiting::note(seen, &mut status, now);
    }
    if seen.job.kind == Kind::SidecarJob {
        status.observed_generation = Some(seen.job.generation);
        progress::note(j, &mut status);
        status.summary = summary::of(seen, &status, tally, now);
    }
    (status, told)
}

fn counts(seen: &Observed, tally: &Tally) -> Counts {
    let ready = seen.own_pods().filter(|pod| pod.active() && pod.ready_since.is_some()).count();
    let some = |n: usize| Some(u32::try_from(n).unwrap_or(u32::MAX));
    Counts {
        active: some(tally.working.len() + tally.draining.len()),
        ready: some(ready),
        stopping: (seen.job.kind == Kind::SidecarJob).then_some(some(tally.draining.len())).flatten(),
        terminating: Some(tally.terminating),
    }
}

/// The result, as soon as it is known; the end, as soon as nothing runs any more and all is counted.
fn end(seen: &Observed, tally: &Tally, ending: &Ending, status: &mut Status, now: DateTime<Utc>) -> Vec<Event> {
    let Ending { success, reason, message, stored: _ } = ending;
    let (interim, end) =
        if *success { (types::SUCCESS_CRITERIA_MET, types::COMPLETE) } else { (types::FAILURE_TARGET, types::FAILED) };
    let ours = seen.job.kind == Kind::SidecarJob;
    if !seen.job.spec.suspend {
        status.start_time = status.start_time.or(Some(time::whole_seconds(now)));
    }
    if ours {
        status.main_finished_at = status.main_finished_at.or(tally.last_end).or(Some(time::whole_seconds(now)));
    }
    status.conditions.set(interim, true, reason, message, now);
    let given_up = ours && given_up::given_up(seen, tally, now);
    let over = tally.all_ended() || given_up;
    if tally.more
        || !tally.held.is_empty()
        || !over
        || (!ours && crate::engine::count::tally::tracked(seen).next().is_some())
    {
        return Vec::new();
    }
    if given_up {
        status.counts = Counts { active: Some(0), ready: Some(0), stopping: Some(0), terminating: Some(0) };
    }
    counters::settle_for_good(status);
    status.backoff = None;
    status.conditions.set(end, true, reason, message, now);
    if !(seen.job.spec.suspend && seen.job.spec.completions == Some(0)) {
        status.start_time = status.start_time.or(Some(time::whole_seconds(now))); // the API server wants one
    }
    if ours {
        status.conditions.set(types::FINISHED, true, reason, message, now);
    }
    if *success {
        status.completion_time = status.conditions.true_since(types::COMPLETE);
        return completed(seen, status);
    }
    if ours {
        status.conditions.set(types::STALLED, true, reason, message, now);
    }
    vec![Event::warning(reason, message)]
}

fn completed(seen: &Observed, status: &Status) -> Vec<Event> {
    let too_many = seen.job.spec.completions.is_some_and(|wanted| status.succeeded > wanted);
    let warning = Event::warning(events::TOO_MANY_SUCCEEDED_PODS, messages::TOO_MANY_SUCCEEDED_PODS);
    too_many.then_some(warning).into_iter().chain([Event::normal(events::COMPLETED, messages::COMPLETED)]).collect()
}

#[cfg(test)]
mod tests;
