//! The shell: the only place that talks to Kubernetes about SidecarJobs.
//!
//! `run` wires watches, queue, leader election and the HTTP server together; `reconcile` is the sentence that each
//! SidecarJob goes through: gather, decide, apply. What to do is never decided here; that is `engine`.

pub mod apply;
pub mod args;
pub mod cluster;
pub mod context;
pub mod error;
pub mod events;
pub mod gather;
pub mod leader;
pub mod memory;
pub mod orphans;
pub mod pods;
pub mod reconcile;
pub mod run;
pub mod stop;

pub use args::Args;
pub use run::run;
