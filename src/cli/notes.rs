//! What does a command tell on stderr while it goes on? One line for each problem, and none for each retry.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::failure::Failure;
use crate::printable;

/// After this time without an interruption, the next one counts as new. The time is longer than the wait between retries.
const QUIET: Duration = Duration::from_secs(120);

/// The notes of one command.
pub struct Notes<'a> {
    err: &'a mut (dyn Write + Send),
    /// The last interruption.
    interrupted: Option<Instant>,
}

impl<'a> Notes<'a> {
    /// Notes that go to `err`.
    pub fn new(err: &'a mut (dyn Write + Send)) -> Self {
        Self { err, interrupted: None }
    }

    /// Prints a note.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        printable::say(self.err, format_args!("note: {text}"))
    }

    /// Prints a line as it is.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        printable::say(self.err, text)
    }

    /// Prints one note about a failure that a retry may heal. The retries until the call works again get no further note.
    pub fn interrupted(&mut self, failure: &Failure) -> io::Result<()> {
        let now = Instant::now();
        let last = self.interrupted.replace(now);
        if last.is_none_or(|last| now - last > QUIET) {
            self.note(&format!("{}; retrying until it works", failure.without_advice()))?;
        }
        Ok(())
    }
}
