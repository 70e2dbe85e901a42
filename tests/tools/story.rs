//! One story: an object, what happens to it, and which state every tool has to show after each step.

use std::time::Duration;

use kube::CustomResourceExt;
use serde_json::{Value, json};
use sidecarjob::api::{self, SharedJob, SidecarCronJob, SidecarJob};

use crate::kubelet;
use crate::program::Judgement;
use crate::world::clock::{BEGIN, Clock};
use crate::world::counting::Server;
use crate::world::whole;

/// The state of an object, and so what each tool has to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Not over, and the controller goes on, also if the API server rejects Pods at the moment.
    InProgress,
    /// Over and well; of a schedule: it works.
    Done,
    /// Over and failed; of a schedule: it can't work, or the API server rejects its runs.
    Failed,
    /// Somebody suspended it.
    Suspended,
    /// The schedule works, and its last run failed.
    LastRunFailed,
    /// It is being deleted.
    Deleting,
}

/// kstatus (in both forms), Flux with contrib/flux, Argo CD with contrib/argocd.
pub type Words = [&'static str; 3];

impl State {
    pub fn of_run(self) -> Words {
        match self {
            Self::InProgress => ["InProgress", "InProgress", "Progressing"],
            Self::Done => ["Current", "Current", "Healthy"],
            Self::Failed => ["Failed", "Failed", "Degraded"],
            Self::Suspended => ["Current", "InProgress", "Suspended"],
            Self::Deleting => ["Terminating", "InProgress", "Progressing"],
            Self::LastRunFailed => unreachable!("a run has no runs"),
        }
    }

    pub fn of_schedule(self) -> Words {
        match self {
            Self::Suspended => ["Current", "Current", "Healthy"], // as a suspended CronJob in Argo CD
            Self::LastRunFailed => ["Current", "Failed", "Degraded"],
            other => other.of_run(),
        }
    }
}

/// One step of a story.
pub struct Step {
    pub what: &'static str,
    pub happens: fn(&Server),
    pub after: State,
}

/// An object, and what happens to it.
pub struct Story {
    pub about: &'static str,
    /// The plural of the object.
    pub kind: &'static str,
    pub object: Value,
    pub steps: Vec<Step>,
}

/// A version of the object, and where in the story it was stored.
pub struct Version {
    pub step: &'static str,
    pub object: Value,
    /// The state before the step, and the one after it.
    pub between: [State; 2],
    /// No other version follows in this step.
    pub last: bool,
}

/// A story that was played with the real controller, and every version of its object.
pub struct Played {
    pub story: Story,
    pub versions: Vec<Version>,
}

impl Story {
    fn words(&self, state: State) -> Words {
        if self.kind == RUNS { state.of_run() } else { state.of_schedule() }
    }

    /// Plays the story, in a runtime of its own whose clock moves when nothing else does.
    pub fn play(self) -> Played {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let versions = runtime.expect("a runtime").block_on(self.versions());
        Played { story: self, versions }
    }

    async fn versions(&self) -> Vec<Version> {
        let server = Server::new(Clock::start_at(BEGIN + 3_570), Duration::ZERO); // half a minute before an hour
        let _working =
            whole::start::<SidecarJob, SharedJob>(server.client(), &server.clock, self.kind == SCHEDULES).await;
        server.put(self.kind, self.object.clone());
        let (mut all, mut before) = (Vec::new(), State::InProgress);
        for step in &self.steps {
            (step.happens)(&server);
            pass(if self.kind == RUNS { 20 } else { 60 }).await;
            let new = server.versions(self.kind).split_off(all.len());
            assert!(
                before == step.after || !new.is_empty(),
                "{}: {}: nothing was written, so no tool can show {:?}",
                self.about,
                step.what,
                step.after
            );
            let n = new.len();
            all.extend(new.into_iter().enumerate().map(|(i, object)| Version {
                step: step.what,
                object,
                between: [before, step.after],
                last: i + 1 == n,
            }));
            before = step.after;
        }
        all
    }
}

impl Played {
    /// The last version of the object in that step.
    pub fn after(&self, step: &str) -> &Value {
        let version = self.versions.iter().rfind(|version| version.step == step);
        &version.unwrap_or_else(|| panic!("{}: no version in the step: {step}", self.story.about)).object
    }

    /// The versions of which a tool says something else than it should, and what.
    pub fn wrong(&self, said: &[Judgement]) -> Vec<String> {
        let (story, mut wrong) = (&self.story, Vec::new());
        for tool in 0..3 {
            let mut arrived = false;
            for (version, said) in self.versions.iter().zip(said) {
                let [before, after] = version.between.map(|state| story.words(state)[tool]);
                let words = [&said.kstatus, &said.flux, &said.argocd][tool];
                let want = if version.is_outdated() {
                    vec![story.words(State::InProgress)[tool]]
                } else if version.last || arrived {
                    vec![after]
                } else {
                    vec![before, after]
                };
                if !want.contains(&words.as_str()) || said.kstatus != said.helm {
                    let (about, step, status) = (story.about, version.step, &version.object["status"]);
                    wrong.push(format!("{about}: {step}: want {want:?}, have {said:?} of {status}"));
                }
                arrived = !version.last && words == after && before != after;
            }
        }
        wrong
    }
}

impl Version {
    /// The status describes an older spec: no tool may believe it. (Of what is being deleted kstatus reads no status.)
    fn is_outdated(&self) -> bool {
        let object = &self.object;
        object["status"]["observedGeneration"] != object["metadata"]["generation"]
            && object["metadata"]["deletionTimestamp"].is_null()
    }
}

/// The plurals.
pub const RUNS: &str = "sidecarjobs";
pub const SCHEDULES: &str = "sidecarcronjobs";

/// Seconds go by, and whatever is to happen meanwhile happens.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// A SidecarJob as the API server stores it: defaults are filled in, that of the status too.
pub fn run(spec: Value) -> Value {
    let mut whole = json!({
        "completions": 1, "parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": false,
        "sidecars": [{"name": kubelet::SIDECAR}],
        "template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": kubelet::MAIN, "image": "etl:1.2.3"}, {"name": kubelet::SIDECAR, "image": "proxy:1.29.0"}
        ]}}
    });
    extend(&mut whole, spec);
    object(&SidecarJob::crd().spec.names.kind, &api::crd::sidecarjob(), whole)
}

