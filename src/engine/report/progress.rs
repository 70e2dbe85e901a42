//! Does the run make progress? Stalled and Reconciling, the two words of kstatus.

use chrono::{DateTime, Utc};

use crate::api::conditions::{messages, reasons, types};
use crate::engine::observed::status::Status;
use crate::engine::observed::{Observed, Refusal};
use crate::engine::result::ending::Ending;

/// Stalled and Reconciling, the two words of kstatus.
pub fn note(seen: &Observed, ending: Option<&Ending>, status: &mut Status, now: DateTime<Utc>) {
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
