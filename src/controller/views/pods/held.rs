//! What is kept of one Pod, and whom may a Pod without an owner concern?

use std::sync::Arc;

use super::Kind;
use super::seen::{Foreign, Seen, Stray};
use crate::engine::observed::Pod;

/// What is kept of one Pod, and where.
#[derive(Clone, Debug)]
pub enum Held {
    Seen(Seen),
    Foreign(Foreign),
    Stray(Box<Stray>),
}

/// What a stray may concern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Concern {
    /// A run that selects by this label, whose value is the run's UID.
    Uid(&'static str, String),
    /// A run with a selector of its own.
    Run(Kind, String),
    /// Nobody: the finalizer of the Pod has to be removed.
    Orphan,
}

impl Held {
    /// `metadata.resourceVersion` of what is kept.
    pub fn version(&self) -> u64 {
        match self {
            Self::Seen(seen) => seen.version,
            Self::Foreign(foreign) => foreign.version,
            Self::Stray(stray) => stray.version,
        }
    }

    /// A batch/v1 Job's Pod that has ended and still has the finalizer.
    pub fn holds_up_a_job(&self) -> bool {
        match self {
            Self::Seen(seen) => seen.owner.kind == Kind::Job && seen.pod.ended() && seen.pod.tracked,
            Self::Foreign(foreign) => foreign.ended,
            Self::Stray(_) => false,
        }
    }

    /// Whatever comes next is newer.
    pub fn forget_version(&mut self) {
        match self {
            Self::Seen(seen) => seen.version = 0,
            Self::Foreign(foreign) => foreign.version = 0,
            Self::Stray(stray) => stray.version = 0,
        }
    }

    /// The engine's form, if the Pod is one of a run.
    pub fn pod(&self) -> Option<&Arc<Pod>> {
        match self {
            Self::Seen(seen) => Some(&seen.pod),
            Self::Foreign(_) | Self::Stray(_) => None,
        }
    }

    /// The view says the same of both, whatever their versions.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Seen(a), Self::Seen(b)) => Seen { version: b.version, ..a.clone() } == *b,
            (Self::Foreign(a), Self::Foreign(b)) => Foreign { version: b.version, ..a.clone() } == *b,
            (Self::Stray(a), Self::Stray(b)) => Stray { version: b.version, ..(**a).clone() } == **b,
            _ => false,
        }
    }
}

/// All runs that the Pod may concern, and the Pod itself if it is an orphan of ours.
pub fn concerns(stray: &Stray) -> Vec<Concern> {
    let by_uid = stray.uids.iter().map(|(label, uid)| Concern::Uid(label, uid.clone()));
    let own = stray.selected_by.iter().map(|(kind, name)| Concern::Run(*kind, name.clone()));
    by_uid.chain(own).chain(stray.is_orphan().then_some(Concern::Orphan)).collect()
}
