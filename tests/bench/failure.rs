//! What does the benchmark say when it can't go on? What it tried, and why that failed.

use std::fmt::Display;

/// Why the benchmark ends: a sentence for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// What all parts of the benchmark return.
pub type Result<T> = std::result::Result<T, Failure>;

/// Says of an error what was tried.
pub trait Tried<T> {
    /// `WHAT failed: WHY`; `what` is only made if there is an error.
    fn tried<W: Display>(self, what: impl FnOnce() -> W) -> Result<T>;
}

impl<T, E: Display> Tried<T> for std::result::Result<T, E> {
    fn tried<W: Display>(self, what: impl FnOnce() -> W) -> Result<T> {
        self.map_err(|error| Failure(format!("{} failed: {error}", what())))
    }
}

impl<T> Tried<T> for Option<T> {
    fn tried<W: Display>(self, what: impl FnOnce() -> W) -> Result<T> {
        self.ok_or_else(|| Failure(format!("{} failed: there is no such thing", what())))
    }
}
