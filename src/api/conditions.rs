//! Every condition type, reason and event reason, with its meaning, and the messages with fixed text.
//!
//! Names are the Job's own if the Job has one, so that alerts, filters and people's habits go on working.

/// Condition types of a SidecarJob.
pub mod types {
    /// True: the result is success and can't change; sidecars may still be stopping.
    pub const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
    /// True: the result is failure and can't change; Pods may still be stopping.
    pub const FAILURE_TARGET: &str = "FailureTarget";
    /// True: the run is done and has succeeded; no container runs any more.
    pub const COMPLETE: &str = "Complete";
    /// True: the run is done and has failed; no container runs any more.
    pub const FAILED: &str = "Failed";
    /// True if Complete or Failed is True: `kubectl wait --for=condition=Finished` waits for both ends.
    pub const FINISHED: &str = "Finished";
    /// True while `spec.suspend` is true; False after a resume; absent if the run was never suspended.
    pub const SUSPENDED: &str = "Suspended";
    /// True until the run is finished or suspended: kstatus (Flux, Helm, kpt) takes it for "in progress".
    pub const RECONCILING: &str = "Reconciling";
    /// True: the run needs somebody's help to make progress: it failed, or the API server does not accept what the run
    /// needs (the API server rejects a Pod, or a webhook is down). kstatus takes it for "failed".
    pub const STALLED: &str = "Stalled";
    /// True: `spec.sidecars` names a container that is not in the Pod. A webhook may inject it later, or the name is a
    /// typo.
    pub const SIDECAR_MISSING: &str = "SidecarMissing";
    /// True: an admission webhook changed the sidecars or main containers of a Pod: the stored Pod differs from the sent
    /// one. If the sidecars can't be native any more, the run continues in managed mode.
    pub const POD_CHANGED: &str = "PodChanged";
    /// True: something other than the main containers delays the run; the message says what, and until when. False when
    /// the run is over.
    pub const WAITING: &str = "Waiting";
    /// For a SidecarCronJob. True: its schedule is valid. The results of its runs do not matter.
    pub const READY: &str = "Ready";
}

