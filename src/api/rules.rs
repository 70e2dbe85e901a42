//! What a SidecarJob must keep to, and what may change later: a Job's validation as bounds and CEL rules.
//!
//! Each message names the field and says what to do. What only the Pod's own validation can tell (a container's name,
//! an image policy, a quota) is left to it: its words end in the condition Stalled. Here stand the rules on which
//! container is what; the files below have the Job's own, by the question they answer.

mod changes;
mod counts;
mod failure_policy;
mod selector;
mod sidecars;
mod success_policy;
mod template;

use serde_json::{Value, json};

pub use sidecars::SIGNALS;

use super::labels;

/// A rule and what is said if it does not hold.
type Rule = (&'static str, &'static str);

/// Adds bounds and rules to the schema of a SidecarJob.
pub fn add(schema: &mut Value) {
    let spec = &mut schema["properties"]["spec"];
    self::spec(spec);
    changes::spec(spec);
    changes::containers(spec);
    let template = changes::template(spec);
    put(schema, [counts::host_names(), template]);
}

/// Adds what must hold when a `SidecarJobSpec` is created, whichever kind holds it. What may change later is not in it.
pub fn spec(spec: &mut Value) {
    bounds(spec);
    counts::bounds(spec);
    let fields = &mut spec["properties"];
    template::bounds(&mut fields["template"]);
    failure_policy::bounds(&mut fields["podFailurePolicy"]);
    success_policy::bounds(&mut fields["successPolicy"]);
    selector::bounds(&mut fields["selector"]);
    let groups = [
        template::RULES,
        ROLES,
        sidecars::RULES,
        counts::RULES,
        failure_policy::RULES,
        success_policy::RULES,
        selector::RULES,
    ];
    put(spec, groups.concat().into_iter().map(rule).chain(own_labels()));
}

/// Which container is what.
const ROLES: &[Rule] = &[
    (
        "!has(self.template.spec) || (has(self.mainContainers) && has(self.mainContainers.names)) || !has(self.sidecars) || \
         self.template.spec.containers.exists(c, !self.sidecars.exists(s, s.name == c.name))",
        "spec.sidecars names every container: at least one must be a main container, whose end decides the result",
    ),
    (
        "!has(self.template.spec) || !has(self.mainContainers) || !has(self.mainContainers.names) || \
         self.mainContainers.names.all(n, \
         self.template.spec.containers.exists(c, c.name == n))",
        "spec.mainContainers.names has a name that is no container of spec.template.spec.containers: correct it",
    ),
    (
        "!has(self.mainContainers) || !has(self.mainContainers.names) || !has(self.sidecars) || \
         self.mainContainers.names.all(n, \
         !self.sidecars.exists(s, s.name == n))",
        "a container is in both spec.mainContainers.names and spec.sidecars: it can be only one of them",
    ),
];

/// Labels by which we find our Pods.
fn own_labels() -> impl Iterator<Item = Value> {
    [labels::NAME, labels::UID, labels::ATTEMPT].into_iter().map(|label| {
        json!({
            "rule": format!(
                "!has(self.template.metadata) || !has(self.template.metadata.labels) || \
                 !('{label}' in self.template.metadata.labels)"
            ),
            "message": format!("spec.template.metadata.labels has {label}, which the controller sets: remove it")
        })
    })
}

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

/// A container's name: its form is left to the Pod's validation.
fn name(schema: &mut Value) {
    schema["minLength"] = json!(1);
    schema["maxLength"] = json!(63);
}

/// As the schema has it.
fn rule((rule, message): Rule) -> Value {
    json!({"rule": rule, "message": message})
}

/// Adds rules to those that a part of the schema has.
fn put(schema: &mut Value, rules: impl IntoIterator<Item = Value>) {
    let mut all = schema["x-kubernetes-validations"].take().as_array().cloned().unwrap_or_default();
    all.extend(rules);
    schema["x-kubernetes-validations"] = json!(all);
}

/// A field that has a default is never null: null means absent, as everywhere in Kubernetes, and so the default.
fn default(field: &mut Value, value: impl Into<Value>) {
    field["default"] = value.into();
    if let Some(field) = field.as_object_mut() {
        field.remove("nullable");
    }
}

#[cfg(test)]
mod tests;
