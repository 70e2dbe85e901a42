//! The API: what users write and what the controller writes back.
//!
//! This module has the kinds of group `sidecarjob.dev`, their spec and status, and the one literal of every label,
//! annotation, finalizer, condition and reason. It uses Serde, schemars and kube's derive, and has no logic beyond
//! accessors. `engine` decides what a field *does*; this module says what a field *means*.

pub mod backfilled;
pub(crate) mod conditions;
pub mod crd;
pub(crate) mod history;
pub(crate) mod injectors;
pub(crate) mod install;
mod job;
mod kind;
pub(crate) mod kubernetes;
pub mod labels;
pub mod recipes;
mod rules;
mod schedule_rules;
pub mod scheduled_run;
mod shared_job;
pub(crate) mod sidecar;
pub mod sidecarcronjob;
pub(crate) mod sidecarjob;
pub(crate) mod status;

pub use kind::{Kind, SCHEDULE};
pub use rules::{COMPLETED_INDEXES_MAX, SIGNALS};
pub use shared_job::{SharedJob, SharedJobSpec};
pub use sidecar::{Sidecar, StartBefore, StartUntil};
pub use sidecarcronjob::{SidecarCronJob, SidecarCronJobSpec, SidecarCronJobStatus};
pub use sidecarjob::{
    CompletionMode, EndedPods, InjectedContainers, MainContainers, PodReplacementPolicy, Require, SidecarJob,
    SidecarJobSpec, SidecarMode,
};
pub use status::{Phase, SidecarJobStatus, UncountedTerminatedPods};

/// The API group of all our kinds.
pub const GROUP: &str = "sidecarjob.dev";
/// The version that the API server serves and stores.
pub const VERSION: &str = "v1alpha1";
