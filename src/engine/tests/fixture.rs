//! Builders for tests: a job, its Pods and the time, so that a case is only data.

#![allow(missing_docs)]

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::api::{PodReplacementPolicy, SidecarJob};
use crate::engine::decide;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::status::{Backoff, Status};
use crate::engine::observed::{
    Container, Digest, End, IndexFailures, Job, Marks, Observed, Phase, Pod, Refusal, Restart, Settings, Slot, State,
    Up,
};
use crate::engine::plan::{Plan, Step};

/// Seconds after the start of all stories.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

/// A job `job` with the main container `main` and the sidecar `side`, its Pods, and nothing decided yet.
pub fn job() -> Observed {
    job_with(json!({}))
}

/// The same with these spec fields.
pub fn job_with(spec: Value) -> Observed {
    let mut wire = json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
        "metadata": {"name": "job", "namespace": "ns", "uid": "job-uid", "generation": 1},
        "spec": {
            "sidecars": [{"name": "side"}],
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}, {"name": "side"}]}}
        }
    });
    for (key, value) in spec.as_object().unwrap() {
        wire["spec"][key] = value.clone();
    }
    let wire: SidecarJob = serde_json::from_value(wire).unwrap();
    Observed {
        job: Job::from_wire(&wire).unwrap(),
        pods: Vec::new(),
        unselected: Vec::new(),
        strays: Vec::new(),
        orphans: Vec::new(),
        next_number: 0,
        refusal: None,
        failing: None,
        attempts: Vec::new(),
        settings: Settings::default(),
    }
}

impl Observed {
    pub fn pods(mut self, pods: impl IntoIterator<Item = Pod>) -> Self {
        self.pods = pods.into_iter().map(Arc::new).collect();
        self
    }

    /// A change of the spec that has no builder.
    pub fn spec(mut self, change: impl FnOnce(&mut crate::engine::observed::Spec)) -> Self {
        change(&mut self.job.spec);
        self
    }

    /// A change of the stored status.
    pub fn status(mut self, change: impl FnOnce(&mut Status)) -> Self {
        change(&mut self.job.status);
        self
    }

    pub fn completions(self, n: u32) -> Self {
        self.spec(|s| s.completions = Some(n))
    }

    pub fn parallelism(self, n: u32) -> Self {
        self.spec(|s| s.parallelism = n)
    }

    /// An Indexed run of that many indexes, all at once.
    pub fn indexed(self, completions: u32) -> Self {
        self.spec(|s| (s.indexed, s.completions, s.parallelism) = (true, Some(completions), completions))
    }

    /// With a limit for each index, and none for all.
    pub fn per_index(self, limit: u32) -> Self {
        self.spec(|s| (s.backoff_limit_per_index, s.backoff_limit) = (Some(limit), i32::MAX.unsigned_abs()))
    }

    /// Indexes that are stored as completed.
    pub fn completed(self, text: &str) -> Self {
        self.status(|s| {
            s.completed = Indexes::parse(text, u32::MAX);
            s.succeeded = s.completed.len();
        })
    }

    /// Indexes that are stored as failed.
    pub fn failed_indexes(self, text: &str) -> Self {
        self.status(|s| s.failed_indexes = Some(Indexes::parse(text, u32::MAX)))
    }

    /// As a batch/v1 Job.
    pub fn batch(mut self) -> Self {
        self.job.kind = crate::api::Kind::Job;
        self.job.managed_by = Some(crate::api::labels::CONTROLLER.into());
        self
    }

    pub fn work_queue(self, parallelism: u32) -> Self {
        self.spec(|s| (s.completions, s.parallelism) = (None, parallelism))
    }

    pub fn backoff_limit(self, n: u32) -> Self {
        self.spec(|s| s.backoff_limit = n)
    }

    pub fn on_failure(self) -> Self {
        self.spec(|s| s.restarts_on_failure = true)
    }

    pub fn suspended(self) -> Self {
        self.spec(|s| s.suspend = true)
    }

    pub fn replace_when_failed(self) -> Self {
        self.spec(|s| s.replacement = PodReplacementPolicy::Failed)
    }

    pub fn started(self, seconds: i64) -> Self {
        self.status(|s| s.start_time = Some(at(seconds)))
    }

    pub fn counted(self, succeeded: u32, failed: u32) -> Self {
        self.status(|s| (s.succeeded, s.failed) = (succeeded, failed))
    }

    /// UIDs on their way to a counter.
    pub fn listed(self, succeeded: &[&str], failed: &[&str]) -> Self {
        let set = |list: &[&str]| list.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        self.status(|s| (s.uncounted_succeeded, s.uncounted_failed) = (set(succeeded), set(failed)))
    }

    pub fn failures(self, failures: u32, last: i64) -> Self {
        self.status(|s| s.backoff = Some(Backoff { failures, last_failure_at: at(last) }))
    }

    pub fn condition(self, type_: &str, reason: &str, since: i64) -> Self {
        self.status(|s| s.conditions.set(type_, true, reason, "message", at(since)))
    }

    pub fn refused(mut self, until: i64) -> Self {
        self.refusal = Some(Refusal { message: "the server's words".into(), retry_at: at(until), is_blip: false });
        self
    }

