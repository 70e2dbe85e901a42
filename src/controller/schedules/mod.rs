//! The shell of schedules: views, queue, and how each step is done. What to do is `engine::schedule`'s part.
//!
//! The files have the names of those for runs where they answer the same question: `context`, `queue`, `run_watch` (of Pods:
//! `pod_watch`), `runs` (`pods`), `gather`, `reconcile`, `apply`, `create`. Only schedules have `known_times` and `rush`.

pub(crate) mod apply;
pub mod context;
pub(crate) mod create;
pub(crate) mod gather;
pub(crate) mod known_times;
pub(crate) mod queue;
pub mod reconcile;
pub(crate) mod run_watch;
pub mod runs;
pub(crate) mod rush;

pub use context::Schedules;
