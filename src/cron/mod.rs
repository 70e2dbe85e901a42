//! When does a schedule fire? At the same times as a CronJob's schedule, and with more features.
//!
//! CronJob uses robfig/cron v3, which no crate implements. This is our own implementation; `tests/cron_oracle.rs`
//! compares it with the original. The module is pure, as the engine is: no clock, no randomness, no log. Every search has
//! a limit (`budget`). `engine::schedule` decides what happens when a time has come.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod admission;
pub mod budget;
pub(crate) mod dst;
pub(crate) mod duration;
pub(crate) mod exclude;
pub(crate) mod expression;
pub(crate) mod field;
pub(crate) mod hash;
pub(crate) mod next;
pub(crate) mod times;
pub(crate) mod zone;

pub use budget::{Budget, Spent};
pub use expression::{Calendar, Expression, Kind, ParseError};
pub use times::{Dst, Pending, Times, TimesError};
pub use zone::Zone;
