//! How is the status said to a person?
//!
//! One word, one sentence, and strings that a printer column can show as they are. Derived from the rest of the status
//! and never read back for a decision.

use chrono::{DateTime, Utc};

use super::observed::{Observed, Pod, State};
use super::outcome;
use super::status::Status;
use super::time;
use super::tracking::Tally;
use crate::api::{self, conditions::types, labels};

/// The strings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Where the run stands.
    pub phase: Option<api::Phase>,
    /// Why, in one word.
    pub reason: Option<String>,
    /// In a sentence.
    pub message: Option<String>,
    /// `3/5`.
    pub completions: Option<String>,
    /// `2/2 running`, `1/2 stopped`.
    pub sidecars: Option<String>,
    /// `2m31s`, at the end.
    pub duration: Option<String>,
    /// Which Pods are its own.
    pub selector: Option<String>,
}

/// The summary of that status.
pub fn of(seen: &Observed, status: &Status, tally: &Tally, now: DateTime<Utc>) -> Summary {
    let (reason, message) = why(status);
    Summary {
        phase: Some(phase(seen, status)),
        reason,
        message,
        completions: Some(completions(seen, tally)),
        sidecars: sidecars(seen, tally).or(status.summary.sidecars.clone()),
        duration: duration(status, now),
        selector: Some(format!("{}={}", labels::UID, seen.job.uid)),
    }
}

fn phase(seen: &Observed, status: &Status) -> api::Phase {
    let is = |type_| status.conditions.is_true(type_);
    let started = |pod: &Pod| pod.active() && pod.containers.iter().any(|c| c.state == State::Running);
    if is(types::COMPLETE) {
        api::Phase::Complete
    } else if is(types::FAILED) {
        api::Phase::Failed
    } else if is(types::SUCCESS_CRITERIA_MET) || is(types::FAILURE_TARGET) {
        api::Phase::Stopping
    } else if seen.job.spec.suspend {
        api::Phase::Suspended
    } else if status.succeeded + status.failed > 0 || seen.pods.iter().any(started) {
        api::Phase::Running
    } else {
        api::Phase::Pending
    }
}

/// The condition that matters most says why.
fn why(status: &Status) -> (Option<String>, Option<String>) {
    const FIRST: [&str; 9] = [
        types::FAILED,
        types::COMPLETE,
        types::FAILURE_TARGET,
        types::SUCCESS_CRITERIA_MET,
        types::STALLED,
        types::SUSPENDED,
        types::WAITING,
        types::POD_CHANGED,
        types::SIDECAR_MISSING,
    ];
    let condition = FIRST.iter().find_map(|type_| status.conditions.when_true(type_));
    (condition.map(|c| c.reason.clone()), condition.map(|c| c.message.clone()).filter(|m| !m.is_empty()))
}

/// Successes of those wanted, as kubectl prints a Job's: `3/5`, for a work queue `0/1 of 4`.
fn completions(seen: &Observed, tally: &Tally) -> String {
    match (seen.job.spec.completions, seen.job.spec.parallelism) {
        (Some(wanted), _) => format!("{}/{wanted}", tally.succeeded),
        (None, 2..) => format!("{}/1 of {}", tally.succeeded, seen.job.spec.parallelism),
        (None, _) => format!("{}/1", tally.succeeded),
    }
}

/// While main containers work: how many sidecars run. Afterwards: how many have stopped.
fn sidecars(seen: &Observed, tally: &Tally) -> Option<String> {
    let working = tally.working_uids();
    let (wanted, word) = if working.is_empty() { (false, "stopped") } else { (true, "running") };
    let pods = seen.pods.iter().filter(|p| working.contains(p.uid.as_str()) == wanted);
    let all: Vec<_> = pods.flat_map(|p| outcome::sidecars(p, &seen.job.spec.roles)).collect();
    let running = all.iter().filter(|c| c.state == State::Running).count();
    let n = if word == "running" { running } else { all.len() - running };
    (!all.is_empty()).then(|| format!("{n}/{} {word}", all.len()))
}

fn duration(status: &Status, now: DateTime<Utc>) -> Option<String> {
    let end = status.finished_at()?;
    status.summary.duration.clone().or_else(|| {
        let start = status.start_time.unwrap_or(now);
        Some(time::human(end - start))
    })
}
