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
        let mut all: Vec<Difference> = self.differences(pod).collect();
        all.sort_by_key(|d| MANAGED_FROM_NOW.iter().position(|r| *r == d.reason).unwrap_or(usize::MAX));
        all.into_iter().map(|d| self.in_words(pod, &d)).collect()
    }

    /// How much the differences of a Pod matter: `None` if there are none, true if later Pods have to be managed.
    pub fn weight(&self, pod: &Pod) -> Option<bool> {
        self.differences(pod).map(|d| MANAGED_FROM_NOW.contains(&d.reason)).max()
    }

    /// The sidecars that lost `restartPolicy: Always`, so that they are init containers now.
    pub fn stripped(&self, pod: &Pod) -> impl Iterator<Item = &'a str> {
        self.differences(pod).filter(|d| d.reason == reasons::RESTART_POLICY_STRIPPED).map(|d| d.container)
    }

    fn differences(&self, pod: &Pod) -> impl Iterator<Item = Difference<'a>> {
        // The sidecars that a Job's annotation named when the controller sent the Pod: now the annotation may name others.
        let was_sent = |name: &str| pod.marks.sidecars.as_ref().is_none_or(|sent| sent.iter().any(|s| s == name));
        let sidecars = self.sidecars.iter().filter(move |(name, _)| was_sent(name));
        let sidecars = sidecars.filter_map(|(name, in_template)| of_sidecar(pod, name, *in_template));
        sidecars.chain(self.mains.iter().filter_map(|(sent, command)| of_main(pod, sent, *command)))
    }

    fn in_words(&self, pod: &Pod, Difference { reason, container, what }: &Difference<'a>) -> Change {
        let role = if *reason == reasons::MAIN_CONTAINER_CHANGED { "main container" } else { "sidecar" };
        let images = || {
            let is = pod.containers.iter().find(|c| c.name == *container).map(|c| c.image.as_str());
            let sent = self.mains.iter().find(|(c, _)| c.name == *container).and_then(|(c, _)| c.image.as_deref());
            (is.unwrap_or_default(), sent.unwrap_or_default())
        };
        let what = match what {
            What::Init => "lost restartPolicy Always, so it is an init container that never ends".to_owned(),
            What::Plain => "became a plain container".to_owned(),
            What::Missing => "is missing from the Pod".to_owned(),
            What::Image => {
                let (is, sent) = images();
                format!("has the image {is} instead of {sent}")
            }
            What::Command => "has another command".to_owned(),
        };
        Change { reason, what: format!("{role} {container} {what}") }
    }
}

/// A difference, before it is put into words: of most Pods nobody reads them.
struct Difference<'a> {
    reason: &'static str,
    container: &'a str,
    what: What,
}

/// What became of a container.
enum What {
    Init,
    Plain,
    Missing,
    Image,
    Command,
}

fn of_sidecar<'a>(pod: &Pod, name: &'a str, in_template: bool) -> Option<Difference<'a>> {
    let slot = pod.containers.iter().find(|c| c.name == name).map(|c| c.slot);
    let (reason, what) = match slot {
        Some(Slot::Init) => (reasons::RESTART_POLICY_STRIPPED, What::Init),
        Some(Slot::Plain) if in_template && !pod.marks.managed => (reasons::SIDECAR_MADE_PLAIN, What::Plain),
        None if in_template => (reasons::SIDECAR_REMOVED, What::Missing),
        _ => return None,
    };
    Some(Difference { reason, container: name, what })
}

fn of_main<'a>(pod: &Pod, sent: &'a core::Container, command: Digest) -> Option<Difference<'a>> {
    let what = match pod.containers.iter().find(|c| c.name == sent.name && c.slot == Slot::Plain) {
        None => What::Missing,
        Some(c) if c.image != text::cut(sent.image.as_deref().unwrap_or_default()) => What::Image,
        Some(c) if c.command != command => What::Command,
        Some(_) => return None,
    };
    Some(Difference { reason: reasons::MAIN_CONTAINER_CHANGED, container: &sent.name, what })
}
