//! What a SidecarJob must keep to, and what may change later: a Job's validation as bounds and CEL rules.
//!
//! Each message names the field and says what to do. An API server evaluates all rules at each write, of a status too, and
//! pays for each look at a field in proportion to the number of its neighbours. So a rule stands at the field itself where
//! that is enough, and rules that have a condition in common are one ([`Group`]).
//!
//! What only the Pod's own validation can tell (a container's name, an image policy, a quota) is left to it: its words end
//! in the condition Stalled. Here stand the rules on which container is what; the files below have the Job's own, by the
//! question they answer.

mod changes;
mod counts;
mod failure_policy;
mod selector;
mod sidecars;
mod success_policy;
mod template;

use serde_json::{Value, json};

pub use sidecars::SIGNALS;

/// A rule and what is said if it does not hold.
type Rule = (&'static str, &'static str);

/// Rules that are looked at together. The first that does not hold is said.
struct Group {
    /// When all of them hold anyway.
    unless: &'static str,
    /// What they are about: said where it can't be said which one it is.
    about: &'static str,
    rules: &'static [Rule],
}

/// The longest name, as a Job's: it is the value of a label of its Pods.
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

/// How long the name of a new object may be. One that was stored with a longer name stays usable.
pub fn new_name(most: usize, why: &str) -> Value {
    json!({
        "rule": format!("oldSelf.hasValue() || size(self.metadata.name) <= {most}"),
        "optionalOldSelf": true,
        "message": format!("metadata.name must be no more than {most} characters: {why}")
    })
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

/// Which container is what.
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

/// A container's name: its form is left to the Pod's validation.
fn name(schema: &mut Value) {
    schema["minLength"] = json!(1);
    schema["maxLength"] = json!(63);
}

impl Group {
    fn to_rule(&self) -> Value {
        all_of(self.unless, self.about, self.rules)
    }
}

/// One rule for several. Its message is that of the first that does not hold, made by a CEL expression.
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
