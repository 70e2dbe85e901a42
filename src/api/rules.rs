//! What a SidecarJob must keep to, and what may change later: a Job's validation as bounds and CEL rules.
//!
//! Each message names the field and says what to do. What only the Pod's own validation can tell (a container's name,
//! an image policy, a quota) is left to it: its words end in the condition Stalled.

use serde_json::{Value, json};

use super::labels;

/// Adds bounds and rules to the schema of a SidecarJob.
pub fn add(schema: &mut Value) {
    let spec = &mut schema["properties"]["spec"];
    bounds(spec);
    let rules: Vec<Value> = SPEC
        .iter()
        .map(|(rule, message)| json!({"rule": rule, "message": message}))
        .chain(fixed())
        .chain(own_labels())
        .collect();
    spec["x-kubernetes-validations"] = json!(rules);
}

/// Rules on the spec: what must hold, and what is said if it does not.
const SPEC: [(&str, &str); 13] = [
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
        "!has(self.template.spec) || self.template.spec.containers.all(c, \
         self.template.spec.containers.exists_one(d, d.name == c.name))",
        "spec.template.spec.containers has two containers of one name: give each its own",
    ),
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
    (
        "!has(self.sidecarMode) || self.sidecarMode != 'Managed' || !has(self.sidecars) || self.sidecars.all(s, \
         !has(s.start) || !has(s.start.before) || s.start.before != 'Init')",
        "spec.sidecars[].start.before is Init and spec.sidecarMode is Managed: only native sidecars start before init \
         containers; use Auto or Native, or leave it out",
    ),
    (
        "!has(self.sidecarMode) || self.sidecarMode != 'Managed' || !has(self.sidecars) || self.sidecars.all(s, \
         !has(s.start) || !has(s.start.until) || s.start.until != 'Ready')",
        "spec.sidecars[].start.until is Ready and spec.sidecarMode is Managed: main containers wait for native sidecars \
         only; use Auto or Native, or leave it out",
    ),
    (
        "!has(self.template.spec) || !has(self.template.spec.activeDeadlineSeconds) || \
         self.template.spec.activeDeadlineSeconds > 0",
        "spec.template.spec.activeDeadlineSeconds must be at least 1",
    ),
    (
        "(has(self.completions) ? self.completions : -1) == (has(oldSelf.completions) ? oldSelf.completions : -1)",
        "spec.completions can't be changed: create a new SidecarJob",
    ),
    (
        "has(self.completions) || has(self.parallelism) == has(oldSelf.parallelism)",
        "spec.parallelism can't be added or removed later without spec.completions: one of both absent means a run of one \
         Pod, the other a work queue; use spec.suspend to pause a run, or create a new SidecarJob",
    ),
    (
        "has(self.template.metadata) == has(oldSelf.template.metadata) && (!has(self.template.metadata) || \
         self.template.metadata == oldSelf.template.metadata) && self.template.spec == oldSelf.template.spec",
        "spec.template can't be changed: create a new SidecarJob",
    ),
];

/// The signals that ask a process to end, or to get ready for it; SIGKILL does nothing to a container's first process.
pub const SIGNALS: [&str; 6] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/// Fields that stay as they were created, whether they were given or not.
const FIXED: [&str; 6] =
    ["completionMode", "sidecars", "mainContainers", "injectedContainers", "sidecarMode", "managedBy"];

fn fixed() -> impl Iterator<Item = Value> {
    FIXED.iter().map(|field| {
        json!({
            "rule": format!(
                "has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"
            ),
            "message": format!("spec.{field} can't be changed: create a new SidecarJob")
        })
    })
}

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
    for field in ["parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished"] {
        fields[field]["minimum"] = json!(0);
        fields[field]["maximum"] = json!(i32::MAX);
    }
    fields["activeDeadlineSeconds"]["minimum"] = json!(0);
    fields["activeDeadlineSeconds"]["maximum"] = json!(i64::from(i32::MAX));
    fields["backoffLimit"]["default"] = json!(6);
    fields["suspend"]["default"] = json!(false);
    fields["completionMode"]["default"] = json!("NonIndexed");
    let managed_by = &mut fields["managedBy"];
    managed_by["maxLength"] = json!(63);
    managed_by["x-kubernetes-validations"] = json!([{
        "rule": r#"self.matches(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9/._~%!$&'()*+,;=:-]+$")"#,
        "message": "spec.managedBy must be a domain name, a slash and a path, as in example.com/controller"
    }]);
    let sidecars = &mut fields["sidecars"];
    sidecars["maxItems"] = json!(32);
    sidecars["x-kubernetes-list-type"] = json!("map");
    sidecars["x-kubernetes-list-map-keys"] = json!(["name"]);
    name(&mut sidecars["items"]["properties"]["name"]);
    sidecar(&mut sidecars["items"]["properties"]);
    let names = &mut fields["mainContainers"]["properties"]["names"];
    names["minItems"] = json!(1);
    names["maxItems"] = json!(32);
    names["x-kubernetes-list-type"] = json!("set");
    name(&mut names["items"]);
    template(&mut fields["template"]);
}

/// How a sidecar starts and stops. A day is more than any of its waits needs.
fn sidecar(fields: &mut Value) {
    const DAY: i32 = 86_400;
    let mut range = |path: &str, min: i32, max: i32| {
        if let Some(field) = fields.pointer_mut(path) {
            field["minimum"] = json!(min);
            field["maximum"] = json!(max);
        }
    };
    range("/maxRestarts", 0, i32::MAX);
    range("/start/properties/deadlineSeconds", 1, DAY);
    range("/stop/properties/order", -1000, 1000);
    range("/stop/properties/gracePeriodSeconds", 1, DAY);
    range("/stop/properties/http/properties/port", 1, 65_535);
    let stop = &mut fields["stop"];
    stop["x-kubernetes-validations"] = json!([{
        "rule": "[has(self.http), has(self.exec), has(self.signal), has(self.recipe)].filter(given, given).size() <= 1",
        "message": "of spec.sidecars[].stop.http, exec, signal and recipe at most one may be given: choose how it is stopped"
    }]);
    let stop = &mut stop["properties"];
    let path = &mut stop["http"]["properties"]["path"];
    path["maxLength"] = json!(1024);
    path["pattern"] = json!("^/[!-~]*$");
    let command = &mut stop["exec"]["properties"]["command"];
    command["minItems"] = json!(1);
    command["maxItems"] = json!(64);
    command["items"]["maxLength"] = json!(4096);
    stop["signal"]["enum"] = json!(SIGNALS);
    name(&mut stop["recipe"]);
}

/// A container's name: its form is left to the Pod's validation.
fn name(schema: &mut Value) {
    schema["minLength"] = json!(1);
    schema["maxLength"] = json!(63);
}

/// The API server bounds the cost of rules by the size that lists and texts may have.
fn template(template: &mut Value) {
    let pod = &mut template["properties"]["spec"]["properties"];
    let containers = &mut pod["containers"];
    containers["maxItems"] = json!(64);
    containers["items"]["properties"]["name"]["maxLength"] = json!(63);
    pod["restartPolicy"]["maxLength"] = json!(20);
}
