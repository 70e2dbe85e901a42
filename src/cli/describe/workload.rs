//! What does `describe` show of Pods, and of Jobs?

use chrono::{DateTime, Utc};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::api::labels;
use crate::cli::describe::text::Page;
use crate::cli::fault;
use crate::cli::roles::Container;
use crate::cli::roles::all;
use crate::cli::seen::Seen;
use crate::cli::when;

/// More Pods than this are not shown: the newest are.
const MOST: usize = 20;

/// A Job.
pub fn job(page: &mut Page, job: &Job, seen: &Seen, now: DateTime<Utc>) {
    let (spec, status) = (job.spec.clone().unwrap_or_default(), job.status.clone().unwrap_or_default());
    page.field("Managed by", spec.managed_by.unwrap_or_default());
    let number = |n: Option<i32>| n.map_or(String::new(), |n| n.to_string());
    page.field("Completions", format!("{}/{}", status.succeeded.unwrap_or(0), spec.completions.unwrap_or(1)));
    page.field("Parallelism", number(spec.parallelism));
    page.field("Backoff limit", number(spec.backoff_limit));
    page.field("Active Pods", number(status.active));
    page.field("Failed Pods", number(status.failed.filter(|n| *n > 0)));
    let conditions = status.conditions.unwrap_or_default();
    let conditions: Vec<Condition> = conditions
        .into_iter()
        .map(|c| Condition {
            type_: c.type_,
            status: c.status,
            reason: c.reason.unwrap_or_default(),
            message: c.message.unwrap_or_default(),
            last_transition_time: c.last_transition_time.unwrap_or(Time(k8s_openapi::jiff::Timestamp::UNIX_EPOCH)),
            observed_generation: None,
        })
        .collect();
    page.conditions(&conditions, now);
    if let Some(failure) = fault::last(&seen.pods) {
        page.field("Last failure", format!("{}, {}", fault::sentence(&failure), fault::ago(&failure, now)));
        page.field("Last words", fault::last_words(&failure).unwrap_or_default());
    }
    pods(page, &seen.pods, now);
}

/// A Pod.
pub fn pod(page: &mut Page, pod: &Pod, now: DateTime<Utc>) {
    page.field("Node", pod.spec.as_ref().and_then(|s| s.node_name.clone()).unwrap_or_default());
    let status = pod.status.clone().unwrap_or_default();
    let reason = status.reason.map_or(String::new(), |reason| format!(" ({reason})"));
    page.field("Status", format!("{}{reason}", status.phase.unwrap_or_default()));
    page.field("Message", status.message.unwrap_or_default());
    let annotation = |name: &str| pod.annotations().get(name).cloned().unwrap_or_default();
    page.field("Main containers", annotation(labels::MAIN));
    page.field("Moved sidecars", annotation(labels::MOVED));
    page.section("Containers");
    let head = ["NAME", "ROLE", "STATE", "EXIT", "REASON", "RESTARTS", "SINCE"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(all(pod).map(|c| container(&c, now)));
    page.table(rows);
    if let Some(failure) = fault::last(std::slice::from_ref(pod)) {
        page.field("Last failure", format!("{}, {}", fault::sentence(&failure), fault::ago(&failure, now)));
        page.field("Last words", fault::last_words(&failure).unwrap_or_default());
    }
}

fn container(c: &Container<'_>, now: DateTime<Utc>) -> Vec<String> {
    let state = c.status.state.clone().unwrap_or_default();
    let (word, exit, reason, since) = match (&state.running, &state.terminated, &state.waiting) {
        (Some(running), ..) => ("runs", None, None, running.started_at.as_ref()),
        (_, Some(end), _) => ("ended", Some(end.exit_code), end.reason.clone(), end.finished_at.as_ref()),
        (_, _, Some(waiting)) => ("waits", None, waiting.reason.clone(), None),
        _ => ("waits", None, None, None),
    };
    let native = if c.native { ", native" } else { "" };
    vec![
        c.status.name.clone(),
        format!("{}{native}", c.role.word()),
        word.to_owned(),
        exit.map_or(String::new(), |code| code.to_string()),
        reason.unwrap_or_default(),
        c.status.restart_count.to_string(),
        since.map_or(String::new(), |at| when::ago(when::of(at), now)),
    ]
}

/// The Pods that exist, the newest last.
pub fn pods(page: &mut Page, pods: &[Pod], now: DateTime<Utc>) {
    if pods.is_empty() {
        return;
    }
    page.section(&match pods.len() {
        n if n > MOST => format!("Pods (the latest {MOST} of {n})"),
        _ => "Pods".into(),
    });
    let mut rows = vec![["NAME", "STATUS", "NODE", "AGE", "CONTAINERS"].map(ToOwned::to_owned).to_vec()];
    rows.extend(pods[pods.len().saturating_sub(MOST)..].iter().map(|pod| {
        let status = pod.status.clone().unwrap_or_default();
        let state = match (pod.metadata.deletion_timestamp.is_some(), status.reason, status.phase) {
            (true, ..) => "Terminating".into(),
            (_, Some(reason), Some(phase)) => format!("{phase} ({reason})"),
            (_, _, phase) => phase.unwrap_or_default(),
        };
        let node = pod.spec.as_ref().and_then(|s| s.node_name.clone()).unwrap_or_default();
        let age = pod.metadata.creation_timestamp.as_ref().map_or(String::new(), |at| when::between(when::of(at), now));
        vec![pod.name_any(), state, node, age, all(pod).map(|c| state_of(&c)).collect::<Vec<_>>().join(", ")]
    }));
    page.table(rows);
}

/// `work exit 3`, `ffwd runs`, `work ImagePullBackOff`.
fn state_of(c: &Container<'_>) -> String {
    let name = &c.status.name;
    let waiting = c.status.state.as_ref().and_then(|s| s.waiting.as_ref()?.reason.clone());
    match (c.ended(), c.runs()) {
        (Some(end), _) => format!("{name} exit {}", end.exit_code),
        (_, true) => format!("{name} runs"),
        _ => format!("{name} {}", waiting.unwrap_or_else(|| "waits".into())),
    }
}
