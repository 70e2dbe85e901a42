//! Which kinds have a Pod template and a run, and where in an object is the template?

use crate::api::GROUP;
use crate::cli::manifest::{Path, Step};
use crate::cli::target;

/// The four kinds that have a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// batch/v1 Job.
    Job,
    /// batch/v1 or batch/v1beta1 CronJob.
    CronJob,
    /// Ours.
    SidecarJob,
    /// Ours.
    SidecarCronJob,
}

impl Kind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Job, Self::CronJob, Self::SidecarJob, Self::SidecarCronJob];

    /// The kind of an object with these two fields; `None`: the object has no run, or is of another group.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let (group, _) = api_version.split_once('/')?;
        Self::ALL.into_iter().find(|known| known.name() == kind && known.group() == group)
    }

    /// The kind of an object that the command line names; `None`: a Pod.
    pub fn of_target(kind: target::Kind) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.target() == kind)
    }

    /// The kind on the command line.
    pub fn target(self) -> target::Kind {
        match self {
            Self::Job => target::Kind::Job,
            Self::CronJob => target::Kind::CronJob,
            Self::SidecarJob => target::Kind::SidecarJob,
            Self::SidecarCronJob => target::Kind::SidecarCronJob,
        }
    }

    /// The value of `kind:`.
    pub fn name(self) -> &'static str {
        self.target().name()
    }

    fn group(self) -> &'static str {
        if self.is_ours() { GROUP } else { "batch" }
    }

    /// Whether the kind is of the group sidecarjob.dev.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::SidecarJob | Self::SidecarCronJob)
    }

    /// Whether the object creates runs on a schedule.
    pub fn is_schedule(self) -> bool {
        matches!(self, Self::CronJob | Self::SidecarCronJob)
    }

    /// The kind of the group sidecarjob.dev with the same fields.
    pub fn ours(self) -> Self {
        if self.is_schedule() { Self::SidecarCronJob } else { Self::SidecarJob }
    }

    /// The kind of the runs: the kind itself, or of a schedule the kind that the schedule creates.
    pub fn of_runs(self) -> Self {
        if self.is_ours() { Self::SidecarJob } else { Self::Job }
    }

    /// From the object to what the run is: the object, or the template of a schedule's Jobs.
    pub fn run(self) -> Path {
        let steps = if self.is_schedule() { vec![Step::from("spec"), Step::from("jobTemplate")] } else { Vec::new() };
        Path(steps)
    }

    /// From the object to the Pod template.
    pub fn template(self) -> Path {
        self.run().then("spec").then("template")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_group_and_its_name() {
        let rows = [
            ("batch/v1", "Job", Some(Kind::Job)),
            ("batch/v1beta1", "CronJob", Some(Kind::CronJob)),
            ("sidecarjob.dev/v1alpha1", "SidecarJob", Some(Kind::SidecarJob)),
            ("sidecarjob.dev/v1alpha1", "SidecarCronJob", Some(Kind::SidecarCronJob)),
            ("batch.volcano.sh/v1alpha1", "Job", None),
            ("sidecarjob.dev/v1alpha1", "Job", None),
            ("v1", "Pod", None),
        ];
        for (version, kind, expected) in rows {
            assert_eq!(Kind::of(version, kind), expected, "{version} {kind}");
        }
        assert_eq!(Kind::of_target(target::Kind::Pod), None);
        assert_eq!(Kind::CronJob.template().to_string(), "spec.jobTemplate.spec.template");
    }
}
