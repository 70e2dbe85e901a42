//! In which form does the API server get an event, and was the same event sent lately?
//!
//! Events about SidecarJobs and SidecarCronJobs are events of events.k8s.io. Events about batch/v1 Jobs are core/v1
//! events from `job-controller`, as the built-in controller sends them: filters look for this source, and events.k8s.io
//! has no field for it. If the same event comes again within ten minutes, the count of the existing event grows. Two
//! events are the same if all that people read is the same, the note included: "Deleted pod: a" and "Deleted pod: b"
//! are two events.

use k8s_openapi::api::core::v1::{Event as CoreEvent, EventSource, ObjectReference};
use k8s_openapi::api::events::v1::{Event as NewEvent, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::{Request, request};
use kube::{Client, Resource};
use parking_lot::Mutex;
use serde_json::json;

use super::recent::Recent;
use crate::api::{Kind, labels};
use crate::controller::clock;
use crate::controller::wire::whole::version_after;

/// How long a repeated event is counted in the existing event.
const SAME: SignedDuration = SignedDuration::from_mins(10);
/// How many events the controller remembers.
const REMEMBERED: usize = 8_000;
/// The longest name that the API server accepts, without the time at the end of the name.
const NAME_MAX: usize = 253 - 20;

/// An event, and what the event is about.
#[derive(Debug)]
pub struct Told {
    /// The kind that decides the form of the event.
    pub kind: Kind,
    /// The object that the event is about.
    pub about: ObjectReference,
    /// A second object that the event concerns.
    pub related: Option<ObjectReference>,
    /// Type Warning instead of Normal.
    pub warning: bool,
    /// The reason, one word.
    pub reason: String,
    /// What was done.
    pub action: String,
    /// A sentence.
    pub note: String,
}

/// About whom, with whom, why and what.
type Same = (Option<String>, Option<String>, Option<String>, String, String);

/// Sends them, and remembers the last ones.
pub struct Post {
    client: Client,
    instance: Option<String>,
    last: Mutex<Recent<Same, Sent>>,
}

/// An event that is there.
#[derive(Clone)]
struct Sent {
    name: String,
    count: i32,
    at: Timestamp,
}

impl Post {
    /// None sent yet.
    pub fn new(client: Client, instance: Option<String>) -> Self {
        Self { client, instance, last: Mutex::new(Recent::new(REMEMBERED)) }
    }

    /// Sends it. Events about one object are to be sent one after the other, or the same would be told twice.
    pub async fn send(&self, told: &Told) -> kube::Result<()> {
        let (now, same) = (clock::timestamp(), same(told));
        let namespace = told.about.namespace.as_deref().unwrap_or_default();
        let sent = self.last.lock().get(namespace, &same).cloned().filter(|sent| now.duration_since(sent.at) < SAME);
        if let Some(sent) = sent {
            let count = sent.count + 1;
            match self.again(told, &sent.name, count, now).await {
                Err(kube::Error::Api(status)) if status.is_not_found() => {} // expired: a new one
                done => {
                    self.last.lock().insert(namespace, same, Sent { name: sent.name, count, at: now });
                    return done;
                }
            }
        }
        let name = self.first(told, now).await?;
        self.last.lock().insert(namespace, same, Sent { name, count: 1, at: now });
        Ok(())
    }

    /// The event exists already: only its count grows.
    async fn again(&self, told: &Told, name: &str, count: i32, now: Timestamp) -> kube::Result<()> {
        let again = match told.kind {
            Kind::SidecarJob => json!({"series": EventSeries { count, last_observed_time: MicroTime(now) }}),
            Kind::Job => json!({"count": count, "lastTimestamp": Time(now)}),
        };
        self.write(url(told).patch(name, &PatchParams::default(), &Patch::Merge(again))).await
    }

    /// A new event. Returns its name.
    async fn first(&self, told: &Told, now: Timestamp) -> kube::Result<String> {
        let name = name(told, now);
        let event = match told.kind {
            Kind::SidecarJob => serde_json::to_vec(&self.new_event(told, &name, now)),
            Kind::Job => serde_json::to_vec(&self.core_event(told, &name, now)),
        };
        let event = event.map_err(kube::Error::SerdeError)?;
        self.write(url(told).create(&PostParams::default(), event)).await.map(|()| name)
    }

    /// Of the answer nothing is needed.
    async fn write(&self, request: Result<hyper::Request<Vec<u8>>, request::Error>) -> kube::Result<()> {
        version_after(&self.client, request.map_err(kube::Error::BuildRequest)?).await.map(drop)
    }

    fn new_event(&self, told: &Told, name: &str, now: Timestamp) -> NewEvent {
        NewEvent {
            metadata: metadata(told, name),
            regarding: Some(told.about.clone()),
            related: told.related.clone(),
            type_: Some(type_(told)),
            reason: Some(told.reason.clone()),
            action: Some(told.action.clone()),
            note: Some(told.note.clone()),
            event_time: Some(MicroTime(now)),
            reporting_controller: Some(labels::FIELD_MANAGER.into()),
            reporting_instance: Some(self.instance.clone().unwrap_or(labels::FIELD_MANAGER.into())),
            ..NewEvent::default()
        }
    }

    fn core_event(&self, told: &Told, name: &str, now: Timestamp) -> CoreEvent {
        CoreEvent {
            metadata: metadata(told, name),
            involved_object: told.about.clone(),
            related: told.related.clone(),
            type_: Some(type_(told)),
            reason: Some(told.reason.clone()),
            action: Some(told.action.clone()),
            message: Some(told.note.clone()),
            source: Some(EventSource { component: Some(labels::JOB_EVENT_SOURCE.into()), host: None }),
            reporting_component: Some(labels::CONTROLLER.into()),
            reporting_instance: self.instance.clone(),
            count: Some(1),
            first_timestamp: Some(Time(now)),
            last_timestamp: Some(Time(now)),
            ..CoreEvent::default()
        }
    }
}

fn same(told: &Told) -> Same {
    let with = told.related.as_ref().and_then(|with| with.uid.clone().or(with.name.clone()));
    (
        told.about.uid.clone(),
        told.about.name.clone(),
        with,
        format!("{} {}", told.reason, told.action),
        told.note.clone(),
    )
}

fn type_(told: &Told) -> String {
    if told.warning { "Warning".into() } else { "Normal".into() }
}

/// Where the API server keeps events of that form.
fn url(told: &Told) -> Request {
    let namespace = told.about.namespace.as_deref();
    Request::new(match told.kind {
        Kind::SidecarJob => NewEvent::url_path(&(), namespace),
        Kind::Job => CoreEvent::url_path(&(), namespace),
    })
}

fn name(told: &Told, now: Timestamp) -> String {
    let about = told.about.name.as_deref().unwrap_or("job");
    let end = about.len().min(NAME_MAX); // names are ASCII
    let about = about.get(..end).unwrap_or("job").trim_end_matches(['.', '-']);
    format!("{about}.{:x}", now.as_nanosecond())
}

fn metadata(told: &Told, name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), namespace: told.about.namespace.clone(), ..ObjectMeta::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_about_an_object_with_the_longest_name_has_a_name_that_is_taken() {
        let about = ObjectReference { name: Some("a".repeat(253)), ..ObjectReference::default() };
        let told = Told {
            kind: Kind::SidecarJob,
            about,
            related: None,
            warning: false,
            reason: String::new(),
            action: String::new(),
            note: String::new(),
        };
        let name = name(&told, Timestamp::now());
        assert!(name.len() <= 253, "{}", name.len());
    }
}
