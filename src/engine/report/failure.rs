//! What was the last failure?
//!
//! Of the newest Pod that failed. After the result is known no failure replaces it: the Pods that fail then are those that
//! the controller ends.

use chrono::{DateTime, Utc};

use crate::api::conditions::{pod as reasons, reasons as endings};
use crate::api::history::{LastFailure, MatchedRule};
use crate::engine::count::judged::Judged;
use crate::engine::count::{cut_off, outcome};
use crate::engine::judgement::Judgement;
use crate::engine::observed::roles::Roles;
use crate::engine::observed::{Container, End, Pod, Slot, time};
use crate::engine::report::ends;
use crate::engine::result;

/// `status.lastFailure`.
pub fn last(j: &Judgement) -> Option<LastFailure> {
    let status = &j.seen.job.status;
    let stored = status.history.last_failure.clone();
    if status.result_is_known() {
        return stored;
    }
    let failed = j.tally.results.iter().filter(|pod| pod.failed());
    let failed = failed.max_by_key(|pod| (pod.outcome.map(|outcome| outcome.at), pod.pod.number));
    let failed = failed.and_then(|failed| of_pod(failed, &j.seen.job.spec.roles));
    let new = failed.into_iter().chain(retried_too_often(j)).max_by_key(|failure| failure.time.clone());
    stored.into_iter().chain(new).max_by_key(|failure| failure.time.clone())
}

/// The failure in a sentence.
pub fn sentence(failure: &LastFailure) -> String {
    let reason = failure.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let pod = &failure.pod_name;
    match (&failure.container, failure.exit_code) {
        (Some(container), Some(exit)) => format!("container {container} of Pod {pod} exited with {exit}{reason}"),
        _ if failure.reason.as_deref() == Some(reasons::DELETED) => {
            format!("somebody deleted Pod {pod} before its main containers were done")
        }
        _ => format!("Pod {pod} failed{reason}"),
    }
}

fn of_pod(failed: &Judged, roles: &Roles) -> Option<LastFailure> {
    let (pod, at) = (failed.pod, failed.outcome?.at);
    let named = failed.matched.as_ref().and_then(|rule| rule.container.as_deref());
    let culprit = culprit(pod, roles, named);
    let reason = pod.marks.failed.as_deref().or_else(|| match culprit {
        // What ends a Pod while its sidecars stop is no reason for the failure before.
        Some((_, end)) if !cut_off::before(pod, end.finished_at.unwrap_or(at)) => end.reason.as_deref(),
        _ => pod.reason.as_deref().or(pod.deleting_since.map(|_| reasons::DELETED)),
    });
    let rule = failed.matched.as_ref().map(|rule| MatchedRule {
        index: i32::try_from(rule.index).unwrap_or(i32::MAX),
        action: rule.action.word().to_owned(),
    });
    Some(LastFailure { matched_rule: rule, ..failure(pod, culprit, reason, at) })
}

/// The container because of which the Pod failed: the one that a rule of the failure policy matches; otherwise of the main
/// containers that failed the first, otherwise an init container that failed. `None`: the controller failed the Pod
/// because of a sidecar, or somebody or something ended the Pod before.
fn culprit<'a>(pod: &'a Pod, roles: &'a Roles, named: Option<&str>) -> Option<(&'a Container, &'a End)> {
    if pod.marks.failed.is_some() {
        return None;
    }
    let failed = |c: &'a Container| ends::now(c).filter(|end| end.exit != 0).map(|end| (c, end));
    let named = named.and_then(|name| pod.containers.iter().find(|c| c.name == name)).and_then(failed);
    let first = || outcome::mains(pod, roles).filter_map(failed).min_by_key(|(_, end)| end.finished_at);
    let init = || pod.containers.iter().filter(|c| c.slot == Slot::Init).find_map(failed);
    named.or_else(first).or_else(init)
}

/// The kubelet restarted containers in their Pods more often than the run may fail: the container with most restarts, if
/// no Pod has failed for that.
fn retried_too_often(j: &Judgement) -> Option<LastFailure> {
    let ending = j.ending.as_ref().filter(|e| !e.stored && e.reason == endings::BACKOFF_LIMIT_EXCEEDED)?;
    if ending.success || j.tally.failed > j.seen.job.spec.backoff_limit {
        return None;
    }
    let (pod, c) = result::retried_in_place(j.seen).max_by_key(|(_, c)| c.restarts)?;
    let end = c.end.as_deref()?;
    let at = end.finished_at.unwrap_or_else(|| time::whole_seconds(j.now));
    Some(failure(pod, Some((c, end)), end.reason.as_deref(), at))
}

fn failure(pod: &Pod, culprit: Option<(&Container, &End)>, reason: Option<&str>, at: DateTime<Utc>) -> LastFailure {
    let number = |n: Option<u32>| n.and_then(|n| i32::try_from(n).ok());
    let container = culprit.map(|(c, _)| ends::name(c));
    let end = culprit.map(|(_, end)| end);
    let (exit_code, reason) = (end.map(|end| end.exit), reason.map(ends::reason));
    LastFailure {
        text: text(container.as_deref().zip(exit_code), reason.as_deref()),
        pod_name: ends::object_name(&pod.name),
        index: number(pod.index),
        attempt: number(pod.number),
        node_name: pod.node.as_deref().map(ends::object_name),
        container,
        exit_code,
        signal: end.and_then(ends::signal),
        reason,
        time: time::to_wire(at),
        matched_rule: None,
        message: end.and_then(|end| end.message.as_deref()).map(str::to_owned),
    }
}

/// `work exit 3`, `work exit 137 OOMKilled`, `Evicted`.
fn text(ended: Option<(&str, i32)>, reason: Option<&str>) -> String {
    let told = reason.filter(|reason| ended.is_none() || *reason != reasons::ERROR);
    let ended = ended.map(|(container, exit)| format!("{container} exit {exit}"));
    let words: Vec<String> = ended.into_iter().chain(told.map(str::to_owned)).collect();
    if words.is_empty() { "failed".into() } else { words.join(" ") }
}

#[cfg(test)]
mod tests;
