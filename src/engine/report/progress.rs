//! Does the run make progress? Stalled and Reconciling, the two words of kstatus.

use crate::api::conditions::{messages, reasons, types};
use crate::engine::deeds::pods;
use crate::engine::judgement::Judgement;
use crate::engine::observed::Refusal;
use crate::engine::observed::status::Status;

/// Stalled and Reconciling, the two words of kstatus.
pub fn note(j: &Judgement, status: &mut Status) {
    let Judgement { seen, ending, now, .. } = j;
    let (ending, now) = (ending.as_ref(), *now);
    // Of the past, if no Pod is missing: the Pod that was refused exists all the same, or is not wanted any more.
    let told = |refusal: &&Refusal| !refusal.is_blip && pods::missing(j) > 0;
    let refused = seen.refusal.as_ref().filter(told);
    let conditions = &mut status.conditions;
    let said = |reason| conditions.when_true(types::STALLED).is_some_and(|c| c.reason == reason);
    let (step_failed, pod_refused) = (said(reasons::STEP_FAILED), said(reasons::POD_REFUSED));
    if let Some(refusal) = refused {
        conditions.set(types::STALLED, true, reasons::POD_REFUSED, &refusal.message, now);
    } else if let Some(failing) = seen.failing.as_ref().filter(|_| !conditions.is_true(types::FINISHED)) {
        // The first words stay: words that differ from try to try must not make a write of each.
        if !step_failed {
            conditions.set(types::STALLED, true, reasons::STEP_FAILED, failing, now);
        }
    } else if step_failed {
        conditions.clear(types::STALLED, reasons::STEP_DONE, "", now);
    } else if pod_refused && (status.counts.active > Some(0) || ending.is_some() || seen.job.spec.suspend) {
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
