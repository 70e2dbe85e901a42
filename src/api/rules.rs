//! Which SidecarJobs does the API server accept, and what may change later? A Job's validation as bounds and CEL rules.
//!
//! Each message names the field and says what to do. The API server evaluates all rules at each write, writes of the
//! status included, and the cost of each access to a field grows with the number of fields beside it. So a rule is
//! attached to the field itself if that is enough, rules with a common condition are one rule ([`Group`]), and most of
//! them are not evaluated at a status write ([`at_write`]).
//!
//! Some checks are left to the Pod's own validation (a container's name, an image policy, a quota): its messages appear
//! in the condition Stalled. This file has the rules on which container is a sidecar and which is main. The files below
//! have the Job's own rules, by the question that they answer.

mod at_write;
mod changes;
mod counts;
mod failure_policy;
mod selector;
mod sidecars;
mod success_policy;
mod template;

use serde_json::{Value, json};

pub use at_write::{Group, Part, at_update};
pub use counts::COMPLETED_INDEXES_MAX;
pub use sidecars::SIGNALS;

/// A rule, and the message if the rule does not hold.
pub type Rule = (&'static str, &'static str);

/// The longest name, as for a Job: a label of the Pods has the name as its value.
const NAME_MAX: usize = 63;

/// Adds bounds and rules to the schema of a SidecarJob.
pub fn add(schema: &mut Value) {
    let spec = &mut schema["properties"]["spec"];
    self::spec(spec);
    let changes = changes::rules(spec);
    let label = "it is the value of a label of its Pods; choose a shorter name";
    let mut parts = later("self.spec");
    parts.push(counts::HOST_NAMES.at_update("self"));
    let later = at_update(at_write::STATUS_WRITE, parts);
    let mut host_names = counts::HOST_NAMES.at_create();
    host_names["fieldPath"] = json!(NAME_PATH);
    let name = new_name(schema, NAME_MAX, label);
    put(schema, [name, host_names, later, changes]);
}

/// The field that a message about the name points to. A rule on the whole object without a path of a field gives a message
/// that begins with `<nil>`.
const NAME_PATH: &str = ".metadata.name";

/// The maximal length of the name of a new object. A stored object with a longer name stays valid.
pub fn new_name(schema: &mut Value, most: usize, why: &str) -> Value {
    // Only a field of the schema can have a message.
    schema["properties"]["metadata"] = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    json!({
        "rule": format!("oldSelf.hasValue() || size(self.metadata.name) <= {most}"),
        "optionalOldSelf": true,
        "fieldPath": NAME_PATH,
        "message": format!("metadata.name must be no more than {most} characters: {why}")
    })
}

/// The rules on several fields of a `SidecarJobSpec`.
const GROUPS: [Group; 11] = [
    ROLES,
    selector::MISSING,
    MAIN,
    sidecars::MANAGED,
    counts::INDEXED,
    counts::COMPLETED_INDEXES,
    counts::PER_INDEX,
    counts::FAILED_INDEXES,
    failure_policy::GROUP,
    success_policy::GROUP,
    selector::GROUP,
];

/// Adds the bounds of a `SidecarJobSpec` and the rules for a new one, for every kind that contains it. At later writes the
/// API server needs [`later`] too. The rules about changes are not part of either.
pub fn spec(spec: &mut Value) {
    bounds(spec);
    counts::bounds(spec);
    let fields = &mut spec["properties"];
    template::bounds(&mut fields["template"]);
    failure_policy::bounds(&mut fields["podFailurePolicy"]);
    success_policy::bounds(&mut fields["successPolicy"]);
    selector::bounds(&mut fields["selector"]);
    put(spec, GROUPS.iter().map(Group::at_create));
}

/// The rules on several fields of a `SidecarJobSpec` at `path`, for all writes after the create.
pub fn later(path: &str) -> Vec<Part> {
    let pod = template::LATER.iter().map(|(field, group)| group.at_update(&format!("{path}.{field}")));
    GROUPS.iter().map(|group| group.at_update(path)).chain(pod).collect()
}

/// Which containers are sidecars, and which are main.
const ROLES: Group = Group {
    unless: "!has(self.sidecars) || (has(self.mainContainers) && has(self.mainContainers.names))",
    about: None,
    rules: &[(
        "[self.sidecars.map(s, s.name)].exists(sidecars, self.template.spec.containers.exists(c, !(c.name in sidecars) && \
         (!has(c.restartPolicy) || c.restartPolicy != 'Always')))",
        "spec.sidecars names every container that ends (one with restartPolicy Always does not): at least one must be a main \
         container, whose end decides the result",
    )],
};

const MAIN: Group = Group {
    unless: "!has(self.mainContainers) || !has(self.mainContainers.names)",
    about: Some("spec.mainContainers.names must be containers of the template and none of spec.sidecars"),
    rules: &[
        (
            "self.mainContainers.names.all(n, self.template.spec.containers.exists(c, c.name == n))",
            "spec.mainContainers.names has a name that is no container of spec.template.spec.containers: correct it",
        ),
        (
            "!has(self.sidecars) || self.mainContainers.names.all(n, !self.sidecars.exists(s, s.name == n))",
            "a container is in both spec.mainContainers.names and spec.sidecars: it can be only one of them",
        ),
        (
            "!self.template.spec.containers.exists(c, has(c.restartPolicy) && c.restartPolicy == 'Always' && \
             c.name in self.mainContainers.names)",
            "spec.mainContainers.names has a container with restartPolicy Always, which never ends: take the restartPolicy \
             out, or name another container",
        ),
    ],
};

fn bounds(spec: &mut Value) {
    let fields = &mut spec["properties"];
    let managed_by = &mut fields["managedBy"];
    managed_by["maxLength"] = json!(63);
    put(
        managed_by,
        [rule((
            r#"self.matches(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9/._~%!$&'()*+,;=:-]+$")"#,
            "spec.managedBy must be a domain name, a slash and a path, as in example.com/controller",
        ))],
    );
    let sidecars = &mut fields["sidecars"];
    sidecars["maxItems"] = json!(32);
    sidecars["x-kubernetes-list-type"] = json!("map");
    sidecars["x-kubernetes-list-map-keys"] = json!(["name"]);
    name(&mut sidecars["items"]["properties"]["name"]);
    sidecars::bounds(&mut sidecars["items"]["properties"]);
    let names = &mut fields["mainContainers"]["properties"]["names"];
    names["minItems"] = json!(1);
    names["maxItems"] = json!(32);
    names["x-kubernetes-list-type"] = json!("set");
    name(&mut names["items"]);
}

/// A container's name. The Pod's validation checks its form.
fn name(schema: &mut Value) {
    schema["minLength"] = json!(1);
    schema["maxLength"] = json!(63);
}

/// The form of a rule in the schema.
fn rule((rule, message): Rule) -> Value {
    json!({"rule": rule, "message": message})
}

/// Adds rules to those of a part of the schema.
fn put(schema: &mut Value, rules: impl IntoIterator<Item = Value>) {
    let mut all = schema["x-kubernetes-validations"].take().as_array().cloned().unwrap_or_default();
    all.extend(rules);
    schema["x-kubernetes-validations"] = json!(all);
}

/// A field with a default is never null: null means absent, as everywhere in Kubernetes, and so it means the default.
fn default(field: &mut Value, value: impl Into<Value>) {
    field["default"] = value.into();
    if let Some(field) = field.as_object_mut() {
        field.remove("nullable");
    }
}

#[cfg(test)]
mod tests;
