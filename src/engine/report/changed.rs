//! Did an admission webhook change a Pod of this run?
//!
//! `build::changed` finds the changes. The condition PodChanged and an event report the change that matters most. If
//! the sidecars can't be native, the run continues in managed mode; `deeds::replace` replaces the Pods that hang.

use crate::api::conditions::{reasons, types};
use crate::engine::build::changed::{Change, Sent, must_be_managed};
use crate::engine::judgement::Judgement;
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::{Job, Observed, Pod};
use crate::engine::plan::Event;
use crate::engine::report::note::Note;

/// The active Pod whose changes matter most; of equal Pods the newest. If no Pod is active and the condition does not
/// exist yet, all Pods in view are compared. If the condition exists, they are not: the answer would depend on which of
/// the ended Pods are still in view.
fn most_changed<'a>(seen: &'a Observed, stored: &Conditions) -> Option<(&'a Pod, Vec<Change>)> {
    let sent = Sent::of(&seen.job);
    let most = |any: bool| {
        let pods = seen.own_pods().filter(|pod| any || pod.active());
        pods.map(|pod| (pod, sent.weight(pod))).max_by_key(|(_, weight)| *weight)
    };
    let no_condition = stored.get(types::POD_CHANGED).is_none();
    let (pod, _) = most(false).or_else(|| no_condition.then(|| most(true)).flatten())?;
    Some((pod, sent.changes(pod)))
}

/// The condition PodChanged, and an event when the reason is new.
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
            "; the controller replaces the Pod, and the run continues with plain sidecars (managed mode)"
        }
        reasons::SIDECAR_MADE_PLAIN => "; the run continues with plain sidecars (managed mode)",
        _ => "",
    };
    format!("An admission webhook{} changed Pod {}: {what}{then}", likely(pod, job), pod.name)
}

/// Which webhook was it? The annotations of the Pod that the controller did not send give a hint. The managedFields of
/// the Pod name only the controller, which sent the Pod.
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
        format!(" (probably the one that set the annotation {})", left.join(", "))
    }
}

#[cfg(test)]
mod tests;
