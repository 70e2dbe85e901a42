//! Every condition type, reason and event reason, with its meaning and what to do, and the messages with fixed text.
//!
//! Names are the Job's own if the Job has one, so that alerts, filters and people's habits go on working.
//! `tests/reference.rs` makes docs/reference of these comments. `Event:` says that the word is also the reason of an event,
//! and of which type.

/// Condition types of a SidecarJob.
pub mod types {
    /// True: the result is success and can't change; sidecars may still be stopping.
    /// What to do: nothing.
    pub const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
    /// True: the result is failure and can't change; Pods may still be stopping.
    /// What to do: read the message, or wait for Failed, which has the same message.
    pub const FAILURE_TARGET: &str = "FailureTarget";
    /// True: the run is done and has succeeded; no container runs any more.
    /// What to do: nothing.
    pub const COMPLETE: &str = "Complete";
    /// True: the run is done and has failed; no container runs any more.
    /// What to do: read `status.message` and `status.lastFailure`, correct the cause, and create a new SidecarJob.
    pub const FAILED: &str = "Failed";
    /// True if Complete or Failed is True: `kubectl wait --for=condition=Finished` waits for both ends.
    /// What to do: look at Complete and Failed.
    pub const FINISHED: &str = "Finished";
    /// True while `spec.suspend` is true; False after a resume; absent if the run was never suspended.
    /// What to do: set `spec.suspend` to false when the run may go on.
    pub const SUSPENDED: &str = "Suspended";
    /// True until the run is finished or suspended: kstatus (Flux, Helm, kpt) takes it for "in progress".
    /// What to do: wait.
    pub const RECONCILING: &str = "Reconciling";
    /// True: the run needs somebody's help to make progress: it failed, or the API server does not accept what the run
    /// needs (the API server rejects a Pod, or a webhook is down). kstatus takes it for "failed", unless Reconciling is True
    /// too.
    /// What to do: read the reason and the message. While Reconciling is True, the controller goes on trying.
    pub const STALLED: &str = "Stalled";
    /// True: `spec.sidecars` names a container that is not in the Pod. A webhook may inject it later, or the name is a
    /// typo.
    /// Event: Warning.
    /// What to do: correct the name, or find out why the webhook did not inject the container.
    pub const SIDECAR_MISSING: &str = "SidecarMissing";
    /// True: an admission webhook changed the sidecars or main containers of a Pod: the stored Pod differs from the sent
    /// one. If the sidecars can't be native any more, the run continues in managed mode.
    /// What to do: read the message; correct the webhook if the message asks for it.
    pub const POD_CHANGED: &str = "PodChanged";
    /// True: something other than the main containers delays the run; the message says what, and until when. False when
    /// the run is over.
    /// What to do: read the reason and the message.
    pub const WAITING: &str = "Waiting";
    /// For a SidecarCronJob. True: its schedule is valid. The results of its runs do not matter.
    /// What to do: if it is False, read Stalled.
    pub const READY: &str = "Ready";
}

