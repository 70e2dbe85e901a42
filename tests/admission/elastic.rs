//! What may change in an Indexed run and in one with policies.

use kube::api::PostParams;
use serde_json::{Value, json};

use super::{api, merge, patched, valid};
use crate::support::world_without_controller;

fn indexed() -> Value {
    json!({"spec": {
        "completionMode": "Indexed", "completions": 5, "parallelism": 5, "backoffLimitPerIndex": 1, "maxFailedIndexes": 2,
        "successPolicy": {"rules": [{"succeededCount": 4}]},
        "podFailurePolicy": {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}]}
    }})
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_indexed_run_may_grow_and_shrink_as_a_whole() {
    world_without_controller("elastic", |w| async move {
        let api = api(&w.client, &w.namespace);
        let mut object = valid("stored");
        merge(&mut object, indexed());
        api.create(&PostParams::default(), &serde_json::from_value(object).expect("an object")).await.expect("created");
        let spec = |patch: Value| json!({"spec": patch});
        let alone =
            Some("spec.completions can't be changed, but with completionMode Indexed together with spec.parallelism");
        let fixed = |words: &'static str| Some(words);
        let wrong = patched(
            &api,
            "stored",
            vec![
                ("growing", spec(json!({"completions": 9, "parallelism": 9})), None),
                ("shrinking", spec(json!({"completions": 4, "parallelism": 4})), None),
                ("completions alone", spec(json!({"completions": 9})), alone),
                ("both, but not to the same number", spec(json!({"completions": 9, "parallelism": 8})), alone),
                (
                    "to one, without parallelism",
                    spec(json!({
                        "completions": 1, "parallelism": null, "maxFailedIndexes": 1
                    })),
                    Some("succeededCount must be at most spec.completions"),
                ),
                ("no completions", spec(json!({"completions": null})), Some("spec.completions is missing")),
                ("parallelism alone", spec(json!({"parallelism": 2})), None),
                ("no parallelism", spec(json!({"parallelism": null})), None),
                (
                    "shrinking below the success policy",
                    spec(json!({"completions": 3, "parallelism": 3})),
                    Some("succeededCount must be at most spec.completions"),
                ),
                ("maxFailedIndexes", spec(json!({"maxFailedIndexes": 5})), None),
                (
                    "maxFailedIndexes beyond completions",
                    spec(json!({"maxFailedIndexes": 6})),
                    Some("spec.maxFailedIndexes must be at most spec.completions"),
                ),
                ("no maxFailedIndexes", spec(json!({"maxFailedIndexes": null})), None),
                ("backoffLimit", spec(json!({"backoffLimit": 3})), None),
                ("suspend", spec(json!({"suspend": true})), None),
                ("podReplacementPolicy", spec(json!({"podReplacementPolicy": "Failed"})), None),
                (
                    "backoffLimitPerIndex",
                    spec(json!({"backoffLimitPerIndex": 2})),
                    fixed("spec.backoffLimitPerIndex can't be changed"),
                ),
                (
                    "the mode",
                    spec(json!({"completionMode": "NonIndexed"})),
                    fixed("spec.completionMode can't be changed"),
                ),
                (
                    "the failure policy",
                    spec(json!({"podFailurePolicy": {"rules": []}})),
                    fixed("spec.podFailurePolicy can't be changed"),
                ),
                (
                    "no failure policy",
                    spec(json!({"podFailurePolicy": null})),
                    fixed("spec.podFailurePolicy can't be changed"),
                ),
                (
                    "the success policy",
                    spec(json!({"successPolicy": {"rules": [{"succeededCount": 3}]}})),
                    fixed("spec.successPolicy can't be changed"),
                ),
                (
                    "no success policy",
                    spec(json!({"successPolicy": null})),
                    fixed("spec.successPolicy can't be changed"),
                ),
            ],
        )
        .await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_selector_stays() {
    world_without_controller("selector-stays", |w| async move {
        let api = api(&w.client, &w.namespace);
        let mut object = valid("stored");
        merge(
            &mut object,
            json!({"spec": {
                "manualSelector": true, "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b", "c": "d"}}}
            }}),
        );
        api.create(&PostParams::default(), &serde_json::from_value(object).expect("an object")).await.expect("created");
        let words = Some("spec.selector can't be changed");
        let wrong = patched(
            &api,
            "stored",
            vec![
                ("another label", json!({"spec": {"selector": {"matchLabels": {"c": "d"}}}}), words),
                ("none", json!({"spec": {"selector": null, "manualSelector": false}}), words),
                ("still the same", json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}}), None),
            ],
        )
        .await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}
