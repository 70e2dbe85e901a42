//! Which lines does `watch` print about a Pod's containers? That they started, waited, ended, and how long that took.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, Pod};
use kube::ResourceExt;

use crate::cli::roles::Container;
use crate::cli::roles::Role;
use crate::cli::roles::all;
use crate::cli::watch::story::Fact;
use crate::cli::watch::story::Mood;
use crate::cli::watch::story::time;

/// Usual reasons to wait, which get no line.
const USUAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The facts of all containers of the Pod.
pub fn facts(pod: &Pod) -> Vec<Fact> {
    let mains: Vec<Option<DateTime<Utc>>> =
        all(pod).filter(|c| c.role == Role::Main).map(|c| c.ended()?.finished_at.as_ref().map(time)).collect();
    let main_end = if mains.iter().any(Option::is_none) { None } else { mains.into_iter().flatten().max() };
    let mut facts: Vec<Fact> = all(pod).flat_map(|c| container_facts(pod, &c, main_end)).collect();
    facts.extend(main_end.into_iter().flat_map(|at| asked_to_stop(pod, at)));
    facts
}

/// Sidecars that still run when the main containers are done: the kubelet or the controller asks them to stop.
fn asked_to_stop(pod: &Pod, main_end: DateTime<Utc>) -> Vec<Fact> {
    let still_there = all(pod).filter(|c| c.role == Role::Sidecar && c.runs());
    let fact = |c: Container<'_>| Fact {
        key: format!("{}/{}/stopping", pod.name_any(), c.status.name),
        at: Some(main_end),
        text: format!("{} is asked to stop", c.words()),
        pod: Some(pod.name_any()),
        container: Some(c.status.name.clone()),
        mood: Mood::Plain,
    };
    still_there.map(fact).collect()
}

fn container_facts(pod: &Pod, c: &Container<'_>, main_end: Option<DateTime<Utc>>) -> Vec<Fact> {
    let state = c.status.state.clone().unwrap_or_default();
    let restarts = c.status.restart_count;
    let fact = |what: &str, at, text: String, mood| Fact {
        key: format!("{}/{}/{what}/{restarts}", pod.name_any(), c.status.name),
        at,
        text,
        pod: Some(pod.name_any()),
        container: Some(c.status.name.clone()),
        mood,
    };
    let mut facts = Vec::new();
    if let Some(at) = started(&state) {
        let word = if restarts > 0 { format!("started again (restart {restarts})") } else { "started".into() };
        facts.push(fact("started", Some(at), format!("{} {word}", c.words()), Mood::Plain));
    }
    if let Some(waiting) = &state.waiting
        && let Some(reason) = waiting.reason.as_deref().filter(|r| !USUAL.contains(r))
    {
        let message = waiting.message.as_deref().map_or(String::new(), |m| format!(": {m}"));
        facts.push(fact(reason, None, format!("{} waits: {reason}{message}", c.words()), Mood::Bad));
    }
    if let Some(end) = &state.terminated {
        let (text, mood) = ending(c, end, main_end);
        facts.push(fact("ended", end.finished_at.as_ref().map(time), text, mood));
    }
    facts
}

fn started(state: &ContainerState) -> Option<DateTime<Utc>> {
    let running = state.running.as_ref().and_then(|r| r.started_at.as_ref());
    running.or(state.terminated.as_ref().and_then(|t| t.started_at.as_ref())).map(time)
}

fn ending(c: &Container<'_>, end: &ContainerStateTerminated, main_end: Option<DateTime<Utc>>) -> (String, Mood) {
    let at = end.finished_at.as_ref().map(time);
    let reason = end.reason.as_deref().filter(|r| !matches!(*r, "Completed" | "Error"));
    let how = format!("exit {}{}", end.exit_code, reason.map_or(String::new(), |r| format!(" ({r})")));
    if c.role == Role::Sidecar {
        let after = at.zip(main_end).map(|(at, main)| (at - main).num_seconds());
        let after = after.filter(|s| *s >= 0).map_or(String::new(), |s| format!(", {s}s after the main containers"));
        return (format!("{} stopped: {how}{after}", c.words()), Mood::Plain);
    }
    let ran = at.zip(end.started_at.as_ref().map(time)).map_or(0, |(end, start)| (end - start).num_seconds());
    let mood = if end.exit_code == 0 { Mood::Plain } else { Mood::Bad };
    (format!("{} ended: {how}, ran {ran}s", c.words()), mood)
}
