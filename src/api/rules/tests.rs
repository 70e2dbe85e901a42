//! The rules as they stand in the schema: what a real API server makes of them is in `tests/admission.rs`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use crate::api::crd;

fn schema() -> Value {
    schema_of(&crd::sidecarjob())
}

fn schema_of(crd: &CustomResourceDefinition) -> Value {
    serde_json::to_value(crd).unwrap()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Every rule of the schema and of all below it.
fn all(schema: &Value) -> Vec<Value> {
    let mut rules = schema["x-kubernetes-validations"].as_array().cloned().unwrap_or_default();
    let inner = [schema.get("items"), schema.get("additionalProperties")].into_iter().flatten();
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|fields| fields.values());
    rules.extend(inner.chain(fields).flat_map(all));
    rules
}

fn text(rule: &Value, field: &str) -> String {
    rule[field].as_str().unwrap().to_owned()
}

#[test]
fn every_rule_names_a_field_and_says_what_to_do() {
    let rules = all(&schema());
    assert!(rules.len() > 30, "{}", rules.len());
    for rule in rules {
        let message = text(&rule, "message");
        assert!((message.contains("spec.") || message.starts_with("metadata.name")) && message.len() > 30, "{message}");
        assert!(!message.contains("  ") && !text(&rule, "rule").contains("  "), "{rule}");
    }
}

#[test]
fn the_rules_on_the_template_forget_no_field() {
    let schema = schema();
    let rules: Vec<String> = all(&schema).iter().map(|rule| text(rule, "rule")).collect();
    let has = |part: &str| rules.iter().any(|rule| rule.contains(part));
    let template = &schema["properties"]["spec"]["properties"]["template"]["properties"];
    let pod = &template["spec"]["properties"];
    let free = ["nodeSelector", "tolerations", "schedulingGates", "affinity"];
    for field in pod.as_object().unwrap().keys() {
        let whole = format!("self.spec.template.spec.{field} == oldSelf.spec.template.spec.{field}");
        assert_eq!(has(&whole), !free.contains(&field.as_str()), "{field}");
    }
    for list in ["containers", "initContainers"] {
        for field in pod[list]["items"]["properties"].as_object().unwrap().keys() {
            let of = |side: &str| format!("{side}.spec.template.spec.{list}.map(c, has(c.{field}))");
            let same = format!("{} == {}", of("self"), of("oldSelf"));
            assert_eq!(has(&same), !["resources", "name"].contains(&field.as_str()), "{list} {field}");
        }
    }
}

/// How a rule begins that asks nothing more of an object that is stored already.
const AT_CREATE: &str = "oldSelf.hasValue() || ";

#[test]
fn every_rule_with_the_old_object_ends_at_once_at_a_status_write() {
    for (crd, status_write, count) in [
        (crd::sidecarjob(), "self.status != oldSelf.status || ", 2),
        (crd::sidecarcronjob(), "(has(self.status) && (!has(oldSelf.status) || self.status != oldSelf.status)) || ", 1),
    ] {
        let rules: Vec<String> = all(&schema_of(&crd)).iter().map(|rule| text(rule, "rule")).collect();
        let later: Vec<&String> = rules.iter().filter(|r| r.contains("oldSelf") && !r.starts_with(AT_CREATE)).collect();
        assert_eq!(later.len(), count);
        assert!(later.iter().all(|rule| rule.starts_with(status_write)));
    }
}

#[test]
fn what_a_new_object_must_hold_a_changed_one_must_hold_too_with_the_same_words() {
    for crd in crd::all() {
        let schema = schema_of(&crd);
        let rules = schema["x-kubernetes-validations"].as_array().unwrap();
        let later = rules.iter().find(|rule| rule["fieldPath"] == ".spec").unwrap()["messageExpression"].to_string();
        let at_create = all(&schema).into_iter().filter(|rule| text(rule, "rule").starts_with(AT_CREATE));
        let about_more_than_the_name = at_create.filter(|rule| !text(rule, "message").contains("no more than"));
        let words: Vec<String> = about_more_than_the_name.flat_map(|rule| words(&rule)).collect();
        assert!(words.len() > 20, "{words:?}");
        assert!(words.iter().all(|words| later.contains(words)), "{words:?}");
    }
}

/// What a rule says: its message, or those that its expression chooses from.
fn words(rule: &Value) -> Vec<String> {
    let Some(expression) = rule["messageExpression"].as_str() else { return vec![text(rule, "message")] };
    expression.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn what_another_kind_embeds_has_no_rule_on_changes() {
    let crd = serde_json::to_value(<crate::api::SidecarJob as kube::CustomResourceExt>::crd()).unwrap();
    let mut spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone();
    super::spec(&mut spec);
    let rules = all(&spec);
    assert!(rules.len() > 20);
    assert!(rules.iter().all(|rule| !text(rule, "rule").trim_start_matches(AT_CREATE).contains("oldSelf")));
}

#[test]
fn defaults_that_depend_on_no_other_field_are_the_schema_s() {
    let schema = schema();
    let fields = &schema["properties"]["spec"]["properties"];
    for (field, value) in
        [("suspend", json!(false)), ("manualSelector", json!(false)), ("completionMode", json!("NonIndexed"))]
    {
        assert_eq!(fields[field]["default"], value, "{field}");
    }
    for field in ["backoffLimit", "podReplacementPolicy", "parallelism", "completions"] {
        assert_eq!(fields[field].get("default"), None, "{field}");
    }
}

#[test]
fn the_api_server_knows_every_format() {
    let crds = crd::all().iter().map(|crd| serde_json::to_string(crd).unwrap()).collect::<String>();
    let formats: Vec<&str> = crds.split(r#""format":""#).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(formats.len() > 50, "{}", formats.len());
    assert!(formats.iter().all(|format| ["int32", "int64", "date-time"].contains(format)), "{formats:?}");
}
