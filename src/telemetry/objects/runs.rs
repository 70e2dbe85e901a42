//! Which series does each SidecarJob have?

use std::collections::BTreeMap;

use super::{Lines, Metric, head, known, when_true};
use crate::api::conditions::{reasons, types};
use crate::api::{Kind, SidecarJob, SidecarJobStatus};
use crate::telemetry::in_view::Draining;

/// Why a run failed.
const FAILED: [&str; 5] = [
    reasons::BACKOFF_LIMIT_EXCEEDED,
    reasons::DEADLINE_EXCEEDED,
    reasons::POD_FAILURE_POLICY,
    reasons::MAX_FAILED_INDEXES_EXCEEDED,
    reasons::FAILED_INDEXES,
];
/// What a run waits for.
const WAITING: [&str; 5] = [
    reasons::UNSCHEDULABLE,
    reasons::CONTAINER_CANT_START,
    reasons::SIDECAR_NOT_UP,
    reasons::SIDECAR_STOPPING,
    reasons::KUBELET_SILENT,
];
/// Why a run needs help.
const STALLED: [&str; 2] = [reasons::POD_REFUSED, reasons::STEP_FAILED];

/// The metrics, in the order of the page.
pub const METRICS: [Metric<SidecarJob>; 21] = [
    Metric { name: "sidecarjob_info", help: "The SidecarJob exists; always 1", write: |_, lines| lines.with(&[], 1) },
    Metric {
        name: "sidecarjob_created",
        help: "When the SidecarJob was created, in seconds since 1970",
        write: |run, lines| lines.time(run.metadata.creation_timestamp.as_ref()),
    },
    Metric { name: "sidecarjob_owner", help: "The object that controls the SidecarJob; always 1", write: owner },
    Metric {
        name: "sidecarjob_spec_parallelism",
        help: "How many Pods may run at once",
        write: |run, lines| lines.value(Some(run.spec.parallelism.unwrap_or(1))),
    },
    Metric {
        name: "sidecarjob_spec_completions",
        help: "How many Pods must succeed; absent for a work queue",
        write: |run, lines| {
            let both_absent = run.spec.completions.is_none() && run.spec.parallelism.is_none();
            lines.value(if both_absent { Some(1) } else { run.spec.completions });
        },
    },
    Metric {
        name: "sidecarjob_spec_active_deadline_seconds",
        help: "How many seconds after its start the run fails; absent without a deadline",
        write: |run, lines| lines.value(run.spec.active_deadline_seconds),
    },
    Metric {
        name: "sidecarjob_status_active",
        help: "Pods that are pending or running, those included whose sidecars are stopping",
        write: |run, lines| lines.value(of(run, |status| status.active)),
    },
    Metric {
        name: "sidecarjob_status_ready",
        help: "Active Pods that are Ready; absent when the run is finished",
        write: |run, lines| lines.value(going_on(run, |status| status.ready)),
    },
    Metric {
        name: "sidecarjob_status_stopping",
        help: "Active Pods whose main containers are done; absent when the run is finished",
        write: |run, lines| lines.value(going_on(run, |status| status.stopping)),
    },
    Metric {
        name: "sidecarjob_status_terminating",
        help: "Pods that are being deleted; absent when the run is finished",
        write: |run, lines| lines.value(going_on(run, |status| status.terminating)),
    },
    Metric {
        name: "sidecarjob_status_succeeded",
        help: "Pods whose main containers succeeded; of an Indexed run: indexes that succeeded",
        write: |run, lines| lines.value(of(run, |status| status.succeeded)),
    },
    Metric {
        name: "sidecarjob_status_failed",
        help: "Pods whose main containers failed",
        write: |run, lines| lines.value(of(run, |status| status.failed)),
    },
    Metric {
        name: "sidecarjob_status_retries",
        help: "Retries that the failures have used; absent before the first failure",
        write: |run, lines| lines.value(of(run, |status| status.retries.as_ref().map(|retries| retries.used))),
    },
    Metric {
        name: "sidecarjob_status_start_time",
        help: "When the run started, in seconds since 1970",
        write: |run, lines| lines.time(status(run).and_then(|status| status.start_time.as_ref())),
    },
    Metric {
        name: "sidecarjob_status_main_finished_time",
        help: "When the last main container ended that the result needed, in seconds since 1970",
        write: |run, lines| lines.time(status(run).and_then(|status| status.main_finished_time.as_ref())),
    },
    Metric {
        name: "sidecarjob_status_completion_time",
        help: "When the run became Complete, in seconds since 1970",
        write: |run, lines| lines.time(status(run).and_then(|status| status.completion_time.as_ref())),
    },
    Metric {
        name: "sidecarjob_status_suspended",
        help: "1 if the run is suspended",
        write: |run, lines| lines.flag(is(run, types::SUSPENDED)),
    },
    Metric {
        name: "sidecarjob_status_waiting",
        help: "1 if something other than the main containers delays the run; otherwise absent",
        write: |run, lines| reason(run, lines, types::WAITING, &WAITING),
    },
    Metric {
        name: "sidecarjob_status_stalled",
        help: "1 if a run that is not finished needs help to go on; otherwise absent",
        write: |run, lines| {
            if !is(run, types::FINISHED) && !is(run, types::FAILURE_TARGET) {
                reason(run, lines, types::STALLED, &STALLED);
            }
        },
    },
    Metric {
        name: "sidecarjob_complete",
        help: "1 if the run is Complete; otherwise absent",
        write: |run, lines| {
            if is(run, types::COMPLETE) {
                lines.with(&[("condition", "true")], 1);
            }
        },
    },
    Metric {
        name: "sidecarjob_failed",
        help: "1 if the run is Failed; otherwise absent",
        write: |run, lines| {
            let failed = status(run).and_then(|status| when_true(&status.conditions, types::FAILED));
            if let Some(failed) = failed {
                lines.with(&[("condition", "true"), ("reason", known(&failed.reason, &FAILED))], 1);
            }
        },
    },
];

