//! Is the Pod that came back the Pod that was sent?
//!
//! Admission webhooks change Pods between the controller and the store. An old one may strip `restartPolicy: Always`, which
//! it does not know, from a sidecar, and so make it an init container that never ends; another turns sidecars plain. That is
//! said, and the run goes on in managed mode: Pods that can go on do, a Pod that was made to hang is replaced. Only what
//! the spec names is compared; what a webhook adds is no change.

use crate::api::conditions::{reasons, types};
use crate::engine::build::changed::{Change, MANAGED_FROM_NOW, changes, must_be_managed};
use crate::engine::judgement::Judgement;
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::{Job, Observed, Pod};
use crate::engine::plan::Event;
use crate::engine::report::note::Note;

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
pub fn note(j: &Judgement) -> Note {
    let job = &j.seen.job;
    let stored = &job.status.conditions;
    if must_be_managed(stored) {
        return Note::default(); // the run stays in managed mode, also after a Pod that came back as it was sent
    }
    let Some((pod, found)) = most_changed(j.seen, stored) else { return Note::default() };
    let Some(first) = found.first() else {
        let is_native = !pod.marks.managed;
        let as_sent = is_native.then(|| Note::no_longer_true(types::POD_CHANGED, reasons::AS_SENT));
        return as_sent.unwrap_or_default();
    };
    if stored.when_true(types::POD_CHANGED).is_some_and(|c| c.reason == first.reason) {
        return Note::default();
    }
    let message = message(pod, job, &found);
    Note::is_true(types::POD_CHANGED, first.reason, &message).with_events([Event::warning(first.reason, message)])
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

#[cfg(test)]
mod tests;
