//! What does the controller write back?
//!
//! The next status, and the events about it. Each field of the status has one function that answers for the field; the
//! conditions come from the notes. Counts say what the controller observes, not what it expects. `summary` makes the
//! strings for people, and `observed::status` the wire form.

pub mod blocked;
pub mod changed;
mod containers;
pub mod counters;
mod ending;
mod ends;
mod failed_pods;
mod failure;
mod limits;
pub mod measures;
mod missing;
mod note;
mod over;
mod progress;
mod recent;
mod retries;
mod stopped;
mod summary;
mod suspend;
mod times;
mod verdict;
pub mod waiting;

use std::sync::Arc;

use note::Note;
use over::is_sidecarjob;

use crate::engine::deeds::pods;
use crate::engine::judgement::Judgement;
use crate::engine::observed::Job;
use crate::engine::observed::status::{History, Status};
use crate::engine::plan::Event;

/// What one policy reports, and which runs the policy is for.
type Policy = (fn(&Judgement) -> Note, fn(&Job) -> bool);

/// The notes, in the order in which a new status has the conditions. A Job without sidecars has the status that the
/// built-in Job controller would write.
const NOTES: [Policy; 8] = [
    (suspend::note, |_| true),                      // Suspended
    (failed_pods::note, |job| !is_sidecarjob(job)), // an event: which Pods of a Job failed, and how
    (ending::note, |_| true),                       // the result and the end
    (missing::note, |_| true),                      // SidecarMissing: the spec names a sidecar that does not exist
    (changed::note, Job::has_company),              // PodChanged: an admission webhook changed a Pod
    (limits::note, Job::has_company),               // events: what the mode of the sidecars can't do
    (waiting::note, Job::has_company),              // Waiting: what delays the run
    (progress::note, is_sidecarjob),                // Stalled and Reconciling
];

/// The next status, and the events to send when the status is stored.
pub fn next(j: &Judgement) -> (Status, Vec<Event>) {
    let with_facts = verdict::with_facts(j).map(|ending| Judgement { ending: Some(ending), ..j.clone() });
    let j = with_facts.as_ref().unwrap_or(j);
    let job = &j.seen.job;
    let note: Note = NOTES.iter().filter(|(_, is_for)| is_for(job)).map(|(note, _)| note(j)).collect();
    let counters = counters::of(j);
    let status = Status {
        observed_generation: is_sidecarjob(job).then_some(job.generation),
        start_time: times::start(j),
        main_finished_at: times::main_finished(j),
        completion_time: times::completion(j),
        counts: counters::counts(j),
        succeeded: counters.succeeded,
        failed: counters.failed,
        uncounted_succeeded: counters.uncounted_succeeded,
        uncounted_failed: counters.uncounted_failed,
        counted: counters.counted,
        completed: counters.completed,
        failed_indexes: counters.failed_indexes,
        backoff: if over::is_over(j) { None } else { pods::backoff_record(j.seen, &j.tally) },
        conditions: note.conditions(&job.status.conditions, j.now),
        summary: job.status.summary.clone(),
        history: job.status.history.clone(),
    };
    if !is_sidecarjob(job) {
        return (status, note.events);
    }
    let status = Status { summary: summary::of(j, &status), ..status };
    let history = if status.is_no_news(&job.status) { status.history } else { Arc::new(history(j)) };
    (Status { history, ..status }, note.events)
}

/// What happened, up to this status. Made only for a status that is written: it looks at all Pods in view.
fn history(j: &Judgement) -> History {
    History {
        containers: containers::next(j),
        last_failure: failure::last(j),
        retries: retries::next(j),
        recent_pods: recent::next(j),
    }
}

#[cfg(test)]
mod tests;
