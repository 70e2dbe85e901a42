//! Events about batch/v1 Jobs, as the built-in controller sends them: core/v1, from `job-controller`.
//!
//! events.k8s.io does not take a source. The same event again within ten minutes is counted in the one that is there.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::events::{Event as Told, EventType};
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::api::labels;

/// How long the same event is counted in the one before.
const SAME: SignedDuration = SignedDuration::from_mins(10);
/// How many events are remembered for that; the older half goes when there are more.
const REMEMBERED: usize = 2_000;

/// About whom, why and what.
type Same = (Option<String>, String, Option<String>);

/// Sends them, and remembers the last ones.
pub struct JobEvents {
    client: Client,
    instance: Option<String>,
    last: HashMap<Same, (String, i32, Timestamp)>,
}

impl JobEvents {
    /// None sent yet.
    pub fn new(client: Client, instance: Option<String>) -> Self {
        Self { client, instance, last: HashMap::new() }
    }

    /// Sends it.
    pub async fn publish(&mut self, told: &Told, about: &ObjectReference) -> kube::Result<()> {
        let now = Timestamp::now();
        let api: Api<Event> = Api::namespaced(self.client.clone(), about.namespace.as_deref().unwrap_or_default());
        let same = (about.uid.clone(), told.reason.clone(), told.note.clone());
        if let Some((name, count, at)) = self.last.get_mut(&same)
            && now.duration_since(*at) < SAME
        {
            let again = json!({"count": *count + 1, "lastTimestamp": Time(now)});
            match api.patch(name, &PatchParams::default(), &Patch::Merge(again)).await {
                Err(kube::Error::Api(status)) if status.is_not_found() => {} // expired: a new one
                done => {
                    (*count, *at) = (*count + 1, now);
                    return done.map(drop);
                }
            }
        }
        let sent = api.create(&PostParams::default(), &self.event(told, about, now)).await?;
        self.remember(same, sent.name_any(), now);
        Ok(())
    }

    fn remember(&mut self, same: Same, name: String, now: Timestamp) {
        if self.last.len() >= REMEMBERED {
            let mut times: Vec<Timestamp> = self.last.values().map(|(_, _, at)| *at).collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            self.last.retain(|_, (_, _, at)| *at > middle);
        }
        self.last.insert(same, (name, 1, now));
    }

    fn event(&self, told: &Told, about: &ObjectReference, now: Timestamp) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{}.{:x}", about.name.as_deref().unwrap_or("job"), now.as_nanosecond())),
                namespace: about.namespace.clone(),
                ..ObjectMeta::default()
            },
            involved_object: about.clone(),
            related: told.secondary.clone(),
            reason: Some(told.reason.clone()),
            action: Some(told.action.clone()),
            message: told.note.clone(),
            type_: Some(match told.type_ {
                EventType::Normal => "Normal".into(),
                EventType::Warning => "Warning".into(),
            }),
            source: Some(EventSource { component: Some(labels::JOB_EVENT_SOURCE.into()), host: None }),
            reporting_component: Some(labels::CONTROLLER.into()),
            reporting_instance: self.instance.clone(),
            count: Some(1),
            first_timestamp: Some(Time(now)),
            last_timestamp: Some(Time(now)),
            ..Event::default()
        }
    }
}
