//! Every condition type, reason and event reason, with its meaning, and the messages that are fixed words.
//!
//! Names are the Job's own where the Job has one, so that alerts, filters and eyes go on working.

/// Condition types of a SidecarJob.
pub mod types {
    /// True: the result is success and will stay so; sidecars may still be draining.
    pub const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
    /// True: the result is failure and will stay so; Pods may still be ending.
    pub const FAILURE_TARGET: &str = "FailureTarget";
    /// True: done and succeeded; nothing runs any more.
    pub const COMPLETE: &str = "Complete";
    /// True: done and failed; nothing runs any more.
    pub const FAILED: &str = "Failed";
    /// True with either Complete or Failed: `kubectl wait --for=condition=Finished` waits for both ends.
    pub const FINISHED: &str = "Finished";
    /// True while `spec.suspend` is; False after a resume; absent when never suspended.
    pub const SUSPENDED: &str = "Suspended";
    /// True until finished or suspended: kstatus (Flux, Helm, kpt) reads "in progress" from it.
    pub const RECONCILING: &str = "Reconciling";
    /// True: no progress without somebody's help: failed, or the API server does not take what the run needs (a Pod is
    /// refused, a webhook is down). kstatus reads "failed" from it.
    pub const STALLED: &str = "Stalled";
    /// True: `spec.sidecars` names a container that is not there. It may be injected later, or be a misspelling.
    pub const SIDECAR_MISSING: &str = "SidecarMissing";
    /// True: a Pod came back from the API server with other sidecars or main containers than it was sent with, since an
    /// admission webhook changed it. If its sidecars can't be native any more, the run goes on in managed mode.
    pub const POD_CHANGED: &str = "PodChanged";
    /// True: something outside of the main containers holds the run up; the message says what is waited for and until when.
    /// False when the run is over.
    pub const WAITING: &str = "Waiting";
    /// Of a SidecarCronJob. True: its schedule is understood; how its runs end has no part in it.
    pub const READY: &str = "Ready";
}

