//! In which form does `why` answer? A paragraph for people, or an object with stable names for programs.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::api::history::LastFailure;
use crate::cli::paragraph;
use crate::cli::when;
use crate::printable;

/// The state of the object in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum State {
    /// No controller has looked at the object, or its first Pod starts.
    #[default]
    Pending,
    /// It waits for something other than its main containers: a node, an image, a sidecar, a back-off.
    Waiting,
    /// Main containers work.
    Running,
    /// The main containers are done, and sidecars stop.
    Stopping,
    /// The main containers seem done, and nobody stops the rest.
    Hanging,
    /// Somebody suspended it.
    Suspended,
    /// Somebody must help.
    Stalled,
    /// Done, with success.
    Complete,
    /// Done, without success.
    Failed,
    /// Somebody deleted it.
    Terminating,
    /// A schedule that waits for its next time.
    Scheduled,
}

/// The container or Pod that holds back the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockedBy {
    /// The Pod.
    pub pod: String,
    /// The container; absent if the Pod as a whole waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Until when at most. Absent: nothing bounds it, or the object does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What happens next by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Next {
    /// `Attempt` (the next Pod of the run), or `Run` (the next run of the schedule).
    pub what: What,
    /// When.
    pub time: String,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum What {
    /// The next Pod of a run.
    Attempt,
    /// The next run of a schedule.
    Run,
}

/// What `why` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The kind of the object.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Why it has the state, in one word of Kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The paragraph.
    pub message: String,
    /// What holds it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<BlockedBy>,
    /// The last failure, as in `status.lastFailure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
    /// What happens next by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// What to do: commands.
    pub commands: Vec<String>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Answer {
    /// Adds a sentence to the paragraph.
    pub fn say(&mut self, sentence: impl AsRef<str>) {
        let sentence = sentence.as_ref().trim();
        if sentence.is_empty() {
            return;
        }
        if !self.message.is_empty() {
            self.message.push(' ');
        }
        self.message.push_str(sentence);
        // A closing quote has its own full stop in front or not; a sentence always ends.
        if !sentence.ends_with(['.', '!', '?', ':', '"']) {
            self.message.push('.');
        }
    }

    /// The state, and why.
    pub fn is(&mut self, state: State, reason: Option<&str>) {
        self.state = state;
        self.reason = reason.filter(|reason| !reason.is_empty()).map(ToOwned::to_owned);
    }

    /// What happens next by itself.
    pub fn then(&mut self, what: What, at: DateTime<Utc>) {
        self.next = Some(Next { what, time: when::utc(at) });
    }

    /// Writes the paragraph and the commands. `width`: the width of the terminal.
    pub fn print(&self, out: &mut (impl Write + ?Sized), width: Option<usize>) -> io::Result<()> {
        paragraph::print(out, &self.message, width)?;
        if !self.commands.is_empty() {
            printable::say(out, "")?;
        }
        self.commands.iter().try_for_each(|command| printable::say(out, format_args!("  {command}")))
    }
}
