//! How does the controller ask one container to stop? By HTTP, by a command, by a signal; each way has a file.
//!
//! Each attempt is a task of its own with a time limit, so a sidecar that does not answer delays no reconcile. The
//! result of the attempt stays here for `gather`, and the controller reconciles the run again. A restart may lose
//! everything here: the next controller asks once more. `engine::deeds::ladder` decides whose turn it is, and what
//! follows.

mod exec;
mod http;
mod signal;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::api::conditions::events as reasons;
use crate::api::recipes::Way;
use crate::controller::bound;
use crate::controller::clock::Clock;
use crate::controller::error::message;
use crate::controller::events::Events;
use crate::controller::object::Key;
use crate::controller::places::Places;
use crate::engine::deeds::ladder::QUEUED_WITHIN;
use crate::engine::observed::{Ask, Attempt, AttemptState, Job, PodRef};
use crate::engine::plan::Event;

pub use signal::own_image;

/// How long a request or a command may take. After that time another wait would not help: the sidecar has got the
/// request, or never will.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a signal may take: the node may have to pull the image.
const SIGNAL_WITHIN: Duration = Duration::from_secs(30);
/// How many attempts run at the same time, for all runs; `places` says how namespaces share the attempts.
pub const AT_ONCE: usize = 64;
/// How long the controller remembers a missing permission. So nobody has to restart the controller after granting it.
const FORBIDDEN_FOR: Duration = Duration::from_secs(300);

