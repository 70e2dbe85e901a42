//! SidecarJob: a Kubernetes Job that knows which containers of its Pod are sidecars.
//!
//! `api` has the kinds, `cron` says when a schedule fires (pure), `engine` decides (pure), `controller` gathers and
//! applies, `cli` has the commands for people, and `telemetry` the logs, metrics and health for operators. Arrows: `api
//! ← engine ← controller ← main` and `api ← cli`. `cron` and `printable` depend on no other module; each of the modules
//! above may use them.
//!
//! The library exists for the program and for the tests in `tests/`. What neither of them needs is private to the
//! crate, so that the compiler reports code that nobody uses.

pub mod api;
pub mod cron;
pub mod engine;
pub mod printable;

pub mod cli;
pub mod controller;
pub mod telemetry;
