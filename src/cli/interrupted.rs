//! How does a command end when somebody or something wants it to end?
//!
//! The kernel does not end the first process of a container on SIGTERM unless the process asks for it. So a Pod that runs
//! `sidecarjob run --wait` would otherwise stay for its whole grace period.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::failed::End;
use crate::cli::failed::Failed;

/// Runs the command until it ends, or until SIGTERM or SIGINT arrives.
pub async fn or_signal(command: impl Future<Output = Result<End, Failed>>) -> Result<End, Failed> {
    let (terminate, interrupt) = (signal(SignalKind::terminate()).ok(), signal(SignalKind::interrupt()).ok());
    tokio::select! {
        biased;
        end = command => end,
        () = arrives(terminate) => Err(Failed::Signal { name: "SIGTERM", number: 15 }),
        () = arrives(interrupt) => Err(Failed::Signal { name: "SIGINT", number: 2 }),
    }
}

/// Without a handler the kernel's own way stays.
async fn arrives(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
