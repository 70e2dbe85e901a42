//! How long must the next Pod wait after failures?
//!
//! base × 2^(n-1) from the last failure, at most the maximum; n is the number of failures since the last success.
//! The status keeps n, so that a restarted controller knows it. (The built-in Job controller forgets n at a restart.)

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::count::outcome::Outcome;
use crate::engine::observed::status::Backoff;
use crate::engine::observed::{Settings, time};

/// The back-off after these new outcomes. A success clears the failures before the success; later failures count.
pub fn after(record: Option<Backoff>, new: &[Outcome]) -> Option<Backoff> {
    let mut new = new.to_vec();
    new.sort_by_key(|o| (o.at, o.success));
    new.iter().fold(record, |record, outcome| {
        if outcome.success {
            return None;
        }
        Some(match record {
            Some(b) => {
                Backoff { failures: b.failures.saturating_add(1), last_failure_at: b.last_failure_at.max(outcome.at) }
            }
            None => Backoff { failures: 1, last_failure_at: outcome.at },
        })
    })
}

/// When the controller may create the next Pod; `None`: now.
pub fn until(record: Option<Backoff>, settings: &Settings) -> Option<DateTime<Utc>> {
    let Backoff { failures, last_failure_at } = record?;
    Some(time::after(last_failure_at, wait(failures, settings)))
}

fn wait(failures: u32, settings: &Settings) -> TimeDelta {
    let factor = 1_i32.checked_shl(failures.saturating_sub(1)).filter(|f| *f > 0).unwrap_or(i32::MAX);
    settings.backoff.checked_mul(factor).map_or(settings.backoff_max, |w| w.min(settings.backoff_max))
}

#[cfg(test)]
mod tests;