/// The SidecarJobs of which Pods are blocked: few.
pub fn blocked(draining: &[Draining]) -> String {
    const NAME: &str = "sidecarjob_status_blocked";
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for pod in draining.iter().filter(|pod| pod.blocked && pod.kind == Kind::SidecarJob) {
        *counts.entry((&pod.run.0, &pod.run.1)).or_default() += 1;
    }
    let mut text =
        head(NAME, "Pods of the run that sidecars hold up although their time is over; absent if there are none");
    for ((namespace, name), count) in counts {
        Lines::of(&mut text, NAME, namespace, name).value(Some(count));
    }
    text
}

fn status(run: &SidecarJob) -> Option<&SidecarJobStatus> {
    run.status.as_ref()
}

fn of(run: &SidecarJob, field: impl Fn(&SidecarJobStatus) -> Option<i32>) -> Option<i32> {
    status(run).and_then(field)
}

fn going_on(run: &SidecarJob, field: impl Fn(&SidecarJobStatus) -> Option<i32>) -> Option<i32> {
    of(run, field).filter(|_| !is(run, types::FINISHED))
}

fn is(run: &SidecarJob, type_: &str) -> bool {
    status(run).is_some_and(|status| when_true(&status.conditions, type_).is_some())
}

fn reason(run: &SidecarJob, lines: &mut Lines, type_: &str, all: &[&'static str]) {
    if let Some(condition) = status(run).and_then(|status| when_true(&status.conditions, type_)) {
        lines.with(&[("reason", known(&condition.reason, all))], 1);
    }
}

fn owner(run: &SidecarJob, lines: &mut Lines) {
    let owners = run.metadata.owner_references.iter().flatten();
    if let Some(owner) = owners.into_iter().find(|owner| owner.controller == Some(true)) {
        lines.with(&[("owner_kind", &owner.kind), ("owner_name", &owner.name), ("owner_is_controller", "true")], 1);
    }
}
