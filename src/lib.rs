//! SidecarJob: a Kubernetes Job that knows which containers of its Pod are sidecars.
//!
//! `api` is the wire, `cron` says when a schedule fires (pure), `engine` decides (pure), `controller` gathers and applies,
//! `cli` serves people, `telemetry` is heard by operators. Arrows: `api ← engine ← controller ← main`, `api ← cli`, and
//! `cron`, which knows nobody, is known by all of these; nothing points back. `printable` knows nobody either: all that
//! print use it.

pub mod api;
pub mod cron;
pub mod engine;
pub mod printable;

pub mod cli;
pub mod controller;
pub mod telemetry;
