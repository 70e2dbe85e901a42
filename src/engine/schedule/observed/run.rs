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
    /// For which time it was made. That is believed only if the run has the name of that time: an annotation can be
    /// changed and copied, a name can't. It may lie ahead of now: anybody can create a run with such a name.
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
        let owner = scheduled_run::owner_of(wire);
        let has_name_of = |at: &_| owner.is_some_and(|owner| name == scheduled_run::name(&owner.name, *at));
        Some(Self {
            uid: meta.uid.clone()?,
            scheduled: annotation(labels::SCHEDULED_TIMESTAMP).and_then(|text| time::parse(text)).filter(has_name_of),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A run of the schedule `c`.
    fn run(name: &str, annotations: Value) -> Run {
        let owner = json!({
            "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "name": "c", "uid": "u", "controller": true
        });
        let meta = json!({"name": name, "uid": "r", "annotations": annotations, "ownerReferences": [owner]});
        let wire = json!({"metadata": meta, "spec": {"template": {}}});
        Run::from_wire(&serde_json::from_value(wire).unwrap()).unwrap()
    }

    #[test]
    fn the_time_of_a_run_is_believed_if_the_run_has_the_name_of_that_time() {
        let time = labels::SCHEDULED_TIMESTAMP;
        let right = "c-29453820"; // 2026-01-01T01:00:00Z
        for (what, name, text, is_believed) in [
            ("the controller made it", right, "2026-01-01T01:00:00Z", true),
            ("in another time zone", right, "2026-01-01T02:00:00+01:00", true),
            ("@every has seconds", right, "2026-01-01T01:00:30Z", true),
            ("somebody changed the annotation", right, "2099-01-01T01:00:00Z", false),
            ("by a minute", right, "2026-01-01T01:01:00Z", false),
            ("a copied run", "copy", "2026-01-01T01:00:00Z", false),
            ("a run of another schedule", "d-29453820", "2026-01-01T01:00:00Z", false),
            ("no time", right, "soon", false),
        ] {
            for manual in [false, true] {
                let mut annotations = json!({time: text});
                if manual {
                    annotations[labels::INSTANTIATE] = json!(labels::MANUAL);
                }
                let run = run(name, annotations);
                assert_eq!((run.scheduled.is_some(), run.manual), (is_believed, manual), "{what}");
            }
        }
    }
}
