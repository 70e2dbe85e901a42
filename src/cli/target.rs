//! Which object does `NAME` or `KIND/NAME` on the command line mean?

use std::fmt;
use std::str::FromStr;

use crate::api;

/// The kinds that the commands know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `sidecarjob.dev`, kind SidecarJob.
    SidecarJob,
    /// `sidecarjob.dev`, kind SidecarCronJob.
    SidecarCronJob,
    /// `batch/v1`, kind Job.
    Job,
    /// `batch/v1`, kind CronJob.
    CronJob,
    /// `v1`, kind Pod.
    Pod,
}

impl Kind {
    /// All kinds.
    const ALL: [Self; 5] = [Self::SidecarJob, Self::SidecarCronJob, Self::Job, Self::CronJob, Self::Pod];

    /// The value of `kind:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SidecarJob => api::Kind::SidecarJob.name(),
            Self::SidecarCronJob => api::SCHEDULE,
            Self::Job => api::Kind::Job.name(),
            Self::CronJob => "CronJob",
            Self::Pod => "Pod",
        }
    }

    /// The name before the slash, in any spelling that kubectl takes: the kind, the plural, the short name, each with or
    /// without the group.
    fn of(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let word = word.split('.').next().unwrap_or_default();
        Self::ALL.into_iter().find(|kind| {
            let name = kind.name().to_ascii_lowercase();
            word == name || word.strip_suffix('s') == Some(&name) || kind.short_names().contains(&word)
        })
    }

    fn short_names(self) -> &'static [&'static str] {
        match self {
            Self::SidecarJob => &["scj"],
            Self::SidecarCronJob => &["sccj"],
            Self::Job => &[],
            Self::CronJob => &["cj"],
            Self::Pod => &["po"],
        }
    }

    /// The command that lists the objects of this kind.
    pub fn list_command(self) -> &'static str {
        match self {
            Self::SidecarJob | Self::SidecarCronJob => "kubectl sidecarjob list --all-namespaces",
            Self::Job => "kubectl get jobs --all-namespaces",
            Self::CronJob => "kubectl get cronjobs --all-namespaces",
            Self::Pod => "kubectl get pods --all-namespaces",
        }
    }

    /// The resource in the answer of `-o name`, and in commands that a message proposes.
    pub fn resource(self) -> &'static str {
        match self {
            Self::SidecarJob => "sidecarjob.sidecarjob.dev",
            Self::SidecarCronJob => "sidecarcronjob.sidecarjob.dev",
            Self::Job => "job.batch",
            Self::CronJob => "cronjob.batch",
            Self::Pod => "pod",
        }
    }
}

/// An object of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The kind; a name alone is a SidecarJob.
    pub kind: Kind,
    /// The name.
    pub name: String,
}

impl Target {
    /// The object as somebody types it: `etl`, `sccj/nightly`, `job/etl`.
    pub fn words(&self) -> String {
        let kind = match self.kind {
            Kind::SidecarJob => return self.name.clone(),
            Kind::SidecarCronJob => "sccj",
            Kind::Job => "job",
            Kind::CronJob => "cj",
            Kind::Pod => "pod",
        };
        format!("{kind}/{}", self.name)
    }

    /// The object of this kind with this name.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }

    /// The object as `-o name` prints it, and as kubectl takes it.
    pub fn resource(&self) -> String {
        format!("{}/{}", self.kind.resource(), self.name)
    }

    /// The object in a command of this program, as `sidecarjob/NAME`.
    pub fn argument_with_kind(&self) -> String {
        format!("{}/{}", self.kind.resource().split('.').next().unwrap_or_default(), self.name)
    }
}

/// The longest name of a Kubernetes object.
const NAME_MAX: usize = 253;

/// Whether the API server may have an object with this name.
pub fn is_name(text: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= NAME_MAX
        && text.starts_with(is_alphanumeric)
        && text.ends_with(is_alphanumeric)
        && text.chars().all(|c| is_alphanumeric(c) || matches!(c, '-' | '.'))
}

/// The name of an object on the command line. The error is a sentence.
pub fn name(text: &str) -> Result<String, String> {
    match is_name(text) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "a name has 1 to {NAME_MAX} lower-case letters, digits, '-' and '.', and begins and ends with a letter or digit"
        )),
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            None => (Kind::SidecarJob, text),
            Some((kind, name)) => {
                let unknown = || format!("unknown kind {kind:?}: write NAME for a SidecarJob, or job/NAME, pod/NAME");
                (Kind::of(kind).ok_or_else(unknown)?, name)
            }
        };
        if name.is_empty() || name.contains('/') {
            return Err("write NAME or KIND/NAME".into());
        }
        Ok(Self { kind, name: self::name(name)? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_a_sidecarjob_and_kinds_are_spelled_as_for_kubectl() {
        let long = "n".repeat(254);
        let rows = [
            ("etl", Some((Kind::SidecarJob, "etl"))),
            ("scj/etl", Some((Kind::SidecarJob, "etl"))),
            ("SidecarJobs.sidecarjob.dev/etl", Some((Kind::SidecarJob, "etl"))),
            ("sccj/nightly", Some((Kind::SidecarCronJob, "nightly"))),
            ("job/etl", Some((Kind::Job, "etl"))),
            ("jobs.batch/etl", Some((Kind::Job, "etl"))),
            ("cj/nightly", Some((Kind::CronJob, "nightly"))),
            ("po/etl-x7k2p", Some((Kind::Pod, "etl-x7k2p"))),
            ("deployment/web", None),
            ("job/", None),
            ("job/a/b", None),
            ("", None),
            ("a b", None),
            ("done?x", None),
            ("pod/..", None),
            ("-etl", None),
            ("Etl", None),
            (&long[..253], Some((Kind::SidecarJob, &long[..253]))),
            (&long, None),
        ];
        for (text, expected) in rows {
            let read: Option<Target> = text.parse().ok();
            let read = read.as_ref().map(|target| (target.kind, target.name.as_str()));
            assert_eq!(read, expected, "{text}");
        }
    }
}
