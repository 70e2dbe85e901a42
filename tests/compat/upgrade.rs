//! SidecarJob upgraded in place: what this version installs is applied over something older, while a run is under way.

use serde_json::{Value, json};
use sidecarjob::api::{Phase, crd};

use super::support::{eventually, world_as_it_is};
use super::{folder, kubectl, kubelet::Kubelet, manifest, quiet, succeeded};

/// What an earlier version might have installed: CRDs without `endedPods`, without selectable fields and without rules; a
/// policy with other words and a variable that is gone today.
fn older() -> String {
    let mut items: Vec<Value> = crd::all().iter().map(|crd| serde_json::to_value(crd).expect("JSON")).collect();
    for crd in &mut items {
        let version = &mut crd["spec"]["versions"][0];
        version.as_object_mut().expect("an object").remove("selectableFields");
        let schema = &mut version["schema"]["openAPIV3Schema"];
        strip(schema);
        let run = "/properties/spec/properties/jobTemplate/properties/spec/properties";
        let path = if schema.pointer(run).is_some() { run } else { "/properties/spec/properties" };
        let fields = schema.pointer_mut(path).and_then(Value::as_object_mut).expect("the fields of a run");
        assert!(fields.remove("endedPods").is_some(), "the field was there");
    }
    let admission = format!("{}/config/admission", env!("CARGO_MANIFEST_DIR"));
    let rendered = succeeded("rendered", &kubectl(&["kustomize", &admission], ""));
    for text in rendered.split("\n---\n") {
        let mut object: Value = serde_saphyr::from_str(text).expect("YAML");
        if object["kind"] == "ValidatingAdmissionPolicy" {
            object["spec"]["validations"][0]["message"] = json!("the words of an older version");
            let gone = json!({"name": "gone", "expression": "1"});
            object["spec"]["variables"].as_array_mut().expect("variables").insert(0, gone);
        }
        items.push(object);
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// Takes the rules out of a schema.
fn strip(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("x-kubernetes-validations");
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)] // kubectl blocks one of them
#[ignore = "needs a cluster: run make compat"]
async fn an_older_install_is_upgraded_while_a_run_goes_on() {
    world_as_it_is("upgrade", &[], |w| async move {
        let kubelet = Kubelet::play(&w.client, &w.namespace, true).await;
        let _of_the_deployment = Kubelet::play(&w.client, "sidecarjob-system", true).await;
        quiet("the older install", &kubectl(&["apply", "--server-side", "-f", "-"], &older()));
        eventually("the older kind takes a run", || async {
            w.kubectl(&["create", "-f", "-"], &manifest::run("before", "")).status.success().then_some(())
        })
        .await;
        let newer = manifest::run("newer", "  endedPods: Keep");
        let create = |text: &str| w.kubectl(&["create", "--dry-run=server", "-f", "-"], text);
        assert!(!create(&newer).status.success(), "the older kind does not know the field");
        w.until("before", "running", |s| s.ready == Some(1)).await;

        let folder = folder(&w).await;
        quiet("the upgrade", &kubectl(&["apply", "--server-side", "-k", &folder], ""));
        eventually("the new field is known", || async { create(&newer).status.success().then_some(()) }).await;
        let wrong = newer.replace("Never", "Always");
        assert!(!create(&wrong).status.success(), "the new rules are checked");
        kubelet.lets_go();
        let status = w.until("before", "ended", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)));
        assert_eq!(w.pods_of("before").await.len(), 1, "the Pod from before the upgrade was enough");
        w.kubectl_ok(&["delete", "scj", "--all"], "");
        succeeded("removed", &kubectl(&["delete", "-k", &folder, "--wait", "--timeout=120s"], ""));
    })
    .await;
}