/// Reasons of conditions; most are the reason of an event too.
pub mod reasons {
    /// Complete: as many Pods succeeded as `spec.completions` asks for.
    pub const COMPLETIONS_REACHED: &str = "CompletionsReached";
    /// Failed: more Pods failed than `spec.backoffLimit` allows.
    pub const BACKOFF_LIMIT_EXCEEDED: &str = "BackoffLimitExceeded";
    /// Failed: `spec.activeDeadlineSeconds` passed.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
    /// Failed: a rule of `spec.podFailurePolicy` says so; the message names the Pod and the rule.
    pub const POD_FAILURE_POLICY: &str = "PodFailurePolicy";
    /// Failed: more indexes failed than `spec.maxFailedIndexes` allows.
    pub const MAX_FAILED_INDEXES_EXCEEDED: &str = "MaxFailedIndexesExceeded";
    /// Failed: all indexes are done, and some of them failed.
    pub const FAILED_INDEXES: &str = "FailedIndexes";
    /// Complete: a rule of `spec.successPolicy` is met; the message names it.
    pub const SUCCESS_POLICY: &str = "SuccessPolicy";
    /// Suspended=True.
    pub const JOB_SUSPENDED: &str = "JobSuspended";
    /// Suspended=False after a resume.
    pub const JOB_RESUMED: &str = "JobResumed";
    /// Reconciling=True in the CRD's default status: no controller has seen the object yet.
    pub const PENDING: &str = "Pending";
    /// Reconciling=True: Pods are being created or are running.
    pub const RUNNING: &str = "Running";
    /// Reconciling=True: the result is known, sidecars or Pods are still ending.
    pub const STOPPING: &str = "Stopping";
    /// Stalled=True: the API server does not take the Pods, or can't, since a webhook is down; the message has its words.
    pub const POD_REFUSED: &str = "PodRefused";
    /// Stalled=True, and a warning: something that the run or schedule needs failed more than once, and is tried again with
    /// a wait that grows; the message says what it was and has the API server's words.
    pub const STEP_FAILED: &str = "StepFailed";
    /// Stalled=False: what failed has worked.
    pub const STEP_DONE: &str = "StepDone";
    /// Stalled=False: Pods are accepted again.
    pub const POD_ACCEPTED: &str = "PodAccepted";
    /// SidecarMissing=True: the name is not in the template and no Pod has been seen yet.
    pub const NOT_IN_TEMPLATE: &str = "NotInTemplate";
    /// SidecarMissing=True: a Pod was created and does not have the container either.
    pub const NOT_IN_POD: &str = "NotInPod";
    /// SidecarMissing=False: all Pods that were looked at have all containers that `spec.sidecars` names.
    pub const ALL_FOUND: &str = "AllFound";
    /// Of a Pod that the controller failed: a sidecar was not up within `start.deadlineSeconds`.
    pub const SIDECAR_START_DEADLINE_EXCEEDED: &str = "SidecarStartDeadlineExceeded";
    /// Of a Pod that the controller failed: a sidecar was started again more often than `maxRestarts` allows.
    pub const SIDECAR_FAILED: &str = "SidecarFailed";
    /// PodChanged=True: `restartPolicy: Always` was taken from a sidecar, which makes it an init container that never ends.
    pub const RESTART_POLICY_STRIPPED: &str = "RestartPolicyStripped";
    /// PodChanged=True: a native sidecar came back as a plain container.
    pub const SIDECAR_MADE_PLAIN: &str = "SidecarMadePlain";
    /// PodChanged=True: a sidecar of the template is not in the Pod any more.
    pub const SIDECAR_REMOVED: &str = "SidecarRemoved";
    /// PodChanged=True: a main container came back with another image, command or arguments.
    pub const MAIN_CONTAINER_CHANGED: &str = "MainContainerChanged";
    /// PodChanged=False: the newest Pod came back as it was sent.
    pub const AS_SENT: &str = "AsSent";
    /// Waiting=True: no node takes the Pod; the scheduler's words are in the message.
    pub const UNSCHEDULABLE: &str = "Unschedulable";
    /// Waiting=True: a container's image can't be pulled, or its configuration is not there.
    pub const CONTAINER_CANT_START: &str = "ContainerCantStart";
    /// Waiting=True: a sidecar is not up, and main containers wait for it.
    pub const SIDECAR_NOT_UP: &str = "SidecarNotUp";
    /// Waiting=True: the kubelet stops the Pod, and a container goes on.
    pub const SIDECAR_STOPPING: &str = "SidecarStopping";
    /// Waiting=True: a Pod should have ended; its kubelet does not say so, so its node may be gone.
    pub const KUBELET_SILENT: &str = "KubeletSilent";
    /// Waiting=False: it has come, or is not waited for any more.
    pub const WAITED: &str = "Waited";
}

/// Event reasons that are no condition's reason.
pub mod events {
    /// Normal: a Pod was created.
    pub const SUCCESSFUL_CREATE: &str = "SuccessfulCreate";
    /// Warning: a Pod could not be created; the note has the server's words.
    pub const FAILED_CREATE: &str = "FailedCreate";
    /// Normal: a Pod was deleted.
    pub const SUCCESSFUL_DELETE: &str = "SuccessfulDelete";
    /// Warning: a Pod could not be deleted.
    pub const FAILED_DELETE: &str = "FailedDelete";
    /// Normal: the SidecarJob is Complete.
    pub const COMPLETED: &str = "Completed";
    /// Normal: Pods were stopped since `spec.suspend` is true.
    pub const SUSPENDED: &str = "Suspended";
    /// Normal: `spec.suspend` is false again.
    pub const RESUMED: &str = "Resumed";
    /// Normal: a Pod's main containers are done; its plain sidecars were asked to stop.
    pub const SIDECAR_STOP_REQUESTED: &str = "SidecarStopRequested";
    /// Normal: one sidecar is asked to stop, by the way that the note names.
    pub const STOPPING_SIDECAR: &str = "StoppingSidecar";
    /// Warning: a sidecar could not be asked in one way; the next is tried.
    pub const SIDECAR_STOP_FAILED: &str = "SidecarStopFailed";
    /// Warning: the controller has not the right to ask in this way; said once for each namespace.
    pub const SIDECAR_STOP_FORBIDDEN: &str = "SidecarStopForbidden";
    /// Warning: the mode in which the sidecars run can't keep something that the spec asks for; the note says what.
    pub const SIDECAR_LIMIT: &str = "SidecarLimit";
    /// Normal: a container is taken as a sidecar although `spec.sidecars` does not name it; the note says why.
    pub const TAKEN_AS_SIDECAR: &str = "TakenAsSidecar";
    /// Warning: a Job's completionMode is one that this program does not know; it is left alone.
    pub const UNKNOWN_COMPLETION_MODE: &str = "UnknownCompletionMode";
    /// Warning: more Pods succeeded than `spec.completions` asks for.
    pub const TOO_MANY_SUCCEEDED_PODS: &str = "TooManySucceededPods";
}

