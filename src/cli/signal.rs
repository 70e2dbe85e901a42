//! `sidecarjob signal`: sends a signal to the first process of a container.
//!
//! The program runs in an ephemeral container with a targetContainerName, and so shares the process namespace of the
//! target. The controller uses this to stop a container without a shell.

use clap::Parser;
use rustix::process::{Pid, Signal, getpid, kill_process};
use thiserror::Error;

/// Sends a signal to process 1 of the process namespace in which the program runs
///
/// Runs in an ephemeral container: kubectl debug POD --image IMAGE --target CONTAINER -- /sidecarjob signal SIGTERM
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// The signal
    #[arg(value_parser = signal, value_name = "SIGNAL")]
    pub signal: Signal,
}

/// The signal was not sent.
#[derive(Debug, Error)]
pub enum SignalError {
    /// There is no other container to send the signal to.
    #[error("this is process 1 itself: run it in an ephemeral container with a targetContainerName")]
    NoTarget,
    /// The kernel does not allow the signal.
    #[error(
        "failed to send the signal to process 1: {0}; run as the user of that container, or with the capability KILL"
    )]
    Refused(rustix::io::Errno),
}

/// Sends the signal.
pub fn run(args: &Args) -> Result<(), SignalError> {
    if getpid() == Pid::INIT {
        return Err(SignalError::NoTarget);
    }
    kill_process(Pid::INIT, args.signal).map_err(SignalError::Refused)
}

fn signal(name: &str) -> Result<Signal, String> {
    Ok(match name.strip_prefix("SIG").unwrap_or(name) {
        "TERM" => Signal::TERM,
        "INT" => Signal::INT,
        "QUIT" => Signal::QUIT,
        "HUP" => Signal::HUP,
        "USR1" => Signal::USR1,
        "USR2" => Signal::USR2,
        _ => return Err("choose SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 or SIGUSR2".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_that_a_sidecar_may_have_is_known_with_and_without_its_prefix() {
        for name in crate::api::SIGNALS {
            assert_eq!(signal(name), signal(&name[3..]), "{name}");
            assert!(signal(name).is_ok(), "{name}");
        }
        assert!(signal("SIGKILL").is_err() && signal("9").is_err());
    }
}
