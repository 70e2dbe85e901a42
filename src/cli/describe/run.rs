//! What does `describe` show of a SidecarJob?

use chrono::{DateTime, Utc};

use crate::api::SidecarJob;
use crate::api::SidecarJobStatus;
use crate::api::history::ContainerSummary;
use crate::api::history::RecentPod;
use crate::cli::describe::text::Page;
use crate::cli::describe::workload;
use crate::cli::fault;
use crate::cli::retry;
use crate::cli::seen::Seen;
use crate::cli::stopped;
use crate::cli::when;

/// Fills the page.
pub fn tell(page: &mut Page, run: &SidecarJob, seen: &Seen, now: DateTime<Utc>) {
    let status = run.status.clone().unwrap_or_default();
    spec(page, run);
    state(page, run, &status, now);
    page.conditions(&status.conditions, now);
    containers(page, &status.containers);
    last_failure(page, &status, now);
    workload::pods(page, &seen.pods, now);
    recent(page, &status.recent_pods, seen, now);
}

fn spec(page: &mut Page, run: &SidecarJob) {
    let spec = &run.spec;
    let mains = spec.main_containers.as_ref().map(|main| main.names.join(", ")).unwrap_or_default();
    page.field("Main containers", mains);
    let sidecars: Vec<&str> = spec.sidecars.iter().map(|sidecar| sidecar.name.as_str()).collect();
    page.field("Sidecars", sidecars.join(", "));
    let number = |n: Option<i32>| n.map_or(String::new(), |n| n.to_string());
    page.field("Parallelism", number(spec.parallelism));
    page.field("Backoff limit", number(spec.backoff_limit));
    let deadline = spec.active_deadline_seconds.map_or(String::new(), |s| format!("{s}s"));
    page.field("Deadline", deadline);
    let ttl = spec.ttl_seconds_after_finished.map_or(String::new(), |s| format!("{s}s after the end"));
    page.field("Deleted after", ttl);
}

fn state(page: &mut Page, run: &SidecarJob, status: &SidecarJobStatus, now: DateTime<Utc>) {
    let reason = status.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
    page.field("Status", status.phase.map_or(String::new(), |phase| format!("{phase:?}{reason}")));
    page.field("Stopped by", stopped::by(run, now).unwrap_or_default());
    page.field("Message", status.message.clone().unwrap_or_default());
    let start = status.start_time.as_ref().map(when::of);
    page.field("Started", start.map_or(String::new(), |at| format!("{} ({})", when::utc(at), when::ago(at, now))));
    let main = status.main_finished_time.as_ref().map(when::of);
    page.field("Main finished", main.map_or(String::new(), when::utc));
    page.field("Duration", status.duration.clone().unwrap_or_default());
    page.field("Completions", status.completions.clone().unwrap_or_default());
    page.field("Sidecars state", status.sidecars.clone().unwrap_or_default());
    let counts = [
        ("active", status.active),
        ("ready", status.ready),
        ("stopping", status.stopping),
        ("terminating", status.terminating),
        ("succeeded", status.succeeded),
        ("failed", status.failed),
    ];
    let counts: Vec<String> =
        counts.iter().filter_map(|(word, n)| n.filter(|n| *n > 0).map(|n| format!("{n} {word}"))).collect();
    page.field("Pods", counts.join(", "));
    page.field("Completed index", status.completed_indexes.clone().unwrap_or_default());
    page.field("Failed indexes", status.failed_indexes.clone().unwrap_or_default());
    if let Some(retries) = &status.retries {
        let limit = retries.limit.map_or(String::new(), |limit| format!(" of {limit}"));
        let next = retry::next(run, now).map_or(String::new(), |retry| format!("; {}", retry.sentence(now)));
        page.field("Retries", format!("{}{limit} used{next}", retries.used));
    }
}

fn containers(page: &mut Page, all: &[ContainerSummary]) {
    if all.is_empty() {
        return;
    }
    page.section("Containers");
    let head = ["NAME", "ROLE", "SUCCEEDED", "FAILED", "RESTARTS", "LAST EXIT", "REASON", "STOPPED BY", "LONGEST STOP"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(all.iter().map(|c| {
        let mut role = format!("{:?}", c.role);
        if c.native {
            role += ", native";
        }
        if c.injected {
            role += ", injected";
        }
        let signal = c.last_signal.map_or(String::new(), |signal| format!(" (signal {signal})"));
        let exit = c.last_exit_code.map_or(String::new(), |code| format!("{code}{signal}"));
        let killed = c.force_killed.filter(|n| *n > 0).map_or(String::new(), |n| format!(", {n} killed"));
        let method = c.stop_method.map_or(String::new(), |method| format!("{method:?}{killed}"));
        vec![
            c.name.clone(),
            role,
            c.succeeded.to_string(),
            c.failed.to_string(),
            c.restarts.to_string(),
            exit,
            c.last_reason.clone().unwrap_or_default(),
            method,
            c.max_stop_seconds.map_or(String::new(), |s| format!("{s}s")),
        ]
    }));
    page.table(rows);
}

fn last_failure(page: &mut Page, status: &SidecarJobStatus, now: DateTime<Utc>) {
    let Some(failure) = &status.last_failure else { return };
    page.section("Last failure");
    page.field("  What", fault::sentence(failure));
    page.field("  When", fault::ago(failure, now));
    page.field("  Attempt", failure.attempt.map_or(String::new(), |n| (i64::from(n) + 1).to_string()));
    page.field("  Index", failure.index.map_or(String::new(), |n| n.to_string()));
    page.field("  Node", failure.node_name.clone().unwrap_or_default());
    page.field("  Signal", failure.signal.map_or(String::new(), |signal| signal.to_string()));
    let rule = failure.matched_rule.as_ref();
    page.field("  Policy rule", rule.map_or(String::new(), |rule| format!("{} ({})", rule.index, rule.action)));
    let message = failure.message.as_deref().map(str::trim).filter(|message| !message.is_empty());
    if let Some(message) = message {
        page.line("  Message:");
        message.lines().for_each(|line| page.line(format!("    {line}")));
    }
}

/// The Pods that are gone.
fn recent(page: &mut Page, all: &[RecentPod], seen: &Seen, now: DateTime<Utc>) {
    use kube::ResourceExt;
    let exists = |recent: &&RecentPod| seen.pods.iter().any(|pod| pod.name_any() == recent.name);
    let gone: Vec<&RecentPod> = all.iter().filter(|recent| !exists(recent)).collect();
    if gone.is_empty() {
        return;
    }
    page.section("Pods that are gone");
    let mut rows = vec![["NAME", "RESULT", "ATTEMPT", "NODE", "ENDED", "CONTAINERS"].map(ToOwned::to_owned).to_vec()];
    rows.extend(gone.iter().rev().map(|pod| {
        let containers = pod.containers.iter().map(|c| match (c.exit_code, &c.reason) {
            (Some(code), _) => format!("{} exit {code}", c.name),
            (None, Some(reason)) => format!("{} {reason}", c.name),
            (None, None) => c.name.clone(),
        });
        vec![
            pod.name.clone(),
            format!("{:?}", pod.result),
            pod.attempt.map_or(String::new(), |n| (i64::from(n) + 1).to_string()),
            pod.node_name.clone().unwrap_or_default(),
            pod.finished_at.as_ref().map_or(String::new(), |at| when::ago(when::of(at), now)),
            containers.collect::<Vec<_>>().join(", "),
        ]
    }));
    page.table(rows);
}
