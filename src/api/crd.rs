//! The CustomResourceDefinitions as users install them.
//!
//! They come from the Rust types, with additions that the types can't express: bounds and rules (`rules.rs`), the default
//! of `status`, and descriptions short enough for client-side `kubectl apply`. This is a pure function of the code;
//! `tests/crds.rs` compares `crds/` with it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::api::conditions::reasons;
use crate::api::conditions::types;
use crate::api::rules;
use crate::api::schedule_rules;

/// The maximal length of a description below `spec.template`. With this length the CRD takes 95 % of what client-side
/// `kubectl apply` can store (262,144 bytes).
const TEMPLATE_DESCRIPTION_MAX: usize = 86;

/// All definitions, in the order of installation.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![sidecarjob(), sidecarcronjob()]
}

/// The definition of SidecarCronJob.
pub fn sidecarcronjob() -> CustomResourceDefinition {
    let mut crd = serde_json::to_value(super::SidecarCronJob::crd()).unwrap_or_default();
    let version = &mut crd["spec"]["versions"][0];
    version["additionalPrinterColumns"] = schedule_columns();
    version["selectableFields"] = json!([{"jsonPath": ".spec.suspend"}, {"jsonPath": ".status.lastResult"}]);
    let schema = &mut version["schema"]["openAPIV3Schema"];
    tidy(schema);
    schema["description"] =
        json!("SidecarCronJob creates SidecarJobs on a schedule, as batch/v1 CronJob creates Jobs.");
    let job = &mut schema["properties"]["spec"]["properties"]["jobTemplate"]["properties"]["spec"];
    shorten(&mut job["properties"]["template"]);
    merged_by("type", &mut schema["properties"]["status"]["properties"]["conditions"]);
    schema["properties"]["status"]["default"] = json!({"observedGeneration": 0}); // as of a SidecarJob: see `status`
    schedule_rules::add(schema);
    serde_json::from_value(crd).unwrap_or_else(|_| super::SidecarCronJob::crd())
}

/// The columns of `kubectl get sccj`, with the order and names of a CronJob's. A printer column of type date can't show a
/// date in the future, so Next is a string.
fn schedule_columns() -> Value {
    let column = |name: &str, path: &str, type_: &str, priority: i32, description: &str| json!({"name": name, "jsonPath": path, "type": type_, "priority": priority, "description": description});
    json!([
        column("Schedule", ".status.schedule", "string", 0, "When the object runs"),
        column("Timezone", ".spec.timeZone", "string", 0, "The time zone of the schedule; UTC if none"),
        column("Suspend", ".spec.suspend", "boolean", 0, "Whether runs are suspended"),
        column("Active", ".status.activeCount", "integer", 0, "Runs that are not finished"),
        column("Last Schedule", ".status.lastScheduleTime", "date", 0, "The scheduled time of the last run"),
        column("Last Result", ".status.lastResult", "string", 0, "How the last run ended"),
        column("Next", ".status.next", "string", 0, "The next scheduled time, in the time zone"),
        column("Age", ".metadata.creationTimestamp", "date", 0, "When the object was created"),
        column("Last Success", ".status.lastSuccessfulTime", "date", 1, "When the last run succeeded"),
        column("Missed", ".status.missedRuns", "integer", 1, "Times that passed without a run"),
        column("Last Duration", ".status.lastRunDuration", "string", 1, "How long the last finished run took"),
        column("Succeeded", ".status.successRate", "string", 1, "Succeeded runs of the recent finished runs"),
    ])
}

fn merged_by(key: &str, list: &mut Value) {
    list["x-kubernetes-list-type"] = json!("map");
    list["x-kubernetes-list-map-keys"] = json!([key]);
}

