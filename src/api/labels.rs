//! Every label, annotation, finalizer and manager name, with its meaning. No other file may contain these literals.

/// Label on each Pod: the name of its SidecarJob, for `kubectl get pods -l sidecarjob.dev/name=NAME`. The name of an
/// object that is older than the limit on names may be too long for a label value (63 characters). The Pods of such an
/// object lack this label, and have `UID` as all others.
pub const NAME: &str = "sidecarjob.dev/name";

/// Label on each Pod: the UID of its SidecarJob. `status.selector` selects by this label.
pub const UID: &str = "sidecarjob.dev/uid";

/// Kubernetes' own label on each Pod of a batch/v1 Job: the UID of the Job. The API server writes the selector of a Job by
/// this label.
pub const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";

/// The name of `CONTROLLER_UID` before Kubernetes 1.27. Jobs that are older select by it.
pub const LEGACY_CONTROLLER_UID: &str = "controller-uid";

/// The labels by which a run selects its Pods, unless the run has a selector of its own. The value is the run's UID.
pub const UID_LABELS: [&str; 3] = [UID, CONTROLLER_UID, LEGACY_CONTROLLER_UID];

/// Label on each Pod: the number of the Pod within its SidecarJob, counted from 0 in the order of creation. The Pod's
/// name is computed from this number, so the API server rejects a second create of the same Pod.
pub const ATTEMPT: &str = "sidecarjob.dev/attempt";

/// Annotation on each Pod: its main containers, separated by commas. Users may set it on any Pod template: the admission
/// policy of `config/components/policy` reads it and makes every other container a native sidecar.
pub const MAIN: &str = "sidecarjob.dev/main";

/// Annotation on each Pod: the names of its sidecars, separated by commas. The admission policy reads it to put back a
/// `restartPolicy` that a webhook removed, and adds the containers that it makes sidecars. On a batch/v1 Job with our
/// `spec.managedBy`, or on its Pod template, users name the sidecars in it.
pub const SIDECARS: &str = "sidecarjob.dev/sidecars";

/// Annotation on a Pod, set by the admission policy: the containers that the policy moved behind the init containers.
pub const MOVED: &str = "sidecarjob.dev/moved";

/// Annotation on a Pod: `Main` if a container that the spec does not name is a main container
/// (`spec.injectedContainers`). The admission policy then moves only the containers that `SIDECARS` names.
pub const INJECTED_CONTAINERS: &str = "sidecarjob.dev/injected-containers";

/// Annotation on a Pod, set by the optional admission policy of `config/components/well-known-sidecars`: the sidecars
/// that the policy recognised by name and image. On a Namespace: more names that are well known there.
pub const WELL_KNOWN: &str = "sidecarjob.dev/well-known";

/// Label on a Namespace, value `enabled`: Pods of Jobs there need no annotation for well-known sidecars.
pub const WELL_KNOWN_SIDECARS: &str = "sidecarjob.dev/well-known-sidecars";

/// Kueue's label: the queue of the Job. Kueue suspends and resumes Jobs, and does not know our kinds.
pub const KUEUE_QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// kubectl's annotation: the container that `kubectl logs POD` and `kubectl exec POD` use without `-c`.
pub const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Finalizer on each Pod that is not counted yet. Without it, a Pod that somebody deletes at the wrong moment would never
/// be counted (KEP-2307). It is our own finalizer, so that the built-in Job controller leaves these Pods alone.
pub const TRACKING_FINALIZER: &str = "sidecarjob.dev/job-tracking";

/// The finalizer on the Pods of a batch/v1 Job: Kubernetes' own, because tools and the Pod garbage collector know it.
pub const BATCH_TRACKING_FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// Annotation and label on each Pod of an Indexed run: its index. Kubernetes' own name.
pub const COMPLETION_INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// The environment variable in which a Pod's containers find its index. Kubernetes' own name.
pub const COMPLETION_INDEX_ENV: &str = "JOB_COMPLETION_INDEX";

/// Annotation on each Pod of a run with backoffLimitPerIndex: how many Pods of its index failed before it (KEP-3850).
pub const INDEX_FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-failure-count";

/// How many Pods of its index failed before it and were ignored by podFailurePolicy; absent if there were none.
pub const INDEX_IGNORED_FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// The value of `spec.managedBy` for objects that this controller reconciles. An absent field means the same for our own
/// kinds (KEP-4368).
pub const CONTROLLER: &str = "sidecarjob.dev/controller";

