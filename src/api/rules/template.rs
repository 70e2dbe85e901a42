//! What does the Pod template of a run to completion need beyond the Pod's own validation?

use serde_json::{Value, json};

use crate::api::labels;
use crate::api::rules::Group;
use crate::api::rules::name;
use crate::api::rules::put;
use crate::api::rules::rule;

/// More entries than any stored object has.
const MANY: u32 = 10_000;

/// Longer than any path.
const LONG: u32 = 4096;

/// The rules about changes compare lists and texts with the old ones, and the API server limits the cost of a rule by the
/// maximal size of these lists and texts. So each of them gets a maximal size. `containers` and `initContainers` are
/// lists by name, as in a Pod: so rules can find a container again, and server-side apply can merge it.
pub fn bounds(template: &mut Value) {
    let labels = &mut template["properties"]["metadata"]["properties"]["labels"];
    labels["maxProperties"] = json!(1000);
    labels["additionalProperties"]["maxLength"] = json!(63);
    put(labels, own_labels());
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
    must_hold(&mut template["properties"]["spec"]);
    template["required"] = json!(["spec"]);
}

const RESTART: &str =
    "spec.template.spec.restartPolicy must be Never or OnFailure: a run that is to end can't restart for ever";

const RESTART_GIVEN: Group = Group { unless: "false", about: None, rules: &[("has(self.restartPolicy)", RESTART)] };

const ONE_ENDS: Group = Group {
    unless: "size(self) == 0",
    about: None,
    rules: &[(
        "self.exists(c, !has(c.restartPolicy) || c.restartPolicy != 'Always')",
        "every container of spec.template.spec.containers has restartPolicy Always, so none of them ever ends: take it out \
         of the container whose end decides the result",
    )],
};

/// The rules of the template that look into fields, by the path of their field below the spec.
pub const LATER: [(&str, Group); 2] = [("template.spec", RESTART_GIVEN), ("template.spec.containers", ONE_ENDS)];

/// Rules that are attached to the field itself, so they cost nothing if the field is absent.
fn must_hold(pod: &mut Value) {
    put(pod, [RESTART_GIVEN.at_create()]);
    let fields = &mut pod["properties"];
    fields["restartPolicy"]["maxLength"] = json!(20);
    put(&mut fields["restartPolicy"], [rule(("self in ['Never', 'OnFailure']", RESTART))]);
    let some = ("size(self) > 0", "spec.template.spec.containers is empty: name at least the main container");
    put(&mut fields["containers"], [rule(some), ONE_ENDS.at_create()]);
    let deadline = ("self > 0", "spec.template.spec.activeDeadlineSeconds must be at least 1");
    put(&mut fields["activeDeadlineSeconds"], [rule(deadline)]);
}

/// The template may not have the labels by which the controller finds its Pods.
fn own_labels() -> impl Iterator<Item = Value> {
    [labels::NAME, labels::UID, labels::ATTEMPT].into_iter().map(|label| {
        json!({
            "rule": format!("!('{label}' in self)"),
            "message": format!("spec.template.metadata.labels has {label}, which the controller sets: remove it")
        })
    })
}

/// Gives a maximal size to a text or list that has none yet.
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
