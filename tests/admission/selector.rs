//! `spec.selector` and `spec.manualSelector`.

use serde_json::{Value, json};

use super::{Case, created};

/// Template labels `app: x` and a selector that is the user's.
fn manual(selector: Value) -> Value {
    json!({"spec": {
        "manualSelector": true, "selector": selector, "template": {"metadata": {"labels": {"app": "x", "tier": "y"}}}
    }})
}

fn expression(key: &str, operator: &str, values: Value) -> Value {
    let mut expression = json!({"key": key, "operator": operator});
    if !values.is_null() {
        expression["values"] = values;
    }
    manual(json!({"matchExpressions": [expression]}))
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_selector() {
    created("selector", [given(), expressions()].concat()).await;
}

fn given() -> Vec<Case> {
    let labels = Some("spec.template.metadata.labels must have every label of spec.selector.matchLabels");
    vec![
        ("a selector of its own", manual(json!({"matchLabels": {"app": "x"}})), None),
        ("two labels", manual(json!({"matchLabels": {"app": "x", "tier": "y"}})), None),
        (
            "without manualSelector",
            json!({"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}}}}),
            Some("spec.selector needs spec.manualSelector true"),
        ),
        (
            "manualSelector false",
            json!({"spec": {
                "manualSelector": false, "selector": {"matchLabels": {"app": "x"}},
                "template": {"metadata": {"labels": {"app": "x"}}}
            }}),
            Some("spec.selector needs spec.manualSelector true"),
        ),
        ("manualSelector alone", json!({"spec": {"manualSelector": true}}), Some("spec.selector is missing")),
        ("manualSelector false alone", json!({"spec": {"manualSelector": false}}), None),
        ("an empty selector", manual(json!({})), Some("spec.selector is empty")),
        ("an empty matchLabels", manual(json!({"matchLabels": {}})), Some("spec.selector is empty")),
        ("another value", manual(json!({"matchLabels": {"app": "z"}})), labels),
        ("a label that the template lacks", manual(json!({"matchLabels": {"app": "x", "more": "z"}})), labels),
        (
            "a template without labels",
            json!({"spec": {"manualSelector": true, "selector": {"matchLabels": {"app": "x"}}}}),
            labels,
        ),
    ]
}

fn expressions() -> Vec<Case> {
    let unmatched = Some("spec.template.metadata.labels must be matched by spec.selector.matchExpressions");
    vec![
        ("In, and it is", expression("app", "In", json!(["w", "x"])), None),
        ("In, and it is not", expression("app", "In", json!(["w"])), unmatched),
        ("In, without the label", expression("more", "In", json!(["w"])), unmatched),
        ("In without values", expression("app", "In", json!([])), Some("values is missing")),
        ("NotIn, and it is not", expression("app", "NotIn", json!(["w"])), None),
        ("NotIn, and it is", expression("app", "NotIn", json!(["x"])), unmatched),
        ("NotIn, without the label", expression("more", "NotIn", json!(["x"])), None),
        ("NotIn without values", expression("app", "NotIn", json!(null)), Some("values is missing")),
        ("Exists, and it does", expression("app", "Exists", json!(null)), None),
        ("Exists, and it does not", expression("more", "Exists", json!(null)), unmatched),
        ("Exists with values", expression("app", "Exists", json!(["x"])), Some("values must be absent")),
        ("DoesNotExist, and it does not", expression("more", "DoesNotExist", json!(null)), None),
        ("DoesNotExist, and it does", expression("app", "DoesNotExist", json!(null)), unmatched),
        ("an unknown operator", expression("app", "Like", json!(["x"])), Some("operator: Unsupported value")),
    ]
}
