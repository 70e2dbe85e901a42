//! Is the Pod that the API server stored the Pod that the controller sent?
//!
//! Admission webhooks change Pods before the API server stores them. An old webhook may remove `restartPolicy: Always`,
//! a field that it does not know, from a sidecar, and so make the sidecar an init container that never ends. Another
//! webhook makes sidecars plain. Then the run continues in managed mode. Only the containers that the spec names are
//! compared: a container that a webhook adds is no change.

use crate::api::conditions::{reasons, types};
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::{Digest, Job, Pod, Slot, text};

/// The reasons that make later Pods managed.
pub const MANAGED_FROM_NOW: [&str; 2] = [reasons::RESTART_POLICY_STRIPPED, reasons::SIDECAR_MADE_PLAIN];

/// A difference between the Pod that the controller sent and the stored Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In one word, from `api::conditions::reasons`.
    pub reason: &'static str,
    /// The name of the container.
    pub container: String,
    /// In a few words, with the name of the container.
    pub what: String,
}

/// The controller builds no more Pods with native sidecars for this run, since a webhook makes them something else.
pub fn must_be_managed(conditions: &Conditions) -> bool {
    conditions.when_true(types::POD_CHANGED).is_some_and(|c| MANAGED_FROM_NOW.contains(&c.reason.as_str()))
}

/// The differences, the most important ones first.
pub fn changes(pod: &Pod, job: &Job) -> Vec<Change> {
    let mut all: Vec<Change> = sidecar_changes(pod, job).collect();
    all.sort_by_key(|c| MANAGED_FROM_NOW.iter().position(|r| *r == c.reason).unwrap_or(usize::MAX));
    all.extend(main_changes(pod, job));
    all
}

/// The differences of sidecars that the spec names.
pub fn sidecar_changes<'a>(pod: &'a Pod, job: &'a Job) -> impl Iterator<Item = Change> + 'a {
    let roles = &job.spec.roles;
    // The sidecars that a Job's annotation named when the controller sent the Pod: now the annotation may name others.
    let was_sent = |name: &&str| pod.marks.sidecars.as_ref().is_none_or(|sent| sent.iter().any(|s| s == name));
    let of_template = roles.sidecars().into_iter().map(|name| (name, true));
    let injected =
        job.spec.sidecars.iter().map(|s| s.name.as_str()).filter(|n| !roles.in_template(n)).map(|n| (n, false));
    of_template.chain(injected).filter(move |(name, _)| was_sent(name)).filter_map(move |(name, sent)| {
        let kind = pod.containers.iter().find(|c| c.name == name).map(|c| c.slot);
        let change = |reason, what: &str| {
            Some(Change { reason, container: name.into(), what: format!("sidecar {name} {what}") })
        };
        match kind {
            Some(Slot::Init) => change(
                reasons::RESTART_POLICY_STRIPPED,
                "lost restartPolicy Always, so it is an init container that never ends",
            ),
            Some(Slot::Plain) if sent && !pod.marks.managed => {
                change(reasons::SIDECAR_MADE_PLAIN, "became a plain container")
            }
            None if sent => change(reasons::SIDECAR_REMOVED, "is missing from the Pod"),
            _ => None,
        }
    })
}

fn main_changes<'a>(pod: &'a Pod, job: &'a Job) -> impl Iterator<Item = Change> + 'a {
    let sent = job.spec.template.spec.iter().flat_map(|s| &s.containers);
    let mains = job.spec.roles.main();
    sent.filter(move |c| mains.contains(&c.name.as_str())).filter_map(move |sent| {
        let name = &sent.name;
        let what = match pod.containers.iter().find(|c| c.name == *name && c.slot == Slot::Plain) {
            None => "is missing from the Pod".to_owned(),
            Some(c) if c.image != text::cut(sent.image.as_deref().unwrap_or_default()) => {
                format!("has the image {} instead of {}", c.image, sent.image.as_deref().unwrap_or_default())
            }
            Some(c) if c.command != Digest::of_command(sent) => "has another command".to_owned(),
            Some(_) => return None,
        };
        let what = format!("main container {name} {what}");
        Some(Change { reason: reasons::MAIN_CONTAINER_CHANGED, container: name.clone(), what })
    })
}
