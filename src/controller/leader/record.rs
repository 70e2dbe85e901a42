//! What does a Lease say to a candidate at this instant: take the Lease, renew it, or wait? The rules of client-go's
//! leaderelection.
//!
//! The holder's own times are never compared with our clock. A record of another holder counts from the instant at which
//! this program first saw it, by a clock that nobody sets (`clock::since_boot`).

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::ResourceExt;

use super::LEASE;
use crate::controller::object::version;

/// How long the others respect a record of ours that does not change.
pub const LEASE_DURATION: Duration = Duration::from_secs(15);
/// How long a holder works after its last successful renewal. Less than `LEASE_DURATION`, so that its last calls have been
/// answered, and the clocks may differ a little, before another candidate takes the Lease.
pub const RENEW_DEADLINE: Duration = Duration::from_secs(10);
/// How long a holder waits between two renewals.
pub const RETRY_PERIOD: Duration = Duration::from_secs(2);

/// What a candidate knows of the Lease.
#[derive(Debug, Default)]
pub struct Seen {
    lease: Option<Lease>,
    is_known: bool,
    /// The last record, and when this program first saw it. A Lease that somebody deletes still has a holder who works.
    claim: Option<(LeaseSpec, Duration)>,
}

/// What to do with the Lease.
#[derive(Clone, Debug, PartialEq)]
pub enum Todo {
    /// What the API server has is not known: read it.
    Read,
    /// It is our turn: write this Lease. One without a `resourceVersion` is created, another replaces that version.
    Write(Box<Lease>),
    /// Another one holds it, who must not be disturbed before that time since boot.
    Wait {
        /// Who.
        holder: String,
        /// When the holder's record runs out, unless it changes before that.
        until: Duration,
    },
}

impl Seen {
    /// The API server gave this Lease, or said that there is none.
    pub fn saw(&mut self, lease: Option<Lease>, now: Duration) {
        self.is_known = true;
        if let Some(spec) = lease.as_ref().and_then(|lease| lease.spec.as_ref())
            && self.claim.as_ref().is_none_or(|(claim, _)| claim != spec)
        {
            self.claim = Some((spec.clone(), now));
        }
        self.lease = lease;
    }

    /// A watch delivered this, which may be older than what is known.
    pub fn heard(&mut self, lease: Option<Lease>, now: Duration) {
        let is_older = |new: &Lease| {
            self.lease.as_ref().is_some_and(|known| known.uid() == new.uid() && version(new) < version(known))
        };
        if !lease.as_ref().is_some_and(is_older) {
            self.saw(lease, now);
        }
    }

    /// What the API server has is not known any more: a write is on its way, or the view may be old.
    pub fn forget(&mut self) {
        self.is_known = false;
    }

    /// It has been read or written at least once.
    pub fn was_there(&self) -> bool {
        self.claim.is_some()
    }

    /// What a candidate with that identity does now. `wall` is what the clock on the wall shows, for people to read.
    pub fn todo(&self, identity: &str, now: Duration, wall: MicroTime) -> Todo {
        if !self.is_known {
            return Todo::Read;
        }
        if let Some((claim, since)) = &self.claim
            && !["", identity].contains(&holder(claim))
            && *since + duration(claim) > now
        {
            return Todo::Wait { holder: holder(claim).to_owned(), until: *since + duration(claim) };
        }
        let new = || Lease { metadata: ObjectMeta { name: Some(LEASE.into()), ..ObjectMeta::default() }, spec: None };
        let spec = held(identity, self.claim.as_ref().map(|(claim, _)| claim), wall);
        Todo::Write(Box::new(Lease { spec: Some(spec), ..self.lease.clone().unwrap_or_else(new) }))
    }

    /// The Lease as its holder gives it back; `None` if another one holds it, or there is none.
    pub fn released(&self, identity: &str, wall: MicroTime) -> Option<Lease> {
        let lease = self.lease.as_ref()?;
        let spec = lease.spec.as_ref().filter(|spec| holder(spec) == identity)?;
        let spec = LeaseSpec {
            holder_identity: Some(String::new()),
            lease_duration_seconds: Some(1),
            acquire_time: Some(wall.clone()),
            renew_time: Some(wall),
            lease_transitions: spec.lease_transitions,
            ..LeaseSpec::default()
        };
        Some(Lease { spec: Some(spec), ..lease.clone() })
    }
}

/// The record of a holder, after that other record.
fn held(identity: &str, before: Option<&LeaseSpec>, wall: MicroTime) -> LeaseSpec {
    let transitions = |spec: &LeaseSpec| spec.lease_transitions.unwrap_or(0);
    let (acquired, transitions) = match before {
        Some(own) if holder(own) == identity => (own.acquire_time.clone(), transitions(own)),
        Some(other) => (None, transitions(other).saturating_add(1)),
        None => (None, 0),
    };
    LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(LEASE_DURATION.as_secs()).ok(),
        acquire_time: acquired.or_else(|| Some(wall.clone())),
        renew_time: Some(wall),
        lease_transitions: Some(transitions),
        ..LeaseSpec::default()
    }
}

fn holder(spec: &LeaseSpec) -> &str {
    spec.holder_identity.as_deref().unwrap_or_default()
}

fn duration(spec: &LeaseSpec) -> Duration {
    Duration::from_secs(spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
