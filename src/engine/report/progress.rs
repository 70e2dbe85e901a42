//! Does the run make progress? Stalled and Reconciling, the two conditions that kstatus reads.

use crate::api::conditions::{messages, reasons, types};
use crate::engine::deeds::pods;
use crate::engine::judgement::Judgement;
use crate::engine::observed::Refusal;
use crate::engine::report::note::Note;
use crate::engine::report::over::is_over;

/// The conditions Stalled and Reconciling.
pub fn note(j: &Judgement) -> Note {
    [stalled(j), reconciling(j)].into_iter().collect()
}

/// A run that failed is Stalled as well: `ending` says so.
fn stalled(j: &Judgement) -> Note {
    let Judgement { seen, tally, ending, .. } = j;
    let is_over = is_over(j);
    if is_over && ending.as_ref().is_some_and(|ending| !ending.success) {
        return Note::default();
    }
    // If no Pod is missing, the refusal is over: the rejected Pod exists all the same, or the run no longer needs the
    // Pod.
    let is_reported = |refusal: &&Refusal| !refusal.is_blip && pods::missing(j) > 0;
    if let Some(refusal) = seen.refusal.as_ref().filter(is_reported) {
        return Note::is_true(types::STALLED, reasons::POD_REFUSED, &refusal.message);
    }
    let stored = seen.job.status.conditions.when_true(types::STALLED).map(|c| c.reason.as_str());
    let step_failed = stored == Some(reasons::STEP_FAILED);
    match seen.failing.as_ref().filter(|_| !is_over) {
        // The stored message stays: the API server's words may differ from try to try, and each change is a write.
        Some(_) if step_failed => Note::default(),
        Some(failing) => Note::is_true(types::STALLED, reasons::STEP_FAILED, failing),
        None if step_failed => Note::no_longer_true(types::STALLED, reasons::STEP_DONE),
        None if stored == Some(reasons::POD_REFUSED) => {
            let has_pods = !tally.working.is_empty() || !tally.draining.is_empty();
            let needs_none = ending.is_some() || seen.job.spec.suspend;
            if has_pods || needs_none {
                Note::no_longer_true(types::STALLED, reasons::POD_ACCEPTED)
            } else {
                Note::default()
            }
        }
        None => Note::default(),
    }
}

fn reconciling(j: &Judgement) -> Note {
    match &j.ending {
        Some(ending) if is_over(j) => Note::is_false(types::RECONCILING, &ending.reason, &ending.message),
        Some(ending) => Note::is_true(types::RECONCILING, reasons::STOPPING, &ending.message),
        None if j.seen.job.spec.suspend => {
            Note::is_false(types::RECONCILING, reasons::JOB_SUSPENDED, messages::JOB_SUSPENDED)
        }
        None => Note::is_true(types::RECONCILING, reasons::RUNNING, ""),
    }
}