/// Reasons of conditions; most are also the reason of an event.
pub mod reasons {
    /// Complete: as many Pods succeeded as `spec.completions` asks for.
    pub const COMPLETIONS_REACHED: &str = "CompletionsReached";
    /// Failed: more Pods failed than `spec.backoffLimit` allows.
    pub const BACKOFF_LIMIT_EXCEEDED: &str = "BackoffLimitExceeded";
    /// Failed: `spec.activeDeadlineSeconds` passed.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
    /// Failed: a rule of `spec.podFailurePolicy` matched; the message names the Pod and the rule.
    pub const POD_FAILURE_POLICY: &str = "PodFailurePolicy";
    /// Failed: more indexes failed than `spec.maxFailedIndexes` allows.
    pub const MAX_FAILED_INDEXES_EXCEEDED: &str = "MaxFailedIndexesExceeded";
    /// Failed: all indexes are done, and some of them failed.
    pub const FAILED_INDEXES: &str = "FailedIndexes";
    /// Complete: a rule of `spec.successPolicy` matched; the message names the rule.
    pub const SUCCESS_POLICY: &str = "SuccessPolicy";
    /// Suspended=True.
    pub const JOB_SUSPENDED: &str = "JobSuspended";
    /// Suspended=False after a resume.
    pub const JOB_RESUMED: &str = "JobResumed";
    /// Reconciling=True in the CRD's default status: no controller has seen the object yet.
    pub const PENDING: &str = "Pending";
    /// Reconciling=True: the controller creates Pods, or Pods run.
    pub const RUNNING: &str = "Running";
    /// Reconciling=True: the result is known; sidecars or Pods are still stopping.
    pub const STOPPING: &str = "Stopping";
    /// Stalled=True: the API server rejects the Pods, or can't create them because a webhook is down; the message quotes
    /// the API server.
    pub const POD_REFUSED: &str = "PodRefused";
    /// Stalled=True, and a warning: something that the run or schedule needs failed more than once. The controller retries
    /// with growing waits. The message says what failed, and quotes the API server.
    pub const STEP_FAILED: &str = "StepFailed";
    /// Stalled=True, and a warning: `spec.successPolicy` has a rule that can't be met, or indexes that do not ascend. The
    /// run gets no Pods. Of a Job, the API server rejects such a policy.
    pub const INVALID_SUCCESS_POLICY: &str = "InvalidSuccessPolicy";
    /// Stalled=False: the step that failed has succeeded.
    pub const STEP_DONE: &str = "StepDone";
    /// Stalled=False: the API server accepts Pods again.
    pub const POD_ACCEPTED: &str = "PodAccepted";
    /// SidecarMissing=True: the name is not in the template, and there was no Pod yet.
    pub const NOT_IN_TEMPLATE: &str = "NotInTemplate";
    /// SidecarMissing=True: the controller created a Pod, and the Pod does not have the container either.
    pub const NOT_IN_POD: &str = "NotInPod";
    /// SidecarMissing=False: all Pods that the controller checked have all containers that `spec.sidecars` names.
    pub const ALL_FOUND: &str = "AllFound";
    /// For a Pod that the controller failed: a sidecar was not up within `start.deadlineSeconds`.
    pub const SIDECAR_START_DEADLINE_EXCEEDED: &str = "SidecarStartDeadlineExceeded";
    /// For a Pod that the controller failed: a sidecar restarted more often than `maxRestarts` allows.
    pub const SIDECAR_FAILED: &str = "SidecarFailed";
    /// PodChanged=True: a webhook removed `restartPolicy: Always` from a sidecar, so the sidecar is an init container
    /// that never ends.
    pub const RESTART_POLICY_STRIPPED: &str = "RestartPolicyStripped";
    /// PodChanged=True: a native sidecar is a plain container in the stored Pod.
    pub const SIDECAR_MADE_PLAIN: &str = "SidecarMadePlain";
    /// PodChanged=True: a sidecar of the template is missing in the stored Pod.
    pub const SIDECAR_REMOVED: &str = "SidecarRemoved";
    /// PodChanged=True: a main container has another image, command or arguments in the stored Pod.
    pub const MAIN_CONTAINER_CHANGED: &str = "MainContainerChanged";
    /// PodChanged=False: the API server stored the newest Pod as the controller sent it.
    pub const AS_SENT: &str = "AsSent";
    /// Waiting=True: the scheduler finds no node for the Pod; the message quotes the scheduler.
    pub const UNSCHEDULABLE: &str = "Unschedulable";
    /// Waiting=True: the kubelet can't pull a container's image, or the container's configuration does not exist.
    pub const CONTAINER_CANT_START: &str = "ContainerCantStart";
    /// Waiting=True: a sidecar is not up, and main containers wait for it.
    pub const SIDECAR_NOT_UP: &str = "SidecarNotUp";
    /// Waiting=True: the kubelet stops the Pod, and a container still runs.
    pub const SIDECAR_STOPPING: &str = "SidecarStopping";
    /// Waiting=True: a Pod should have ended, and its kubelet does not report the end. Its node may be gone.
    pub const KUBELET_SILENT: &str = "KubeletSilent";
    /// Waiting=False: the wait is over, or the run finished without it.
    pub const WAITED: &str = "Waited";
}