/// Reasons of conditions; most are also the reason of an event.
pub mod reasons {
    /// Complete: as many Pods succeeded as `spec.completions` asks for.
    /// What to do: nothing.
    pub const COMPLETIONS_REACHED: &str = "CompletionsReached";
    /// Failed: more Pods failed than `spec.backoffLimit` allows.
    /// Event: Warning.
    /// What to do: the message names the container and how it ended. Correct the cause, or raise `spec.backoffLimit`.
    pub const BACKOFF_LIMIT_EXCEEDED: &str = "BackoffLimitExceeded";
    /// Failed: `spec.activeDeadlineSeconds` passed.
    /// Event: Warning.
    /// What to do: find out what took so long, or raise `spec.activeDeadlineSeconds`.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
    /// Failed: a rule of `spec.podFailurePolicy` matched; the message names the Pod and the rule.
    /// Event: Warning.
    /// What to do: correct the cause, or the rule.
    pub const POD_FAILURE_POLICY: &str = "PodFailurePolicy";
    /// Failed: more indexes failed than `spec.maxFailedIndexes` allows.
    /// Event: Warning.
    /// What to do: look at `status.failedIndexes` and at the message.
    pub const MAX_FAILED_INDEXES_EXCEEDED: &str = "MaxFailedIndexesExceeded";
    /// Failed: all indexes are done, and some of them failed.
    /// Event: Warning.
    /// What to do: look at `status.failedIndexes`; run these indexes again in a new SidecarJob.
    pub const FAILED_INDEXES: &str = "FailedIndexes";
    /// Failed: `spec.successPolicy` has a rule that can't be met, or indexes that do not ascend. The run fails before its first
    /// Pod. Of a Job, the API server rejects such a policy.
    /// Event: Warning.
    /// What to do: correct `spec.successPolicy` in a new SidecarJob.
    pub const INVALID_SUCCESS_POLICY: &str = "InvalidSuccessPolicy";
    /// Complete: a rule of `spec.successPolicy` matched; the message names the rule.
    /// What to do: nothing.
    pub const SUCCESS_POLICY: &str = "SuccessPolicy";
    /// Suspended=True.
    /// What to do: set `spec.suspend` to false when the run may go on.
    pub const JOB_SUSPENDED: &str = "JobSuspended";
    /// Suspended=False after a resume.
    /// What to do: nothing.
    pub const JOB_RESUMED: &str = "JobResumed";
    /// Reconciling=True in the CRD's default status: no controller has seen the object yet.
    /// What to do: wait. If it stays, no controller runs, or `spec.managedBy` names another one.
    pub const PENDING: &str = "Pending";
    /// Reconciling=True: the controller creates Pods, or Pods run.
    /// What to do: wait; if the condition Waiting is True, the message there says for what.
    pub const RUNNING: &str = "Running";
    /// Reconciling=True: the result is known; sidecars or Pods are still stopping.
    /// What to do: wait. If it stays, the condition Waiting says which sidecar still runs.
    pub const STOPPING: &str = "Stopping";
    /// Stalled=True: the API server rejects the Pods, or can't create them because a webhook is down; the message quotes
    /// the API server.
    /// What to do: correct what the API server complains about: a quota, a policy, the Pod template, a webhook that is
    /// down.
    pub const POD_REFUSED: &str = "PodRefused";
    /// Stalled=True, and a warning: something that the run or schedule needs failed more than once. The controller retries
    /// with growing waits. The message says what failed, and quotes the API server.
    /// Event: Warning.
    /// What to do: correct what the message says. The controller tries again at least once a minute.
    pub const STEP_FAILED: &str = "StepFailed";
    /// Stalled=False: the step that failed has succeeded.
    /// What to do: nothing.
    pub const STEP_DONE: &str = "StepDone";
    /// Stalled=False: the API server accepts Pods again.
    /// What to do: nothing.
    pub const POD_ACCEPTED: &str = "PodAccepted";
    /// SidecarMissing=True: the name is not in the template, and there was no Pod yet.
    /// What to do: correct the name in `spec.sidecars`. If a webhook injects the container, wait for the first Pod.
    pub const NOT_IN_TEMPLATE: &str = "NotInTemplate";
    /// SidecarMissing=True: the controller created a Pod, and the Pod does not have the container either.
    /// What to do: correct the name in `spec.sidecars`, or find out why the webhook did not inject the container.
    pub const NOT_IN_POD: &str = "NotInPod";
    /// SidecarMissing=False: all Pods that the controller checked have all containers that `spec.sidecars` names.
    /// What to do: nothing.
    pub const ALL_FOUND: &str = "AllFound";
    /// For a Pod that the controller failed: a sidecar was not up within `start.deadlineSeconds`.
    /// Event: Warning.
    /// What to do: look at the log of the sidecar and at its startup probe, or raise `start.deadlineSeconds`.
    pub const SIDECAR_START_DEADLINE_EXCEEDED: &str = "SidecarStartDeadlineExceeded";
    /// For a Pod that the controller failed: a sidecar restarted more often than `maxRestarts` allows.
    /// Event: Warning.
    /// What to do: look at the log of the sidecar, or raise `maxRestarts`.
    pub const SIDECAR_FAILED: &str = "SidecarFailed";
    /// PodChanged=True: a webhook removed `restartPolicy: Always` from a sidecar, so the sidecar is an init container
    /// that never ends.
    /// Event: Warning.
    /// What to do: update the webhook, or install our admission policy, which puts the field back.
    pub const RESTART_POLICY_STRIPPED: &str = "RestartPolicyStripped";
    /// PodChanged=True: a native sidecar is a plain container in the stored Pod.
    /// Event: Warning.
    /// What to do: nothing: the run goes on in managed mode. Correct the webhook to have native sidecars.
    pub const SIDECAR_MADE_PLAIN: &str = "SidecarMadePlain";
    /// PodChanged=True: a sidecar of the template is missing in the stored Pod.
    /// Event: Warning.
    /// What to do: correct the webhook, or take the sidecar out of the template.
    pub const SIDECAR_REMOVED: &str = "SidecarRemoved";
    /// PodChanged=True: a main container has another image, command or arguments in the stored Pod.
    /// Event: Warning.
    /// What to do: compare the Pod with the template; correct the webhook if the change is not meant.
    pub const MAIN_CONTAINER_CHANGED: &str = "MainContainerChanged";
    /// PodChanged=False: the API server stored the newest Pod as the controller sent it.
    /// What to do: nothing.
    pub const AS_SENT: &str = "AsSent";
    /// Waiting=True: the scheduler finds no node for the Pod; the message quotes the scheduler.
    /// What to do: give the cluster room, or change what the template asks for: resources, node selector, tolerations.
    pub const UNSCHEDULABLE: &str = "Unschedulable";
    /// Waiting=True: the kubelet can't pull a container's image, or the container's configuration does not exist.
    /// What to do: correct the image, the secret that pulls the image, or the ConfigMap or Secret that the container
    /// names.
    pub const CONTAINER_CANT_START: &str = "ContainerCantStart";
    /// Waiting=True: a sidecar is not up, and main containers wait for it.
    /// What to do: look at the log of the sidecar and at its startup probe.
    pub const SIDECAR_NOT_UP: &str = "SidecarNotUp";
    /// Waiting=True: the kubelet stops the Pod, and a container still runs.
    /// What to do: wait for the grace period. If that is too long, handle SIGTERM in the container, or set
    /// `stop.gracePeriodSeconds`.
    pub const SIDECAR_STOPPING: &str = "SidecarStopping";
    /// Waiting=True: a Pod should have ended, and its kubelet does not report the end. Its node may be gone.
    /// What to do: look at the node. If the node is gone, delete the Node object or the Pod.
    pub const KUBELET_SILENT: &str = "KubeletSilent";
    /// Waiting=False: the wait is over, or the run finished without it.
    /// What to do: nothing.
    pub const WAITED: &str = "Waited";
}

