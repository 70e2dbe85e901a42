//! Which commands are there for people? Each command has a file, which reads, calls the API and prints.

mod connect;
pub mod crds;
pub mod cron;
pub(crate) mod failure;
pub mod signal;
pub mod watch;

pub use failure::exit;
