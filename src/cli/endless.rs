//! Does the command of a container say that it never ends, and how sure is that?

use crate::cli::container::Container;
use crate::cli::shell::flow::{Rules, flow};

/// A command that never ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endless {
    /// The piece that says so: `while true`, `tail -f`.
    pub piece: String,
    /// There is no way out. If false, the command probably never ends: it follows a file, or a signal ends it.
    pub is_sure: bool,
}

/// Whether the command never ends; `None`: it ends, or does not say.
pub fn endless(container: &Container) -> Option<Endless> {
    runs_for_ever(container, Rules { serves: &|_| false, all_goes_well: false })
}

/// The same under these rules.
pub fn runs_for_ever(container: &Container, rules: Rules<'_>) -> Option<Endless> {
    let stuck = flow(&container.commands(), rules).never_ends()?;
    // The program of the image may take the words of `args` for something else.
    let is_program = !container.command.is_empty() || container.script().is_some();
    Some(Endless { piece: stuck.piece, is_sure: stuck.is_sure && is_program })
}

#[cfg(test)]
mod tests;
