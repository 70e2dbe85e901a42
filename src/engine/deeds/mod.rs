//! What does the controller do now?
//!
//! Each file has one kind of deed; `engine::DEEDS` has their order.

pub mod finished;
pub mod indexed;
pub mod ladder;
pub mod ownership;
pub mod pods;
pub mod release;
pub mod replace;
pub mod sidecars;
pub mod starting;
pub mod suspend;
