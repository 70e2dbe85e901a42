//! The real thing: each promise of the README, on a real API server and a real kubelet. `make test` makes the cluster.
//!
//! One file for each promise. Every test has a namespace and a controller of its own, waits on conditions and never
//! sleeps, and prints all that is there when it fails.

mod acting;
mod bad_input;
mod controller;
mod convert;
mod doctor;
mod down;
mod injected;
mod jobs;
mod kubectl;
mod lifecycle;
mod result;
mod samples;
#[path = "../support/mod.rs"]
mod support;
mod tell;
mod watch;
