//! How are people told? By events, sent from a queue beside the work: one that can't be sent is logged and never stops a
//! reconcile.
//!
//! About SidecarJobs: events.k8s.io, by kube's recorder. About batch/v1 Jobs: in the form and under the name that the
//! built-in controller has (`job_events`), since filters look for that.

mod job_events;

use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::Client;
use kube::runtime::events::{Event as Wire, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use job_events::JobEvents;

use crate::api::{Kind, labels};
use crate::engine::observed::{Job, PodRef};
use crate::engine::plan::Event;

/// How many events may wait, about 1 KB each: more than one minute of ten thousand schedules. Further ones are dropped.
const QUEUE: usize = 20_000;
/// The API server's bound on a note, in bytes.
const NOTE_MAX: usize = 1024;

/// Where events are dropped in.
#[derive(Clone)]
pub struct Events(mpsc::Sender<Told>);

/// What is told, and about what.
struct Told {
    kind: Kind,
    about: ObjectReference,
    event: Wire,
}

impl Events {
    /// The queue, and the task that empties it; it ends when the last sender is gone and the queue is empty.
    pub fn start(client: Client) -> (Self, JoinHandle<()>) {
        let (sender, mut queue) = mpsc::channel::<Told>(QUEUE);
        let instance = std::env::var("HOSTNAME").ok();
        let mut job_events = JobEvents::new(client.clone(), instance.clone());
        let recorder = Recorder::new(client, Reporter { controller: labels::FIELD_MANAGER.into(), instance });
        let task = tokio::spawn(async move {
            while let Some(Told { kind, about, event }) = queue.recv().await {
                let sent = match kind {
                    Kind::SidecarJob => recorder.publish(&event, &about).await,
                    Kind::Job => job_events.publish(&event, &about).await,
                };
                if let Err(error) = sent {
                    warn!(reason = event.reason, "failed to send an event: {}", super::error::message(&error));
                }
            }
        });
        (Self(sender), task)
    }

    /// About the SidecarJob.
    pub fn about_job(&self, job: &Job, event: Event) {
        self.send(job, event, None);
    }

    /// About the SidecarJob and one of its Pods. The Pod makes the event its own: without it, events of one reason are
    /// merged and keep the first note.
    pub fn about_pod(&self, job: &Job, event: Event, pod: &Pod) {
        use kube::Resource;
        self.send(job, event, Some(pod.object_ref(&())));
    }

    /// About the run, one of its Pods, and one of that Pod's containers, which makes it another event too.
    pub fn about_container(&self, job: &Job, event: Event, pod: &PodRef, container: &str) {
        let pod = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            name: Some(pod.name.clone()),
            namespace: Some(job.namespace.clone()),
            uid: Some(pod.uid.clone()),
            ..ObjectReference::default()
        };
        let action = format!("{} {container}", event.reason);
        self.put(job.kind, reference(job), event, action, Some(pod));
    }

    /// About an object of ours that is no run. The run that it concerns makes the event its own, as a Pod does.
    pub fn about_object(&self, about: ObjectReference, event: Event) {
        let action = event.reason.clone();
        let run = event.run.clone().map(|name| ObjectReference {
            api_version: Some(Kind::SidecarJob.api_version()),
            kind: Some(Kind::SidecarJob.name().into()),
            name: Some(name),
            namespace: about.namespace.clone(),
            ..ObjectReference::default()
        });
        self.put(Kind::SidecarJob, about, event, action, run);
    }

    fn send(&self, job: &Job, event: Event, pod: Option<ObjectReference>) {
        let action = event.reason.clone();
        self.put(job.kind, reference(job), event, action, pod);
    }

    fn put(&self, kind: Kind, about: ObjectReference, event: Event, action: String, pod: Option<ObjectReference>) {
        let wire = Wire {
            type_: if event.warning { EventType::Warning } else { EventType::Normal },
            action,
            reason: event.reason,
            note: Some(cut(event.note)),
            secondary: pod,
        };
        let name = about.name.clone().unwrap_or_default();
        if self.0.try_send(Told { kind, about, event: wire }).is_err() {
            warn!(name, "event dropped: too many are waiting");
        }
    }
}

fn reference(job: &Job) -> ObjectReference {
    ObjectReference {
        api_version: Some(job.kind.api_version()),
        kind: Some(job.kind.name().into()),
        name: Some(job.name.clone()),
        namespace: Some(job.namespace.clone()),
        uid: Some(job.uid.clone()),
        ..ObjectReference::default()
    }
}

/// To what the API server takes, at a letter's end.
fn cut(mut note: String) -> String {
    if note.len() > NOTE_MAX {
        let end = (0..=NOTE_MAX - 3).rev().find(|i| note.is_char_boundary(*i)).unwrap_or(0);
        note.truncate(end);
        note.push('…');
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_cut_at_1024_bytes_and_never_inside_a_letter() {
        assert_eq!(cut("short".into()), "short");
        let long = cut("ö".repeat(600));
        assert!(long.len() <= NOTE_MAX && long.ends_with("ö…"), "{long}");
    }
}
