//! Verbs for people, each in a file. Thin: they read, ask the API, print.

pub mod crds;
pub mod signal;
pub mod watch;
