//! Is the Pod that the API server stored the Pod that the controller sent?
//!
//! Admission webhooks change Pods before the API server stores them. An old webhook may remove `restartPolicy: Always`,
//! a field that it does not know, from a sidecar, and so make the sidecar an init container that never ends. Another
//! webhook makes sidecars plain. Then the run continues in managed mode. Only the containers that the spec names are
//! compared: a container that a webhook adds is no change.

use k8s_openapi::api::core::v1 as core;

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

/// What the controller sends: made once for all Pods that are compared.
pub struct Sent<'a> {
    /// The sidecars that the spec names, and whether the template has the sidecar.
    sidecars: Vec<(&'a str, bool)>,
    mains: Vec<(&'a core::Container, Digest)>,
}

impl<'a> Sent<'a> {
    /// For the Pods of this run.
    pub fn of(job: &'a Job) -> Self {
        let roles = &job.spec.roles;
        let of_template = roles.sidecars().into_iter().map(|name| (name, true));
        let named = job.spec.sidecars.iter().map(|s| s.name.as_str());
        let injected = named.filter(|name| !roles.in_template(name)).map(|name| (name, false));
        let mains = roles.main();
        let containers = job.spec.template.spec.iter().flat_map(|s| &s.containers);
        let sent = containers.filter(|c| mains.contains(&c.name.as_str()));
        Self {
            sidecars: of_template.chain(injected).collect(),
            mains: sent.map(|c| (c, Digest::of_command(c))).collect(),
        }
    }

    /// The differences of a Pod, the most important ones first.
    pub fn changes(&self, pod: &Pod) -> Vec<Change> {
        let mut all: Vec<Change> = self.sidecar_changes(pod).collect();
        all.sort_by_key(|c| MANAGED_FROM_NOW.iter().position(|r| *r == c.reason).unwrap_or(usize::MAX));
        all.extend(self.mains.iter().filter_map(|(sent, command)| main_change(pod, sent, *command)));
        all
    }

    /// The differences of sidecars that the spec names.
    pub fn sidecar_changes(&self, pod: &Pod) -> impl Iterator<Item = Change> {
        // The sidecars that a Job's annotation named when the controller sent the Pod: now the annotation may name others.
        let was_sent = |name: &str| pod.marks.sidecars.as_ref().is_none_or(|sent| sent.iter().any(|s| s == name));
        let sent = self.sidecars.iter().filter(move |(name, _)| was_sent(name));
        sent.filter_map(|(name, in_template)| sidecar_change(pod, name, *in_template))
    }
}

fn sidecar_change(pod: &Pod, name: &str, in_template: bool) -> Option<Change> {
    let slot = pod.containers.iter().find(|c| c.name == name).map(|c| c.slot);
    let (reason, what) = match slot {
        Some(Slot::Init) => {
            (reasons::RESTART_POLICY_STRIPPED, "lost restartPolicy Always, so it is an init container that never ends")
        }
        Some(Slot::Plain) if in_template && !pod.marks.managed => {
            (reasons::SIDECAR_MADE_PLAIN, "became a plain container")
        }
        None if in_template => (reasons::SIDECAR_REMOVED, "is missing from the Pod"),
        _ => return None,
    };
    Some(Change { reason, container: name.into(), what: format!("sidecar {name} {what}") })
}

fn main_change(pod: &Pod, sent: &core::Container, command: Digest) -> Option<Change> {
    let (name, image) = (&sent.name, sent.image.as_deref().unwrap_or_default());
    let what = match pod.containers.iter().find(|c| c.name == *name && c.slot == Slot::Plain) {
        None => "is missing from the Pod".to_owned(),
        Some(c) if c.image != text::cut(image) => format!("has the image {} instead of {image}", c.image),
        Some(c) if c.command != command => "has another command".to_owned(),
        Some(_) => return None,
    };
    let what = format!("main container {name} {what}");
    Some(Change { reason: reasons::MAIN_CONTAINER_CHANGED, container: name.clone(), what })
}
