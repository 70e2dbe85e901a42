//! What is written back?
//!
//! The next status from what was seen, and the events that go with it. Counts are what was seen, not what is hoped;
//! strings for people are `summary`'s part. The wire form is made here too, so that nobody else writes a status.

mod missing;
mod wire;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::backoff::Backoff;
use super::conditions::Conditions;
use super::ending::Ending;
use super::indexes::Indexes;
use super::observed::{Observed, Refusal};
use super::plan::Event;
use super::pods;
use super::sidecars::{self, changed, managed, native, waiting};
use super::summary::{self, Summary};
use super::suspend;
use super::time;
use super::tracking::{self, Tally};
use crate::api::Kind;
use crate::api::conditions::{events, messages, reasons, types};

/// The status of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The generation that it speaks of.
    pub observed_generation: Option<i64>,
    /// When the run started, or resumed last.
    pub start_time: Option<DateTime<Utc>>,
    /// When the result was known.
    pub main_finished_at: Option<DateTime<Utc>>,
    /// When it became Complete.
    pub completion_time: Option<DateTime<Utc>>,
    /// Pods that run and are not being deleted.
    pub counts: Counts,
    /// Succeeded Pods that are counted.
    pub succeeded: u32,
    /// Failed Pods that are counted.
    pub failed: u32,
    /// Succeeded Pods on their way to the counter.
    pub uncounted_succeeded: BTreeSet<String>,
    /// Failed Pods on their way to the counter.
    pub uncounted_failed: BTreeSet<String>,
    /// Indexes that succeeded.
    pub completed: Indexes,
    /// Indexes that failed; none without `backoffLimitPerIndex`.
    pub failed_indexes: Option<Indexes>,
    /// The failures in a row.
    pub backoff: Option<Backoff>,
    /// All conditions, those of others included.
    pub conditions: Conditions,
    /// For people.
    pub summary: Summary,
}

/// How many Pods are where; `None` in a status that nobody has written yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pods that have not ended and are not being deleted.
    pub active: Option<u32>,
    /// Active Pods that are Ready.
    pub ready: Option<u32>,
    /// Active Pods whose result is known.
    pub stopping: Option<u32>,
    /// Pods that are being deleted and have not ended.
    pub terminating: Option<u32>,
}

impl Status {
    /// Complete or Failed.
    pub fn is_finished(&self) -> bool {
        self.finished_at().is_some()
    }

    /// When it became Complete or Failed.
    pub fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.conditions.true_since(types::COMPLETE).or(self.conditions.true_since(types::FAILED))
    }

    /// The result is stored and will stay.
    pub fn result_is_known(&self) -> bool {
        self.conditions.is_true(types::SUCCESS_CRITERIA_MET) || self.conditions.is_true(types::FAILURE_TARGET)
    }

    /// The UID is on its way to a counter.
    pub fn is_listed(&self, uid: &str) -> bool {
        self.uncounted_succeeded.contains(uid) || self.uncounted_failed.contains(uid)
    }

    /// No decision, no condition and no count but `ready` is another: Pods get ready in quick succession, and each write
    /// costs the API server more than all our thinking.
    pub fn differs_for_people_only(&self, stored: &Self) -> bool {
        let mut same = self.clone();
        same.counts.ready = stored.counts.ready;
        same.summary = stored.summary.clone();
        same == *stored
    }

    /// All UIDs on their way.
    pub fn uncounted(&self) -> impl Iterator<Item = &String> {
        self.uncounted_succeeded.iter().chain(&self.uncounted_failed)
    }
}

/// The next status, and what people are told about it.
pub fn next(seen: &Observed, tally: &Tally, ending: Option<&Ending>, now: DateTime<Utc>) -> (Status, Vec<Event>) {
    let mut status = seen.job.status.clone();
    let mut told = Vec::new();
    status.counts = counts(seen, tally);
    status.backoff = pods::backoff_record(seen, tally);
    tracking::settle(seen, tally, &mut status);
    match ending {
        None => told.extend(suspend::note(seen, &mut status, now)),
        Some(ending) => told.extend(end(seen, tally, ending, &mut status, now)),
    }
    told.extend(missing::note(seen, &mut status, now));
    // A Job that has no sidecar looks as the built-in controller would leave it.
    if seen.job.has_company() {
        told.extend(changed::note(seen, &mut status, now));
        told.extend(limits(seen));
        waiting::note(seen, &mut status, now);
    }
    if seen.job.kind == Kind::SidecarJob {
        status.observed_generation = Some(seen.job.generation);
        note_progress(seen, ending, &mut status, now);
        status.summary = summary::of(seen, &status, tally, now);
    }
    (status, told)
}

