//! Numbers of Pods, of failures and of seconds, and which of them go together.

use serde_json::{Value, json};

use super::{Case, created};

fn spec(spec: Value) -> Value {
    json!({"spec": spec})
}

/// An Indexed run with those fields besides.
fn indexed(fields: Value) -> Value {
    let mut object = json!({"spec": {"completionMode": "Indexed", "completions": 5}});
    super::merge(&mut object["spec"], fields);
    object
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn counts() {
    let mut cases = single();
    cases.extend(per_index());
    cases.extend(names());
    created("counts", cases).await;
}

fn single() -> Vec<Case> {
    let most = i32::MAX;
    vec![
        ("the largest numbers", spec(json!({"completions": most, "parallelism": most, "backoffLimit": most})), None),
        (
            "one more completion",
            spec(json!({"completions": i64::from(most) + 1})),
            Some("spec.completions: Invalid value: 2147483648"),
        ),
        (
            "zeros",
            spec(json!({"completions": 0, "parallelism": 0, "backoffLimit": 0, "ttlSecondsAfterFinished": 0})),
            None,
        ),
        ("a deadline of 0 seconds", spec(json!({"activeDeadlineSeconds": 0})), None),
        ("a work queue of more than 100000", spec(json!({"parallelism": 100_001})), None),
        (
            "negative backoffLimitPerIndex",
            indexed(json!({"backoffLimitPerIndex": -1})),
            Some("spec.backoffLimitPerIndex: Invalid value: -1"),
        ),
        (
            "negative maxFailedIndexes",
            indexed(json!({"backoffLimitPerIndex": 1, "maxFailedIndexes": -1})),
            Some("spec.maxFailedIndexes: Invalid value: -1"),
        ),
        ("Indexed", indexed(json!({})), None),
        ("indexes of an earlier run", indexed(json!({"completedIndexes": "0,2-4"})), None),
        (
            "indexes of an earlier run without Indexed",
            spec(json!({"completedIndexes": "0"})),
            Some("spec.completedIndexes needs completionMode Indexed"),
        ),
        (
            "indexes that are none",
            indexed(json!({"completedIndexes": "0,,2"})),
            Some("spec.completedIndexes: Invalid value"),
        ),
        ("Indexed with completions 0", indexed(json!({"completions": 0})), None),
        (
            "Indexed with neither completions nor parallelism, as of a Job",
            spec(json!({"completionMode": "Indexed"})),
            None,
        ),
        (
            "Indexed with parallelism and without completions",
            spec(json!({"completionMode": "Indexed", "parallelism": 1})),
            Some("spec.completions is missing"),
        ),
        (
            "Indexed without completions, with parallelism",
            spec(json!({"completionMode": "Indexed", "parallelism": 3})),
            Some("spec.completions is missing"),
        ),
        ("Indexed, 100000 at once", indexed(json!({"parallelism": 100_000})), None),
        (
            "Indexed, one more at once",
            indexed(json!({"parallelism": 100_001})),
            Some("spec.parallelism must be at most 100000"),
        ),
    ]
}

fn per_index() -> Vec<Case> {
    let many = |fields: Value| {
        let mut object = indexed(json!({"completions": 100_001, "backoffLimitPerIndex": 1}));
        super::merge(&mut object["spec"], fields);
        object
    };
    vec![
        ("backoffLimitPerIndex", indexed(json!({"backoffLimitPerIndex": 0})), None),
        (
            "backoffLimitPerIndex without Indexed",
            spec(json!({"completions": 5, "backoffLimitPerIndex": 1})),
            Some("spec.backoffLimitPerIndex needs spec.completionMode Indexed"),
        ),
        (
            "maxFailedIndexes without Indexed",
            spec(json!({"completions": 5, "maxFailedIndexes": 1})),
            Some("spec.maxFailedIndexes needs spec.completionMode Indexed"),
        ),
        (
            "maxFailedIndexes without backoffLimitPerIndex",
            indexed(json!({"maxFailedIndexes": 1})),
            Some("spec.maxFailedIndexes needs spec.backoffLimitPerIndex"),
        ),
        (
            "as many failed indexes as there are",
            indexed(json!({"backoffLimitPerIndex": 1, "maxFailedIndexes": 5})),
            None,
        ),
        (
            "one more",
            indexed(json!({"backoffLimitPerIndex": 1, "maxFailedIndexes": 6})),
            Some("spec.maxFailedIndexes must be at most spec.completions"),
        ),
        (
            "100000 indexes, all of which may fail",
            indexed(json!({"completions": 100_000, "backoffLimitPerIndex": 1, "maxFailedIndexes": 100_000})),
            None,
        ),
        (
            "100000 indexes without maxFailedIndexes",
            indexed(json!({"completions": 100_000, "backoffLimitPerIndex": 1})),
            None,
        ),
        ("100001 indexes without it", many(json!({})), Some("spec.maxFailedIndexes is missing")),
        ("100001 indexes without a limit per index", indexed(json!({"completions": 100_001})), None),
        ("100001 indexes, 10000 may fail", many(json!({"maxFailedIndexes": 10_000, "parallelism": 10_000})), None),
        (
            "100001 indexes, 10001 may fail",
            many(json!({"maxFailedIndexes": 10_001})),
            Some("spec.maxFailedIndexes must be at most 10000 with"),
        ),
        (
            "more than 100000 may fail",
            many(json!({"maxFailedIndexes": 100_001})),
            Some("spec.maxFailedIndexes must be at most 100000"),
        ),
        (
            "100001 indexes, 10001 at once",
            many(json!({"maxFailedIndexes": 1, "parallelism": 10_001})),
            Some("spec.parallelism must be at most 10000 with"),
        ),
    ]
}

/// An index is a part of the Pod's host name.
fn names() -> Vec<Case> {
    let named = |name: String, completions: i32, mode: &str| json!({"metadata": {"name": name}, "spec": {"completionMode": mode, "completions": completions}});
    let words = Some("metadata.name, a hyphen and the highest index");
    vec![
        ("a name of 61 for ten indexes", named("a".repeat(61), 10, "Indexed"), None),
        ("a name of 61 for eleven indexes", named("a".repeat(61), 11, "Indexed"), words),
        ("a name of 62 for ten indexes", named("a".repeat(62), 10, "Indexed"), words),
        ("a name of 63 for no index", named("a".repeat(63), 0, "Indexed"), None),
        ("a name with a dot for indexes", named("a.b".into(), 10, "Indexed"), words),
        ("a name with a dot, NonIndexed", named("a.b".into(), 10, "NonIndexed"), None),
        ("a name of 63, NonIndexed", named("a".repeat(63), 11, "NonIndexed"), None),
    ]
}
