//! What does the status say of `spec.suspend`?

use crate::api::conditions::{events, messages, reasons, types};
use crate::engine::judgement::Judgement;
use crate::engine::plan::Event;
use crate::engine::report::note::Note;

/// The condition Suspended, and an event when the condition changes. After the result is known nothing is said.
pub fn note(j: &Judgement) -> Note {
    if j.ending.is_some() {
        return Note::default();
    }
    let job = &j.seen.job;
    let was = job.status.conditions.is_true(types::SUSPENDED);
    match (job.spec.suspend, was) {
        (true, _) => Note::is_true(types::SUSPENDED, reasons::JOB_SUSPENDED, messages::JOB_SUSPENDED)
            .with_events((!was).then(|| Event::normal(events::SUSPENDED, messages::JOB_SUSPENDED))),
        (false, true) => Note::is_false(types::SUSPENDED, reasons::JOB_RESUMED, messages::JOB_RESUMED)
            .with_events([Event::normal(events::RESUMED, messages::JOB_RESUMED)]),
        (false, false) => Note::default(),
    }
}
