//! Which Pods of a Job failed, and how?
//!
//! The status of a Job has no room for that, so an event says it: one for each write of the status that counts failures,
//! and one when the Job fails. A run in which nothing fails needs no further request. Failures that the failure policy
//! ignores have no event, and after the result is known nothing is told: the Pods that fail then are those that the
//! controller ends.

use crate::api::conditions::events;
use crate::engine::count::tally;
use crate::engine::judgement::Judgement;
use crate::engine::observed::text;
use crate::engine::plan::Event;
use crate::engine::report::note::Note;
use crate::engine::report::{failure, verdict};

/// How much of the termination message a note has, in bytes: with the rest it fits into 1 KiB.
const WORDS_MAX: usize = 512;

/// An event, if a Pod of the Job failed, or the Job.
pub fn note(j: &Judgement) -> Note {
    if j.seen.job.status.result_is_known() {
        return Note::default();
    }
    let failed = tally::count(j.tally.record.listed.iter().filter(|(_, outcome)| !outcome.success));
    let ending = j.ending.as_ref().filter(|ending| !ending.success);
    if failed == 0 && ending.is_none() {
        return Note::default();
    }
    let last = failure::last(j);
    let of_run = ending.and_then(|ending| verdict::message(j, &ending.reason));
    let of_pods = || last.as_ref().map(|last| failure::sentence(last) + &others(failed));
    let words = last.as_ref().and_then(|last| last.message.as_deref());
    let words = words.map(|words| format!("; its termination message: {}", text::end_of(words, WORDS_MAX)));
    let note = of_run.or_else(of_pods).map(|note| note + &words.unwrap_or_default());
    Note::of_events(note.map(|note| Event::warning(events::POD_FAILED, note)))
}

/// Besides the newest failure.
fn others(failed: u32) -> String {
    match failed.saturating_sub(1) {
        0 => String::new(),
        1 => "; another Pod failed too".into(),
        n => format!("; {n} other Pods failed too"),
    }
}

#[cfg(test)]
mod tests;