/// Kubernetes' words in a Pod's status.
pub mod pod {
    /// `status.reason` of a Failed Pod whose own `activeDeadlineSeconds` passed.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
}

/// Messages that are the same words each time.
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

/// Reasons of a SidecarCronJob's conditions and events; where CronJob has the event, its word.
pub mod schedule {
    /// Ready=True.
    pub const SCHEDULED: &str = "Scheduled";
    /// Ready=True while `spec.suspend` is true.
    pub const SUSPENDED: &str = "Suspended";
    /// Ready=False, Stalled=True: a schedule or an exclusion can't be read.
    pub const UNPARSEABLE_SCHEDULE: &str = "UnparseableSchedule";
    /// Ready=False, Stalled=True: it can be read and never fires, as 31 February.
    pub const INVALID_SCHEDULE: &str = "InvalidSchedule";
    /// Ready=False, Stalled=True: TZ or CRON_TZ in a schedule.
    pub const UNSUPPORTED_SCHEDULE: &str = "UnsupportedSchedule";
    /// Ready=False, Stalled=True: the time zone is not known.
    pub const UNKNOWN_TIME_ZONE: &str = "UnknownTimeZone";
    /// Stalled=True: the API server does not take the run, or can't, since a webhook is down; the message has its words.
    pub const JOB_REFUSED: &str = "JobRefused";
    /// Stalled=False after it was True.
    pub const RECOVERED: &str = "Recovered";
    /// Event: a run was created.
    pub const SUCCESSFUL_CREATE: &str = "SuccessfulCreate";
    /// Event: a run was deleted.
    pub const SUCCESSFUL_DELETE: &str = "SuccessfulDelete";
    /// Event: a run could not be created.
    pub const FAILED_CREATE: &str = "FailedCreate";
    /// Event: a run could not be deleted.
    pub const FAILED_DELETE: &str = "FailedDelete";
    /// Event: a run finished.
    pub const SAW_COMPLETED_JOB: &str = "SawCompletedJob";
    /// Event: a run of ours that the controller did not start.
    pub const UNEXPECTED_JOB: &str = "UnexpectedJob";
    /// Event: a run is gone, was not finished, and it was not the controller that deleted it.
    pub const MISSING_JOB: &str = "MissingJob";
    /// Event: a run is active and concurrencyPolicy is Forbid.
    pub const JOB_ALREADY_ACTIVE: &str = "JobAlreadyActive";
    /// Event: a time waits, since concurrencyPolicy is Queue.
    pub const JOB_QUEUED: &str = "JobQueued";
    /// Event: a time passed without a run.
    pub const MISS_SCHEDULE: &str = "MissSchedule";
    /// Event: @every names a period shorter than a minute; at most one run a minute starts.
    pub const PERIOD_TOO_SHORT: &str = "PeriodTooShort";
    /// Event: more than 100 times passed without a run.
    pub const TOO_MANY_MISSED_TIMES: &str = "TooManyMissedTimes";

    /// Result of a run that is not finished.
    pub const ACTIVE: &str = "Active";
    /// Result of a run that the controller deleted for the next one.
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
