//! What is measured? Each workload is a pair: objects for this controller, and objects that ask the same of the
//! controllers of kube-controller-manager.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kubelet::EXIT_CODE;

/// The namespace of all that is created.
pub const NAMESPACE: &str = "bench";

/// What is asked of the controllers. The sizes are those of `--scale 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Workload {
    /// 2,000 runs of one Pod: a Job with `managedBy` of this controller, and a Job
    Jobs,
    /// 2,000 runs of one Pod with a sidecar: a SidecarJob, and a Job with a native sidecar
    Sidecars,
    /// One run of 5,000 completions and parallelism 500: a SidecarJob, and a Job
    One,
    /// The same, Indexed
    Indexed,
    /// 500 runs whose Pods all fail, with two retries after the back-off: a SidecarJob, and a Job
    Failures,
    /// 10,000 schedules that are due at one minute: a SidecarCronJob, and a CronJob
    Schedules,
    /// 20,000 finished runs: the start of the controller, and 5 minutes of rest
    Rest,
    /// A real kubelet: one run alone, five times, and then 20 at once: a SidecarJob, and a Job
    Kubelet,
}

/// Whose controller is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
pub enum Side {
    /// `sidecarjob controller`
    Ours,
    /// kube-controller-manager
    Theirs,
}

/// The objects of one workload, and what their end is.
#[derive(Clone)]
pub struct Runs {
    /// Where the objects are created.
    pub created_at: String,
    /// Where their ends are seen.
    pub seen_at: String,
    /// The objects.
    pub objects: Vec<Value>,
    /// How many Pods of each run must succeed before the run ends; for a run that fails, 1.
    pub units: u64,
}

impl Workload {
    /// The size: runs, Pods of one run, or finished runs.
    pub fn size(self, scale: f64) -> usize {
        let full = match self {
            Self::Jobs | Self::Sidecars => 2_000.0,
            Self::One | Self::Indexed => 5_000.0,
            Self::Failures => 500.0,
            Self::Schedules => 10_000.0,
            Self::Rest => 20_000.0,
            Self::Kubelet => return 20,
        };
        ((full * scale) as usize).max(1)
    }

    /// The name on the command line and in files.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The objects of that size.
    pub fn runs(self, side: Side, size: usize) -> Runs {
        let spec = match self {
            Self::Jobs | Self::Rest | Self::Kubelet | Self::Schedules => json!({"template": template(0)}),
            Self::Sidecars => with_sidecar(side),
            Self::One => json!({"completions": size, "parallelism": (size / 10).max(1), "template": template(0)}),
            Self::Indexed => {
                json!({"completions": size, "parallelism": (size / 10).max(1), "completionMode": "Indexed",
                "template": template(0)})
            }
            Self::Failures => json!({"backoffLimit": 2, "template": template(1)}),
        };
        let (count, units) = if matches!(self, Self::One | Self::Indexed) { (1, size as u64) } else { (size, 1) };
        if self == Self::Jobs {
            return named(
                JOB,
                count,
                units,
                match side {
                    Side::Ours => json!({"managedBy": "sidecarjob.dev/controller", "template": template(0)}),
                    Side::Theirs => spec,
                },
            );
        }
        named(kind(side), count, units, spec)
    }
}

/// API version, kind and resource.
type Kind = (&'static str, &'static str, &'static str);
const JOB: Kind = ("batch/v1", "Job", "jobs");
const SIDECAR_JOB: Kind = ("sidecarjob.dev/v1alpha1", "SidecarJob", "sidecarjobs");

fn kind(side: Side) -> Kind {
    match side {
        Side::Ours => SIDECAR_JOB,
        Side::Theirs => JOB,
    }
}

fn collection((version, _, resource): Kind) -> String {
    format!("/apis/{version}/namespaces/{NAMESPACE}/{resource}")
}

fn named(kind: Kind, count: usize, units: u64, spec: Value) -> Runs {
    let object = |n| {
        json!({"apiVersion": kind.0, "kind": kind.1, "metadata": {"name": format!("run-{n:05}"), "namespace": NAMESPACE},
            "spec": spec})
    };
    let collection = collection(kind);
    Runs { created_at: collection.clone(), seen_at: collection, objects: (0..count).map(object).collect(), units }
}

/// Schedules that are due at that minute of that hour, in UTC. Their runs are suspended: what is measured is the schedule.
pub fn schedules(side: Side, size: usize, hour: u32, minute: u32) -> Runs {
    let (version, name, resource) = match side {
        Side::Ours => (SIDECAR_JOB.0, "SidecarCronJob", "sidecarcronjobs"),
        Side::Theirs => (JOB.0, "CronJob", "cronjobs"),
    };
    let spec = json!({"schedule": format!("{minute} {hour} * * *"), "timeZone": "Etc/UTC",
        "jobTemplate": {"spec": {"suspend": true, "template": template(0)}}});
    let runs = named((version, name, resource), size, 1, spec);
    Runs { seen_at: collection(kind(side)), ..runs }
}

fn template(exit_code: i32) -> Value {
    json!({"metadata": {"annotations": {EXIT_CODE: exit_code.to_string()}},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": "busybox:1.37", "command": ["true"]}]}})
}

fn with_sidecar(side: Side) -> Value {
    let mut template = template(0);
    let mut sidecar = json!({"name": "proxy", "image": "busybox:1.37", "command": ["sleep", "3600"]});
    match side {
        Side::Ours => {
            if let Some(containers) = template["spec"]["containers"].as_array_mut() {
                containers.push(sidecar);
            }
            json!({"sidecars": [{"name": "proxy"}], "template": template})
        }
        Side::Theirs => {
            sidecar["restartPolicy"] = json!("Always");
            template["spec"]["initContainers"] = json!([sidecar]);
            json!({ "template": template })
        }
    }
}
