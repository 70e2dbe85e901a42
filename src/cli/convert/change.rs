//! What is another form of a Job, as values: which fields get which value?
//!
//! `text` makes the same change in the text; `file` compares both.

use serde_json::{Value, json};

use crate::api::labels;
use crate::api::{GROUP, VERSION};
use crate::cli::convert::choice::To;
use crate::cli::convert::needless;
use crate::cli::convert::work::place;
use crate::cli::manifest::Path;
use crate::cli::workload::Kind;

/// The policy of a native sidecar.
pub const ALWAYS: &str = "Always";

/// A change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The kind that the object has.
    pub kind: Kind,
    /// The form.
    pub to: To,
    /// The main containers.
    pub main: Vec<String>,
    /// The plain containers that are sidecars.
    pub sidecars: Vec<String>,
    /// The init containers that are native sidecars already.
    pub native: Vec<String>,
}

impl Change {
    /// The fields that get a value, with the path of the map and the field. The moves of `To::Native` are not among them.
    pub fn fields(&self) -> Vec<(Path, &'static str, Value)> {
        let run = self.kind.run();
        let all: Vec<&String> = self.native.iter().chain(&self.sidecars).collect();
        let names = || all.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
        match self.to {
            To::Native => Vec::new(),
            To::Annotation => {
                vec![(
                    self.kind.template().then("metadata").then("annotations"),
                    labels::MAIN,
                    json!(self.main.join(",")),
                )]
            }
            To::ManagedBy => {
                let mut fields = vec![(run.then("spec"), "managedBy", json!(labels::CONTROLLER))];
                if !all.is_empty() {
                    fields.push((run.then("metadata").then("annotations"), labels::SIDECARS, json!(names())));
                }
                fields
            }
            To::Sidecarjob => {
                let ours = self.kind.ours().name();
                let mut fields = vec![
                    (Path::default(), "apiVersion", json!(format!("{GROUP}/{VERSION}"))),
                    (Path::default(), "kind", json!(ours)),
                ];
                if !all.is_empty() {
                    let sidecars: Vec<Value> = all.iter().map(|name| json!({"name": name})).collect();
                    fields.push((run.then("spec"), "sidecars", json!(sidecars)));
                }
                fields
            }
        }
    }

    /// Whether the controller's part of the object goes: the API server takes no status of another kind.
    pub fn drops_status(&self) -> bool {
        self.to == To::Sidecarjob
    }

    /// The object with the change.
    pub fn of(&self, object: &Value) -> Value {
        let mut changed = object.clone();
        for (path, field, value) in self.fields() {
            *place(&mut changed, &path.then(field)) = value;
        }
        if self.drops_status() {
            changed.as_object_mut().and_then(|fields| fields.remove("status"));
            needless::dropped(self.kind, &mut changed);
        }
        if self.to == To::Native {
            self.moved(place(&mut changed, &self.kind.template().then("spec")));
        }
        changed
    }

    fn moved(&self, pod: &mut Value) {
        let all = pod["containers"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let is_sidecar = |container: &Value| self.sidecars.iter().any(|name| container["name"] == **name);
        let (mut moved, stay): (Vec<_>, Vec<_>) = all.into_iter().partition(is_sidecar);
        moved.iter_mut().for_each(|container| container["restartPolicy"] = json!(ALWAYS));
        pod["containers"] = json!(stay);
        match pod["initContainers"].as_array_mut() {
            Some(init) => init.append(&mut moved),
            None => pod["initContainers"] = json!(moved),
        }
    }
}
