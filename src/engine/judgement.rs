//! What does the engine know of a run before it decides the deeds and the report?

use chrono::{DateTime, Utc};

use crate::engine::count::tally::{self, Tally};
use crate::engine::observed::Observed;
use crate::engine::result;
use crate::engine::result::ending::Ending;

/// The input of each deed and each note.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement<'a> {
    /// What the controller observes.
    pub seen: &'a Observed,
    /// How the Pods count.
    pub tally: Tally<'a>,
    /// The result, if it is known.
    pub ending: Option<Ending>,
    /// The time.
    pub now: DateTime<Utc>,
}

impl<'a> Judgement<'a> {
    /// The judgement of this run at this time.
    pub fn of(seen: &'a Observed, now: DateTime<Utc>) -> Self {
        let tally = tally::of(seen);
        let ending = result::judge(seen, &tally, now);
        Self { seen, tally, ending, now }
    }
}