/// Event reasons that are not also the reason of a condition.
pub mod events {
    /// Normal: the controller created a Pod.
    /// What to do: nothing.
    pub const SUCCESSFUL_CREATE: &str = "SuccessfulCreate";
    /// Warning: the controller could not create a Pod; the note quotes the API server.
    /// What to do: correct what the API server complains about. The controller tries again.
    pub const FAILED_CREATE: &str = "FailedCreate";
    /// Normal: the controller deleted a Pod.
    /// What to do: nothing.
    pub const SUCCESSFUL_DELETE: &str = "SuccessfulDelete";
    /// Normal: the run has ended, and the kubelet ends a Pod of the run that still ran; the Pod and its logs stay.
    /// What to do: nothing.
    pub const POD_ENDED: &str = "PodEnded";
    /// Warning: the controller could not delete a Pod.
    /// What to do: correct what the API server complains about. The controller tries again.
    pub const FAILED_DELETE: &str = "FailedDelete";
    /// Normal: the SidecarJob is Complete.
    /// What to do: nothing.
    pub const COMPLETED: &str = "Completed";
    /// Normal: the controller stopped Pods because `spec.suspend` is true.
    /// What to do: nothing.
    pub const SUSPENDED: &str = "Suspended";
    /// Normal: `spec.suspend` is false again.
    /// What to do: nothing.
    pub const RESUMED: &str = "Resumed";
    /// Normal: a Pod's main containers are done, and the controller asked its plain sidecars to stop.
    /// What to do: nothing.
    pub const SIDECAR_STOP_REQUESTED: &str = "SidecarStopRequested";
    /// Normal: the controller asks one sidecar to stop, by the way that the note names.
    /// What to do: nothing.
    pub const STOPPING_SIDECAR: &str = "StoppingSidecar";
    /// Warning: one way to stop a sidecar failed; the controller tries the next way.
    /// What to do: correct the port, the path or the command in the sidecar's `stop`.
    pub const SIDECAR_STOP_FAILED: &str = "SidecarStopFailed";
    /// Warning: the controller lacks the permission for this way to stop a sidecar; one event for each namespace.
    /// What to do: install the component for this way to stop: docs/permissions.md has the list.
    pub const SIDECAR_STOP_FORBIDDEN: &str = "SidecarStopForbidden";
    /// Warning: the spec asks for something that the mode of the sidecars can't do; the note says what.
    /// What to do: change the spec, or the mode.
    pub const SIDECAR_LIMIT: &str = "SidecarLimit";
    /// Warning: a range of `spec.completedIndexes` ends before it begins, as 5-3 does, so no index is in it; the indexes run.
    /// What to do: if the indexes have succeeded, delete the run and write the range the other way round in a new one.
    pub const COMPLETED_INDEXES_REVERSED: &str = "CompletedIndexesReversed";
    /// Normal: the controller treats a container as a sidecar although `spec.sidecars` does not name it; the note says
    /// why.
    /// What to do: nothing; name the container in `spec.sidecars` to make this explicit.
    pub const TAKEN_AS_SIDECAR: &str = "TakenAsSidecar";
    /// Warning, about a Job: a Pod failed, or the Job did. The note says which container of which Pod ended how. A SidecarJob
    /// says this in its status; the status of a Job has no room.
    /// What to do: correct what the note says.
    pub const POD_FAILED: &str = "PodFailed";
    /// Warning, about a Job: this program does not know its completionMode; the controller leaves the Job alone.
    /// What to do: update the controller, or correct `spec.completionMode`.
    pub const UNKNOWN_COMPLETION_MODE: &str = "UnknownCompletionMode";
    /// Warning: more Pods succeeded than `spec.completions` asks for.
    /// What to do: nothing; Pods that ran at the same time succeeded together.
    pub const TOO_MANY_SUCCEEDED_PODS: &str = "TooManySucceededPods";
}

/// Why a Pod or a container ended: the reasons that Kubernetes writes into a Pod's status.
pub mod pod {
    /// `status.reason` of a Failed Pod whose own `activeDeadlineSeconds` passed.
    /// What to do: raise `activeDeadlineSeconds` of the Pod template.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
    /// The reason of a container that exited with code 0.
    /// What to do: nothing.
    pub const COMPLETED: &str = "Completed";
    /// The reason of a container that exited with a code other than 0, and of which nothing else is known.
    /// What to do: look at the container's log and exit code.
    pub const ERROR: &str = "Error";
    /// The reason of a container that the kernel killed because it used more memory than its limit.
    /// What to do: raise the memory limit of the container.
    pub const OOM_KILLED: &str = "OOMKilled";
    /// Not Kubernetes' own, for `status.lastFailure`: somebody deleted the Pod before its main containers were done.
    /// What to do: find out who deletes Pods: a drain of the node, a preemption, a person.
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

pub mod schedule;
