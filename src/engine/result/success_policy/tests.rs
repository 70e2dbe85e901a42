//! Success policies.

use serde_json::{Value, json};

use super::*;

fn met(rules: Value, succeeded: &str) -> Option<String> {
    let wire = serde_json::from_value(json!({"rules": rules})).unwrap();
    super::met(&SuccessPolicy::of(&wire), &Indexes::parse(succeeded, 10), 10)
}

#[test]
fn the_first_rule_that_is_met_decides() {
    let at = |n: u32| Some(format!("Matched rules at index {n}"));
    for (what, rules, succeeded, want) in [
        ("no index has succeeded", json!([{"succeededCount": 0}]), "", None),
        ("indexes alone: all of them", json!([{"succeededIndexes": "1-3"}]), "1-2", None),
        ("indexes alone: all of them", json!([{"succeededIndexes": "1-3"}]), "0-4", at(0)),
        ("count alone: so many of any", json!([{"succeededCount": 2}]), "4", None),
        ("count alone: so many of any", json!([{"succeededCount": 2}]), "4,9", at(0)),
        ("both: so many of these", json!([{"succeededIndexes": "1-3", "succeededCount": 2}]), "1,8,9", None),
        ("both: so many of these", json!([{"succeededIndexes": "1-3", "succeededCount": 2}]), "1,3", at(0)),
        ("the second", json!([{"succeededIndexes": "5"}, {"succeededCount": 1}]), "1", at(1)),
        ("the first of two that are met", json!([{"succeededCount": 1}, {"succeededIndexes": "1"}]), "1", at(0)),
        ("indexes that make no sense match nothing", json!([{"succeededIndexes": "x"}]), "1", None),
        ("indexes beyond the end are no condition", json!([{"succeededIndexes": "1,20"}]), "1", at(0)),
    ] {
        assert_eq!(met(rules, succeeded), want, "{what}: {succeeded}");
    }
}
