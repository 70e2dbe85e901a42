//! What may change in the template of a suspended run, and when a run counts as suspended.

use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{Case, api, merge, patched, valid};
use crate::support::world_without_controller;

const NO: Option<&str> = Some("spec.template can't be changed, but for labels, annotations");

async fn store(api: &Api<DynamicObject>, name: &str, spec: Value, status: Value) {
    let mut object = valid(name);
    merge(&mut object["spec"], json!({"suspend": true}));
    merge(&mut object["spec"], spec);
    api.create(&PostParams::default(), &serde_json::from_value(object).expect("an object")).await.expect("created");
    let patch = Patch::Merge(json!({"status": status}));
    api.patch_status(name, &PatchParams::default(), &patch).await.expect("its status is written");
}

/// As `valid` has them, with that in the first.
fn containers(change: Value) -> Value {
    let mut containers = valid("x")["spec"]["template"]["spec"]["containers"].take();
    merge(&mut containers[0], change);
    json!({"spec": {"template": {"spec": {"containers": containers}}}})
}

fn pod(fields: Value) -> Value {
    json!({"spec": {"template": {"spec": fields}}})
}

fn meta(fields: Value) -> Value {
    json!({"spec": {"template": {"metadata": fields}}})
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_template_may_change_while_nothing_runs() {
    world_without_controller("suspended-when", |w| async move {
        let api = api(&w.client, &w.namespace);
        let condition = |status: &str| {
            json!([{
                "type": "Suspended", "status": status, "reason": "JobSuspended", "message": "Job suspended",
                "lastTransitionTime": "2026-01-01T00:00:00Z"
            }])
        };
        let started = "2026-01-01T00:00:00Z";
        let mut wrong = Vec::new();
        for (n, (case, spec, status, words)) in [
            ("never started", json!({}), json!({}), None),
            ("never started, no Pod active", json!({}), json!({"active": 0}), None),
            ("never started, but a Pod is active", json!({}), json!({"active": 1}), NO),
            ("started, and nobody says it is suspended", json!({}), json!({"startTime": started}), NO),
            ("started and suspended", json!({}), json!({"startTime": started, "conditions": condition("True")}), None),
            (
                "started and suspended, a Pod is still active",
                json!({}),
                json!({"startTime": started, "active": 1, "conditions": condition("True")}),
                NO,
            ),
            ("resumed once", json!({}), json!({"startTime": started, "conditions": condition("False")}), NO),
            ("not to be suspended", json!({"suspend": false}), json!({}), NO),
            (
                "not to be suspended, but it still is",
                json!({"suspend": false}),
                json!({"startTime": started, "conditions": condition("True")}),
                NO,
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("case-{n}");
            store(&api, &name, spec, status).await;
            let resources = || containers(json!({"resources": {"requests": {"cpu": "2"}}}));
            let mut and_resume = resources();
            merge(&mut and_resume, json!({"spec": {"suspend": false}}));
            let cases = vec![
                (case, resources(), words),
                (case, pod(json!({"nodeSelector": {"a": "b"}})), words),
                (case, and_resume, words),
                (case, json!({"spec": {"suspend": false}}), None),
            ];
            wrong.extend(patched(&api, &name, cases).await);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn of_a_suspended_template_may_change_where_and_with_what_it_runs() {
    world_without_controller("suspended-what", |w| async move {
        let api = api(&w.client, &w.namespace);
        let init = json!([{"name": "one", "image": "i"}, {"name": "two", "image": "i"}]);
        let spec = json!({"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"initContainers": init}}});
        store(&api, "stored", spec, json!({})).await;
        let mut wrong = patched(&api, "stored", placing()).await;
        wrong.extend(patched(&api, "stored", lists()).await);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

fn placing() -> Vec<Case> {
    let term = json!({"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]});
    let near = json!({"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]});
    let to_node = json!({"requiredDuringSchedulingIgnoredDuringExecution": term});
    vec![
        ("labels", meta(json!({"labels": {"a": "c", "d": "e"}})), None),
        ("no labels", meta(json!({"labels": null})), None),
        ("no metadata", json!({"spec": {"template": {"metadata": null}}}), None),
        ("annotations", meta(json!({"annotations": {"a": "b"}})), None),
        ("finalizers", meta(json!({"finalizers": ["a.b/c"]})), NO),
        ("a namespace", meta(json!({"namespace": "x"})), NO),
        (
            "a label of ours",
            meta(json!({"labels": {"sidecarjob.dev/uid": "x"}})),
            Some("which the controller sets: remove it"),
        ),
        ("nodeSelector", pod(json!({"nodeSelector": {"a": "b"}})), None),
        ("tolerations", pod(json!({"tolerations": [{"key": "a", "operator": "Exists"}]})), None),
        ("schedulingGates", pod(json!({"schedulingGates": [{"name": "a.b/c"}]})), None),
        ("node affinity", pod(json!({"affinity": {"nodeAffinity": to_node}})), None),
        ("Pod affinity", pod(json!({"affinity": {"podAffinity": near}})), NO),
        ("both", pod(json!({"affinity": {"nodeAffinity": to_node, "podAffinity": near}})), NO),
        ("an affinity that is empty", pod(json!({"affinity": {}})), None),
        ("no Pod", json!({"spec": {"template": {"spec": null}}}), Some("spec.template.spec: Required value")),
        ("nodeName", pod(json!({"nodeName": "n"})), NO),
        ("a second field besides", pod(json!({"nodeSelector": {"a": "b"}, "hostNetwork": true})), NO),
        ("restartPolicy", pod(json!({"restartPolicy": "OnFailure"})), NO),
        ("volumes", pod(json!({"volumes": [{"name": "v", "emptyDir": {}}]})), NO),
    ]
}

fn lists() -> Vec<Case> {
    let init = |list: Value| pod(json!({"initContainers": list}));
    let limits = json!({"limits": {"cpu": "1", "memory": "1Gi"}});
    vec![
        ("a container's resources", containers(json!({"resources": limits})), None),
        ("a container's image", containers(json!({"image": "other"})), NO),
        (
            "a container's resources and env",
            containers(json!({
                "resources": limits, "env": [{"name": "A", "value": "b"}]
            })),
            NO,
        ),
        ("a container's image taken away", containers(json!({"image": null})), NO),
        (
            "an image of one given to the other",
            pod(json!({"containers": [{"name": "main", "image": "b"}, {"name": "side", "image": "a"}]})),
            NO,
        ),
        ("a container's name", containers(json!({"name": "other"})), NO),
        ("one container less", pod(json!({"containers": [{"name": "main", "image": "a"}]})), NO),
        (
            "their order",
            pod(json!({"containers": [{"name": "side", "image": "b"}, {"name": "main", "image": "a"}]})),
            NO,
        ),
        (
            "an init container's resources",
            init(json!([{"name": "one", "image": "i", "resources": limits}, {"name": "two", "image": "i"}])),
            None,
        ),
        ("an init container's image", init(json!([{"name": "one", "image": "j"}, {"name": "two", "image": "i"}])), NO),
        ("the init containers' order", init(json!([{"name": "two", "image": "i"}, {"name": "one", "image": "i"}])), NO),
        ("no init containers", init(json!(null)), NO),
    ]
}

/// No field is forgotten: each one that the schema has is added to a suspended run, with a value of its type.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn every_other_field_of_the_template_stays() {
    world_without_controller("suspended-all", |w| async move {
        let api = api(&w.client, &w.namespace);
        store(&api, "stored", json!({"template": {"metadata": {}}}), json!({})).await;
        let schema = template_schema();
        let mut wrong = Vec::new();
        let mut count = 0;
        for (part, within, free) in [
            ("/metadata", meta as fn(Value) -> Value, &["annotations", "labels"][..]),
            ("/spec", pod, &["nodeSelector", "tolerations", "schedulingGates", "affinity"]),
            ("/spec/properties/containers/items", containers, &["resources"]),
            ("/spec/properties/affinity", |value| pod(json!({"affinity": value})), &["nodeAffinity"]),
        ] {
            let fields =
                schema.pointer(&format!("/properties{part}/properties")).expect("there").as_object().expect("fields");
            for (field, schema) in
                fields.iter().filter(|(name, _)| !["name", "image", "containers"].contains(&name.as_str()))
            {
                let value =
                    if field == "restartPolicy" && part == "/spec" { json!("OnFailure") } else { sample(schema) };
                let words = (!free.contains(&field.as_str())).then_some("can be changed").or(None);
                let result = patched(&api, "stored", vec![("", within(json!({field: value})), None)]).await;
                let refused = result.first().is_some_and(|text| text.contains("can't be changed"));
                if refused != words.is_some() || (words.is_none() && !result.is_empty()) {
                    wrong.push(format!("{part}.{field}: {result:?}"));
                }
                count += 1;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count > 80, "{count} fields");
    })
    .await;
}

fn template_schema() -> Value {
    let crd = serde_json::to_value(sidecarjob::api::crd::sidecarjob()).expect("JSON");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["template"].clone()
}

/// The smallest value that the schema takes.
fn sample(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => json!("2026-01-01T00:00:00Z"),
        Some("string") => json!("x"),
        Some("integer") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let field = |name: &Value| {
                let name = name.as_str().expect("a name").to_owned();
                (name.clone(), sample(&schema["properties"][name]))
            };
            Value::Object(required.iter().map(field).collect())
        }
        _ => json!(1),
    }
}
