//! Every label, annotation, finalizer and manager name, once, with its meaning. A literal elsewhere is a bug.

/// Label on each Pod: the name of its SidecarJob, for `kubectl get pods -l sidecarjob.dev/name=NAME`.
/// An object from before names had a limit may have one that is too long for a label value (63 characters): its Pods lack
/// this label, and have `UID` as all others.
pub const NAME: &str = "sidecarjob.dev/name";

/// Label on each Pod: the UID of its SidecarJob. This is the selector in `status.selector`.
pub const UID: &str = "sidecarjob.dev/uid";

/// Label on each Pod: which Pod of its SidecarJob it is, counted from 0 in the order of creation.
/// The Pod's name is computed from it, so creating the same Pod twice is refused instead of done.
pub const ATTEMPT: &str = "sidecarjob.dev/attempt";

/// Annotation on each Pod: its main containers, separated by commas. Also on a Pod template of anybody: the admission policy
/// of `config/components/policy` reads it and makes every other container a native sidecar.
pub const MAIN: &str = "sidecarjob.dev/main";

/// Annotation on each Pod: its sidecars by name, separated by commas. The admission policy reads it to put back a
/// `restartPolicy` that a webhook took, and adds what it makes a sidecar.
/// On a batch/v1 Job with our `spec.managedBy`, or on its Pod template, users mark sidecars with it.
pub const SIDECARS: &str = "sidecarjob.dev/sidecars";

/// Annotation on a Pod, written by the admission policy: the containers that it moved behind the init containers.
pub const MOVED: &str = "sidecarjob.dev/moved";

/// Annotation on a Pod: `Main` if a container that is not named anywhere is a main one (`spec.injectedContainers`). The
/// admission policy then moves only what `SIDECARS` names.
pub const INJECTED_CONTAINERS: &str = "sidecarjob.dev/injected-containers";

/// Annotation on a Pod, written by the optional admission policy of `config/components/well-known-sidecars`: the sidecars
/// that it knew by name and image. On a Namespace: names that are well known there besides.
pub const WELL_KNOWN: &str = "sidecarjob.dev/well-known";

/// Label on a Namespace, `enabled`: Jobs' Pods there need no annotation for well-known sidecars.
pub const WELL_KNOWN_SIDECARS: &str = "sidecarjob.dev/well-known-sidecars";

/// kubectl's annotation: the container that `kubectl logs POD` and `kubectl exec POD` take when `-c` is not given.
pub const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Finalizer on each Pod that has not been counted yet: without it a Pod that is deleted in the wrong moment
/// would never be counted (KEP-2307). Our own, so that the built-in Job controller leaves these Pods alone.
pub const TRACKING_FINALIZER: &str = "sidecarjob.dev/job-tracking";

/// The same of a batch/v1 Job's Pods: Kubernetes' own, since tools and the Pod garbage collector know it.
pub const BATCH_TRACKING_FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// Annotation and label on each Pod of an Indexed run: its index. Kubernetes' own name.
pub const COMPLETION_INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// The environment variable in which a Pod's containers find its index. Kubernetes' own name.
pub const COMPLETION_INDEX_ENV: &str = "JOB_COMPLETION_INDEX";

/// Annotation on each Pod of a run with backoffLimitPerIndex: how many Pods of its index failed before it (KEP-3850).
pub const INDEX_FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-failure-count";

/// The same for failures that podFailurePolicy ignores; absent while there are none.
pub const INDEX_IGNORED_FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// `spec.managedBy` of objects that this controller reconciles; absent means the same (KEP-4368).
pub const CONTROLLER: &str = "sidecarjob.dev/controller";

/// The same of the controller that Kubernetes brings.
pub const BUILT_IN_CONTROLLER: &str = "kubernetes.io/job-controller";

/// Whose events about a batch/v1 Job people and tools look for: the built-in controller's name.
pub const JOB_EVENT_SOURCE: &str = "job-controller";

/// The name under which this program writes: field manager, event reporter, user agent, lease.
pub const FIELD_MANAGER: &str = "sidecarjob-controller";

/// Label on each SidecarJob of a SidecarCronJob: its name. By it the controller finds them.
pub const SCHEDULE: &str = "sidecarjob.dev/schedule";

/// CronJob's annotation on each run: the time for which it was scheduled, RFC 3339, in the time zone of the schedule.
pub const SCHEDULED_TIMESTAMP: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// kubectl's annotation on a run that somebody started by hand.
pub const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";

/// The value of `INSTANTIATE`.
pub const MANUAL: &str = "manual";

/// Annotation on a run that somebody started by hand: who, when, and what was overridden, as JSON.
pub const STARTED_BY: &str = "sidecarjob.dev/started-by";

/// What the controller, or who starts a run by hand, says about one run of a SidecarCronJob, and reads again: the annotations
/// of `spec.jobTemplate` can't say it, and are left out of a run.
pub const OF_ONE_RUN: [&str; 3] = [SCHEDULED_TIMESTAMP, INSTANTIATE, STARTED_BY];

/// Annotation on a Pod whose sidecars were not made native: `managed`. The controller stops them, and the admission policy
/// leaves the Pod as it is.
pub const MODE: &str = "sidecarjob.dev/mode";

/// The value of `MODE`.
pub const MANAGED: &str = "managed";

/// Annotation on a Pod: since when the controller stops its sidecars or ends it (RFC 3339). From it the turn of each sidecar
/// follows, also for a controller that was started in between, and that the Pod's deadline is the controller's.
pub const STOPPING_SINCE: &str = "sidecarjob.dev/stopping-since";

/// Annotation on a Pod that the controller fails for what its sidecars did: the reason, from `conditions::reasons`.
pub const FAILED: &str = "sidecarjob.dev/failed";

/// What the controller or the admission policy says about one Pod, and reads again: the annotations of a Pod template can't
/// say it (they may be a copy of a Pod's), and are left out of a Pod. `MAIN` and `SIDECARS` are always written anew.
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

/// The annotation is one of ours, or one that we set.
pub fn is_ours(name: &str) -> bool {
    name.starts_with("sidecarjob.dev/") || name == DEFAULT_CONTAINER || OF_ONE_POD.contains(&name)
}
