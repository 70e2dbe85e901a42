//! How does the controller report to people? By events, which it sends from a queue beside the reconciles. An event
//! that the controller can't send is counted, and never stops a reconcile.
//!
//! Several events are sent at the same time; the events about one object keep their order. A call without an answer
//! delays few other events, and has a time limit. `post` decides the form of an event, and which events are the same
//! event. `queue` and `burst` limit the events of one namespace and of one object; `merge` says which waiting events a later
//! one replaces.

mod burst;
mod losses;
mod merge;
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
use crate::controller::load::Load;
use crate::engine::observed::wire::Pod;
use crate::engine::observed::{Job, PodRef, text};
use crate::engine::plan::Event;
use crate::telemetry::{EventLoss, Metrics};

/// How long one call may take.
const SENT_WITHIN: Duration = Duration::from_secs(10);
/// The longest note that the API server accepts, in bytes.
const NOTE_MAX: usize = 1024;

/// Takes events for the queue; clones share the queue.
#[derive(Clone)]
pub struct Events(Arc<Door>);

/// What happens to an event before the queue; dropping the door closes the queue.
struct Door {
    queue: Arc<Queue>,
    bursts: Bursts,
    losses: Arc<Losses>,
}

impl Events {
    /// The queue, and the task that empties the queue. The task ends when the last `Events` is gone and the queue is
    /// empty.
    pub fn start(client: Client) -> (Self, JoinHandle<()>) {
        Self::counted(client, Metrics::default(), Load::default())
    }

    /// As `start`; these metrics count the events that are not sent, and events are put off while that load is high.
    pub fn counted(client: Client, metrics: Metrics, load: Load) -> (Self, JoinHandle<()>) {
        let (queue, losses) = (Arc::new(Queue::new(load)), Arc::new(Losses::new(metrics)));
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

    /// Sends an event about the run.
    pub fn about_job(&self, job: &Job, event: Event) {
        self.send(job, event, None);
    }

    /// Sends an event about the run and one of its Pods.
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

    /// Sends an event about the run, one of its Pods, and one container of that Pod.
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

    /// Sends an event about an object of ours that is not a run, for example a schedule, and the run that the event
    /// names.
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

/// One sender: sends events until the queue is closed and empty.
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

/// Cuts the note to the length that the API server accepts, at a character boundary.
fn cut(note: String) -> String {
    const CUT: &str = "…";
    match note.len() > NOTE_MAX {
        true => format!("{}{CUT}", text::cut_at(&note, NOTE_MAX - CUT.len())),
        false => note,
    }
}

#[cfg(test)]
mod tests;
