//! The wire: what users write and what the controller writes back.
//!
//! Holds the kinds of group `sidecarjob.dev`, their spec and status, every label, annotation, finalizer, condition and
//! reason by its one literal. Serde, schemars and kube's derive, no logic beyond accessors.
//! What a field *does* is decided in `engine`; here stands what it *means*.

pub mod backfilled;
pub mod conditions;
pub mod crd;
mod job;
mod kind;
pub mod labels;
pub mod recipes;
mod rules;
mod schedule_rules;
pub mod scheduled_run;
pub mod sidecar;
pub mod sidecarcronjob;
pub mod sidecarjob;
pub mod status;

pub use kind::{Kind, SCHEDULE};
pub use rules::SIGNALS;
pub use sidecar::{Sidecar, StartBefore, StartUntil};
pub use sidecarcronjob::{SidecarCronJob, SidecarCronJobSpec, SidecarCronJobStatus};
pub use sidecarjob::{
    CompletionMode, InjectedContainers, MainContainers, PodReplacementPolicy, Require, SidecarJob, SidecarJobSpec,
    SidecarMode,
};
pub use status::{Phase, SidecarJobStatus, UncountedTerminatedPods};

/// The API group of all our kinds.
pub const GROUP: &str = "sidecarjob.dev";
/// The version served and stored.
pub const VERSION: &str = "v1alpha1";