    pub fn failing(mut self, what: &str) -> Self {
        self.failing = Some(what.into());
        self
    }

    pub fn deleting(mut self) -> Self {
        self.job.deleting = true;
        self
    }

    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The decision at that time.
    pub fn decide(&self, seconds: i64) -> Plan {
        decide(self, at(seconds))
    }

    /// The status that is written at that time; there must be no step.
    pub fn next(&self, seconds: i64) -> Status {
        let plan = self.decide(seconds);
        assert_eq!(steps(&plan), [""; 0], "a plan with steps writes no status");
        plan.status.expect("a status to write")
    }

    /// What is seen after that plan's status was stored.
    pub fn stored(mut self, seconds: i64) -> Self {
        self.job.status = self.next(seconds);
        self
    }
}

/// The steps as text.
pub fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(Step::to_string).collect()
}

/// Pod `p<number>` with UID `u<number>`, running: its sidecar native, its main container too.
pub fn pod(number: u32) -> Pod {
    Pod {
        name: format!("p{number}"),
        uid: format!("u{number}"),
        number: Some(number),
        index: None,
        index_failures: IndexFailures::default(),
        created_at: at(i64::from(number)),
        deleting_since: None,
        deletion_is_reported: None,
        tracked: true,
        node: Some("node-1".into()),
        phase: Phase::Running,
        reason: None,
        ready_since: Some(at(1)),
        unready_since: None,
        started_at: Some(at(1)),
        deadline_seconds: None,
        grace: seconds(30),
        unschedulable: None,
        marks: Marks::default(),
        conditions: Vec::new(),
        containers: vec![
            container("side", Slot::NativeSidecar, Restart::Always),
            container("main", Slot::Plain, Restart::Never),
        ],
    }
}

pub fn container(name: &str, slot: Slot, restart: Restart) -> Container {
    Container {
        name: name.into(),
        slot,
        restart,
        rules: Vec::new(),
        restarts: 0,
        state: State::Running,
        end: None,
        up: Up { since: Some(at(1)), started: true, ready: true },
        cant_start: None,
        image: String::new(),
        command: Digest::of_command(&Default::default()),
    }
}

impl Pod {
    /// Of that index of an Indexed run.
    pub fn index(self, index: u32) -> Self {
        Self { index: Some(index), ..self }
    }

    /// So many Pods of its index failed before it.
    pub fn after_failures(self, counted: u32, ignored: u32) -> Self {
        Self { index_failures: IndexFailures { counted, ignored }, ..self }
    }

    /// With that condition True.
    pub fn with_condition(mut self, type_: &str) -> Self {
        self.conditions.push((type_.into(), "True".into()));
        self
    }

    pub fn container(mut self, name: &str, change: impl FnOnce(&mut Container)) -> Self {
        change(self.containers.iter_mut().find(|c| c.name == name).unwrap());
        self
    }

    pub fn exits(self, name: &str, exit: i32, seconds: i64) -> Self {
        self.container(name, |c| {
            let reason = if exit == 0 { "Completed" } else { "Error" };
            let (started_at, finished_at) = (c.up.since, Some(at(seconds)));
            (c.state, c.up) = (State::Terminated { exit, at: finished_at }, Up::default());
            c.end =
                Some(Box::new(End { exit, reason: Some(reason.into()), started_at, finished_at, ..End::default() }));
        })
    }

    /// The main container ended; the sidecar goes on.
    pub fn main_exits(self, exit: i32, seconds: i64) -> Self {
        self.exits("main", exit, seconds)
    }

    /// Everything ended.
    pub fn ends_as(self, phase: Phase) -> Self {
        Self { phase, ready_since: None, ..self }
    }

    /// The main container succeeded, the sidecar stopped with that code, the Pod ended.
    pub fn succeeded(self, seconds: i64) -> Self {
        self.main_exits(0, seconds).exits("side", 0, seconds).ends_as(Phase::Succeeded)
    }

    /// The main container failed, the Pod ended.
    pub fn failed(self, seconds: i64) -> Self {
        self.main_exits(1, seconds).exits("side", 0, seconds).ends_as(Phase::Failed)
    }

    /// The sidecar is a plain container.
    pub fn plain_sidecar(mut self) -> Self {
        self.marks.managed = true;
        self.container("side", |c| (c.slot, c.restart) = (Slot::Plain, Restart::Never))
    }

    pub fn restart_policy(self, restart: Restart) -> Self {
        self.container("main", |c| c.restart = restart)
    }

    pub fn pending(self) -> Self {
        let mut pod = Self { phase: Phase::Pending, ready_since: None, ..self };
        pod.containers.iter_mut().for_each(|c| (c.state, c.up) = (State::Waiting, Up::default()));
        pod
    }

    pub fn unscheduled(self) -> Self {
        Self { node: None, ..self.pending() }
    }

    pub fn deleted(self, seconds: i64) -> Self {
        Self { deleting_since: Some(at(seconds)), ..self }
    }

    /// Without our finalizer.
    pub fn released(self) -> Self {
        Self { tracked: false, ..self }
    }
}

/// Seconds as a span.
pub fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}
