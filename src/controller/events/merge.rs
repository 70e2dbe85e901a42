//! Which waiting events need not be sent, because a later event of the same object says the same? In a rush the end of a
//! run often comes before the controller has sent the event about the creation of its Pod. Then one event says both, and
//! the API server stores one event instead of two.
//!
//! Events that wait for nothing are sent at once, and are never merged.

use std::collections::VecDeque;

use super::NOTE_MAX;
use super::post::Told;
use crate::api::conditions::{events, schedule};

/// What stands before the names of the Pods in a merged note.
const CREATED: &str = "; created pod: ";

/// Takes the events that the later event makes superfluous out of those that wait, and completes the later event's note.
/// Returns how many were taken out.
pub fn into(later: &mut Told, waiting: &mut VecDeque<Told>) -> usize {
    let before = waiting.len();
    let replaced: Vec<&Told> = waiting.iter().filter(|earlier| says(later, earlier)).collect();
    if later.reason == events::COMPLETED && !replaced.is_empty() {
        let pods: Vec<&str> = replaced.iter().filter_map(|earlier| name(earlier)).collect();
        let note = format!("{}{CREATED}{}", later.note, pods.join(", "));
        if note.len() > NOTE_MAX {
            return 0; // the note would not have all names
        }
        let pod = replaced[0].related.clone().filter(|_| pods.len() == 1);
        (later.note, later.related) = (note, later.related.take().or(pod));
    }
    waiting.retain(|earlier| !says(later, earlier));
    before - waiting.len()
}

/// Whether the later event, with the names of the Pods in its note, says what the earlier one does.
fn says(later: &Told, earlier: &Told) -> bool {
    later.about.uid == earlier.about.uid
        && match (&*later.reason, &*earlier.reason) {
            (events::COMPLETED, events::SUCCESSFUL_CREATE) => name(earlier).is_some(),
            // Both notes name the run.
            (schedule::SAW_COMPLETED_JOB, schedule::SUCCESSFUL_CREATE) => {
                name(earlier).is_some() && name(earlier) == name(later)
            }
            _ => false,
        }
}

/// The Pod or the run that the event concerns, besides the object that the event is about.
fn name(told: &Told) -> Option<&str> {
    told.related.as_ref()?.name.as_deref()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ObjectReference;

    use super::super::tests::told;
    use super::*;
    use crate::api::conditions::reasons;

    fn with(reason: &str, note: &str, related: &str) -> Told {
        let name = (!related.is_empty()).then(|| related.to_owned());
        let related = name.map(|name| ObjectReference { name: Some(name), ..ObjectReference::default() });
        Told { related, ..told("ns", "run", reason, note) }
    }

    /// The notes that remain, the later event's last.
    fn notes(waiting: Vec<Told>, mut later: Told) -> Vec<String> {
        let mut waiting = VecDeque::from(waiting);
        let before = waiting.len();
        let merged = into(&mut later, &mut waiting);
        assert_eq!(merged, before - waiting.len());
        waiting.into_iter().chain([later]).map(|told| told.note).collect()
    }

    #[test]
    fn the_end_of_a_run_says_which_pods_were_created() {
        let created = |pod: &str| with(events::SUCCESSFUL_CREATE, &format!("Created pod: {pod}"), pod);
        let completed = || with(events::COMPLETED, "Job completed", "");
        assert_eq!(notes(vec![created("a")], completed()), ["Job completed; created pod: a"]);
        assert_eq!(notes(vec![created("a"), created("b")], completed()), ["Job completed; created pod: a, b"]);
        assert_eq!(notes(vec![], completed()), ["Job completed"]);
        let (mut later, mut waiting) = (completed(), VecDeque::from([created("a")]));
        into(&mut later, &mut waiting);
        assert_eq!(later.related.and_then(|pod| pod.name).as_deref(), Some("a"), "the Pod itself, if there is one");
        let many: Vec<Told> = (0..20).map(|n| created(&format!("{n:0>60}"))).collect();
        assert_eq!(notes(many, completed()).len(), 21, "more names than a note has room for stay where they are");
    }

    #[test]
    fn nothing_that_the_end_does_not_say_is_taken_out() {
        let completed = || with(events::COMPLETED, "Job completed", "");
        let limit = with(events::SIDECAR_LIMIT, "a limit", "");
        assert_eq!(notes(vec![limit], completed()), ["a limit", "Job completed"]);
        let created = || with(events::SUCCESSFUL_CREATE, "Created pod: a", "a");
        let failed = with(reasons::BACKOFF_LIMIT_EXCEEDED, "it failed", "");
        assert_eq!(notes(vec![created()], failed), ["Created pod: a", "it failed"], "a run that failed keeps all");
        let mut of_another = created();
        of_another.about.uid = Some("of the run before with this name".into());
        assert_eq!(notes(vec![of_another], completed()), ["Created pod: a", "Job completed"]);
    }

    #[test]
    fn the_end_of_a_run_of_a_schedule_says_that_this_run_was_created() {
        let created = |run: &str| with(schedule::SUCCESSFUL_CREATE, &format!("Created job {run}"), run);
        let saw = |run: &str| with(schedule::SAW_COMPLETED_JOB, &format!("Saw completed job: {run}"), run);
        assert_eq!(notes(vec![created("a"), created("b")], saw("a")), ["Created job b", "Saw completed job: a"]);
        assert_eq!(notes(vec![with(schedule::SUCCESSFUL_CREATE, "x", "")], saw("")), ["x", "Saw completed job: "]);
    }
}
