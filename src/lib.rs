//! SidecarJob: a Kubernetes Job that knows which containers of its Pod are sidecars.
//!
//! `api` is the wire, `engine` decides (pure), `controller` gathers and applies, `cli` serves people, `telemetry` is
//! heard by operators. Arrows: `api ← engine ← controller ← main` and `api ← cli`; nothing points back.

pub mod api;
pub mod engine;

pub mod cli;
pub mod controller;
pub mod telemetry;
