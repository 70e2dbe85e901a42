//! The shell: the only place that talks to Kubernetes about SidecarJobs and the Jobs that are ours.
//!
//! `run` wires watches, queue, leader election and the HTTP server together; `reconcile` is the sentence that each
//! run goes through: gather, decide, apply. What to do is never decided here; that is `engine`.

pub mod apply;
pub mod args;
pub mod bound;
pub mod call;
pub mod clock;
pub mod cluster;
pub mod context;
pub mod create;
pub mod error;
pub mod events;
pub mod gather;
pub mod in_flight;
pub mod leader;
pub mod managed;
pub mod memory;
pub mod orphans;
pub mod places;
pub mod pod_watch;
pub mod pods;
pub mod queue;
pub mod reconcile;
pub mod run;
pub mod schedules;
pub mod stop;
pub mod throttled;
pub mod under_way;

pub use args::Args;
pub use run::run;
