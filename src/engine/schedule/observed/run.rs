//! What is seen of a run, and of one that is gone?

use crate::api::conditions::types;
use crate::api::{SidecarJob, labels, scheduled_run};
use crate::engine::observed::time;
use chrono::{DateTime, Utc};

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// For which time it was made. Of a run by hand that is believed only if it has the name of that time.
    pub scheduled: Option<DateTime<Utc>>,
    /// Somebody started it by hand.
    pub manual: bool,
    /// `status.startTime`.
    pub started_at: Option<DateTime<Utc>>,
    /// When it finished, and whether it succeeded.
    pub ended: Option<(bool, DateTime<Utc>)>,
    /// It has a deletionTimestamp.
    pub deleting: bool,
}

/// A run that is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Departed {
    /// As it was seen last.
    pub run: Run,
    /// This controller deleted it to make room for the next one.
    pub replaced: bool,
}

/// Which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRef {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
}

impl Run {
    /// From the wire. `None` if it did not come from an API server.
    pub fn from_wire(wire: &SidecarJob) -> Option<Self> {
        let meta = &wire.metadata;
        let annotation = |key| meta.annotations.as_ref().and_then(|all| all.get(key));
        let conditions = wire.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
        let end = |type_, success| {
            let found = conditions.iter().find(|c| c.type_ == type_ && c.status == "True");
            found.map(|c| (success, time::from_wire(&c.last_transition_time)))
        };
        let (name, manual) = (meta.name.clone()?, annotation(labels::INSTANTIATE).is_some());
        let owner = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
        let has_name_of = |at| owner.is_some_and(|owner| name == scheduled_run::name(&owner.name, at));
        Some(Self {
            uid: meta.uid.clone()?,
            scheduled: annotation(labels::SCHEDULED_TIMESTAMP)
                .and_then(|text| time::parse(text))
                .filter(|at| !manual || has_name_of(*at)),
            name,
            manual,
            started_at: wire.status.as_ref().and_then(|s| s.start_time.as_ref()).map(time::from_wire),
            ended: end(types::COMPLETE, true).or_else(|| end(types::FAILED, false)),
            deleting: meta.deletion_timestamp.is_some(),
        })
    }

    /// Name and UID.
    pub fn to_ref(&self) -> RunRef {
        RunRef { name: self.name.clone(), uid: self.uid.clone() }
    }
}