/// Event reasons that are not also the reason of a condition.
pub mod events {
    /// Normal: the controller created a Pod.
    pub const SUCCESSFUL_CREATE: &str = "SuccessfulCreate";
    /// Warning: the controller could not create a Pod; the note quotes the API server.
    pub const FAILED_CREATE: &str = "FailedCreate";
    /// Normal: the controller deleted a Pod.
    pub const SUCCESSFUL_DELETE: &str = "SuccessfulDelete";
    /// Normal: the run has ended, and the kubelet ends a Pod of the run that still ran; the Pod and its logs stay.
    pub const POD_ENDED: &str = "PodEnded";
    /// Warning: the controller could not delete a Pod.
    pub const FAILED_DELETE: &str = "FailedDelete";
    /// Normal: the SidecarJob is Complete.
    pub const COMPLETED: &str = "Completed";
    /// Normal: the controller stopped Pods because `spec.suspend` is true.
    pub const SUSPENDED: &str = "Suspended";
    /// Normal: `spec.suspend` is false again.
    pub const RESUMED: &str = "Resumed";
    /// Normal: a Pod's main containers are done, and the controller asked its plain sidecars to stop.
    pub const SIDECAR_STOP_REQUESTED: &str = "SidecarStopRequested";
    /// Normal: the controller asks one sidecar to stop, by the way that the note names.
    pub const STOPPING_SIDECAR: &str = "StoppingSidecar";
    /// Warning: one way to stop a sidecar failed; the controller tries the next way.
    pub const SIDECAR_STOP_FAILED: &str = "SidecarStopFailed";
    /// Warning: the controller lacks the permission for this way to stop a sidecar; one event for each namespace.
    pub const SIDECAR_STOP_FORBIDDEN: &str = "SidecarStopForbidden";
    /// Warning: the spec asks for something that the mode of the sidecars can't do; the note says what.
    pub const SIDECAR_LIMIT: &str = "SidecarLimit";
    /// Normal: the controller treats a container as a sidecar although `spec.sidecars` does not name it; the note says
    /// why.
    pub const TAKEN_AS_SIDECAR: &str = "TakenAsSidecar";
    /// Warning, about a Job: a Pod failed, or the Job did. The note says which container of which Pod ended how. A SidecarJob
    /// says this in its status; the status of a Job has no room.
    pub const POD_FAILED: &str = "PodFailed";
    /// Warning: this program does not know a Job's completionMode; the controller leaves the Job alone.
    pub const UNKNOWN_COMPLETION_MODE: &str = "UnknownCompletionMode";
    /// Warning: more Pods succeeded than `spec.completions` asks for.
    pub const TOO_MANY_SUCCEEDED_PODS: &str = "TooManySucceededPods";
}

/// Why a Pod or a container ended: the reasons that Kubernetes writes into a Pod's status.
pub mod pod {
    /// `status.reason` of a Failed Pod whose own `activeDeadlineSeconds` passed.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
    /// The reason of a container that exited with code 0.
    pub const COMPLETED: &str = "Completed";
    /// The reason of a container that exited with a code other than 0, and of which nothing else is known.
    pub const ERROR: &str = "Error";
    /// The reason of a container that the kernel killed because it used more memory than its limit.
    pub const OOM_KILLED: &str = "OOMKilled";
    /// Not Kubernetes' own, for `status.lastFailure`: somebody deleted the Pod before its main containers were done.
    pub const DELETED: &str = "PodDeleted";
}

/// Messages with fixed text.
pub mod messages {
    /// For `reasons::COMPLETIONS_REACHED`.
    pub const COMPLETIONS_REACHED: &str = "Reached expected number of succeeded pods";
    /// For `reasons::BACKOFF_LIMIT_EXCEEDED`.
    pub const BACKOFF_LIMIT_EXCEEDED: &str = "Job has reached the specified backoff limit";
    /// For `reasons::DEADLINE_EXCEEDED`.
    pub const DEADLINE_EXCEEDED: &str = "Job was active longer than specified deadline";
    /// For `reasons::MAX_FAILED_INDEXES_EXCEEDED`.
    pub const MAX_FAILED_INDEXES_EXCEEDED: &str = "Job has exceeded the specified maximal number of failed indexes";
    /// For `reasons::FAILED_INDEXES`.
    pub const FAILED_INDEXES: &str = "Job has failed indexes";
    /// For `reasons::JOB_SUSPENDED`.
    pub const JOB_SUSPENDED: &str = "Job suspended";
    /// For `reasons::JOB_RESUMED`.
    pub const JOB_RESUMED: &str = "Job resumed";
    /// For `events::COMPLETED`.
    pub const COMPLETED: &str = "Job completed";
    /// For `events::UNKNOWN_COMPLETION_MODE`.
    pub const UNKNOWN_COMPLETION_MODE: &str = "Skipped Job sync because completion mode is unknown";
    /// For `events::TOO_MANY_SUCCEEDED_PODS`.
    pub const TOO_MANY_SUCCEEDED_PODS: &str = "Too many succeeded pods running after completion count reached";
}

