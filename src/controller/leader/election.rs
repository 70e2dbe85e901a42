//! How does a candidate get the Lease, keep it and give it back? A loop of calls; what each look at the Lease means is
//! `record`'s part.
//!
//! Each write replaces the version that was read, so of two candidates one gets a conflict. Each call has a bound, and a
//! holder counts from when it sent a renewal, not from when the answer came.

use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::watch;
use tokio::time::timeout;
use tower::util::rng::{HasherRng, Rng};
use tracing::{info, warn};

use super::record::{RENEW_DEADLINE, RETRY_PERIOD, Seen, Todo};
use super::{LEASE, LeaseError};
use crate::api::labels;
use crate::controller::clock::{self, SinceBoot};
use crate::controller::error::message;
use crate::controller::gate::Gate;

/// How long one call may take; a holder's call takes no longer than its time lasts.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a candidate waits before it reads the Lease by itself, in case that the watch is silent; up to twice that.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// One candidate for the Lease.
pub struct Election {
    /// The Leases of its namespace; these calls pass no gate.
    pub api: Api<Lease>,
    /// Who it is: no other process has this name, nor ever had.
    pub identity: String,
    /// Open while it holds the Lease.
    pub gate: Gate,
    /// How long the machine has been up.
    pub clock: SinceBoot,
    /// What it knows.
    pub seen: Seen,
}

/// Whose turn it is.
enum Turn {
    /// Ours, until that time since boot.
    Ours(Duration),
    /// That holder's.
    Others(String),
}

/// Why nobody knows whose turn it is.
struct Failed {
    why: String,
    /// The right or the namespace is missing.
    is_refusal: bool,
}

/// True: told to give the Lease back. A sender that is gone says nothing: then the Lease runs out when the program ends.
type Release = watch::Receiver<bool>;

impl Election {
    /// Tries until the Lease is held, then holds it until it is lost, or given back (`Ok`). The gate is shut whenever the
    /// Lease is not held. It stays as it is when the Lease was given back: the work has ended, and events may follow.
    pub async fn run(mut self, held: watch::Sender<bool>, mut release: Release) -> Result<(), LeaseError> {
        let shut = ShutAtEnd(Some(self.gate.clone()));
        let Some(until) = self.win(&mut release).await? else { return Ok(()) };
        held.send_replace(true);
        self.keep(until, &mut release).await?;
        shut.keep_as_it_is();
        self.give_back().await;
        Ok(())
    }

    /// Waits for its turn. Until when it may work; `None`: told to stop.
    async fn win(&mut self, release: &mut Release) -> Result<Option<Duration>, LeaseError> {
        let mut watched = Box::pin(watcher::watch_object(self.api.clone(), LEASE).default_backoff());
        loop {
            let goes_on = match self.todo() {
                Todo::Wait { holder, until } => self.wait(&holder, until, &mut watched, release).await,
                _ => match self.attempt(ANSWER_WITHIN).await {
                    Ok(Turn::Ours(until)) => return Ok(Some(until)),
                    Ok(Turn::Others(holder)) => {
                        info!("{holder} holds the Lease {LEASE}");
                        Some(())
                    }
                    Err(failed) if failed.is_refusal && !self.seen.was_there() => {
                        return Err(LeaseError::Refused(failed.why));
                    }
                    Err(failed) => {
                        warn!("failed to get the Lease {LEASE}: {}; trying again", failed.why);
                        sleep_or(jittered(RETRY_PERIOD), release).await
                    }
                },
            };
            if goes_on.is_none() {
                return Ok(None);
            }
        }
    }

    /// Until the holder's record may have run out or there is news. `None`: told to stop.
    async fn wait(
        &mut self,
        holder: &str,
        until: Duration,
        watched: &mut (impl Stream<Item = watcher::Result<Option<Lease>>> + Unpin),
        release: &mut Release,
    ) -> Option<()> {
        let left = until.saturating_sub((self.clock)());
        tokio::select! {
            Some(news) = watched.next() => match news {
                Ok(lease) => self.seen.heard(lease, (self.clock)()),
                Err(error) => warn!("the watch of the Lease {LEASE} was interrupted, starting it again: {error}"),
            },
            () = tokio::time::sleep(left) => info!("{holder} does not renew the Lease {LEASE}"),
            () = tokio::time::sleep(jittered(LOOK_AGAIN)) => self.seen.forget(),
            Ok(_) = release.wait_for(|told| *told) => return None,
        }
        Some(())
    }

