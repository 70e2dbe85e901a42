//! What does a Job, CronJob, SidecarJob or SidecarCronJob say of its containers, and where?

use serde_json::Value;

use crate::api;
use crate::api::GROUP;
use crate::cli::manifest::{Object, Path, Step};

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
    /// The kind of an object; `None`: the object has no run, or is of another group.
    pub fn of(object: &Object<'_>) -> Option<Self> {
        let (group, _) = object.api_version().split_once('/')?;
        [Self::Job, Self::CronJob, Self::SidecarJob, Self::SidecarCronJob]
            .into_iter()
            .find(|kind| kind.name() == object.kind() && group == if kind.is_ours() { GROUP } else { "batch" })
    }

    /// The value of `kind:`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Job => api::Kind::Job.name(),
            Self::CronJob => "CronJob",
            Self::SidecarJob => api::Kind::SidecarJob.name(),
            Self::SidecarCronJob => api::SCHEDULE,
        }
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

/// A container of the Pod template.
#[derive(Clone, Debug, Default)]
pub struct Container {
    /// The name.
    pub name: String,
    /// The image, as it is written.
    pub image: String,
    /// `restartPolicy` of the container, if it has one.
    pub restart: Option<String>,
    /// `command` and `args`.
    pub words: Vec<String>,
    /// The volumes that it mounts, and where.
    pub mounts: Vec<(String, String)>,
}

/// What one object says of its containers.
#[derive(Clone, Debug)]
pub struct Work {
    /// The kind.
    pub kind: Kind,
    /// The containers.
    pub containers: Vec<Container>,
    /// The init containers.
    pub init: Vec<Container>,
    /// The volumes of type emptyDir.
    pub shared: Vec<String>,
    /// Annotations and labels of the Pod template.
    pub marks: Vec<(String, String)>,
    /// Annotations of the object and of its run.
    pub annotations: Vec<(String, String)>,
    /// `managedBy` of the run.
    pub managed_by: Option<String>,
}

impl Work {
    /// Reads an object.
    pub fn of(kind: Kind, object: &Value) -> Self {
        let template = at(object, &kind.template());
        let pod = &template["spec"];
        let volumes = pod["volumes"].as_array().into_iter().flatten();
        let shared = volumes.filter(|volume| volume.get("emptyDir").is_some()).map(|volume| text(&volume["name"]));
        let marks = ["annotations", "labels"].map(|field| texts(&template["metadata"][field]));
        let run = at(object, &kind.run());
        let annotations = [object, run].map(|of| texts(&of["metadata"]["annotations"]));
        Self {
            kind,
            containers: containers(&pod["containers"]),
            init: containers(&pod["initContainers"]),
            shared: shared.collect(),
            marks: marks.concat(),
            annotations: annotations.concat(),
            managed_by: run["spec"]["managedBy"].as_str().map(str::to_owned),
        }
    }

    /// The annotation or label of the Pod template.
    pub fn mark(&self, name: &str) -> Option<&str> {
        self.marks.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The annotation of the object or of its run.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The init containers that are native sidecars.
    pub fn native(&self) -> Vec<&str> {
        let always = |init: &&Container| init.restart.as_deref() == Some("Always");
        self.init.iter().filter(always).map(|init| init.name.as_str()).collect()
    }
}

/// The value at a path, or null.
pub fn at<'a>(value: &'a Value, path: &[Step]) -> &'a Value {
    path.iter().fold(value, |value, step| match step {
        Step::Key(key) => &value[key.as_str()],
        Step::Index(index) => &value[*index],
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(map: &Value) -> Vec<(String, String)> {
    let all = map.as_object().into_iter().flatten();
    all.map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

fn containers(list: &Value) -> Vec<Container> {
    let words = |of: &Value| of.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
    let mounts = |of: &Value| {
        let all = of["volumeMounts"].as_array().into_iter().flatten();
        all.map(|mount| (text(&mount["name"]), text(&mount["mountPath"]))).collect()
    };
    let one = |of: &Value| Container {
        name: text(&of["name"]),
        image: text(&of["image"]),
        restart: of["restartPolicy"].as_str().map(str::to_owned),
        words: [words(&of["command"]), words(&of["args"])].concat(),
        mounts: mounts(of),
    };
    list.as_array().into_iter().flatten().map(one).collect()
}