/// Reasons of a SidecarCronJob's conditions and events: CronJob's own, if CronJob has the event.
pub mod schedule {
    /// Ready=True.
    pub const SCHEDULED: &str = "Scheduled";
    /// Ready=True while `spec.suspend` is true.
    pub const SUSPENDED: &str = "Suspended";
    /// Ready=False, Stalled=True: a schedule or an exclusion has a syntax error.
    pub const UNPARSEABLE_SCHEDULE: &str = "UnparseableSchedule";
    /// Ready=False, Stalled=True: a schedule is valid and never fires, for example 31 February.
    pub const INVALID_SCHEDULE: &str = "InvalidSchedule";
    /// Ready=False, Stalled=True: the search for the next time takes too many steps. Nothing starts until the spec changes.
    pub const SCHEDULE_TOO_COMPLEX: &str = "ScheduleTooComplex";
    /// Ready=False, Stalled=True: a schedule contains TZ or CRON_TZ.
    pub const UNSUPPORTED_SCHEDULE: &str = "UnsupportedSchedule";
    /// Ready=False, Stalled=True: the time zone is unknown.
    pub const UNKNOWN_TIME_ZONE: &str = "UnknownTimeZone";
    /// Stalled=True: the API server rejects the run, or can't create it because a webhook is down; the message quotes
    /// the API server.
    pub const JOB_REFUSED: &str = "JobRefused";
    /// Stalled=False after it was True.
    pub const RECOVERED: &str = "Recovered";
    /// Event: the controller created a run.
    pub const SUCCESSFUL_CREATE: &str = "SuccessfulCreate";
    /// Event: the controller deleted a run.
    pub const SUCCESSFUL_DELETE: &str = "SuccessfulDelete";
    /// Event: the controller could not create a run.
    pub const FAILED_CREATE: &str = "FailedCreate";
    /// Event: the controller could not delete a run.
    pub const FAILED_DELETE: &str = "FailedDelete";
    /// Event: a run finished.
    pub const SAW_COMPLETED_JOB: &str = "SawCompletedJob";
    /// Event: a run of this schedule that the controller did not start.
    pub const UNEXPECTED_JOB: &str = "UnexpectedJob";
    /// Event: an unfinished run is gone, and the controller did not delete it.
    pub const MISSING_JOB: &str = "MissingJob";
    /// Event: a run is active and concurrencyPolicy is Forbid.
    pub const JOB_ALREADY_ACTIVE: &str = "JobAlreadyActive";
    /// Event: a time waits, because concurrencyPolicy is Queue.
    pub const JOB_QUEUED: &str = "JobQueued";
    /// Event: a time passed without a run.
    pub const MISS_SCHEDULE: &str = "MissSchedule";
    /// Event: the period of @every is shorter than a minute; at most one run starts each minute.
    pub const PERIOD_TOO_SHORT: &str = "PeriodTooShort";
    /// Event: more than 100 times passed without a run.
    pub const TOO_MANY_MISSED_TIMES: &str = "TooManyMissedTimes";

    /// Result of a run that is not finished.
    pub const ACTIVE: &str = "Active";
    /// Result of a run that the controller deleted to start the next one (concurrencyPolicy Replace).
    pub const REPLACED: &str = "Replaced";
    /// Result of a run that was gone before it was finished.
    pub const DELETED: &str = "Deleted";
    /// For `JOB_ALREADY_ACTIVE`.
    pub const ALREADY_ACTIVE: &str =
        "Not starting job because prior execution is running and concurrency policy is Forbid";
    /// For `TOO_MANY_MISSED_TIMES`.
    pub const TOO_MANY_MISSED: &str =
        "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
}
