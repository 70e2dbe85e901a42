//! What does a Job, CronJob, SidecarJob or SidecarCronJob say of its containers, and where?

use serde_json::{Map, Value};

use crate::api::labels;
use crate::cli::container::Container;
use crate::cli::manifest::Step;
use crate::cli::workload::Kind;

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
    /// Labels of the object and of its run.
    pub labels: Vec<(String, String)>,
    /// `managedBy` of the run.
    pub managed_by: Option<String>,
    /// The containers of a Pod see the processes of each other.
    pub shares_processes: bool,
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
        let of_object = |field: &str| [object, run].map(|of| texts(&of["metadata"][field])).concat();
        Self {
            kind,
            containers: containers(&pod["containers"], Container::of),
            init: containers(&pod["initContainers"], Container::init),
            shared: shared.collect(),
            marks: marks.concat(),
            annotations: of_object("annotations"),
            labels: of_object("labels"),
            managed_by: run["spec"]["managedBy"].as_str().map(str::to_owned),
            shares_processes: pod["shareProcessNamespace"] == true,
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

    /// The sidecars that an annotation names for our controller.
    pub fn said_sidecars(&self) -> impl Iterator<Item = &str> {
        labels::names(self.annotation(labels::SIDECARS).or_else(|| self.mark(labels::SIDECARS)).unwrap_or_default())
    }

    /// Whether the object or its run has the label.
    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|(key, _)| key == name)
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

/// The value at a path; maps that are missing are made.
pub fn place<'a>(value: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Index(index) => &mut value[*index],
        Step::Key(key) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            &mut value[key.as_str()]
        }
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(map: &Value) -> Vec<(String, String)> {
    let all = map.as_object().into_iter().flatten();
    all.map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect()
}

fn containers(list: &Value, read: fn(&Value) -> Container) -> Vec<Container> {
    list.as_array().into_iter().flatten().map(read).collect()
}
