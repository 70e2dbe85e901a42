//! What does the status say of the result, and of the end of the run?
//!
//! The result has a condition as soon as the result is known. The end has its conditions when nothing of the run runs
//! any more and all Pods are counted.

use crate::api::conditions::{events, messages, types};
use crate::engine::judgement::Judgement;
use crate::engine::plan::Event;
use crate::engine::report::note::Note;
use crate::engine::report::over::{is_over, is_sidecarjob};
use crate::engine::result::ending::Ending;

/// The conditions of the result and of the end, and the event about the end.
pub fn note(j: &Judgement) -> Note {
    let Some(Ending { success, reason, message, stored: _ }) = &j.ending else { return Note::default() };
    let (result, end) =
        if *success { (types::SUCCESS_CRITERIA_MET, types::COMPLETE) } else { (types::FAILURE_TARGET, types::FAILED) };
    let is_over = is_over(j);
    let (ours, failed) = (is_sidecarjob(&j.seen.job), !*success);
    let conditions = [
        (result, true),
        (end, is_over),
        (types::FINISHED, is_over && ours),
        (types::STALLED, is_over && ours && failed),
    ];
    let said = conditions.into_iter().filter(|(_, applies)| *applies);
    let note: Note = said.map(|(type_, _)| Note::is_true(type_, reason, message)).collect();
    match (is_over, success) {
        (false, _) => note,
        (true, true) => note.with_events(completed(j)),
        (true, false) => note.with_events([Event::warning(reason, message)]),
    }
}

fn completed(j: &Judgement) -> impl Iterator<Item = Event> {
    let too_many = j.seen.job.spec.completions.is_some_and(|wanted| j.tally.succeeded > wanted);
    let warning = Event::warning(events::TOO_MANY_SUCCEEDED_PODS, messages::TOO_MANY_SUCCEEDED_PODS);
    too_many.then_some(warning).into_iter().chain([Event::normal(events::COMPLETED, messages::COMPLETED)])
}