    /// Renews until that fails for too long. `Ok`: told to give the Lease back.
    async fn keep(&mut self, mut until: Duration, release: &mut Release) -> Result<(), LeaseError> {
        let mut failure: Option<String> = None;
        loop {
            let left = until.saturating_sub((self.clock)());
            let pause = if failure.is_some() { jittered(RETRY_PERIOD / 2) } else { RETRY_PERIOD };
            if sleep_or(pause.min(left), release).await.is_none() {
                return Ok(());
            }
            let left = until.saturating_sub((self.clock)());
            if left.is_zero() {
                return Err(LeaseError::RanOut(failure.unwrap_or("this program did not run".into())));
            }
            match self.attempt(left.min(ANSWER_WITHIN)).await {
                Ok(Turn::Ours(renewed)) => (until, failure) = (renewed, None),
                Ok(Turn::Others(holder)) => return Err(LeaseError::Taken(holder)),
                Err(failed) => {
                    let left = until.saturating_sub((self.clock)());
                    warn!("failed to renew the Lease {LEASE}: {}; it is ours for {}s", failed.why, left.as_secs());
                    failure = Some(failed.why);
                }
            }
        }
    }

    /// Writes our record if it is our turn; reads the Lease before that if its version is not known.
    async fn attempt(&mut self, within: Duration) -> Result<Turn, Failed> {
        let late = |_| Failed { why: format!("no answer within {:.1}s", within.as_secs_f64()), is_refusal: false };
        timeout(within, self.read_and_write()).await.map_err(late)?.map_err(Failed::from)
    }

    /// The same without a bound. It may be dropped at any point.
    async fn read_and_write(&mut self) -> kube::Result<Turn> {
        let mut tries = 0;
        loop {
            let lease = match self.read_if_unknown().await? {
                Todo::Write(lease) => lease,
                Todo::Wait { holder, .. } => return Ok(Turn::Others(holder)),
                Todo::Read => continue,
            };
            tries += 1;
            match self.write(*lease).await {
                // Somebody else was faster, or an earlier write of ours came late.
                Err(kube::Error::Api(status)) if tries == 1 && matches!(status.code, 404 | 409) => {}
                turn => return turn.map(Turn::Ours),
            }
        }
    }

    async fn read_if_unknown(&mut self) -> kube::Result<Todo> {
        if self.todo() == Todo::Read {
            let lease = self.api.get_opt(LEASE).await?;
            self.seen.saw(lease, (self.clock)());
        }
        Ok(self.todo())
    }

    /// Until when we may work. Without an answer the record may be there or not: it has to be read.
    async fn write(&mut self, lease: Lease) -> kube::Result<Duration> {
        let begin = (self.clock)();
        self.seen.forget();
        let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
        let written = match lease.metadata.resource_version {
            None => self.api.create(&params, &lease).await?,
            Some(_) => self.api.replace(LEASE, &params, &lease).await?,
        };
        self.seen.saw(Some(written), (self.clock)());
        let until = begin + RENEW_DEADLINE;
        self.gate.open_until(until);
        Ok(until)
    }

    /// So that another takes over at once. What fails is said: the others wait until our record runs out.
    async fn give_back(&mut self) {
        let why = match timeout(ANSWER_WITHIN, self.try_to_give_back()).await {
            Ok(Ok(())) => return info!("gave the Lease {LEASE} back"),
            Ok(Err(error)) => message(&error),
            Err(_) => format!("no answer within {}s", ANSWER_WITHIN.as_secs()),
        };
        warn!("failed to give the Lease {LEASE} back: {why}; the next controller waits until it runs out");
    }

    async fn try_to_give_back(&mut self) -> kube::Result<()> {
        let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
        let mut tries = 0;
        loop {
            self.read_if_unknown().await?;
            let Some(lease) = self.seen.released(&self.identity, wall()) else { return Ok(()) };
            self.seen.forget();
            tries += 1;
            match self.api.replace(LEASE, &params, &lease).await {
                Err(kube::Error::Api(status)) if tries == 1 && status.code == 409 => {}
                answer => return answer.map(drop),
            }
        }
    }

    fn todo(&self) -> Todo {
        self.seen.todo(&self.identity, (self.clock)(), wall())
    }
}

impl From<kube::Error> for Failed {
    fn from(error: kube::Error) -> Self {
        let is_refusal = matches!(&error, kube::Error::Api(status) if matches!(status.code, 403 | 404));
        Self { why: message(&error), is_refusal }
    }
}

/// Shuts the gate when the task ends, also by a panic.
struct ShutAtEnd(Option<Gate>);

impl ShutAtEnd {
    fn keep_as_it_is(mut self) {
        self.0 = None;
    }
}

impl Drop for ShutAtEnd {
    fn drop(&mut self) {
        if let Some(gate) = &self.0 {
            gate.shut();
        }
    }
}

/// What people read in the record; nobody measures by it.
fn wall() -> MicroTime {
    MicroTime(clock::timestamp())
}

/// So that candidates do not all call at the same time: up to twice as long.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + HasherRng::default().next_f64())
}

/// `None`: told to stop.
async fn sleep_or(wait: Duration, release: &mut Release) -> Option<()> {
    tokio::select! {
        () = tokio::time::sleep(wait) => Some(()),
        Ok(_) = release.wait_for(|told| *told) => None,
    }
}

#[cfg(test)]
mod tests;
