//! What is known of a run when the deeds are decided: what was seen, what that counts, and whether the result is known.

use chrono::{DateTime, Utc};

use crate::engine::count::tally::{self, Tally};
use crate::engine::observed::Observed;
use crate::engine::result;
use crate::engine::result::ending::Ending;

/// All that a deed may look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement<'a> {
    /// What was seen.
    pub seen: &'a Observed,
    /// What it counts.
    pub tally: Tally<'a>,
    /// The result, if it is known.
    pub ending: Option<Ending>,
    /// What time it is.
    pub now: DateTime<Utc>,
}

impl<'a> Judgement<'a> {
    /// Of what was seen at that time.
    pub fn of(seen: &'a Observed, now: DateTime<Utc>) -> Self {
        let tally = tally::of(seen);
        let ending = result::judge(seen, &tally, now);
        Self { seen, tally, ending, now }
    }
}
