//! What does the status say of a step that fails?
//!
//! The stored status with that one word more: nothing else of it may be written while a step is not done. The next status
//! without a step takes the word back (`status`).

use chrono::{DateTime, Utc};

use crate::api::conditions::{reasons, types};
use crate::engine::schedule::observed::Cron;
use crate::engine::schedule::observed::status::Status;

/// The status that says so, unless the stored one says the same.
pub fn by(cron: &Cron, failing: &str, now: DateTime<Utc>) -> Option<Status> {
    let mut status = cron.status.clone();
    if status.conditions.when_true(types::STALLED).is_some_and(|c| c.reason == reasons::STEP_FAILED) {
        return None; // the first words stay: words that differ from try to try must not make a write of each
    }
    status.conditions.set(types::STALLED, true, reasons::STEP_FAILED, failing, now);
    (status != cron.status).then_some(status)
}

#[cfg(test)]
mod tests;