/// A SidecarCronJob, the same.
pub fn schedule(spec: Value) -> Value {
    let mut whole = json!({
        "schedule": "0 * * * *", "concurrencyPolicy": "Allow", "suspend": false, "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1, "jobTemplate": {"spec": run(json!({"backoffLimit": 0}))["spec"]}
    });
    extend(&mut whole, spec);
    object(&SidecarCronJob::crd().spec.names.kind, &api::crd::sidecarcronjob(), whole)
}

fn extend(object: &mut Value, more: Value) {
    for (field, value) in more.as_object().into_iter().flatten() {
        object[field] = value.clone();
    }
}

fn object(
    kind: &str,
    crd: &k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    spec: Value,
) -> Value {
    let crd = serde_json::to_value(crd).expect("JSON");
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": kind, "spec": spec,
        "status": schema["properties"]["status"]["default"],
        "metadata": {"name": "nightly-etl", "namespace": "ns", "uid": "5bb4a2a8-5f2c-4a53-9d4a-000000000000",
            "generation": 1, "creationTimestamp": "2026-01-01T00:59:30Z", "labels": {"app": "etl"}}
    })
}

/// A user changes the spec.
pub fn change(server: &Server, kind: &str, spec: &Value) {
    server.change(
        kind,
        |object| object["metadata"]["name"] == "nightly-etl",
        |object| {
            extend(&mut object["spec"], spec.clone());
            object["metadata"]["generation"] = json!(object["metadata"]["generation"].as_i64().unwrap_or(0) + 1);
        },
    );
}

/// A user deletes the object, and waits until its dependents are gone.
pub fn delete(server: &Server, kind: &str) {
    let now = server.clock.stamp();
    server.change(
        kind,
        |object| object["metadata"]["name"] == "nightly-etl",
        |object| {
            object["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
            object["metadata"]["deletionTimestamp"] = json!(now);
            object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        },
    );
}
