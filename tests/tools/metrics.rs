//! The configuration for kube-state-metrics: the fields, labels and metrics that it names exist. kube-state-metrics itself does
//! not run here.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use sidecarjob::api;

use crate::program;

fn config() -> Value {
    let path = program::root().join("contrib/kube-state-metrics/config.yaml");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_saphyr::from_str(&text).expect("YAML")
}

/// The schema of each kind, with its metadata, which the CRDs leave to Kubernetes.
fn schemas() -> BTreeMap<String, Value> {
    let schema = |crd| {
        let crd = serde_json::to_value(crd).expect("JSON");
        let mut schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
        let texts = serde_json::json!({"type": "object", "additionalProperties": {"type": "string"}});
        for text in ["name", "namespace", "creationTimestamp", "deletionTimestamp"] {
            schema["properties"]["metadata"]["properties"][text] = serde_json::json!({"type": "string"});
        }
        schema["properties"]["metadata"]["properties"]["labels"] = texts;
        (crd["spec"]["names"]["kind"].as_str().expect("a kind").to_owned(), schema)
    };
    api::crd::all().into_iter().map(schema).collect()
}

/// The part of a schema at that path; a list stands for its items.
fn at<'a>(schema: &'a Value, path: &Value) -> Option<&'a Value> {
    path.as_array()?.iter().try_fold(schema, |part, step| {
        let part = if part["items"].is_null() { part } else { &part["items"] };
        let field = &part["properties"][step.as_str()?];
        let any = &part["additionalProperties"];
        if !field.is_null() { Some(field) } else { Some(any).filter(|any| !any.is_null()) }
    })
}

/// All paths of a metric that lead to no field.
fn lost(metric: &Value, schema: &Value) -> Vec<String> {
    let kind = metric["each"]["type"].as_str().expect("a type");
    let each = &metric["each"][kind[..1].to_lowercase() + &kind[1..]];
    let mut lost = Vec::new();
    let base = if each["path"].is_null() { Some(schema) } else { at(schema, &each["path"]) };
    let Some(base) = base else { return vec![each["path"].to_string()] };
    let labels = each["labelsFromPath"].as_object().into_iter().flat_map(|labels| labels.values());
    for path in labels.chain(Some(&each["valueFrom"]).filter(|path| !path.is_null())) {
        if at(base, path).is_none() {
            lost.push(path.to_string());
        }
    }
    lost
}

#[test]
fn the_configuration_of_kube_state_metrics_names_fields_that_exist() {
    let (config, schemas) = (config(), schemas());
    let mut seen = 0;
    for resource in config["spec"]["resources"].as_array().expect("resources") {
        let schema = &schemas[resource["groupVersionKind"]["kind"].as_str().expect("a kind")];
        for path in resource["labelsFromPath"].as_object().expect("labels").values() {
            assert!(at(schema, path).is_some(), "{path} is no field");
        }
        for metric in resource["metrics"].as_array().expect("metrics") {
            assert_eq!(lost(metric, schema), Vec::<String>::new(), "{}", metric["name"]);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} metrics are too few");
    let wrong = serde_json::json!({"each": {"type": "Gauge", "gauge": {"path": ["status", "aktive"]}}});
    assert_eq!(lost(&wrong, &schemas["SidecarJob"]), ["[\"status\",\"aktive\"]"]);
}

#[test]
fn the_phases_of_the_configuration_are_all_phases() {
    let (config, schemas) = (config(), schemas());
    let metrics = config["spec"]["resources"][0]["metrics"].as_array().expect("metrics");
    let phases = metrics.iter().find(|metric| metric["name"] == "sidecarjob_status_phase").expect("the phase");
    let listed = &phases["each"]["stateSet"]["list"];
    let known = &schemas["SidecarJob"]["properties"]["status"]["properties"]["phase"]["enum"];
    let sorted = |list: &Value| {
        let mut all: Vec<String> =
            list.as_array().expect("a list").iter().filter_map(|v| v.as_str().map(String::from)).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(listed), sorted(known));
}
