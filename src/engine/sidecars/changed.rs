//! Is the Pod that came back the Pod that was sent?
//!
//! Admission webhooks change Pods between the controller and the store. An old one may strip `restartPolicy: Always`, which
//! it does not know, from a sidecar, and so make it an init container that never ends; another turns sidecars plain. That is
//! said, and the run goes on in managed mode: Pods that can go on do, a Pod that was made to hang is replaced. Only what
//! the spec names is compared; what a webhook adds is no change.

use chrono::{DateTime, Utc};

use crate::api::conditions::{reasons, types};
use crate::engine::conditions::Conditions;
use crate::engine::observed::{Job, Kind, Observed, Pod, State};
use crate::engine::outcome;
use crate::engine::plan::{Event, Step};
use crate::engine::pods;
use crate::engine::status::Status;

use super::starting;

/// The reasons that make later Pods managed.
const MANAGED_FROM_NOW: [&str; 2] = [reasons::RESTART_POLICY_STRIPPED, reasons::SIDECAR_MADE_PLAIN];

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

fn sidecar_changes<'a>(pod: &'a Pod, job: &'a Job) -> impl Iterator<Item = Change> + 'a {
    let roles = &job.spec.roles;
    // What a Job's annotation named when the Pod was sent: it may name others now.
    let was_sent = |name: &&str| pod.marks.sidecars.as_ref().is_none_or(|sent| sent.iter().any(|s| s == name));
    let of_template = roles.sidecars().into_iter().map(|name| (name, true));
    let injected =
        job.spec.sidecars.iter().map(|s| s.name.as_str()).filter(|n| !roles.in_template(n)).map(|n| (n, false));
    of_template.chain(injected).filter(move |(name, _)| was_sent(name)).filter_map(move |(name, sent)| {
        let kind = pod.containers.iter().find(|c| c.name == name).map(|c| c.kind);
        let change = |reason, what: &str| {
            Some(Change { reason, container: name.into(), what: format!("sidecar {name} {what}") })
        };
        match kind {
            Some(Kind::Init) => change(
                reasons::RESTART_POLICY_STRIPPED,
                "came back without restartPolicy Always, as an init container that never ends",
            ),
            Some(Kind::Plain) if sent && !pod.marks.managed => {
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
        let what = match pod.containers.iter().find(|c| c.name == *name && c.kind == Kind::Plain) {
            None => "is not in the Pod any more".to_owned(),
            Some(c) if c.image != sent.image.clone().unwrap_or_default() => {
                format!("came back with the image {}, sent was {}", c.image, sent.image.as_deref().unwrap_or_default())
            }
            Some(c) if !sent.command.iter().chain(&sent.args).flatten().eq(&c.command) => {
                "came back with another command".to_owned()
            }
            Some(_) => return None,
        };
        let what = format!("main container {name} {what}");
        Some(Change { reason: reasons::MAIN_CONTAINER_CHANGED, container: name.clone(), what })
    })
}

/// Of the Pods that go on the one whose changes matter most, the newest of equals. If none goes on and nothing was ever said,
/// of those that are still in view: of a run that was looked at, it would depend on which these are.
fn most_changed<'a>(seen: &'a Observed, said: &Conditions) -> Option<(&'a Pod, Vec<Change>)> {
    let weight = |found: &[Change]| found.first().map(|c| MANAGED_FROM_NOW.contains(&c.reason));
    let most = |any: bool| {
        let pods = seen.pods.iter().filter(|pod| any || pod.active()).map(|pod| (pod, changes(pod, &seen.job)));
        pods.max_by_key(|(_, found)| weight(found))
    };
    let nothing_said = said.get(types::POD_CHANGED).is_none();
    most(false).or_else(|| nothing_said.then(|| most(true)).flatten())
}

/// The condition PodChanged, and an event when its reason is news.
pub fn note(seen: &Observed, status: &mut Status, now: DateTime<Utc>) -> Option<Event> {
    let (pod, found) = most_changed(seen, &status.conditions)?;
    let Some(first) = found.first() else {
        // A native Pod that came back as it was sent is older than the decision that no other is made.
        if !pod.marks.managed && !must_be_managed(&status.conditions) {
            status.conditions.clear(types::POD_CHANGED, reasons::AS_SENT, "", now);
        }
        return None;
    };
    let known = status.conditions.when_true(types::POD_CHANGED).is_some_and(|c| c.reason == first.reason);
    if known || must_be_managed(&status.conditions) {
        return None;
    }
    let message = message(pod, &seen.job, &found);
    status.conditions.set(types::POD_CHANGED, true, first.reason, &message, now);
    Some(Event::warning(first.reason, message))
}

fn message(pod: &Pod, job: &Job, found: &[Change]) -> String {
    let what = found.iter().map(|c| c.what.as_str()).collect::<Vec<_>>().join("; ");
    let then = match found[0].reason {
        reasons::RESTART_POLICY_STRIPPED => {
            "; the Pod is replaced, and the run goes on with plain sidecars (managed mode)"
        }
        reasons::SIDECAR_MADE_PLAIN => "; the run goes on with plain sidecars (managed mode)",
        _ => "",
    };
    format!("Pod {} was changed by an admission webhook{}: {what}{then}", pod.name, likely(pod, job))
}

/// Webhooks leave annotations; the API server's managedFields name only who sent the Pod.
fn likely(pod: &Pod, job: &Job) -> String {
    let sent = job.spec.template.metadata.as_ref().and_then(|m| m.annotations.as_ref());
    let left: Vec<&str> = pod
        .marks
        .others
        .iter()
        .filter(|name| sent.is_none_or(|sent| !sent.contains_key(*name)))
        .map(String::as_str)
        .take(5)
        .collect();
    if left.is_empty() {
        String::new()
    } else {
        format!(" (likely the one that left the annotation {})", left.join(", "))
    }
}

/// Pods that hang in a stripped sidecar. Before the condition is stored nothing is done, so that it is not forgotten; then
/// the Pod is replaced, uncounted; one that was managed already, so that nothing else can be tried, has failed.
pub fn replace(seen: &Observed, now: DateTime<Utc>) -> Vec<Step> {
    if !must_be_managed(&seen.job.status.conditions) {
        return Vec::new();
    }
    let spec = &seen.job.spec;
    let open = |pod: &&Pod| pod.active() && outcome::of(pod, spec, false).is_none();
    let hanging: Vec<&Pod> = seen.pods.iter().filter(open).filter(|pod| hangs(pod, &seen.job)).collect();
    let (managed, native): (Vec<&Pod>, Vec<&Pod>) = hanging.into_iter().partition(|pod| pod.marks.managed);
    let why = "a webhook strips restartPolicy from its sidecar in managed mode too, so it never gets to its main containers; \
               correct the webhook";
    let mut steps = pods::end_unrecorded(seen, native.into_iter().map(Pod::to_ref).collect());
    steps.extend(
        managed.into_iter().filter_map(|pod| starting::fail_pod(pod, reasons::RESTART_POLICY_STRIPPED, why, now)),
    );
    steps
}

fn hangs(pod: &Pod, job: &Job) -> bool {
    let ended = |name: &str| {
        let mut of_name = pod.containers.iter().filter(|c| c.name == name);
        of_name.any(|c| matches!(c.state, State::Terminated { exit: 0, .. }))
    };
    sidecar_changes(pod, job).any(|c| c.reason == reasons::RESTART_POLICY_STRIPPED && !ended(&c.container))
}

#[cfg(test)]
mod tests;
