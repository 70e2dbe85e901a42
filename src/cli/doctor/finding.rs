//! What is a finding, and how does a person or a program read the findings?

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::doctor::facts::Unread;
use crate::cli::paragraph;
use crate::printable::{self, Colour};

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Mark {
    /// As it should be.
    Ok,
    /// It works, and something is missing or will surprise.
    Warn,
    /// Something is broken.
    Fail,
    /// Not known: a permission is missing, or there was no answer.
    NotChecked,
}

impl Mark {
    fn word(self) -> (&'static str, Colour) {
        match self {
            Self::Ok => ("ok", Colour::Green),
            Self::Warn => ("warn", Colour::Yellow),
            Self::Fail => ("FAIL", Colour::Red),
            Self::NotChecked => ("?", Colour::Plain),
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was checked; a stable name for programs.
    pub check: &'static str,
    /// How it is.
    pub result: Mark,
    /// A sentence.
    pub message: String,
    /// The commands that mend it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
}

impl Finding {
    fn new(check: &'static str, result: Mark, message: impl Into<String>) -> Self {
        Self { check, result, message: message.into(), commands: Vec::new() }
    }

    /// It is as it should be.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Mark::Ok, message)
    }

    /// It works, but.
    pub fn warn(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Mark::Warn, message)
    }

    /// It is broken.
    pub fn fail(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Mark::Fail, message)
    }

    /// It was not checked. `None` if another finding says why already.
    pub fn unknown(check: &'static str, what: &str, why: &Unread) -> Option<Self> {
        match why {
            Unread::NotAsked => None,
            why => Some(Self::new(check, Mark::NotChecked, format!("{what}: not checked: {why}"))),
        }
    }

    /// A command that mends it.
    pub fn mend(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}

/// Findings about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// What they are about.
    pub name: &'static str,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// Who stops the sidecars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// The kubelet, of every sidecar: the policy makes injected containers native sidecars.
    NativeByPolicy,
    /// The kubelet, of the sidecars that the run names; the controller, of plain containers that a webhook injects.
    Native,
    /// The controller.
    Managed,
    /// Not known.
    Unknown,
}

/// How many findings have each mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    ok: usize,
    warn: usize,
    fail: usize,
    not_checked: usize,
}

/// All that `doctor` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this program.
    pub client: String,
    /// The version of the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// The namespace.
    pub namespace: String,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Who stops the sidecars of runs in the namespace.
    pub mode: Mode,
    /// The counts.
    pub summary: Summary,
    /// The findings.
    pub sections: Vec<Section>,
}

impl Report {
    /// Counts the findings.
    pub fn counted(mut self) -> Self {
        let of = |mark: Mark| self.findings().filter(|finding| finding.result == mark).count();
        let (ok, warn) = (of(Mark::Ok), of(Mark::Warn));
        self.summary = Summary { ok, warn, fail: of(Mark::Fail), not_checked: of(Mark::NotChecked) };
        self
    }

    /// All findings.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.sections.iter().flat_map(|section| &section.findings)
    }

    /// Nothing is broken, as far as it was checked.
    pub fn is_good(&self) -> bool {
        self.summary.fail == 0
    }

    /// Writes it for people. `width`: of the terminal.
    pub fn print(&self, out: &mut (impl Write + ?Sized), width: Option<usize>) -> io::Result<()> {
        let server = self.kubernetes.as_ref().map_or(String::new(), |version| format!(", Kubernetes {version}"));
        let user = self.user.as_ref().map_or(String::new(), |user| format!(", as {user}"));
        let head = format!("sidecarjob {}{server}, namespace {}{user}", self.client, self.namespace);
        paragraph::print(out, &head, width)?;
        for Section { name, findings } in &self.sections {
            printable::say(out, "")?;
            printable::say(out, name)?;
            findings.iter().try_for_each(|finding| finding.print(out, width))?;
        }
        printable::say(out, "")?;
        paragraph::print(out, &self.summary.sentence(), width)
    }
}

impl Finding {
    fn print(&self, out: &mut (impl Write + ?Sized), width: Option<usize>) -> io::Result<()> {
        const INDENT: &str = "        ";
        let (mark, colour) = self.result.word();
        let lines = paragraph::lines_beside(&self.message, INDENT.len(), width);
        for (n, line) in lines.iter().enumerate() {
            match n {
                0 => printable::say_after(out, colour, &format!("  {mark:<4}  "), line)?,
                _ => printable::say(out, format_args!("{INDENT}{line}"))?,
            }
        }
        self.commands.iter().try_for_each(|command| printable::say(out, format_args!("{INDENT}  {command}")))
    }
}

impl Summary {
    fn sentence(self) -> String {
        let count = |n: usize, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
        let parts = [
            count(self.fail, "check fails", "checks fail"),
            count(self.warn, "warning", "warnings"),
            count(self.not_checked, "not checked", "not checked"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => "Nothing is wrong.".to_owned(),
            false => format!("{}.", parts.join(", ")),
        }
    }
}
