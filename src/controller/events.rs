//! How are people told? By events, sent from queues beside the work: one that can't be sent is logged and never stops a
//! reconcile.
//!
//! Several are sent at once, those about one object in their order; a call without an answer holds up few others, and not
//! for long. Their form, and what is the same event, is `post`'s part.

mod post;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use futures::{FutureExt, future};
use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::Client;
use post::{Post, Told};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError::{Closed, Full};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

use crate::api::Kind;
use crate::engine::observed::{Job, PodRef};
use crate::engine::plan::Event;

/// How many queues there are; an object's events go through one of them.
const QUEUES: usize = 4;
/// How many events may wait in one, about 1 KB each: in all, more than one minute of ten thousand schedules. Further ones
/// are dropped.
const WAITING: usize = 20_000 / QUEUES;
/// How long one call may take.
const SENT_WITHIN: Duration = Duration::from_secs(10);
/// The API server's bound on a note, in bytes.
const NOTE_MAX: usize = 1024;

/// Where events are dropped in.
#[derive(Clone)]
pub struct Events(Vec<mpsc::Sender<Told>>);

impl Events {
    /// The queues, and the task that empties them; it ends when the last sender is gone and the queues are empty.
    pub fn start(client: Client) -> (Self, JoinHandle<()>) {
        let instance = std::env::var("HOSTNAME").ok();
        let (senders, queues): (Vec<_>, Vec<_>) = (0..QUEUES).map(|_| mpsc::channel::<Told>(WAITING)).unzip();
        let empty = |queue| empty(queue, Post::new(client.clone(), instance.clone()));
        let task = tokio::spawn(future::join_all(queues.into_iter().map(empty).collect::<Vec<_>>()).map(drop));
        (Self(senders), task)
    }

    /// About the SidecarJob.
    pub fn about_job(&self, job: &Job, event: Event) {
        self.send(job, event, None);
    }

    /// About the SidecarJob and one of its Pods.
    pub fn about_pod(&self, job: &Job, event: Event, pod: &Pod) {
        use kube::Resource;
        self.send(job, event, Some(pod.object_ref(&())));
    }

    /// About the run, one of its Pods, and one of that Pod's containers.
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

    /// About an object of ours that is no run, and the run that it concerns.
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

    fn put(&self, kind: Kind, about: ObjectReference, event: Event, action: String, related: Option<ObjectReference>) {
        let Event { warning, reason, note, run: _ } = event;
        let queue = &self.0[queue_of(&about)];
        let told = Told { kind, about, related, warning, reason, action, note: cut(note) };
        if let Err(full) = queue.try_send(told) {
            let (Full(told) | Closed(told)) = full;
            warn!(name = told.about.name, "event dropped: too many are waiting");
        }
    }
}

/// The same one for all events about an object.
fn queue_of(about: &ObjectReference) -> usize {
    let mut hasher = DefaultHasher::new();
    (&about.namespace, &about.kind, &about.name).hash(&mut hasher);
    usize::try_from(hasher.finish() % QUEUES as u64).unwrap_or_default()
}

async fn empty(mut queue: mpsc::Receiver<Told>, mut post: Post) {
    while let Some(told) = queue.recv().await {
        let why = match timeout(SENT_WITHIN, post.send(&told)).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => super::error::message(&error),
            Err(_) => format!("no answer within {}s", SENT_WITHIN.as_secs()),
        };
        warn!(name = told.about.name, reason = told.reason, "failed to send an event: {why}");
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
mod tests;
