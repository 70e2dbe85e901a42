//! Which SidecarJobs does the API server accept, and what may change later? A Job's validation as bounds and CEL rules.
//!
//! Each message names the field and says what to do. The API server evaluates all rules at each write, writes of the
//! status included, and the cost of each access to a field grows with the number of fields beside it. So a rule is
//! attached to the field itself if that is enough, and rules with a common condition are one rule ([`Group`]).
//!
//! Some checks are left to the Pod's own validation (a container's name, an image policy, a quota): its messages appear
//! in the condition Stalled. This file has the rules on which container is a sidecar and which is main. The files below
//! have the Job's own rules, by the question that they answer.

mod changes;
mod counts;
mod failure_policy;
mod selector;
mod sidecars;
mod success_policy;
mod template;

use serde_json::{Value, json};

pub use sidecars::SIGNALS;

/// A rule, and the message if the rule does not hold.
type Rule = (&'static str, &'static str);

/// Rules that the API server evaluates together. The message comes from the first rule that does not hold.
struct Group {
    /// The condition under which all rules hold anyway.
    unless: &'static str,
    /// What the rules are about: the message if the API server can't tell which rule does not hold.
    about: &'static str,
    rules: &'static [Rule],
}

/// The longest name, as for a Job: a label of the Pods has the name as its value.
const NAME_MAX: usize = 63;

/// Adds bounds and rules to the schema of a SidecarJob.
pub fn add(schema: &mut Value) {
    let spec = &mut schema["properties"]["spec"];
    self::spec(spec);
    changes::order(spec);
    let changes = changes::rules(spec);
    let label = "it is the value of a label of its Pods; choose a shorter name";
    put(schema, [new_name(NAME_MAX, label), counts::host_names(), changes]);
}

/// The maximal length of the name of a new object. A stored object with a longer name stays valid.
pub fn new_name(most: usize, why: &str) -> Value {
    json!({
        "rule": format!("oldSelf.hasValue() || size(self.metadata.name) <= {most}"),
        "optionalOldSelf": true,
        "message": format!("metadata.name must be no more than {most} characters: {why}")
    })
}

/// Adds the rules for a new `SidecarJobSpec`, for every kind that contains it. The rules about later changes are not part
/// of it.
pub fn spec(spec: &mut Value) {
    bounds(spec);
    counts::bounds(spec);
    let fields = &mut spec["properties"];
    template::bounds(&mut fields["template"]);
    failure_policy::bounds(&mut fields["podFailurePolicy"]);
    success_policy::bounds(&mut fields["successPolicy"]);
    selector::bounds(&mut fields["selector"]);
    let rules = [ROLES, selector::MISSING];
    let groups = [
        MAIN,
        sidecars::MANAGED,
        counts::INDEXED,
        counts::PER_INDEX,
        counts::FAILED_INDEXES,
        failure_policy::GROUP,
        success_policy::GROUP,
        selector::GROUP,
    ];
    put(spec, rules.map(rule).into_iter().chain(groups.iter().map(Group::to_rule)));
}

/// Which containers are sidecars, and which are main.
const ROLES: Rule = (
    "!has(self.sidecars) || (has(self.mainContainers) && has(self.mainContainers.names)) || \
     [self.sidecars.map(s, s.name)].exists(sidecars, self.template.spec.containers.exists(c, !(c.name in sidecars) && \
     (!has(c.restartPolicy) || c.restartPolicy != 'Always')))",
    "spec.sidecars names every container that ends (one with restartPolicy Always does not): at least one must be a main \
     container, whose end decides the result",
);

const MAIN: Group = Group {
    unless: "!has(self.mainContainers) || !has(self.mainContainers.names)",
    about: "spec.mainContainers.names must be containers of the template and none of spec.sidecars",
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

impl Group {
    fn to_rule(&self) -> Value {
        all_of(self.unless, self.about, self.rules)
    }
}

/// One rule for several. Its message is that of the first rule that does not hold; a CEL expression chooses it.
fn all_of<T: AsRef<str>>(unless: &str, about: &str, rules: &[(T, T)]) -> Value {
    let all: Vec<String> = rules.iter().map(|(rule, _)| format!("({})", rule.as_ref())).collect();
    let quoted = |message: &T| json!(message.as_ref()).to_string();
    let mut backwards = rules.iter().rev();
    let last = backwards.next().map(|(_, message)| quoted(message)).unwrap_or_default();
    let first_broken =
        backwards.fold(last, |rest, (rule, message)| format!("!({}) ? {} : {rest}", rule.as_ref(), quoted(message)));
    json!({
        "rule": format!("{unless} || ({})", all.join(" && ")),
        "message": about,
        "messageExpression": first_broken
    })
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
