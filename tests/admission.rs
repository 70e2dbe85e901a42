//! What the API server takes and refuses, with which words: the CRD's schema and rules on a real API server.

use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

mod support;
use support::world_without_controller;

#[path = "admission/counts.rs"]
mod counts;
#[path = "admission/elastic.rs"]
mod elastic;
#[path = "admission/failure_policy.rs"]
mod failure_policy;
#[path = "admission/names.rs"]
mod names;
#[path = "admission/schedules.rs"]
mod schedules;
#[path = "admission/selector.rs"]
mod selector;
#[path = "admission/sidecars.rs"]
mod sidecars;
#[path = "admission/success_policy.rs"]
mod success_policy;
#[path = "admission/suspended.rs"]
mod suspended;

/// What is merged into the valid object, and the words of the refusal; no words: it is taken.
type Case = (&'static str, Value, Option<&'static str>);

/// A field and its value, as a JSON pointer below the whole object; `null` removes it.
type Set = (&'static str, fn() -> Value);

/// What is changed in a valid object, and the words of the refusal; no words: it is taken.
const CREATE: &[(&str, &[Set], Option<&str>)] = &[
    ("the smallest SidecarJob", &[], None),
    ("OnFailure", &[("/spec/template/spec/restartPolicy", || json!("OnFailure"))], None),
    (
        "restartPolicy Always",
        &[("/spec/template/spec/restartPolicy", || json!("Always"))],
        Some("restartPolicy must be Never or OnFailure"),
    ),
    (
        "no restartPolicy",
        &[("/spec/template/spec/restartPolicy", || Value::Null)],
        Some("restartPolicy must be Never or OnFailure"),
    ),
    ("no template", &[("/spec/template", || Value::Null)], Some("spec.template: Required value")),
    (
        "a template without a spec",
        &[("/spec/template/spec", || Value::Null)],
        Some("spec.template.spec: Required value"),
    ),
    ("no container", &[("/spec/template/spec/containers", || json!([]))], Some("containers is empty")),
    (
        "two containers of one name",
        &[("/spec/template/spec/containers", || json!([{"name": "a"}, {"name": "a"}]))],
        Some("spec.template.spec.containers[1]: Duplicate value"),
    ),
    (
        "two init containers of one name",
        &[("/spec/template/spec/initContainers", || json!([{"name": "a"}, {"name": "a"}]))],
        Some("spec.template.spec.initContainers[1]: Duplicate value"),
    ),
    (
        "a container name that only the Pod's admission refuses",
        &[("/spec/template/spec/containers", || json!([{"name": "UPPER CASE", "image": "x"}]))],
        None,
    ),
    ("completionMode as a Job's default", &[("/spec/completionMode", || json!("NonIndexed"))], None),
    ("completions 0", &[("/spec/completions", || json!(0))], None),
    ("negative completions", &[("/spec/completions", || json!(-1))], Some("spec.completions: Invalid value: -1")),
    ("negative parallelism", &[("/spec/parallelism", || json!(-1))], Some("spec.parallelism: Invalid value: -1")),
    ("negative backoffLimit", &[("/spec/backoffLimit", || json!(-1))], Some("spec.backoffLimit: Invalid value: -1")),
    (
        "negative activeDeadlineSeconds",
        &[("/spec/activeDeadlineSeconds", || json!(-1))],
        Some("spec.activeDeadlineSeconds: Invalid value: -1"),
    ),
    (
        "negative ttlSecondsAfterFinished",
        &[("/spec/ttlSecondsAfterFinished", || json!(-1))],
        Some("spec.ttlSecondsAfterFinished: Invalid value: -1"),
    ),
    ("a word for a number", &[("/spec/completions", || json!("many"))], Some("spec.completions")),
    ("a sidecar of the template", &[("/spec/sidecars", || json!([{"name": "side"}]))], None),
    ("a sidecar that a webhook may inject", &[("/spec/sidecars", || json!([{"name": "istio-proxy"}]))], None),
    (
        "the same sidecar twice",
        &[("/spec/sidecars", || json!([{"name": "side"}, {"name": "side"}]))],
        Some("spec.sidecars[1]: Duplicate value"),
    ),
    ("a sidecar without a name", &[("/spec/sidecars", || json!([{}]))], Some("spec.sidecars[0].name: Required value")),
    (
        "every container a sidecar",
        &[("/spec/sidecars", || json!([{"name": "main"}, {"name": "side"}]))],
        Some("at least one must be a main container"),
    ),
    (
        "every container that ends a sidecar",
        &[
            ("/spec/sidecars", || json!([{"name": "side"}])),
            ("/spec/template/spec/containers/0/restartPolicy", || json!("Always")),
        ],
        Some("spec.sidecars names every container that ends"),
    ),
    (
        "no container that ends",
        &[
            ("/spec/template/spec/containers/0/restartPolicy", || json!("Always")),
            ("/spec/template/spec/containers/1/restartPolicy", || json!("Always")),
        ],
        Some("every container of spec.template.spec.containers has restartPolicy Always"),
    ),
    (
        "a container that never ends, not named",
        &[("/spec/template/spec/containers/1/restartPolicy", || json!("Always"))],
        None,
    ),
    (
        "a main container that never ends",
        &[
            ("/spec/mainContainers", || json!({"names": ["main"]})),
            ("/spec/template/spec/containers/0/restartPolicy", || json!("Always")),
        ],
        Some("spec.mainContainers.names has a container with restartPolicy Always"),
    ),
    (
        "33 sidecars",
        &[("/spec/sidecars", || (0..33).map(|n| json!({"name": format!("s{n}")})).collect())],
        Some("spec.sidecars: Too many"),
    ),
    ("named main containers", &[("/spec/mainContainers", || json!({"names": ["main"]}))], None),
    (
        "no name in mainContainers",
        &[("/spec/mainContainers", || json!({"names": []}))],
        Some("spec.mainContainers.names"),
    ),
    (
        "a main container that is not there",
        &[("/spec/mainContainers", || json!({"names": ["mian"]}))],
        Some("spec.mainContainers.names has a name that is no container"),
    ),
    (
        "a container that is both",
        &[("/spec/mainContainers", || json!({"names": ["main"]})), ("/spec/sidecars", || json!([{"name": "main"}]))],
        Some("is in both spec.mainContainers.names and spec.sidecars"),
    ),
    ("sidecarMode Managed", &[("/spec/sidecarMode", || json!("Managed"))], None),
    (
        "an unknown sidecarMode",
        &[("/spec/sidecarMode", || json!("Magic"))],
        Some("spec.sidecarMode: Unsupported value: \"Magic\""),
    ),
    (
        "an unknown injectedContainers",
        &[("/spec/injectedContainers", || json!("Maybe"))],
        Some("spec.injectedContainers: Unsupported value"),
    ),
    (
        "an unknown podReplacementPolicy",
        &[("/spec/podReplacementPolicy", || json!("Never"))],
        Some("spec.podReplacementPolicy: Unsupported value"),
    ),
    ("managedBy ours", &[("/spec/managedBy", || json!("sidecarjob.dev/controller"))], None),
    (
        "managedBy without a slash",
        &[("/spec/managedBy", || json!("me"))],
        Some("spec.managedBy must be a domain name, a slash and a path"),
    ),
    (
        "managedBy without a domain",
        &[("/spec/managedBy", || json!("/me"))],
        Some("spec.managedBy must be a domain name"),
    ),
    (
        "managedBy too long",
        &[("/spec/managedBy", || json!(format!("a.b/{}", "c".repeat(60))))],
        Some("spec.managedBy: Too long"),
    ),
    (
        "a label of ours in the template",
        &[("/spec/template/metadata", || json!({"labels": {"sidecarjob.dev/uid": "x"}}))],
        Some("labels has sidecarjob.dev/uid"),
    ),
    (
        "nulls, as kubectl create --dry-run writes them",
        &[
            ("/spec/template/metadata", || json!({"creationTimestamp": null})),
            ("/spec/activeDeadlineSeconds", || json!(null)),
        ],
        None,
    ),
    (
        "nulls where there is a default",
        &[("/spec", || {
            let mut spec = valid("x")["spec"].take();
            merge(&mut spec, json!({"suspend": null, "completionMode": null, "manualSelector": null}));
            spec
        })],
        None,
    ),
    ("labels of their own", &[("/spec/template/metadata", || json!({"labels": {"app": "x"}}))], None),
    (
        "a limit as a number",
        &[(
            "/spec/template/spec/containers",
            || json!([{"name": "main", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}]),
        )],
        None,
    ),
    (
        "an unknown completionMode",
        &[("/spec/completionMode", || json!("Sorted"))],
        Some("spec.completionMode: Unsupported value: \"Sorted\""),
    ),
    (
        "scheduling, which is alpha in a Job",
        &[("/spec/scheduling", || json!({}))],
        Some("unknown field \"spec.scheduling\""),
    ),
    (
        "a misspelt field deep in the template",
        &[("/spec/template/spec/containers", || json!([{"name": "main", "imag": "x"}]))],
        Some("unknown field \"spec.template.spec.containers[0].imag\""),
    ),
];

/// A patch of the valid object that is stored, and the words of the refusal; no words: it is taken.
const UPDATE: &[(&str, Set, Option<&str>)] = &[
    (
        "parallelism, from nothing",
        ("/spec/parallelism", || json!(3)),
        Some("spec.parallelism can't be added or removed later"),
    ),
    ("suspend", ("/spec/suspend", || json!(true)), None),
    ("backoffLimit", ("/spec/backoffLimit", || json!(1)), None),
    ("activeDeadlineSeconds", ("/spec/activeDeadlineSeconds", || json!(60)), None),
    ("ttlSecondsAfterFinished", ("/spec/ttlSecondsAfterFinished", || json!(60)), None),
    ("podReplacementPolicy", ("/spec/podReplacementPolicy", || json!("Failed")), None),
    ("completions, from nothing", ("/spec/completions", || json!(3)), Some("spec.completions can't be changed")),
    (
        "the template",
        ("/spec/template/spec/containers/0/image", || json!("other")),
        Some("spec.template can't be changed"),
    ),
    (
        "the template's labels",
        ("/spec/template/metadata", || json!({"labels": {"a": "b"}})),
        Some("spec.template can't be changed"),
    ),
    ("sidecars", ("/spec/sidecars", || json!([{"name": "side"}])), Some("spec.sidecars can't be changed")),
    (
        "mainContainers",
        ("/spec/mainContainers", || json!({"names": ["main"]})),
        Some("spec.mainContainers can't be changed"),
    ),
    (
        "injectedContainers",
        ("/spec/injectedContainers", || json!("Main")),
        Some("spec.injectedContainers can't be changed"),
    ),
    ("sidecarMode", ("/spec/sidecarMode", || json!("Native")), Some("spec.sidecarMode can't be changed")),
    ("managedBy", ("/spec/managedBy", || json!("a.b/c")), Some("spec.managedBy can't be changed")),
    (
        "completionMode",
        ("/spec", || json!({"completionMode": "Indexed", "completions": 1})),
        Some("spec.completionMode can't be changed"),
    ),
    (
        "podFailurePolicy",
        ("/spec/podFailurePolicy", || json!({"rules": []})),
        Some("spec.podFailurePolicy can't be changed"),
    ),
    (
        "successPolicy",
        ("/spec/successPolicy", || json!({"rules": [{"succeededCount": 1}]})),
        Some("spec.successPolicy can't be changed"),
    ),
    (
        "backoffLimitPerIndex",
        ("/spec/backoffLimitPerIndex", || json!(1)),
        Some("spec.backoffLimitPerIndex can't be changed"),
    ),
    (
        "selector",
        ("/spec", || json!({"selector": {"matchLabels": {"a": "b"}}, "manualSelector": true})),
        Some("spec.selector can't be changed"),
    ),
    ("manualSelector to what it is", ("/spec/manualSelector", || json!(false)), None),
];

fn valid(name: &str) -> Value {
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "metadata": {"name": name},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "main", "image": "a"}, {"name": "side", "image": "b"}]
        }}}
    })
}

