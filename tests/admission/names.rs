//! How long names may be: of new objects; those that were stored before a limit came go on.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};
use sidecarjob::api::crd;

use super::{judge, valid};
use crate::support::{World, eventually, world_without_controller};

/// As a schedule of that kind.
fn schedule(name: &str) -> Value {
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "metadata": {"name": name},
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": valid(name)["spec"]}}
    })
}

fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).expect("an object")
}

fn of(w: &World, group: &str, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1alpha1", kind));
    Api::namespaced_with(w.client.clone(), &w.namespace, &resource)
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_name_is_as_long_as_a_jobs_or_a_cronjobs_may_be() {
    world_without_controller("names", |w| async move {
        let dry_run = PostParams { dry_run: true, field_manager: None };
        let mut wrong = Vec::new();
        for (kind, make, most) in
            [("SidecarJob", valid as fn(&str) -> Value, 63), ("SidecarCronJob", schedule as fn(&str) -> Value, 52)]
        {
            let words = format!("metadata.name must be no more than {most} characters");
            for (length, words) in [(most, None), (most + 1, Some(words.as_str())), (200, Some(words.as_str()))] {
                let new = object(make(&"n".repeat(length)));
                let answer = of(&w, "sidecarjob.dev", kind).create(&dry_run, &new).await;
                wrong.extend(judge(&format!("{kind} with {length} letters"), answer, words));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

/// The definition under a group of its own, with or without that rule.
fn copy(of: &CustomResourceDefinition, group: &str, limited: bool) -> CustomResourceDefinition {
    let mut copy = serde_json::to_value(of).expect("JSON");
    copy["spec"]["group"] = json!(group);
    copy["metadata"]["name"] =
        json!(format!("{}.{group}", copy["spec"]["names"]["plural"].as_str().expect("a plural")));
    for names in ["shortNames", "categories"] {
        copy["spec"]["names"][names] = json!([]);
    }
    let rules = &mut copy["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x-kubernetes-validations"];
    let rules = rules.as_array_mut().expect("rules");
    let all = rules.len();
    rules.retain(|rule| {
        limited || !rule["message"].as_str().expect("a message").starts_with("metadata.name must be no")
    });
    assert_eq!(rules.len(), if limited { all } else { all - 1 }, "one of them is that on the name");
    serde_json::from_value(copy).expect("a CRD")
}

/// Installs it; returns when objects of it are answered.
async fn install(w: &World, definition: &CustomResourceDefinition) {
    let crds: Api<CustomResourceDefinition> = Api::all(w.client.clone());
    let params = PatchParams::apply("sidecarjob-tests").force();
    crds.patch(&definition.name_any(), &params, &Patch::Apply(definition)).await.expect("installed");
    let all = of(w, &definition.spec.group, &definition.spec.names.kind);
    eventually("its objects are served", || async { all.list(&Default::default()).await.ok().map(drop) }).await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_object_with_a_longer_name_that_is_stored_already_goes_on() {
    world_without_controller("longnames", |w| async move {
        let group = format!("{}.sidecarjob.dev", w.namespace);
        let makes = [valid as fn(&str) -> Value, schedule as fn(&str) -> Value];
        let definitions = [crd::sidecarjob(), crd::sidecarcronjob()];
        let crds: Api<CustomResourceDefinition> = Api::all(w.client.clone());
        for (definition, make) in definitions.iter().zip(makes) {
            let (name, kind) = ("n".repeat(100), &definition.spec.names.kind);
            let here = |mut value: Value| {
                value["apiVersion"] = json!(format!("{group}/v1alpha1"));
                object(value)
            };
            install(&w, &copy(definition, &group, false)).await;
            let all = of(&w, &group, kind);
            all.create(&PostParams::default(), &here(make(&name))).await.expect("taken before there was a limit");
            install(&w, &copy(definition, &group, true)).await;
            let dry_run = PostParams { dry_run: true, field_manager: None };
            eventually("the limit is in force", || async {
                all.create(&dry_run, &here(make(&"m".repeat(100))))
                    .await
                    .err()?
                    .to_string()
                    .contains("no more than")
                    .then_some(())
            })
            .await;
            let params = PatchParams::default();
            all.patch(&name, &params, &Patch::Merge(json!({"spec": {"suspend": true}})))
                .await
                .expect("its spec changes");
            let status = json!({"status": {"observedGeneration": 2}});
            all.patch_status(&name, &params, &Patch::Merge(status)).await.expect("its status is written");
            all.patch(&name, &params, &Patch::Merge(json!({"metadata": {"labels": {"a": "b"}}})))
                .await
                .expect("labelled");
            crds.delete(&copy(definition, &group, true).name_any(), &DeleteParams::default()).await.expect("deleted");
        }
    })
    .await;
}