/// What the mode of the sidecars can't keep, once: with the first status.
fn limits(seen: &Observed) -> Vec<Event> {
    let Observed { job, settings, .. } = seen;
    let (spec, Some(template)) = (&job.spec, &job.spec.template.spec) else { return Vec::new() };
    if job.status.observed_generation.unwrap_or(0) > 0 || job.status.counts.active.is_some() {
        return Vec::new();
    }
    let said = if spec.native(settings) {
        native::limits(template, &spec.roles, &spec.sidecars, &settings.recipes)
    } else {
        managed::limits(template, &spec.roles, &spec.sidecars, &settings.recipes)
    };
    let taken = sidecars::taken(spec);
    let taken = (!taken.is_empty()).then(|| Event::normal(events::TAKEN_AS_SIDECAR, taken.join(". ")));
    // In one event: of several with one reason the first alone is seen.
    let said = (!said.is_empty()).then(|| Event::warning(events::SIDECAR_LIMIT, said.join(". ")));
    taken.into_iter().chain(said).collect()
}

fn counts(seen: &Observed, tally: &Tally) -> Counts {
    let ready = seen.pods.iter().filter(|pod| pod.active() && pod.ready_since.is_some()).count();
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
    let given_up = ours && waiting::given_up(seen, tally, now);
    let over = tally.all_ended() || given_up;
    if tally.more || !tally.held.is_empty() || !over || (!ours && tracking::tracked(seen).next().is_some()) {
        return Vec::new();
    }
    if given_up {
        status.counts = Counts { active: Some(0), ready: Some(0), stopping: Some(0), terminating: Some(0) };
    }
    tracking::settle_for_good(status);
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

/// Stalled and Reconciling, the two words of kstatus.
fn note_progress(seen: &Observed, ending: Option<&Ending>, status: &mut Status, now: DateTime<Utc>) {
    let told = |refusal: &&Refusal| !refusal.is_blip && ending.is_none() && !seen.job.spec.suspend;
    let refused = seen.refusal.as_ref().filter(told);
    let conditions = &mut status.conditions;
    if let Some(refusal) = refused {
        conditions.set(types::STALLED, true, reasons::POD_REFUSED, &refusal.message, now);
    } else if let Some(failing) = seen.failing.as_ref().filter(|_| !conditions.is_true(types::FINISHED)) {
        conditions.set(types::STALLED, true, reasons::STEP_FAILED, failing, now);
    } else if conditions.when_true(types::STALLED).is_some_and(|c| c.reason == reasons::STEP_FAILED) {
        conditions.clear(types::STALLED, reasons::STEP_DONE, "", now);
    } else if conditions.when_true(types::STALLED).is_some_and(|c| c.reason == reasons::POD_REFUSED)
        && (status.counts.active > Some(0) || ending.is_some() || seen.job.spec.suspend)
    {
        conditions.clear(types::STALLED, reasons::POD_ACCEPTED, "", now);
    }
    let over = conditions.when_true(types::FINISHED).cloned();
    let (going_on, reason, message) = match (&over, ending) {
        (Some(c), _) => (false, c.reason.as_str(), c.message.as_str()),
        (None, Some(ending)) => (true, reasons::STOPPING, ending.message.as_str()),
        (None, None) if seen.job.spec.suspend => (false, reasons::JOB_SUSPENDED, messages::JOB_SUSPENDED),
        (None, None) => (true, reasons::RUNNING, ""),
    };
    conditions.set(types::RECONCILING, going_on, reason, message, now);
}

#[cfg(test)]
mod tests;
