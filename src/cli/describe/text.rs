//! How does a page of `describe` look? Fields with a name, sections with tables, as `kubectl describe` prints them.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::cli::table;
use crate::cli::when;
use crate::printable;

/// The width of the names of fields.
const NAMES: usize = 17;

/// A part of the page.
#[derive(Clone, Debug)]
enum Part {
    Line(String),
    Table(Vec<Vec<String>>),
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Page(Vec<Part>);

impl Page {
    /// A field with its name; without a value there is no field.
    pub fn field(&mut self, name: &str, value: impl AsRef<str>) {
        let value = value.as_ref();
        if !value.is_empty() {
            self.0.push(Part::Line(format!("{:NAMES$}{value}", format!("{name}:"))));
        }
    }

    /// A line.
    pub fn line(&mut self, text: impl Into<String>) {
        self.0.push(Part::Line(text.into()));
    }

    /// The head of a section.
    pub fn section(&mut self, name: &str) {
        self.line(format!("{name}:"));
    }

    /// A table, the head first. It is indented.
    pub fn table(&mut self, mut rows: Vec<Vec<String>>) {
        for row in &mut rows {
            if let Some(first) = row.first_mut() {
                first.insert_str(0, "  ");
            }
        }
        self.0.push(Part::Table(rows));
    }

    /// The section of conditions.
    pub fn conditions(&mut self, all: &[Condition], now: DateTime<Utc>) {
        if all.is_empty() {
            return;
        }
        self.section("Conditions");
        let mut rows = vec![["TYPE", "STATUS", "REASON", "AGE", "MESSAGE"].map(ToOwned::to_owned).to_vec()];
        rows.extend(all.iter().map(|c| {
            let age = when::between(when::of(&c.last_transition_time), now);
            vec![c.type_.clone(), c.status.clone(), c.reason.clone(), age, c.message.clone()]
        }));
        self.table(rows);
    }

    /// Writes the page. `width`: the width of the terminal, at which the rows of tables end.
    pub fn print(&self, out: &mut (impl Write + ?Sized), width: Option<usize>) -> io::Result<()> {
        self.0.iter().try_for_each(|part| match part {
            Part::Line(line) => printable::say(out, line),
            Part::Table(rows) => table::print(out, rows, width),
        })
    }
}
