//! The CustomResourceDefinitions as they are installed.
//!
//! From the Rust types, with what these can't say: bounds and rules (`rules.rs`), the default of `status`, and
//! descriptions short enough for client-side `kubectl apply`. A pure function of the code; `tests/crds.rs` keeps `crds/`
//! equal to it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::api::conditions::reasons;
use crate::api::conditions::types;
use crate::api::rules;
use crate::api::schedule_rules;

/// How long a description below `spec.template` may be. With it the CRD takes 60 % of what client-side `kubectl apply` can
/// store (262,144 bytes).
const TEMPLATE_DESCRIPTION_MAX: usize = 120;

/// All definitions, in the order in which they are installed.
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
        json!("SidecarCronJob runs a SidecarJob by a schedule, as batch/v1 CronJob does with Jobs.");
    let job = &mut schema["properties"]["spec"]["properties"]["jobTemplate"]["properties"]["spec"];
    shorten(&mut job["properties"]["template"]);
    merged_by_type(&mut schema["properties"]["status"]["properties"]["conditions"]);
    schedule_rules::add(schema);
    serde_json::from_value(crd).unwrap_or_else(|_| super::SidecarCronJob::crd())
}

/// The columns of `kubectl get sccj`, in the order and words of a CronJob's. A date in the future can't be printed as one.
fn schedule_columns() -> Value {
    let column = |name: &str, path: &str, type_: &str, priority: i32, description: &str| json!({"name": name, "jsonPath": path, "type": type_, "priority": priority, "description": description});
    json!([
        column("Schedule", ".status.schedule", "string", 0, "When it runs"),
        column("Timezone", ".spec.timeZone", "string", 0, "The time zone of the schedule; UTC if none"),
        column("Suspend", ".spec.suspend", "boolean", 0, "Whether nothing starts"),
        column("Active", ".status.activeCount", "integer", 0, "Runs that are not finished"),
        column("Last Schedule", ".status.lastScheduleTime", "date", 0, "The scheduled time of the last run"),
        column("Last Result", ".status.lastResult", "string", 0, "How the last run ended"),
        column("Next", ".status.next", "string", 0, "The next scheduled time, in the time zone"),
        column("Age", ".metadata.creationTimestamp", "date", 0, "When the object was created"),
        column("Last Success", ".status.lastSuccessfulTime", "date", 1, "When a run succeeded last"),
        column("Missed", ".status.missedRuns", "integer", 1, "Times that passed without a run"),
    ])
}

fn merged_by_type(conditions: &mut Value) {
    conditions["x-kubernetes-list-type"] = json!("map");
    conditions["x-kubernetes-list-map-keys"] = json!(["type"]);
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
        "SidecarJob is a batch/v1 Job that knows which containers of its Pod are sidecars: the result comes from the main \
         containers alone, and sidecars are stopped when these are done."
    );
    shorten(&mut schema["properties"]["spec"]["properties"]["template"]);
    status(&mut schema["properties"]["status"]);
    rules::add(schema);
    serde_json::from_value(crd).unwrap_or_else(|_| super::SidecarJob::crd())
}

/// The columns of `kubectl get`, in the order and words of a Job's; those with priority 1 with `-o wide`.
fn columns() -> Value {
    let column = |name: &str, path: &str, type_: &str, priority: i32, description: &str| json!({"name": name, "jsonPath": path, "type": type_, "priority": priority, "description": description});
    json!([
        column("Status", ".status.phase", "string", 0, "Where the run stands"),
        column("Completions", ".status.completions", "string", 0, "Succeeded Pods of those wanted"),
        column("Sidecars", ".status.sidecars", "string", 0, "Sidecars that run, or have stopped"),
        column("Duration", ".status.duration", "string", 0, "From start to end"),
        column("Started", ".status.startTime", "date", 0, "When the run started or resumed"),
        column("Age", ".metadata.creationTimestamp", "date", 0, "When the object was created"),
        column("Reason", ".status.reason", "string", 1, "Why, in one word"),
        column("Message", ".status.message", "string", 1, "Why, in one sentence"),
        column("Selector", ".status.selector", "string", 1, "Which Pods are its own"),
    ])
}

/// Lines joined to sentences.
fn tidy(schema: &mut Value) {
    visit(schema, &mut |node| {
        if let Some(Value::String(text)) = node.get_mut("description") {
            *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    });
}

/// The first sentence of each description of the Pod's API, cut at a word if it is long.
fn shorten(template: &mut Value) {
    let own = template["description"].clone();
    visit(template, &mut |node| {
        if let Some(Value::String(text)) = node.get_mut("description") {
            *text = first_sentence(text, TEMPLATE_DESCRIPTION_MAX);
        }
    });
    template["description"] = own;
}

/// Up to the first full stop that ends a sentence, at most `max` bytes and then with an ellipsis.
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

/// Every object of the schema, the outer one first.
fn visit(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(node) = schema else { return };
    // A property may be called `description` or `nullable`: only where a schema is expected are these words schema.
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

/// Conditions are merged by type, and a new object reads as in progress: tools that follow kstatus would take an object
/// without a status as done.
fn status(schema: &mut Value) {
    merged_by_type(&mut schema["properties"]["conditions"]);
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