/// The value of `spec.managedBy` for the controller in Kubernetes.
pub const BUILT_IN_CONTROLLER: &str = "kubernetes.io/job-controller";

/// The source of events about a batch/v1 Job that people and tools look for: the built-in controller's name.
pub const JOB_EVENT_SOURCE: &str = "job-controller";

/// The name under which this program writes: field manager, event reporter, user agent, lease.
pub const FIELD_MANAGER: &str = "sidecarjob-controller";

/// Label on each SidecarJob of a SidecarCronJob: the name of the SidecarCronJob. The controller finds the runs by this
/// label.
pub const SCHEDULE: &str = "sidecarjob.dev/schedule";

/// CronJob's annotation on each run: the scheduled time, RFC 3339, in the time zone of the schedule.
pub const SCHEDULED_TIMESTAMP: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// kubectl's annotation on a run that somebody started by hand.
pub const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";

/// The value of `INSTANTIATE`.
pub const MANUAL: &str = "manual";

/// Annotation on a run that somebody started by hand: who started it, when, and with which overrides, as JSON.
pub const STARTED_BY: &str = "sidecarjob.dev/started-by";

/// Annotation on a run that somebody stopped by `stop`: who, when, and what the fields of the spec were that `stop`
/// changed, as JSON. A new run of the same spec gets these fields back.
pub const STOPPED_BY: &str = "sidecarjob.dev/stopped-by";

/// kubectl's annotation: the object as it was applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Kubernetes' labels on each Pod of a batch/v1 Job, new and old, with the name of the Job.
pub const JOB_NAMES: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// The labels in a Pod template that belong to one run: its UID and, for a Job, its name.
pub const LABELS_OF_ONE_RUN: [&str; 5] = [UID, CONTROLLER_UID, LEGACY_CONTROLLER_UID, JOB_NAMES[0], JOB_NAMES[1]];

/// Annotations that describe one run of a SidecarCronJob. The controller, or the user who starts a run by hand, writes
/// and reads them. Runs do not get them from `spec.jobTemplate`.
pub const OF_ONE_RUN: [&str; 4] = [SCHEDULED_TIMESTAMP, INSTANTIATE, STARTED_BY, STOPPED_BY];

/// Annotation on an object in a manifest or in the cluster: findings that `lint` does not report of the object, separated by
/// commas.
pub const LINT_IGNORE: &str = "sidecarjob.dev/lint-ignore";

/// Annotation on a Pod whose sidecars are not native: `managed`. The controller stops these sidecars, and the admission
/// policy does not change the Pod.
pub const MODE: &str = "sidecarjob.dev/mode";

/// The value of `MODE`.
pub const MANAGED: &str = "managed";

/// Annotation on a Pod: since when the controller stops the Pod's sidecars, or, beside `FAILED`, when the controller failed
/// the Pod (RFC 3339). The turn of each sidecar follows from this time, also after a restart of the controller. In a Pod
/// that the controller failed, only main containers that succeeded before this time make the Pod a success.
pub const STOPPING_SINCE: &str = "sidecarjob.dev/stopping-since";

/// Annotation on a Pod that the controller fails because of its sidecars: the reason, from `conditions::reasons`.
pub const FAILED: &str = "sidecarjob.dev/failed";

/// Annotations that describe one Pod. The controller or the admission policy writes and reads them. Pods do not get them
/// from the Pod template, which may be a copy of a Pod. The controller always sets `MAIN` and `SIDECARS` anew.
pub const OF_ONE_POD: [&str; 9] = [
    MOVED,
    INJECTED_CONTAINERS,
    WELL_KNOWN,
    MODE,
    STOPPING_SINCE,
    FAILED,
    COMPLETION_INDEX,
    INDEX_FAILURE_COUNT,
    INDEX_IGNORED_FAILURE_COUNT,
];

/// The names in [`MAIN`] or [`SIDECARS`]: commas stand between them, blanks do not count.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Is the annotation one of ours, or one that we set?
pub fn is_ours(name: &str) -> bool {
    name.starts_with("sidecarjob.dev/") || name == DEFAULT_CONTAINER || OF_ONE_POD.contains(&name)
}
