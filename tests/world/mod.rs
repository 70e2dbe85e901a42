//! The world of the tests that need no cluster: one API server in memory, its watches, what goes wrong between it and a
//! controller, a clock, chance, and the way in which histories are played.
//!
//! Each test target that needs a part of it declares `mod world;`. What is special to a target (its kubelet, its users,
//! its invariants) stays with the target, which implements `server::World`.

#![allow(dead_code, reason = "no target needs all of it")]

pub mod clock;
pub mod counting;
pub mod dice;
pub mod faults;
pub mod patch;
pub mod play;
pub mod queue;
pub mod server;
pub mod store;
pub mod watch;
pub mod whole;
