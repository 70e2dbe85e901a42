//! What does `lint` print of what it has found: text, JSON or SARIF?

mod sarif;

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Severity;
use crate::printable;

/// Output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people.
    #[default]
    #[value(hide = true)]
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Where an object was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file, or stdin.
    File {
        /// The name of the file as it was given.
        name: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// In the cluster.
    Cluster,
}

/// A finding, and the object that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The finding.
    pub finding: Finding,
    /// Where it stands.
    pub place: Place,
    /// The resource and name of the object, as `job.batch/etl`.
    pub object: String,
    /// The namespace; nothing if the object names none.
    pub namespace: String,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order of the files and lines.
    pub found: Vec<Located>,
    /// How many objects were looked at.
    pub objects: usize,
    /// What could not be read: sentences with file and line.
    pub unreadable: Vec<String>,
    /// What else a person should know.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether there is something of this severity, or above it, or something that could not be read.
    pub fn is_bad(&self, from: Severity) -> bool {
        !self.unreadable.is_empty() || self.found.iter().any(|located| located.finding.rule.severity >= from)
    }

    /// Prints all: findings to `out`, everything else to `err`.
    pub fn print(&self, format: Format, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> io::Result<()> {
        self.unreadable.iter().try_for_each(|what| printable::say(err, format_args!("error: {what}")))?;
        self.notes.iter().try_for_each(|what| printable::say(err, format_args!("note: {what}")))?;
        match format {
            Format::Text => self.found.iter().try_for_each(|located| located.text(out))?,
            Format::Json => printable::say_json_lines(out, &self.json())?,
            Format::Sarif => printable::say_json_lines(out, &sarif::log(self))?,
        }
        if format == Format::Text {
            printable::say(err, self.summary())?;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let of = |severity: Severity| self.found.iter().filter(|l| l.finding.rule.severity == severity).count();
        let several = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let objects = several(self.objects, "object");
        match (of(Severity::Error), of(Severity::Warning)) {
            _ if self.objects == 0 => "no Job, CronJob, SidecarJob or SidecarCronJob to look at".into(),
            (0, 0) => format!("no findings in {objects}"),
            (errors, warnings) => {
                format!("{} and {} in {objects}", several(errors, "error"), several(warnings, "warning"))
            }
        }
    }

    fn json(&self) -> Value {
        let found: Vec<Value> = self.found.iter().map(Located::json).collect();
        json!({"findings": found, "objects": self.objects, "unreadable": self.unreadable, "notes": self.notes})
    }
}

impl Located {
    /// As compilers print it, so that editors find the line; and what to do.
    fn text(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        let Finding { rule, path, message, fix } = &self.finding;
        let severity = rule.severity.word();
        let place = match &self.place {
            Place::File { name, line, column } => format!("{name}:{line}:{column}"),
            Place::Cluster => format!("{} -n {}: {path}", self.object, self.namespace),
        };
        printable::say(out, format_args!("{place}: {severity}: {message} [{}]", rule.name))?;
        printable::say(out, format_args!("  fix: {fix}"))
    }

    fn json(&self) -> Value {
        let Finding { rule, path, message, fix } = &self.finding;
        let mut value = json!({
            "name": rule.name, "severity": rule.severity.word(), "message": message, "fix": fix,
            "object": self.object, "namespace": self.namespace, "field": path.to_string()
        });
        if let Place::File { name, line, column } = &self.place {
            (value["file"], value["line"], value["column"]) = (json!(name), json!(line), json!(column));
        }
        value
    }
}

#[cfg(test)]
mod tests;
