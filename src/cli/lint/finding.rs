//! What is a finding, and what does its rule say?

use crate::cli::lint::node::Node;
use crate::cli::manifest::Path;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Severity {
    /// It works, until something happens that can happen.
    Warning,
    /// It will not work.
    Error,
}

impl Severity {
    /// The word, in text and in SARIF.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What `lint` looks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name, which never changes.
    pub name: &'static str,
    /// How much a finding matters.
    pub severity: Severity,
    /// One sentence: what happens.
    pub title: &'static str,
    /// The rest of the page: when, why, what to do. Markdown.
    pub page: &'static str,
}

/// Something in an object that will do harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Where it stands in the object.
    pub path: Path,
    /// One sentence: what happens.
    pub message: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    /// A finding about this value.
    pub fn new(rule: &'static Rule, at: &Node<'_>, message: String, fix: String) -> Self {
        Self { rule, path: at.path().clone(), message, fix }
    }
}
