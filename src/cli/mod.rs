//! Which commands are there for people? Each command has a file, which reads, calls the API and prints.

pub mod arguments;
pub mod completion;
mod connect;
pub mod crds;
pub mod cron;
pub mod describe;
mod doing;
pub mod failed;
pub(crate) mod failure;
mod fault;
pub mod list;
pub mod output;
mod paragraph;
mod retry;
mod roles;
mod seen;
pub mod signal;
mod table;
pub mod target;
pub mod timeline;
pub mod version;
pub mod watch;
mod when;
pub mod why;

pub use failure::exit;
