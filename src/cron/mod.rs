//! When does a schedule fire? Cron as CronJob has it, to the letter, and what goes beyond it.
//!
//! CronJob's meaning is that of robfig/cron v3, which no crate has: this is our own, compared with the original in
//! `tests/cron_oracle.rs`. Pure as the engine is: no clock, no randomness, no log. Every search has a bound. What is done
//! when a time has come is `engine::schedule`'s part.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod admission;
pub mod dst;
pub mod duration;
pub mod exclude;
pub mod expression;
pub mod field;
pub mod hash;
pub mod next;
pub mod times;
pub mod zone;

pub use expression::{Calendar, Expression, Kind, ParseError};
pub use times::{Dst, Pending, Times, TimesError};
pub use zone::{Zone, ZoneError};