fn set(object: &mut Value, (path, value): &Set) {
    let (parent, key) = path.rsplit_once('/').expect("a pointer");
    let parent = object.pointer_mut(parent).expect("the parent is there");
    match (value(), key.parse::<usize>()) {
        (Value::Null, _) => drop(parent.as_object_mut().expect("an object").remove(key)),
        (value, Ok(n)) => parent[n] = value,
        (value, _) => parent[key] = value,
    }
}

/// As a JSON merge patch does it, but that null stays.
fn merge(object: &mut Value, patch: Value) {
    match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => {
            patch.into_iter().for_each(|(key, value)| merge(object.entry(key).or_insert(Value::Null), value));
        }
        (object, patch) => *object = patch,
    }
}

/// Tries each case as a new object; nothing is stored.
async fn created(name: &str, cases: Vec<Case>) {
    world_without_controller(name, |w| async move {
        let mut wrong = Vec::new();
        for (case, changes, words) in cases {
            let mut object = valid("case");
            merge(&mut object, changes);
            let object: DynamicObject = serde_json::from_value(object).expect("an object");
            let dry_run = PostParams { dry_run: true, field_manager: None };
            wrong.extend(judge(case, w.strict_create(&object, &dry_run).await, words));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

/// Tries each patch on an object that is stored and stays as it was.
async fn patched(api: &Api<DynamicObject>, name: &str, cases: Vec<Case>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (case, patch, words) in cases {
        let dry_run = PatchParams { dry_run: true, ..PatchParams::default() };
        wrong.extend(judge(case, api.patch(name, &dry_run, &Patch::Merge(patch)).await, words));
    }
    wrong
}

/// Untyped, so that wrong things can be sent.
fn api(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("sidecarjob.dev", "v1alpha1", "SidecarJob"));
    Api::namespaced_with(client.clone(), namespace, &kind)
}

/// Nothing if the answer is as expected, else what was wrong.
/// A rule of ours without a field. The API server itself says of the whole object that it checked no rules.
fn names_no_field(message: &str) -> bool {
    let own_words = [
        "null: some validation rules were not checked",
        "\"null\": some validation rules were not checked", // before Kubernetes 1.32
        "\"\": Checked value must be of type",
    ];
    message.split("<nil>: Invalid value: ").skip(1).any(|rest| !own_words.iter().any(|words| rest.starts_with(words)))
}

fn judge(case: &str, result: kube::Result<DynamicObject>, words: Option<&str>) -> Option<String> {
    match (result, words) {
        (Ok(_), None) => None,
        (Ok(_), Some(words)) => Some(format!("{case}: was taken; expected a refusal with: {words}")),
        (Err(kube::Error::Api(status)), _) if names_no_field(&status.message) => {
            Some(format!("{case}: the refusal names no field: {}", status.message))
        }
        (Err(kube::Error::Api(status)), Some(words)) if status.message.contains(words) => None,
        (Err(error), _) => Some(format!("{case}: {error}")),
    }
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_may_be_created_and_what_is_said_of_the_rest() {
    world_without_controller("create", |w| async move {
        let mut wrong = Vec::new();
        for (case, changes, words) in CREATE {
            let mut object = valid("case");
            changes.iter().for_each(|change| set(&mut object, change));
            let object: DynamicObject = serde_json::from_value(object).expect("an object");
            let strict = PostParams { dry_run: true, field_manager: None };
            let request = w.strict_create(&object, &strict).await;
            wrong.extend(judge(case, request, *words));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_may_be_changed_later() {
    world_without_controller("update", |w| async move {
        let api = api(&w.client, &w.namespace);
        let object = serde_json::from_value(valid("stored")).expect("an object");
        let stored = api.create(&PostParams::default(), &object).await.expect("created");
        let mut wrong = Vec::new();
        for (case, change, words) in UPDATE {
            let mut object = serde_json::to_value(&stored).expect("JSON");
            set(&mut object, change);
            let patch = json!({"spec": object["spec"]});
            let params = PatchParams { dry_run: true, ..PatchParams::default() };
            let result = api.patch(&stored.name_any(), &params, &Patch::Merge(patch)).await;
            wrong.extend(judge(&format!("changing {case}"), result, *words));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_parallelism_may_change_unless_that_would_make_another_kind_of_run() {
    world_without_controller("scale", |w| async move {
        let api = api(&w.client, &w.namespace);
        let refused = Some("spec.parallelism can't be added or removed later");
        let mut wrong = Vec::new();
        for (n, (case, given, patch, words)) in [
            ("scaling a work queue", json!({"parallelism": 1}), json!({"parallelism": 3}), None),
            ("scaling a run of five", json!({"completions": 5, "parallelism": 1}), json!({"parallelism": 0}), None),
            ("a parallelism for a run of five", json!({"completions": 5}), json!({"parallelism": 3}), None),
            ("a parallelism for a run of one Pod", json!({}), json!({"parallelism": 3}), refused),
            ("the 1 and 1 that a Job has stored", json!({}), json!({"completions": 1, "parallelism": 1}), None),
            ("completions 1 alone", json!({}), json!({"completions": 1}), None),
            (
                "neither, for a run of one Pod",
                json!({"completions": 1, "parallelism": 1}),
                json!({"completions": null, "parallelism": null}),
                None,
            ),
            (
                "neither, for a run of five",
                json!({"completions": 5, "parallelism": 1}),
                json!({"completions": null, "parallelism": null}),
                Some("spec.completions can't be changed"),
            ),
            (
                "a work queue for a run of one Pod",
                json!({"completions": 1, "parallelism": 1}),
                json!({"completions": null}),
                Some("spec.completions can't be changed"),
            ),
            ("no parallelism for a work queue", json!({"parallelism": 2}), json!({"parallelism": null}), refused),
        ]
        .into_iter()
        .enumerate()
        {
            let mut object = valid(&format!("case-{n}"));
            object["spec"].as_object_mut().expect("an object").extend(given.as_object().expect("an object").clone());
            let object = serde_json::from_value(object).expect("an object");
            let stored = api.create(&PostParams::default(), &object).await.expect("created");
            let patch = Patch::Merge(json!({"spec": patch}));
            let result = api.patch(&stored.name_any(), &PatchParams::default(), &patch).await;
            wrong.extend(judge(case, result, words));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_new_object_has_its_defaults_and_reads_as_in_progress() {
    world_without_controller("defaults", |w| async move {
        let api = api(&w.client, &w.namespace);
        let object = serde_json::from_value(valid("new")).expect("an object");
        api.create(&PostParams::default(), &object).await.expect("created");
        let object = serde_json::to_value(api.get("new").await.expect("there")).expect("JSON");
        let spec = &object["spec"];
        assert_eq!((&spec["suspend"], &spec["manualSelector"]), (&json!(false), &json!(false)));
        assert_eq!(spec["completionMode"], "NonIndexed");
        // What they are by default depends on other fields.
        for field in ["backoffLimit", "podReplacementPolicy", "parallelism", "completions"] {
            assert_eq!(spec.get(field), None, "{field}");
        }
        assert_eq!(object["status"]["phase"], "Pending");
        assert_eq!(object["status"]["conditions"][0]["type"], "Reconciling");
        assert_eq!(object["status"]["conditions"][0]["status"], "True");
    })
    .await;
}
