//! Who works? The holder of the Lease; the others wait.
//!
//! When the Lease is lost, this program ends: its views are old by the time it would lead again, and a fresh start is
//! the one path that is always tested.

use std::time::Duration;

use kube::Client;
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::info;

use crate::api::labels;

/// The name of the Lease.
pub const LEASE: &str = labels::FIELD_MANAGER;
/// How long a holder that has died is waited for, in seconds.
const DURATION: u64 = 15;
/// How much earlier than that the holder renews, in seconds.
const GRACE: u64 = 5;

/// The Lease, while it is wanted.
pub struct Leadership {
    held: watch::Receiver<bool>,
    task: JoinHandle<Result<LeaseManager, LeaseManagerError>>,
}

/// The Lease can't be had.
#[derive(Debug, Error)]
#[error(
    "failed to use the Lease {LEASE} in namespace {namespace}: {source}; create the namespace (kubectl apply -k \
     config/default does), choose another with --leader-elect-namespace, or run with --leader-elect=false"
)]
pub struct LeaseError {
    namespace: String,
    source: LeaseManagerError,
}

impl Leadership {
    /// Starts to try for the Lease.
    pub async fn seek(client: Client, namespace: &str) -> Result<Self, LeaseError> {
        let manager = LeaseManagerBuilder::new(client, LEASE)
            .with_namespace(namespace)
            .with_identity(identity())
            .with_field_manager(labels::FIELD_MANAGER)
            .with_duration(DURATION)
            .with_grace(GRACE)
            .build()
            .await
            .map_err(|source| LeaseError { namespace: namespace.to_owned(), source })?;
        let (held, task) = manager.watch().await;
        Ok(Self { held, task })
    }

    /// Waits until it is held.
    pub async fn won(&mut self) {
        info!("waiting for the Lease {LEASE}");
        self.turned(true).await;
        info!("holding the Lease {LEASE}");
    }

    /// Waits until it is lost.
    pub async fn lost(&mut self) {
        self.turned(false).await;
    }

    async fn turned(&mut self, to: bool) {
        if self.held.wait_for(|held| *held == to).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Gives it back, so that another takes over at once.
    pub async fn release(self) {
        drop(self.held);
        if tokio::time::timeout(Duration::from_secs(5), self.task).await.is_ok() {
            info!("gave the Lease back");
        }
    }
}

/// The Pod's name, or this machine's, and the process.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    format!("{}-{}", host.as_deref().map_or("controller", str::trim), std::process::id())
}
