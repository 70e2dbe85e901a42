//! Does `spec.sidecars` name a container that is not there?
//!
//! A webhook may inject the container later, so the API server accepts the name; the name may be a typo, so a condition
//! reports it. The Pods that have not ended tell which containers there are. The condition keeps the answer after the
//! Pods are gone, also if the answer is False.

use crate::api::conditions::{reasons, types};
use crate::api::{Kind, labels};
use crate::engine::judgement::Judgement;
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::{Job, Observed, Pod};
use crate::engine::plan::Event;
use crate::engine::report::note::Note;

/// Where the containers are whose names the template does not have.
enum Found<'a> {
    /// All Pods have them.
    All,
    /// This Pod lacks the containers with these names.
    NotInPod(&'a Pod, Vec<&'a str>),
    /// The template lacks these names, and there was no Pod yet.
    NotInTemplate(Vec<&'a str>),
}

/// The condition SidecarMissing, and an event when it becomes True.
pub fn note(j: &Judgement) -> Note {
    let job = &j.seen.job;
    let (reason, message) = match look(j.seen, &job.status.conditions) {
        None => return Note::default(),
        // Also if the condition was never True: after the Pods are gone, only the condition tells what they had.
        Some(Found::All) => return Note::is_false(types::SIDECAR_MISSING, reasons::ALL_FOUND, ""),
        Some(Found::NotInPod(pod, names)) => (reasons::NOT_IN_POD, not_in_pod(job, pod, &names)),
        Some(Found::NotInTemplate(names)) => (reasons::NOT_IN_TEMPLATE, not_in_template(job, &names)),
    };
    let is_new = !job.status.conditions.is_true(types::SIDECAR_MISSING);
    let event = is_new.then(|| Event::warning(types::SIDECAR_MISSING, message.clone()));
    Note::is_true(types::SIDECAR_MISSING, reason, message).with_events(event)
}

/// `None`: the template has all names, or all Pods have ended and the condition has the answer already.
fn look<'a>(seen: &'a Observed, said: &Conditions) -> Option<Found<'a>> {
    let roles = &seen.job.spec.roles;
    let names = roles.missing(|name| roles.in_template(name));
    if names.is_empty() {
        return None;
    }
    let is_known = said.get(types::SIDECAR_MISSING).is_some_and(|c| c.reason != reasons::NOT_IN_TEMPLATE);
    let mut pods: Vec<&Pod> = seen.own_pods().filter(|pod| !pod.ended()).collect();
    if pods.is_empty() && !is_known {
        pods = seen.own_pods().collect();
    }
    let lacking = |pod: &&'a Pod| (*pod, roles.missing(|name| pod.containers.iter().any(|c| c.name == name)));
    match pods.iter().rev().map(lacking).find(|(_, names)| !names.is_empty()) {
        Some((pod, names)) => Some(Found::NotInPod(pod, names)),
        None if !pods.is_empty() => Some(Found::All),
        None if is_known || roles.expects_injected() => None,
        None => Some(Found::NotInTemplate(names)),
    }
}

fn not_in_template(job: &Job, names: &[&str]) -> String {
    format!(
        "{} names {}, and spec.template has no such container: correct the name. If a webhook adds the container to \
         the Pod, you need not do anything",
        field(job),
        quoted(names)
    )
}

fn not_in_pod(job: &Job, pod: &Pod, names: &[&str]) -> String {
    let there = pod.containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    format!(
        "{} names {}, but spec.template has no such container, and no webhook added one to the Pod. The Pod's \
         containers are {there}: correct the name, or the webhook",
        field(job),
        quoted(names)
    )
}

/// The field that has the names.
fn field(job: &Job) -> String {
    match job.kind {
        Kind::SidecarJob => "spec.sidecars".into(),
        Kind::Job => format!("annotation {}", labels::SIDECARS),
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ")
}