/// Why an attempt did not reach the container.
#[derive(Debug, Error)]
pub enum NotReached {
    /// The permission is missing.
    #[error("not allowed")]
    Forbidden,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl From<kube::Error> for NotReached {
    fn from(error: kube::Error) -> Self {
        use kube::client::UpgradeConnectionError::ProtocolSwitch;
        match &error {
            // An admission policy also answers with 403, and no component helps then. The message of a missing
            // permission has this word.
            kube::Error::Api(status) if status.is_forbidden() && status.message.contains(" cannot ") => Self::Forbidden,
            kube::Error::UpgradeConnection(ProtocolSwitch(code)) if code.as_u16() == 403 => Self::Forbidden,
            other => Self::Other(message(other)),
        }
    }
}

/// All attempts, and their results.
#[derive(Clone)]
pub struct Stops(Arc<Inner>);

struct Inner {
    /// By the run and the UID of the Pod: a run may have tens of thousands of Pods, and a Pod has few attempts.
    attempts: Mutex<HashMap<Key, BTreeMap<String, Vec<Attempt>>>>,
    /// Ways for which the permission is missing in a namespace; an event reports each of them once.
    forbidden: Mutex<HashSet<(String, &'static str)>>,
    wake: mpsc::UnboundedSender<Key>,
    signal_image: Option<String>,
    places: Places,
    clock: Clock,
}

impl Stops {
    /// `wake` gets the run that the controller should reconcile again; `signal_image` is the image with `sidecarjob
    /// signal`; the runs of other kinds and in other namespaces may have the same `places`.
    pub fn new(wake: mpsc::UnboundedSender<Key>, signal_image: Option<String>, places: Places, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            attempts: Mutex::default(),
            forbidden: Mutex::default(),
            wake,
            signal_image,
            places,
            clock,
        }))
    }

    /// The attempts on these Pods of a run, by their UIDs. Forgets finished attempts on other Pods.
    pub fn attempts(&self, key: &Key, needed: &HashSet<&str>) -> Vec<Attempt> {
        let mut all = self.0.attempts.lock();
        let Some(own) = all.get_mut(key) else { return Vec::new() };
        let is_under_way = |a: &Attempt| matches!(a.state, AttemptState::UnderWay(_));
        own.retain(|pod, tried| {
            tried.retain(|a| is_under_way(a) || needed.contains(pod.as_str()));
            !tried.is_empty()
        });
        if own.is_empty() {
            all.remove(key);
            return Vec::new();
        }
        own.values().flatten().cloned().collect()
    }

    /// Forgets a run that is gone.
    pub fn forget(&self, key: &Key) {
        self.0.attempts.lock().remove(key);
    }

    /// Begins an attempt, unless it has begun before. The attempt first waits for a place.
    pub fn ask(&self, client: Client, events: Events, key: &Key, job: &Job, ask: Ask) {
        let is_new = {
            let mut all = self.0.attempts.lock();
            let tried = all.entry(key.clone()).or_default().entry(ask.pod.uid.clone()).or_default();
            let is_new = !tried.iter().any(|a| a.ask == ask);
            is_new.then(|| tried.push(Attempt { ask: ask.clone(), state: AttemptState::Queued(self.now()) }));
            is_new
        };
        if is_new {
            let (stops, key, job) = (self.clone(), key.clone(), job.clone());
            tokio::spawn(async move {
                if let Some(state) = stops.in_turn(client, &events, &key, &job, &ask).await {
                    stops.note(&key, &ask, state);
                    let _ = stops.0.wake.send(key);
                }
            });
        }
    }

    /// The result of the attempt, when its turn has come. `None`: the controller has forgotten the attempt.
    async fn in_turn(&self, client: Client, events: &Events, key: &Key, job: &Job, ask: &Ask) -> Option<AttemptState> {
        if self.is_forbidden(job, ask) {
            return Some(AttemptState::Failed(self.now()));
        }
        let _place = self.0.places.take(&job.namespace).await;
        let AttemptState::Queued(since) = self.state(key, ask)? else { return None };
        if self.is_forbidden(job, ask) {
            return Some(AttemptState::Failed(self.now()));
        }
        if since + QUEUED_WITHIN <= self.now() {
            let what = format!("sidecar {} of pod {}", ask.container, ask.pod.name);
            let why = format!(
                "too many sidecars of namespace {} are being asked; the kubelet stops all containers",
                job.namespace
            );
            return Some(self.failed(events, job, ask, &what, &why));
        }
        self.note(key, ask, AttemptState::UnderWay(self.now()));
        Some(self.try_it(client, events, job, ask).await)
    }

    async fn try_it(&self, client: Client, events: &Events, job: &Job, ask: &Ask) -> AttemptState {
        let Ask { pod, container, way } = ask;
        let api: Api<Pod> = Api::namespaced(client, &job.namespace);
        info!(pod = pod.name, container, "asking the container to stop by {way}");
        let within = if matches!(way, Way::Signal(_)) { SIGNAL_WITHIN } else { ANSWER_WITHIN };
        let asked = bound::within(within, self.reach(&api, pod, container, way)).await;
        let what = format!("sidecar {container} of pod {}", pod.name);
        match asked {
            Some(Ok(())) => {
                events.about_container(
                    job,
                    Event::normal(reasons::STOPPING_SIDECAR, format!("Asked {what} to stop by {way}")),
                    pod,
                    container,
                );
                AttemptState::Heard(self.now())
            }
            // The sidecar may have begun to stop: it has its grace period, and then the next rung follows.
            None if !matches!(way, Way::Signal(_)) => {
                let note = format!(
                    "Asked {what} to stop by {way}: no answer within {}s; it has its grace period",
                    within.as_secs()
                );
                events.about_container(job, Event::normal(reasons::STOPPING_SIDECAR, note), pod, container);
                AttemptState::Heard(self.now())
            }
            None => {
                self.failed(events, job, ask, &what, &format!("the signal was not sent within {}s", within.as_secs()))
            }
            Some(Err(NotReached::Other(why))) => self.failed(events, job, ask, &what, &why),
            Some(Err(NotReached::Forbidden)) => {
                self.forbidden(events, job, ask);
                AttemptState::Failed(self.now())
            }
        }
    }

    async fn reach(&self, api: &Api<Pod>, pod: &PodRef, container: &str, way: &Way) -> Result<(), NotReached> {
        match way {
            Way::Http(http) => http::ask(api, &pod.name, http).await,
            Way::Exec(exec) => exec::ask(api, &pod.name, container, exec).await,
            Way::Signal(name) => signal::ask(api, pod, container, name, self.0.signal_image.as_deref()).await,
        }
    }

    fn failed(&self, events: &Events, job: &Job, ask: &Ask, what: &str, why: &str) -> AttemptState {
        let note = format!("Failed to ask {what} to stop by {}: {why}", ask.way);
        warn!(sidecarjob = format!("{}/{}", job.namespace, job.name), "{note}");
        events.about_container(job, Event::warning(reasons::SIDECAR_STOP_FAILED, note), &ask.pod, &ask.container);
        AttemptState::Failed(self.now())
    }

    fn is_forbidden(&self, job: &Job, ask: &Ask) -> bool {
        self.0.forbidden.lock().contains(&(job.namespace.clone(), kind(&ask.way)))
    }

    fn now(&self) -> DateTime<Utc> {
        (self.0.clock)()
    }

    /// Reports a missing permission, once for each namespace and way until the controller tries the way again.
    fn forbidden(&self, events: &Events, job: &Job, ask: &Ask) {
        let kind = kind(&ask.way);
        let place = (job.namespace.clone(), kind);
        if !self.0.forbidden.lock().insert(place.clone()) {
            return;
        }
        let note = format!(
            "Not allowed to stop sidecars by {kind} in namespace {}: apply config/components/stop-{kind}, or remove {kind} \
             from spec.sidecars. The controller stops these sidecars in another way",
            job.namespace
        );
        warn!("{note}");
        events.about_container(job, Event::warning(reasons::SIDECAR_STOP_FORBIDDEN, note), &ask.pod, kind);
        let stops = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(FORBIDDEN_FOR).await;
            stops.0.forbidden.lock().remove(&place);
        });
    }

    fn note(&self, key: &Key, ask: &Ask, state: AttemptState) {
        if let Some(tried) = self.0.attempts.lock().get_mut(key).and_then(|own| own.get_mut(&ask.pod.uid)) {
            tried.iter_mut().filter(|a| a.ask == *ask).for_each(|a| a.state = state);
        }
    }

    fn state(&self, key: &Key, ask: &Ask) -> Option<AttemptState> {
        let all = self.0.attempts.lock();
        Some(all.get(key)?.get(&ask.pod.uid)?.iter().find(|a| a.ask == *ask)?.state)
    }
}

/// The name of the component that grants the permission.
fn kind(way: &Way) -> &'static str {
    match way {
        Way::Http(_) => "http",
        Way::Exec(_) => "exec",
        Way::Signal(_) => "signal",
    }
}

#[cfg(test)]
mod tests;
