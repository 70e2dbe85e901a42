//! Who works? The holder of the Lease; the others stand by.
//!
//! `record` says what a Lease means, as client-go's leaderelection does; `election` is the loop that gets, renews and gives
//! back. When the Lease is lost, this program ends: its views are old by the time it would lead again, and a fresh start is
//! the one path that is always tested.

mod election;
mod record;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::util::rng::{HasherRng, Rng};
use tracing::{info, warn};

use crate::api::labels;
use crate::controller::clock::SinceBoot;
use crate::controller::gate::Gate;
use election::Election;
use record::{RENEW_DEADLINE, Seen};

/// The name of the Lease.
pub const LEASE: &str = labels::FIELD_MANAGER;

/// How long it may take to give the Lease back.
pub const RELEASED_WITHIN: Duration = Duration::from_secs(5);

/// The Lease, while it is wanted.
pub struct Leadership {
    held: watch::Receiver<bool>,
    release: watch::Sender<bool>,
    task: JoinHandle<Result<(), LeaseError>>,
}

/// Why this program does not work, or not any more.
#[derive(Debug, Error)]
pub enum LeaseError {
    /// It can't be had.
    #[error(
        "failed to use the Lease {LEASE}: {0}; create its namespace and its Role (kubectl apply -k config/default does), \
         choose another namespace with --leader-elect-namespace, or run with --leader-elect=false"
    )]
    Refused(String),
    /// It could not be renewed in time.
    #[error(
        "lost the Lease {LEASE}: not renewed within {seconds}s ({0}); ending, to be started again, since another \
         controller may be working",
        seconds = RENEW_DEADLINE.as_secs()
    )]
    RanOut(String),
    /// Another one has it.
    #[error("lost the Lease {LEASE}: {0} holds it; ending, to be started again")]
    Taken(String),
    /// The task that renews it has ended.
    #[error("lost the Lease {LEASE}: the task that renews it has ended: {0}; ending, to be started again")]
    Ended(String),
}

impl Leadership {
    /// Starts to try for the Lease. The client of these calls must have no gate, and repeat nothing by itself.
    pub fn seek(leases: Client, namespace: &str, gate: Gate, clock: SinceBoot) -> Self {
        let api: Api<Lease> = Api::namespaced(leases, namespace);
        let (identity, seen) = (identity(), Seen::default());
        info!("waiting for the Lease {LEASE} in namespace {namespace}, as {identity}");
        let election = Election { api, identity, gate, clock, seen };
        let (holding, held) = watch::channel(false);
        let (release, released) = watch::channel(false);
        Self { held, release, task: tokio::spawn(election.run(holding, released)) }
    }

    /// Waits until it is held.
    pub async fn won(&mut self) -> Result<(), LeaseError> {
        if self.held.wait_for(|held| *held).await.is_err() {
            return Err(self.lost().await);
        }
        info!("holding the Lease {LEASE}");
        Ok(())
    }

    /// Waits until it is lost, which nobody may do twice.
    pub async fn lost(&mut self) -> LeaseError {
        match (&mut self.task).await {
            Ok(Err(why)) => why,
            Ok(Ok(())) => LeaseError::Ended("nobody asked for that".into()),
            Err(ended) => LeaseError::Ended(ended.to_string()),
        }
    }

    /// One that holds the Lease; whether it was told to give the Lease back.
    #[cfg(test)]
    pub fn held() -> (Self, watch::Receiver<bool>) {
        let (release, mut released) = watch::channel(false);
        let told = released.clone();
        let task = tokio::spawn(async move {
            let _ = released.wait_for(|told| *told).await;
            Ok(())
        });
        (Self { held: watch::channel(true).1, release, task }, told)
    }

    /// Gives it back, so that another takes over at once. Only when no write but the last events can follow. Whoever drops
    /// this instead leaves the Lease to run out.
    pub async fn release(self) {
        self.release.send_replace(true);
        if timeout(RELEASED_WITHIN, self.task).await.is_err() {
            warn!("failed to give the Lease {LEASE} back in time: the next controller waits until it runs out");
        }
    }
}

/// The Pod's name, or this machine's, and what no other start of this program has.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    format!("{}_{:016x}", host.as_deref().map_or("controller", str::trim), HasherRng::default().next_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_or_panics_is_a_lost_lease() {
        for task in [tokio::spawn(async { Ok(()) }), tokio::spawn(async { panic!("in the test") })] {
            let (held, release) = (watch::channel(false).1, watch::channel(false).0);
            let mut leadership = Leadership { held, release, task };
            let why = leadership.won().await.expect_err("nobody holds it").to_string();
            assert!(why.contains("the task that renews it has ended"), "{why}");
        }
    }

    #[test]
    fn each_start_has_an_identity_of_its_own() {
        assert_ne!(identity(), identity());
    }
}
