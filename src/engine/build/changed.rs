//! Is the Pod that came back the Pod that was sent?
//!
//! Admission webhooks change Pods between the controller and the store. An old one may strip `restartPolicy: Always`, which
//! it does not know, from a sidecar, and so make it an init container that never ends; another turns sidecars plain. That is
//! said, and the run goes on in managed mode: Pods that can go on do, a Pod that was made to hang is replaced. Only what
//! the spec names is compared; what a webhook adds is no change.

use crate::api::conditions::{reasons, types};
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::{Digest, Job, Pod, Slot, text};

/// The reasons that make later Pods managed.
pub const MANAGED_FROM_NOW: [&str; 2] = [reasons::RESTART_POLICY_STRIPPED, reasons::SIDECAR_MADE_PLAIN];

/// A difference between the Pod that was sent and the one that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// One word.
    pub reason: &'static str,
    /// Which container.
    pub container: String,
    /// What, in a few words.
    pub what: String,
}

/// The Pods of this job are built with native sidecars no more, since a webhook unmakes them.
pub fn must_be_managed(conditions: &Conditions) -> bool {
    conditions.when_true(types::POD_CHANGED).is_some_and(|c| MANAGED_FROM_NOW.contains(&c.reason.as_str()))
}

/// The differences, those that matter most first.
pub fn changes(pod: &Pod, job: &Job) -> Vec<Change> {
    let mut all: Vec<Change> = sidecar_changes(pod, job).collect();
    all.sort_by_key(|c| MANAGED_FROM_NOW.iter().position(|r| *r == c.reason).unwrap_or(usize::MAX));
    all.extend(main_changes(pod, job));
    all
}

/// The differences of sidecars that the spec names.
pub fn sidecar_changes<'a>(pod: &'a Pod, job: &'a Job) -> impl Iterator<Item = Change> + 'a {
    let roles = &job.spec.roles;
    // What a Job's annotation named when the Pod was sent: it may name others now.
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
                "came back without restartPolicy Always, as an init container that never ends",
            ),
            Some(Slot::Plain) if sent && !pod.marks.managed => {
                change(reasons::SIDECAR_MADE_PLAIN, "came back as a plain container")
            }
            None if sent => change(reasons::SIDECAR_REMOVED, "is not in the Pod any more"),
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
            None => "is not in the Pod any more".to_owned(),
            Some(c) if c.image != text::cut(sent.image.as_deref().unwrap_or_default()) => {
                format!("came back with the image {}, sent was {}", c.image, sent.image.as_deref().unwrap_or_default())
            }
            Some(c) if c.command != Digest::of_command(sent) => "came back with another command".to_owned(),
            Some(_) => return None,
        };
        let what = format!("main container {name} {what}");
        Some(Change { reason: reasons::MAIN_CONTAINER_CHANGED, container: name.clone(), what })
    })
}
