//! A schedule, its runs and its status, in the words of the tests.
//!
//! The object is created at 00:00:30 on 1 January 2026; times are minutes since midnight. The schedule is hourly.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::api::scheduled_run;
use crate::engine::schedule::decide;
use crate::engine::schedule::observed::{Cron, Departed, Observed, Run};
use crate::engine::schedule::plan::Step;

/// So many minutes after midnight.
pub fn at(minutes: i64) -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

/// So many minutes and seconds after midnight.
pub fn seconds(minutes: i64, seconds: i64) -> DateTime<Utc> {
    at(minutes) + TimeDelta::seconds(seconds)
}

/// An hourly schedule with these fields besides.
pub fn cron(spec: Value) -> Observed {
    let mut whole = json!({"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": {}}}});
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    if spec.get("schedules").is_some() {
        whole.as_object_mut().unwrap().remove("schedule");
    }
    let wire = json!({
        "metadata": {"name": "c", "namespace": "ns", "uid": "u", "generation": 1, "creationTimestamp": "2026-01-01T00:00:30Z"},
        "spec": whole
    });
    let cron = Cron::from_wire(Arc::new(serde_json::from_value(wire).unwrap())).unwrap();
    let (started, backfilled, gone) = Default::default();
    Observed { cron, runs: vec![], departed: vec![], started, backfilled, gone, refusal: None, search: None }
}

/// A run for that time, which is going on.
pub fn run(minutes: i64) -> Run {
    let name = scheduled_run::name("c", at(minutes));
    Run {
        uid: format!("uid-{name}"),
        name,
        scheduled: Some(at(minutes)),
        manual: false,
        started_at: Some(seconds(minutes, 1)),
        ended: None,
        deleting: false,
    }
}

impl Run {
    /// It ended then.
    pub fn ended(self, success: bool, minutes: i64) -> Self {
        Self { ended: Some((success, at(minutes))), ..self }
    }
}

impl Observed {
    /// These are its runs.
    pub fn runs(mut self, runs: impl IntoIterator<Item = Run>) -> Self {
        self.runs = runs.into_iter().collect();
        self
    }

    /// The last scheduled time, as the status has it.
    pub fn last(mut self, minutes: i64) -> Self {
        self.cron.status.last_schedule = Some(at(minutes));
        self
    }

    /// What is decided, as text.
    pub fn steps(&self, now: DateTime<Utc>) -> Vec<String> {
        decide(self, now).steps.iter().map(Step::to_string).collect()
    }

    /// Carries out whatever is decided, until nothing is left to do; the reasons of all events.
    pub fn settle(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..50 {
            let plan = decide(self, now);
            if plan.steps.is_empty() && plan.status.is_none() {
                return told;
            }
            for step in plan.steps {
                match step {
                    Step::Create(at) => self.runs.push(run((at - self::at(0)).num_minutes())),
                    Step::Delete { run, replaced } => self.depart(&run.uid, replaced),
                    Step::LookUp(run) => drop(self.gone.insert(run.uid)),
                }
            }
            if let Some(status) = plan.status {
                self.cron.status = status;
                told.extend(plan.events.into_iter().map(|e| e.reason));
            }
        }
        panic!("it does not come to rest");
    }

    /// The shell sees it go.
    pub fn depart(&mut self, uid: &str, replaced: bool) {
        let gone = self.runs.extract_if(.., |run| run.uid == uid);
        self.departed.extend(gone.map(|run| Departed { run, replaced }));
        self.gone.insert(uid.to_owned());
    }

    /// Which times have runs, in minutes.
    pub fn times(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.runs.iter().filter_map(|r| Some((r.scheduled? - at(0)).num_minutes())).collect();
        all.sort_unstable();
        all
    }
}
