//! `spec.podFailurePolicy`, rule by rule.

use serde_json::{Value, json};

use super::{Case, created};

fn policy(rules: Value) -> Value {
    json!({"spec": {"podFailurePolicy": {"rules": rules}}})
}

/// A policy of one rule on exit codes, changed by that.
fn codes(changes: Value) -> Value {
    let mut on = json!({"operator": "In", "values": [1]});
    super::merge(&mut on, changes);
    policy(json!([{"action": "FailJob", "onExitCodes": on}]))
}

/// A policy of one rule on conditions.
fn conditions(patterns: Value) -> Value {
    policy(json!([{"action": "Ignore", "onPodConditions": patterns}]))
}

fn with(mut object: Value, spec: Value) -> Value {
    super::merge(&mut object["spec"], spec);
    object
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_failure_policy() {
    let cases = [rules(), exit_codes(), containers(), pod_conditions(), beside()];
    created("failure-policy", cases.concat()).await;
}

fn rules() -> Vec<Case> {
    let one = || json!({"action": "Count", "onExitCodes": {"operator": "In", "values": [1]}});
    let action = |word: &str| policy(json!([{"action": word, "onExitCodes": {"operator": "In", "values": [1]}}]));
    vec![
        ("no rules", json!({"spec": {"podFailurePolicy": {}}}), Some("spec.podFailurePolicy.rules: Required value")),
        ("an empty list of rules", policy(json!([])), None),
        ("20 rules", policy((0..20).map(|_| one()).collect()), None),
        ("21 rules", policy((0..21).map(|_| one()).collect()), Some("spec.podFailurePolicy.rules: Too many")),
        ("FailJob", action("FailJob"), None),
        ("Ignore", action("Ignore"), None),
        ("Count", action("Count"), None),
        ("FailIndex without a limit per index", action("FailIndex"), Some("needs spec.backoffLimitPerIndex")),
        (
            "FailIndex",
            with(
                action("FailIndex"),
                json!({"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 1}),
            ),
            None,
        ),
        ("an unknown action", action("Retry"), Some("rules[0].action: Unsupported value: \"Retry\"")),
        (
            "no action",
            policy(json!([{"onExitCodes": {"operator": "In", "values": [1]}}])),
            Some("rules[0].action: Required value"),
        ),
        (
            "both requirements",
            policy(json!([{
                "action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}, "onPodConditions": [{"type": "A"}]
            }])),
            Some("has both onExitCodes and onPodConditions"),
        ),
        (
            "exit codes, and an empty list of conditions",
            policy(json!([{
                "action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}, "onPodConditions": []
            }])),
            None,
        ),
        ("no requirement", policy(json!([{"action": "Ignore"}])), Some("has neither onExitCodes nor onPodConditions")),
        ("an empty list of conditions", conditions(json!([])), Some("has neither onExitCodes nor onPodConditions")),
    ]
}

fn exit_codes() -> Vec<Case> {
    vec![
        ("an exit code", codes(json!({})), None),
        ("an unknown operator", codes(json!({"operator": "Exists"})), Some("onExitCodes.operator: Unsupported value")),
        (
            "no operator",
            policy(json!([{"action": "Count", "onExitCodes": {"values": [1]}}])),
            Some("onExitCodes.operator: Required value"),
        ),
        ("no values", codes(json!({"values": []})), Some("onExitCodes.values")),
        ("255 values", codes(json!({"values": (1..=255).collect::<Vec<i32>>()})), None),
        ("256 values", codes(json!({"values": (1..=256).collect::<Vec<i32>>()})), Some("onExitCodes.values: Too many")),
        ("a negative value, as on Windows", codes(json!({"values": [-5, 1]})), None),
        ("values that are not sorted", codes(json!({"values": [2, 1]})), Some("values must be ascending")),
        ("a value twice", codes(json!({"values": [1, 1]})), Some("values[1]: Duplicate value: 1")),
        ("0 with In", codes(json!({"values": [0, 1]})), Some("values has 0 with the operator In")),
        ("0 with NotIn", codes(json!({"operator": "NotIn", "values": [0, 1]})), None),
    ]
}

fn containers() -> Vec<Case> {
    let init = || json!({"template": {"spec": {"initContainers": [{"name": "setup", "image": "i"}]}}});
    let words = Some("containerName is no container or init container of the template and not in spec.sidecars");
    vec![
        ("a container of the template", codes(json!({"containerName": "main"})), None),
        ("an init container of the template", with(codes(json!({"containerName": "setup"})), init()), None),
        ("a container that is not there", codes(json!({"containerName": "mian"})), words),
        (
            "one that is not there beside an init container",
            with(codes(json!({"containerName": "mian"})), init()),
            words,
        ),
        (
            "a sidecar that a webhook will inject",
            with(codes(json!({"containerName": "istio-proxy"})), json!({"sidecars": [{"name": "istio-proxy"}]})),
            None,
        ),
    ]
}

fn pod_conditions() -> Vec<Case> {
    let of = |n: usize| conditions((0..n).map(|n| json!({"type": format!("C{n}")})).collect());
    vec![
        ("a condition without a status, which is True then", conditions(json!([{"type": "DisruptionTarget"}])), None),
        ("status Unknown", conditions(json!([{"type": "a.b/C", "status": "Unknown"}])), None),
        ("status False", conditions(json!([{"type": "C", "status": "False"}])), None),
        ("an unknown status", conditions(json!([{"type": "C", "status": "Maybe"}])), Some("status: Unsupported value")),
        ("no type", conditions(json!([{"status": "True"}])), Some("onPodConditions[0].type: Required value")),
        ("a type that is no name", conditions(json!([{"type": "no name"}])), Some("type must be a name")),
        ("an empty type", conditions(json!([{"type": ""}])), Some("type must be a name")),
        ("a type of 63", conditions(json!([{"type": "a".repeat(63)}])), None),
        ("a type of 64", conditions(json!([{"type": "a".repeat(64)}])), Some("type must be a name")),
        ("20 conditions", of(20), None),
        ("21 conditions", of(21), Some("onPodConditions: Too many")),
    ]
}

fn beside() -> Vec<Case> {
    vec![
        (
            "restartPolicy OnFailure",
            with(codes(json!({})), json!({"template": {"spec": {"restartPolicy": "OnFailure"}}})),
            Some("spec.template.spec.restartPolicy must be Never with spec.podFailurePolicy"),
        ),
        ("replaced when ended", with(codes(json!({})), json!({"podReplacementPolicy": "Failed"})), None),
        (
            "replaced while it ends",
            with(codes(json!({})), json!({"podReplacementPolicy": "TerminatingOrFailed"})),
            Some("spec.podReplacementPolicy must be Failed, or absent, with spec.podFailurePolicy"),
        ),
    ]
}
