//! The shell: the only place that talks to Kubernetes about SidecarJobs and the Jobs that are ours.
//!
//! `run` wires watches, queue, leader election and the HTTP server together; `reconcile` is the sentence that each
//! run goes through: gather, decide, apply. What to do is never decided here; that is `engine`.

pub(crate) mod apply;
pub mod args;
pub(crate) mod bound;
pub(crate) mod call;
pub mod clock;
pub(crate) mod cluster;
pub mod context;
pub(crate) mod create;
pub(crate) mod ending;
pub mod error;
pub mod events;
pub(crate) mod gate;
pub(crate) mod gather;
pub(crate) mod in_flight;
pub(crate) mod leader;
pub mod load;
pub mod managed;
pub(crate) mod memory;
pub mod object;
pub mod orphans;
pub mod places;
pub mod pod_watch;
pub mod queue;
pub(crate) mod read_again;
pub mod reconcile;
pub(crate) mod run;
pub(crate) mod runtime;
pub mod schedules;
pub mod scraped;
pub mod stop;
pub mod throttled;
pub mod turns;
pub(crate) mod under_way;
pub mod views;
pub mod watched;
pub mod wire;

pub use args::Args;
pub use load::Load;
pub use run::run;
pub use runtime::runtime;
