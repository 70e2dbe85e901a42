//! Verbs for people, each in a file. Thin: they read, ask the API, print.

mod connect;
pub mod crds;
pub mod cron;
pub mod failure;
pub mod signal;
pub mod watch;
