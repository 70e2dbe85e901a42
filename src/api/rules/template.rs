//! The Pod to run, as far as a run to completion needs more than the Pod's own validation.

use serde_json::{Value, json};

use super::{Rule, name};

/// More than any object that can be stored has.
const MANY: u32 = 10_000;

/// Longer than any path.
const LONG: u32 = 4096;

/// The API server bounds the cost of rules by the size that lists and texts may have, and these are compared with what
/// they were. They are lists by name, as a Pod's are: so a container is found again, and server-side apply merges it.
pub fn bounds(template: &mut Value) {
    let labels = &mut template["properties"]["metadata"]["properties"]["labels"];
    labels["maxProperties"] = json!(1000);
    labels["additionalProperties"]["maxLength"] = json!(63);
    let pod = &mut template["properties"]["spec"]["properties"];
    for list in ["containers", "initContainers"] {
        let containers = &mut pod[list];
        containers["maxItems"] = json!(64);
        containers["x-kubernetes-list-type"] = json!("map");
        containers["x-kubernetes-list-map-keys"] = json!(["name"]);
        let fields = &mut containers["items"]["properties"];
        name(&mut fields["name"]);
        fields.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()).for_each(bound);
    }
    pod["restartPolicy"]["maxLength"] = json!(20);
}

/// Bounds a text or a list that has no bound yet.
fn bound(field: &mut Value) {
    let (bound, most) = match field["type"].as_str() {
        Some("string") => ("maxLength", LONG),
        Some("array") => ("maxItems", MANY),
        _ => return,
    };
    if field.get(bound).is_none() {
        field[bound] = json!(most);
    }
}

/// What must hold of it.
pub const RULES: &[Rule] = &[
    ("has(self.template.spec)", "spec.template.spec is missing: put the Pod to run there"),
    (
        "!has(self.template.spec) || (has(self.template.spec.restartPolicy) && self.template.spec.restartPolicy in \
         ['Never', 'OnFailure'])",
        "spec.template.spec.restartPolicy must be Never or OnFailure: a run that is to end can't restart for ever",
    ),
    (
        "!has(self.template.spec) || size(self.template.spec.containers) > 0",
        "spec.template.spec.containers is empty: name at least the main container",
    ),
    (
        "!has(self.template.spec) || !has(self.template.spec.activeDeadlineSeconds) || \
         self.template.spec.activeDeadlineSeconds > 0",
        "spec.template.spec.activeDeadlineSeconds must be at least 1",
    ),
];
