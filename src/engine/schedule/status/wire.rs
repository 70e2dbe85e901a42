//! The status of a schedule between the wire's form and the engine's.

use super::super::observed::RunRef;
use super::{Recent, Status};
use crate::api::sidecarcronjob::{RecentRun, RunReference, SidecarCronJobStatus};
use crate::api::{GROUP, VERSION};
use crate::engine::conditions::Conditions;
use crate::engine::time;

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
        }
    }

    /// To the wire.
    pub fn to_wire(&self, namespace: &str) -> SidecarCronJobStatus {
        let reference = |run: &RunRef| RunReference {
            api_version: format!("{GROUP}/{VERSION}"),
            kind: "SidecarJob".into(),
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
            queued: self.queued.iter().copied().map(time::to_wire).collect(),
            recent_runs: self.recent.iter().map(recent).collect(),
        }
    }
}
