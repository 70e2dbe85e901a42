//! How are people told? By events, sent from a queue beside the work: one that can't be sent is counted and never stops a
//! reconcile.
//!
//! Several are sent at once, those about one object in their order; a call without an answer holds up few others, and not
//! for long. Their form, and what is the same event, is `post`'s part; what one namespace or object may have told, that of
//! `queue` and `burst`.

mod burst;
mod losses;
mod post;
mod queue;
mod recent;

use std::sync::Arc;
use std::time::Duration;

use burst::Bursts;
use futures::future;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use losses::Losses;
use post::{Post, Told};
use queue::{Queue, SENDERS};
use tokio::task::JoinHandle;

use crate::api::Kind;
use crate::controller::bound;
use crate::controller::error::message;
use crate::engine::observed::wire::Pod;
use crate::engine::observed::{Job, PodRef};
use crate::engine::plan::Event;
use crate::telemetry::{EventLoss, Metrics};

/// How long one call may take.
const SENT_WITHIN: Duration = Duration::from_secs(10);
/// The API server's bound on a note, in bytes.
const NOTE_MAX: usize = 1024;

/// Where events are dropped in; clones share the queue.
#[derive(Clone)]
pub struct Events(Arc<Door>);

/// What becomes of an event before it is in the queue; the queue is closed when this is dropped.
struct Door {
    queue: Arc<Queue>,
    bursts: Bursts,
    losses: Arc<Losses>,
}

impl Events {
    /// The queue, and the task that empties it; the task ends when the last `Events` is gone and the queue is empty.
    pub fn start(client: Client) -> (Self, JoinHandle<()>) {
        Self::counted(client, Metrics::default())
    }

    /// The same; what is lost is counted in these metrics.
    pub fn counted(client: Client, metrics: Metrics) -> (Self, JoinHandle<()>) {
        let (queue, losses) = (Arc::new(Queue::new()), Arc::new(Losses::new(metrics)));
        let post = Post::new(client, std::env::var("HOSTNAME").ok());
        let door = Door { queue: queue.clone(), bursts: Bursts::default(), losses: losses.clone() };
        let task = tokio::spawn(async move {
            let senders = future::join_all((0..SENDERS).map(|_| empty(&queue, &post, &losses)));
            tokio::select! {
                _ = senders => {}
                () = losses.say_from_time_to_time() => {}
            }
            losses.say_the_rest();
        });
        (Self(Arc::new(door)), task)
    }

    /// About the SidecarJob.
    pub fn about_job(&self, job: &Job, event: Event) {
        self.send(job, event, None);
    }

    /// About the SidecarJob and one of its Pods.
    pub fn about_pod(&self, job: &Job, event: Event, pod: &Pod) {
        let related = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            name: Some(pod.metadata.name.clone()),
            namespace: Some(pod.metadata.namespace.clone()),
            uid: Some(pod.metadata.uid.clone()),
            resource_version: Some(pod.metadata.resource_version.clone()),
            ..ObjectReference::default()
        };
        self.send(job, event, Some(related));
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
        let told = Told { kind, about, related, warning, reason, action, note: cut(note) };
        let Door { queue, bursts, losses } = &*self.0;
        if !bursts.admit(&told) {
            losses.note(&told, EventLoss::Burst, "there were many about this object lately");
        } else if let Err(told) = queue.push(told) {
            losses.note(&told, EventLoss::Share, "many of this namespace are waiting");
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// One of the senders.
async fn empty(queue: &Queue, post: &Post, losses: &Losses) {
    while let Some((object, told)) = queue.next().await {
        match bound::within(SENT_WITHIN, post.send(&told)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => losses.note(&told, EventLoss::Failed, &message(&error)),
            None => losses.note(&told, EventLoss::Failed, &format!("no answer within {}s", SENT_WITHIN.as_secs())),
        }
        queue.done(&object);
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
