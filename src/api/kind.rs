//! Which kinds does the controller run, and what are their names in the API?
//!
//! Our own kind, and Kubernetes' Job if `spec.managedBy` names this controller. Both go through the same engine; the few
//! differences depend on this type.

use crate::api::GROUP;
use crate::api::VERSION;
use crate::api::labels;

/// The kind that creates runs on a schedule, as in `kind:`. It has no Pods.
pub const SCHEDULE: &str = "SidecarCronJob";

/// A kind whose Pods the controller runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `sidecarjob.dev/v1alpha1`, kind SidecarJob.
    #[default]
    SidecarJob,
    /// `batch/v1`, kind Job.
    Job,
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::SidecarJob, Self::Job];

    /// The value of `kind:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SidecarJob => "SidecarJob",
            Self::Job => "Job",
        }
    }

    /// The value of `apiVersion:`.
    pub fn api_version(self) -> String {
        match self {
            Self::SidecarJob => format!("{GROUP}/{VERSION}"),
            Self::Job => "batch/v1".into(),
        }
    }

    /// The kind in an owner reference, in whatever version.
    pub fn of_reference(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.split('/').next().unwrap_or_default();
        Self::ALL.into_iter().find(|k| k.name() == kind && k.api_version().split('/').next() == Some(group))
    }

    /// The finalizers of the other kinds: a Pod that changes its owner may still have one.
    pub fn other_finalizers(self) -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|kind| *kind != self).map(Self::finalizer).collect()
    }

    /// The finalizer on Pods that are not counted yet.
    pub fn finalizer(self) -> &'static str {
        match self {
            Self::SidecarJob => labels::TRACKING_FINALIZER,
            Self::Job => labels::BATCH_TRACKING_FINALIZER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_reference_names_one_of_our_kinds_or_none() {
        for (api_version, kind, want) in [
            ("batch/v1", "Job", Some(Kind::Job)),
            ("sidecarjob.dev/v1alpha1", "SidecarJob", Some(Kind::SidecarJob)),
            ("sidecarjob.dev/v9", "SidecarJob", Some(Kind::SidecarJob)),
            ("batch.volcano.sh/v1alpha1", "Job", None),
            ("batch/v1", "CronJob", None),
            ("apps/v1", "ReplicaSet", None),
        ] {
            assert_eq!(Kind::of_reference(api_version, kind), want, "{api_version} {kind}");
        }
    }
}
