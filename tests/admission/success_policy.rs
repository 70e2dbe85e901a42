//! `spec.successPolicy`, rule by rule.

use serde_json::{Value, json};

use super::{Case, created};

/// An Indexed run of five with these rules.
fn policy(rules: Value) -> Value {
    json!({"spec": {"completionMode": "Indexed", "completions": 5, "successPolicy": {"rules": rules}}})
}

fn indexes(text: &str) -> Value {
    policy(json!([{"succeededIndexes": text}]))
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_success_policy() {
    created("success-policy", [rules(), texts()].concat()).await;
}

fn rules() -> Vec<Case> {
    let of = |n: usize| policy((0..n).map(|_| json!({"succeededCount": 1})).collect());
    vec![
        (
            "without Indexed",
            json!({"spec": {"completions": 5, "successPolicy": {"rules": [{"succeededCount": 1}]}}}),
            Some("spec.successPolicy needs spec.completionMode Indexed"),
        ),
        (
            "no rules",
            json!({"spec": {"completionMode": "Indexed", "completions": 5, "successPolicy": {}}}),
            Some("spec.successPolicy.rules: Required value"),
        ),
        ("an empty list of rules", of(0), Some("spec.successPolicy.rules: Invalid value")),
        ("one rule", of(1), None),
        ("20 rules", of(20), None),
        ("21 rules", of(21), Some("spec.successPolicy.rules: Too many")),
        ("a rule that says nothing", policy(json!([{}])), Some("neither succeededIndexes nor succeededCount")),
        ("a count and indexes", policy(json!([{"succeededCount": 1, "succeededIndexes": "0-2"}])), None),
        ("as many as there are", policy(json!([{"succeededCount": 5}])), None),
        ("none", policy(json!([{"succeededCount": 0}])), None),
        (
            "one more than there are",
            policy(json!([{"succeededCount": 6}])),
            Some("succeededCount must be at most spec.completions"),
        ),
        (
            "more than the one of a run with neither completions nor parallelism",
            json!({"spec": {"completionMode": "Indexed", "successPolicy": {"rules": [{"succeededCount": 2}]}}}),
            Some("succeededCount must be at most spec.completions"),
        ),
        ("less than none", policy(json!([{"succeededCount": -1}])), Some("succeededCount: Invalid value: -1")),
    ]
}

fn texts() -> Vec<Case> {
    let form = Some("succeededIndexes must be numbers and ranges");
    let beyond = Some("succeededIndexes has an index beyond spec.completions - 1");
    // Numbers of one digit, so the last of them fits.
    let long = |n: usize| "0,".repeat(n / 2 - 1) + "00";
    vec![
        ("one index", indexes("0"), None),
        ("ranges and indexes", indexes("0-1,3,4"), None),
        ("an empty text", indexes(""), None),
        ("the last index", indexes("4"), None),
        ("an index beyond", indexes("5"), beyond),
        ("a range that ends beyond", indexes("0,3-10"), beyond),
        ("a word", indexes("all"), form),
        ("a range without an end", indexes("1-"), form),
        ("a range of three", indexes("1-2-3"), form),
        ("a negative index", indexes("-1"), form),
        ("a space", indexes("1, 2"), form),
        ("a comma at the end", indexes("1,"), form),
        ("64 KiB of text", indexes(&long(65_536)), None),
        ("one more", indexes(&(long(65_536) + "0")), Some("succeededIndexes: Too long")),
    ]
}
