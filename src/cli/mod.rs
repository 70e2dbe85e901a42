//! Which commands are there for people? Each command has a file, which reads, calls the API and prints.

mod connect;
pub mod crds;
pub mod cron;
pub mod failed;
pub(crate) mod failure;
pub mod output;
mod roles;
pub mod signal;
mod table;
pub mod target;
pub mod watch;

pub use failure::exit;