/// The definition of SidecarJob.
pub fn sidecarjob() -> CustomResourceDefinition {
    let mut crd = serde_json::to_value(super::SidecarJob::crd()).unwrap_or_default();
    let version = &mut crd["spec"]["versions"][0];
    version["additionalPrinterColumns"] = columns();
    version["subresources"]["scale"] = json!({
        "specReplicasPath": ".spec.parallelism",
        "statusReplicasPath": ".status.active",
        "labelSelectorPath": ".status.selector"
    });
    version["selectableFields"] = json!([
        {"jsonPath": ".spec.managedBy"}, {"jsonPath": ".spec.suspend"}, {"jsonPath": ".status.phase"}, {"jsonPath": ".status.reason"}
    ]);
    let schema = &mut version["schema"]["openAPIV3Schema"];
    tidy(schema);
    schema["description"] = json!(
        "SidecarJob is a batch/v1 Job that knows which containers of its Pod are sidecars. Only the main containers decide \
         the result, and the sidecars stop when the main containers are done."
    );
    shorten(&mut schema["properties"]["spec"]["properties"]["template"]);
    status(&mut schema["properties"]["status"]);
    rules::add(schema);
    serde_json::from_value(crd).unwrap_or_else(|_| super::SidecarJob::crd())
}

/// The columns of `kubectl get`, with the order and names of a Job's. Columns with priority 1 need `-o wide`.
fn columns() -> Value {
    let column = |name: &str, path: &str, type_: &str, priority: i32, description: &str| json!({"name": name, "jsonPath": path, "type": type_, "priority": priority, "description": description});
    json!([
        column("Status", ".status.phase", "string", 0, "The state of the run"),
        column("Completions", ".status.completions", "string", 0, "Succeeded Pods of the required Pods"),
        column("Sidecars", ".status.sidecars", "string", 0, "Sidecars that run, or have stopped"),
        column("Duration", ".status.duration", "string", 0, "From start to end"),
        column("Started", ".status.startTime", "date", 0, "When the run started or resumed"),
        column("Age", ".metadata.creationTimestamp", "date", 0, "When the object was created"),
        column("Reason", ".status.reason", "string", 1, "Why, in one word"),
        column("Message", ".status.message", "string", 1, "Why, in one sentence"),
        column("Last Failure", ".status.lastFailure.text", "string", 1, "The last failure"),
        column("Selector", ".status.selector", "string", 1, "The label selector of the Pods"),
    ])
}

/// Joins the lines of each description.
fn tidy(schema: &mut Value) {
    visit(schema, &mut |node| {
        if let Some(Value::String(text)) = node.get_mut("description") {
            *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    });
}

/// Cuts each description of the Pod's API to its first sentence, and a long sentence at a word.
fn shorten(template: &mut Value) {
    let own = template["description"].clone();
    visit(template, &mut |node| {
        if let Some(Value::String(text)) = node.get_mut("description") {
            *text = first_sentence(text, TEMPLATE_DESCRIPTION_MAX);
        }
    });
    template["description"] = own;
}

/// The text up to the first full stop that ends a sentence; if it is longer than `max` bytes, it is cut and ends with an
/// ellipsis.
pub fn first_sentence(text: &str, max: usize) -> String {
    let sentence = text.split_inclusive(". ").next().unwrap_or(text).trim_end();
    if sentence.len() <= max {
        return sentence.to_owned();
    }
    let mut cut = String::new();
    for word in sentence.split(' ') {
        if cut.len() + word.len() + 4 > max {
            break;
        }
        cut.push_str(word);
        cut.push(' ');
    }
    cut.trim_end().to_owned() + " …"
}

/// Visits every object of the schema, outer objects first.
fn visit(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(node) = schema else { return };
    // A property may have the name `description` or `nullable`: these words are part of the schema only where a schema is
    // expected.
    change(node);
    for key in ["properties", "patternProperties"] {
        if let Some(Value::Object(properties)) = node.get_mut(key) {
            properties.values_mut().for_each(|property| visit(property, change));
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = node.get_mut(key) {
            visit(inner, change);
        }
    }
}

/// The API server merges conditions by type. A new object is "in progress": tools that follow kstatus would take an
/// object without a status for done.
fn status(schema: &mut Value) {
    merged_by("type", &mut schema["properties"]["conditions"]);
    merged_by("name", &mut schema["properties"]["containers"]);
    schema["default"] = json!({
        "observedGeneration": 0,
        "phase": "Pending",
        "conditions": [{
            "type": types::RECONCILING, "status": "True", "reason": reasons::PENDING, "message": "Waiting for controller",
            "lastTransitionTime": "1970-01-01T00:00:00Z"
        }]
    });
}

#[cfg(test)]
mod tests;
