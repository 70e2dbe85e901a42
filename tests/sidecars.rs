//! The table of docs/sidecars.md: what happens to sidecars in each mode, on a real API server and a real kubelet.
//!
//! One file for each part of the table, one test for each row. The images come from tests/programs (`make test` builds and
//! loads them); SIDECARJOB_IMAGE is the controller's own, which brings `sidecarjob signal`.

#[path = "sidecars/bounded.rs"]
mod bounded;
#[path = "sidecars/changed.rs"]
mod changed;
#[path = "sidecars/cut_off.rs"]
mod cut_off;
#[path = "sidecars/kept.rs"]
mod kept;
#[path = "sidecars/managed.rs"]
mod managed;
#[path = "sidecars/manifest.rs"]
mod manifest;
#[path = "sidecars/native.rs"]
mod native;
#[path = "sidecars/outcome.rs"]
mod outcome;
#[path = "sidecars/recipes.rs"]
mod recipes;
#[path = "sidecars/restarts.rs"]
mod restarts;
#[path = "support/mod.rs"]
mod support;
#[path = "sidecars/timing.rs"]
mod timing;
#[path = "sidecars/words.rs"]
mod words;
