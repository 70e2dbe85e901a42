//! What is there of one object: the object, its Pods or runs, and the events about them?
//!
//! `why`, `describe` and `timeline` read here. Without a right to list Pods or events the rest is still read, and a note says
//! what is missing.

use futures::future::join_all;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde::de::DeserializeOwned;

use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::api::labels;
use crate::cli::connect::Cluster;
use crate::cli::failed::Failed;
use crate::cli::failure::call;
use crate::cli::target::Kind;
use crate::cli::target::Target;
use crate::cli::when;

/// More objects than this are not read: a person reads a few of them.
const MOST: u32 = 500;
/// Of more Pods than this the events are not read: each Pod is one call.
const PODS_WITH_EVENTS: usize = 5;

/// The object that somebody asked about.
#[derive(Clone, Debug)]
pub enum Object {
    /// A SidecarJob.
    Run(Box<SidecarJob>),
    /// A batch/v1 Job.
    Job(Box<Job>),
    /// A Pod.
    Pod(Box<Pod>),
    /// A SidecarCronJob.
    Schedule(Box<SidecarCronJob>),
}

/// An object, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The object.
    pub object: Object,
    /// The namespace.
    pub namespace: String,
    /// The Pods of a run or Job, oldest first; of a Pod: the Pod.
    pub pods: Vec<Pod>,
    /// The runs of a schedule, oldest first.
    pub runs: Vec<SidecarJob>,
    /// The events about the object and about its Pods that have not ended, oldest first.
    pub events: Vec<Event>,
    /// What could not be read, a sentence each.
    pub notes: Vec<String>,
    /// The flags of the cluster, for commands that the answer proposes.
    pub flags: String,
}

impl Seen {
    /// Kind and name.
    pub fn target(&self) -> Target {
        let (kind, name) = match &self.object {
            Object::Run(run) => (Kind::SidecarJob, run.name_any()),
            Object::Job(job) => (Kind::Job, job.name_any()),
            Object::Pod(pod) => (Kind::Pod, pod.name_any()),
            Object::Schedule(cron) => (Kind::SidecarCronJob, cron.name_any()),
        };
        Target { kind, name }
    }

    fn uid(&self) -> String {
        let uid = match &self.object {
            Object::Run(run) => run.uid(),
            Object::Job(job) => job.uid(),
            Object::Pod(pod) => pod.uid(),
            Object::Schedule(cron) => cron.uid(),
        };
        uid.unwrap_or_default()
    }

    /// A command of this program about an object of the same cluster.
    pub fn command(&self, words: &str) -> String {
        format!("kubectl sidecarjob {words}{}", self.flags)
    }

    /// A command of kubectl about an object of the same cluster.
    pub fn kubectl(&self, words: &str) -> String {
        format!("kubectl {words}{}", self.flags)
    }
}

/// Reads the object, and what belongs to it.
pub async fn read(cluster: &Cluster, target: &Target) -> Result<Seen, Failed> {
    let (client, namespace) = cluster.connect().await.map_err(Failed::Config)?;
    let object = match target.kind {
        Kind::SidecarJob => Object::Run(Box::new(run(&client, target, &namespace).await?)),
        Kind::Job => Object::Job(Box::new(get(&client, target, &namespace).await?)),
        Kind::Pod => Object::Pod(Box::new(get(&client, target, &namespace).await?)),
        Kind::SidecarCronJob => Object::Schedule(Box::new(get(&client, target, &namespace).await?)),
        Kind::CronJob => {
            return Err(Failed::Refused(format!(
                "a CronJob has no Pods of its own; ask about one of its Jobs, as job/NAME: kubectl get jobs{} lists them",
                cluster.flags()
            )));
        }
    };
    let flags = cluster.flags();
    let (pods, runs, events, notes) = <_>::default();
    let mut seen = Seen { object, namespace, pods, runs, events, notes, flags };
    seen.read_pods(&client).await;
    seen.read_runs(&client).await;
    seen.read_events(&client).await;
    Ok(seen)
}

/// A SidecarJob. Many people type the name of a schedule or of a Job alone: the error says what to write.
async fn run(client: &Client, target: &Target, namespace: &str) -> Result<SidecarJob, Failed> {
    match get(client, target, namespace).await {
        Err(error @ Failed::NotFound { .. }) => Err(other_kind(client, target, namespace, error).await),
        other => other,
    }
}

/// The error if no SidecarJob has this name, but a schedule or a Job has; otherwise `error`.
pub async fn other_kind(client: &Client, target: &Target, namespace: &str, error: Failed) -> Failed {
    if target.kind != Kind::SidecarJob {
        return error;
    }
    let other = |kind| Target { kind, name: target.name.clone() };
    let (schedule, job) = (other(Kind::SidecarCronJob), other(Kind::Job));
    let instead = if get::<SidecarCronJob>(client, &schedule, namespace).await.is_ok() {
        schedule
    } else if get::<Job>(client, &job, namespace).await.is_ok() {
        job
    } else {
        return error;
    };
    Failed::OtherKind { target: target.clone(), namespace: namespace.to_owned(), instead }
}

