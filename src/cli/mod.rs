//! Commands for people, each in a file. They are thin: they read, call the API, and print.

mod connect;
pub mod crds;
pub mod cron;
pub(crate) mod failure;
pub mod signal;
pub mod watch;

pub use failure::exit;
