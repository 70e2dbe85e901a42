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
    /// True: no progress without somebody's help: failed, or Pods are refused. kstatus reads "failed" from it.
    pub const STALLED: &str = "Stalled";
    /// True: `spec.sidecars` names a container that is not there. It may be injected later, or be a misspelling.
    pub const SIDECAR_MISSING: &str = "SidecarMissing";
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
    /// Stalled=True: the API server refuses the Pods; the message has its words.
    pub const POD_REFUSED: &str = "PodRefused";
    /// Stalled=False: Pods are accepted again.
    pub const POD_ACCEPTED: &str = "PodAccepted";
    /// SidecarMissing=True: the name is not in the template and no Pod has been seen yet.
    pub const NOT_IN_TEMPLATE: &str = "NotInTemplate";
    /// SidecarMissing=True: a Pod was created and does not have the container either.
    pub const NOT_IN_POD: &str = "NotInPod";
    /// SidecarMissing=False: the Pod has all containers that `spec.sidecars` names.
    pub const ALL_FOUND: &str = "AllFound";
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
    /// Warning: a Job's completionMode is one that this program does not know; it is left alone.
    pub const UNKNOWN_COMPLETION_MODE: &str = "UnknownCompletionMode";
    /// Warning: more Pods succeeded than `spec.completions` asks for.
    pub const TOO_MANY_SUCCEEDED_PODS: &str = "TooManySucceededPods";
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