async fn get<K>(client: &Client, target: &Target, namespace: &str) -> Result<K, Failed>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let read = call(format!("read {target} in namespace {namespace}"), api.get(&target.name)).await;
    read.map_err(|failure| Failed::of_call(failure, target, namespace))
}

impl Seen {
    async fn read_pods(&mut self, client: &Client) {
        let selector = match &self.object {
            Object::Run(run) => {
                let own = run.status.as_ref().and_then(|s| s.selector.clone());
                own.unwrap_or_else(|| format!("{}={}", labels::UID, self.uid()))
            }
            Object::Job(job) => selector(job),
            Object::Pod(pod) => {
                self.pods = vec![pod.as_ref().clone()];
                return;
            }
            Object::Schedule(_) => return,
        };
        let mut pods: Vec<Pod> = self.list(client, "Pods", &ListParams::default().labels(&selector)).await;
        let uid = self.uid();
        pods.retain(|pod| pod.owner_references().iter().any(|owner| owner.uid == uid));
        pods.sort_by_key(|pod| (pod.metadata.creation_timestamp.clone(), pod.name_any()));
        self.pods = pods;
    }

    async fn read_runs(&mut self, client: &Client) {
        if let Object::Schedule(cron) = &self.object {
            let selector = format!("{}={}", labels::SCHEDULE, cron.name_any());
            let mut runs: Vec<SidecarJob> =
                self.list(client, "SidecarJobs", &ListParams::default().labels(&selector)).await;
            runs.sort_by_key(|run| (run.metadata.creation_timestamp.clone(), run.name_any()));
            self.runs = runs;
        }
    }

    async fn read_events(&mut self, client: &Client) {
        let has_ended = |pod: &&Pod| pod.status.as_ref().is_some_and(|s| s.phase.as_deref().is_some_and(is_end));
        let pods = self.pods.iter().filter(|pod| !has_ended(pod)).take(PODS_WITH_EVENTS).filter_map(|pod| pod.uid());
        let mut uids: Vec<String> = std::iter::once(self.uid()).chain(pods).collect();
        uids.dedup(); // of a Pod: the Pod itself
        let api: Api<Event> = Api::namespaced(client.clone(), &self.namespace);
        let calls = uids.iter().map(|uid| {
            let params = ListParams::default().fields(&format!("involvedObject.uid={uid}")).limit(MOST);
            let api = &api;
            async move { call("list the events", api.list(&params)).await }
        });
        for answer in join_all(calls).await {
            match answer {
                Ok(list) => self.events.extend(list),
                Err(failure) => return self.notes.push(format!("{failure}; what events say is missing")),
            }
        }
        self.events.sort_by_key(last_seen);
    }

    async fn list<K>(&mut self, client: &Client, what: &str, params: &ListParams) -> Vec<K>
    where
        K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(client.clone(), &self.namespace);
        match call(format!("list the {what} of {}", self.target()), api.list(&params.clone().limit(MOST))).await {
            Ok(list) => {
                if list.metadata.continue_.as_ref().is_some_and(|more| !more.is_empty()) {
                    self.notes.push(format!("there are more {what}; {MOST} of them were read"));
                }
                list.items
            }
            Err(failure) => {
                self.notes.push(format!("{failure}; what the {what} say is missing"));
                Vec::new()
            }
        }
    }
}

/// A Pod in this phase does not run any more.
pub fn is_end(phase: &str) -> bool {
    matches!(phase, "Succeeded") || phase == crate::api::conditions::types::FAILED
}

fn selector(job: &Job) -> String {
    let labels = job.spec.as_ref().and_then(|s| s.selector.as_ref()).and_then(|s| s.match_labels.as_ref());
    let all = labels.into_iter().flatten().map(|(name, value)| format!("{name}={value}"));
    all.collect::<Vec<_>>().join(",")
}

/// When the event was seen last.
pub fn last_seen(event: &Event) -> Option<chrono::DateTime<chrono::Utc>> {
    let micro = |t: &k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime| {
        chrono::DateTime::from_timestamp(t.0.as_second(), 0).unwrap_or_default()
    };
    let series = event.series.as_ref().and_then(|s| s.last_observed_time.as_ref()).map(micro);
    let core = event.last_timestamp.as_ref().or(event.first_timestamp.as_ref()).map(when::of);
    let created = event.metadata.creation_timestamp.as_ref().map(when::of);
    series.or(core).or(event.event_time.as_ref().map(micro)).or(created)
}

/// How often the event was seen.
pub fn times(event: &Event) -> i32 {
    event.series.as_ref().and_then(|s| s.count).or(event.count).unwrap_or(1).max(1)
}
