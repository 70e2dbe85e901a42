//! The status of a schedule between the wire's form and the engine's.

use crate::api::sidecarcronjob::{RecentRun, RunReference, SidecarCronJobStatus};
use crate::api::{GROUP, Kind, VERSION};
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::time;
use crate::engine::schedule::observed::RunRef;
use crate::engine::schedule::observed::status::{Recent, Status};

impl Status {
    /// From the wire.
    pub fn from_wire(wire: &SidecarCronJobStatus) -> Self {
        let at = |t: &Option<_>| t.as_ref().map(time::from_wire);
        Self {
            observed_generation: wire.observed_generation,
            conditions: Conditions(wire.conditions.clone()),
            active: wire.active.iter().map(|r| RunRef { name: r.name.clone(), uid: r.uid.clone() }).collect(),
            last_schedule: at(&wire.last_schedule_time),
            last_success: at(&wire.last_successful_time),
            last_failure: at(&wire.last_failure_time),
            last_missed: at(&wire.last_missed_time),
            missed: wire.missed_runs.unwrap_or(0),
            next: at(&wire.next_schedule_time),
            next_text: wire.next.clone(),
            schedule: wire.schedule.clone(),
            last_result: wire.last_result.clone(),
            last_run_duration: wire.last_run_duration.clone(),
            success_rate: wire.success_rate.clone(),
            queued: wire.queued.iter().map(time::from_wire).collect(),
            recent: wire
                .recent_runs
                .iter()
                .map(|run| Recent {
                    name: run.name.clone(),
                    scheduled: at(&run.scheduled_time),
                    started_at: at(&run.start_time),
                    finished_at: at(&run.finish_time),
                    result: run.result.clone(),
                })
                .collect(),
            backfilled: wire.backfilled.clone(),
        }
    }

    /// To the wire.
    pub fn to_wire(&self, namespace: &str) -> SidecarCronJobStatus {
        let reference = |run: &RunRef| RunReference {
            api_version: format!("{GROUP}/{VERSION}"),
            kind: Kind::SidecarJob.name().into(),
            name: run.name.clone(),
            namespace: namespace.to_owned(),
            uid: run.uid.clone(),
        };
        let recent = |run: &Recent| RecentRun {
            name: run.name.clone(),
            scheduled_time: run.scheduled.map(time::to_wire),
            start_time: run.started_at.map(time::to_wire),
            finish_time: run.finished_at.map(time::to_wire),
            result: run.result.clone(),
        };
        SidecarCronJobStatus {
            observed_generation: self.observed_generation,
            conditions: self.conditions.0.clone(),
            active: self.active.iter().map(reference).collect(),
            active_count: i32::try_from(self.active.len()).ok(),
            last_schedule_time: self.last_schedule.map(time::to_wire),
            last_successful_time: self.last_success.map(time::to_wire),
            last_failure_time: self.last_failure.map(time::to_wire),
            last_missed_time: self.last_missed.map(time::to_wire),
            missed_runs: Some(self.missed),
            next_schedule_time: self.next.map(time::to_wire),
            next: self.next_text.clone(),
            schedule: self.schedule.clone(),
            last_result: self.last_result.clone(),
            last_run_duration: self.last_run_duration.clone(),
            success_rate: self.success_rate.clone(),
            queued: self.queued.iter().copied().map(time::to_wire).collect(),
            recent_runs: self.recent.iter().map(recent).collect(),
            backfilled: self.backfilled.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::backfilled;
    use chrono::{DateTime, Utc};

    fn at(seconds: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0)
    }

    #[test]
    fn a_schedules_status_is_itself_after_a_round_trip() {
        let mut conditions = Conditions::default();
        conditions.set("Ready", true, "Scheduled", "", at(1).unwrap());
        let full = Status {
            observed_generation: Some(3),
            conditions,
            active: vec![RunRef { name: "nightly-1".into(), uid: "u1".into() }],
            last_schedule: at(60),
            last_success: at(70),
            last_failure: at(10),
            last_missed: at(5),
            missed: 2,
            next: at(120),
            next_text: Some("2026-01-01T00:02+00:00".into()),
            schedule: Some("* * * * *".into()),
            last_result: Some("Complete".into()),
            last_run_duration: Some("2m31s".into()),
            success_rate: Some("9/10".into()),
            queued: at(180).into_iter().collect(),
            recent: vec![Recent {
                name: "nightly-0".into(),
                scheduled: at(0),
                started_at: at(1),
                finished_at: at(9),
                result: "Failed".into(),
            }],
            backfilled: backfilled::with(&[], at(-7200).into_iter().chain(at(-3600))),
        };
        for status in [Status::default(), full] {
            let wire = status.to_wire("ns");
            assert_eq!(wire.active_count, i32::try_from(status.active.len()).ok());
            assert!(wire.active.iter().all(|run| run.namespace == "ns" && run.kind == "SidecarJob"));
            let text = serde_json::to_string(&wire).unwrap();
            assert_eq!(Status::from_wire(&serde_json::from_str(&text).unwrap()), status, "{text}");
        }
    }
}
