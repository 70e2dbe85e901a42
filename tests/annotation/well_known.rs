//! "Without an annotation": the optional policy for namespaces with a label, where Jobs' Pods with well-known sidecars need
//! none.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::support::{World, policy::Policy, webhook::Call, webhook::Webhooks, world_without_controller};
use super::{SIDE, annotation, container, create, inits, plain};

const FOLDER: &str = "components/well-known-sidecars";

fn with_image(name: &str, image: &str) -> Value {
    let mut container = container(name, SIDE);
    container["image"] = json!(image);
    container
}

/// A Pod with these containers as a dry run, owned by an object of that kind.
fn owned_by(w: &World, owner: &str, annotations: Value, containers: &[Value]) -> Pod {
    let version = if owner == "Job" { "batch/v1" } else { "apps/v1" };
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"restartPolicy": "Never", "containers": containers},
        "metadata": {"name": "dry", "annotations": annotations,
            "ownerReferences": [{"apiVersion": version, "kind": owner, "name": "x", "uid": "0", "controller": true}]}});
    serde_json::from_str(&create(w, &pod, &["--dry-run=server"]).expect("taken")).expect("a Pod")
}

fn istio() -> Value {
    with_image("istio-proxy", "docker.io/istio/proxyv2:1.28.0")
}

async fn install(w: &World) -> Policy {
    w.kubectl_ok(&["label", "namespace", &w.namespace, "sidecarjob.dev/well-known-sidecars=enabled"], "");
    let in_force =
        |w: &World| inits(&owned_by(w, "Job", json!({}), &[container("work", "true"), istio()])) == ["istio-proxy*"];
    Policy::install(w, FOLDER, in_force).await
}

/// A sentence; the containers besides `work`; which of them are moved.
type Known = (&'static str, fn() -> Vec<Value>, &'static [&'static str]);

const KNOWN: &[Known] = &[
    ("by name and image", || vec![istio()], &["istio-proxy*"]),
    (
        "from another registry",
        || vec![with_image("istio-proxy", "my.registry:5000/mirror/istio/proxyv2")],
        &["istio-proxy*"],
    ),
    ("by digest", || vec![with_image("linkerd-proxy", "cr.l5d.io/linkerd/proxy@sha256:00")], &["linkerd-proxy*"]),
    ("two", || vec![istio(), with_image("vault-agent", "hashicorp/vault:1.20")], &["istio-proxy*", "vault-agent*"]),
    ("the name with another image", || vec![with_image("istio-proxy", "my/work:1")], &[]),
    ("the image with another name", || vec![with_image("mesh", "docker.io/istio/proxyv2:1.28.0")], &[]),
    ("an image that only ends alike", || vec![with_image("nginx", "example.com/not-nginx:1")], &[]),
    ("a container that nobody knows", || vec![container("other", SIDE)], &[]),
    (
        "one that nobody knows and that is always restarted",
        || {
            let mut endless = container("endless", SIDE);
            endless["restartPolicy"] = json!("Always");
            vec![endless]
        },
        &["endless*"],
    ),
    ("one that is known beside one that is not", || vec![container("other", SIDE), istio()], &["istio-proxy*"]),
    ("what the namespace says it knows", || vec![container("house-agent", SIDE)], &["house-agent*"]),
];

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn well_known_sidecars_of_jobs_need_no_annotation_and_the_pod_says_what_was_done() {
    world_without_controller("known", |w| async move {
        let _policy = install(&w).await;
        w.kubectl_ok(&["annotate", "namespace", &w.namespace, "sidecarjob.dev/well-known=house-agent"], "");
        super::support::eventually("the annotation is seen", || async {
            let pod = owned_by(&w, "Job", json!({}), &[container("work", "true"), container("house-agent", SIDE)]);
            (!inits(&pod).is_empty()).then_some(())
        })
        .await;
        for (case, containers, moved) in KNOWN {
            let all: Vec<_> = [container("work", "true")].into_iter().chain(containers()).collect();
            let pod = owned_by(&w, "Job", json!({"a": "b"}), &all);
            assert_eq!(inits(&pod), *moved, "{case}");
            let said = (!moved.is_empty()).then(|| moved.join(",").replace('*', ""));
            assert_eq!(
                (annotation(&pod, "well-known"), annotation(&pod, "moved")),
                (said.as_deref(), said.as_deref()),
                "{case}"
            );
            assert_eq!(annotation(&pod, "main"), None, "{case}");
            assert_eq!(
                owned_by(&w, "ReplicaSet", json!({}), &all).spec.expect("a spec").init_containers,
                None,
                "{case}"
            );
        }
        let alone = owned_by(&w, "Job", json!({}), &[istio()]);
        assert_eq!(plain(&alone), ["istio-proxy"], "somebody has to do the work");
        let _alone = super::install::ALONE.lock().await; // the real policy is in force nowhere
        let annotated =
            owned_by(&w, "Job", json!({"sidecarjob.dev/main": "istio-proxy"}), &[istio(), container("x", SIDE)]);
        assert_eq!(plain(&annotated), ["istio-proxy", "x"], "who has the annotation is left to the other policy");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_namespace_without_the_label_is_left_alone() {
    world_without_controller("unlabelled", |w| async move {
        let policy = install(&w).await;
        w.kubectl_ok(&["label", "namespace", &w.namespace, "sidecarjob.dev/well-known-sidecars-"], "");
        super::support::eventually("the label is gone for the policy too", || async {
            let pod = owned_by(&w, "Job", json!({}), &[container("work", "true"), istio()]);
            (plain(&pod) == ["work", "istio-proxy"]).then_some(())
        })
        .await;
        drop(policy);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_of_a_well_known_sidecar_and_both_policies_go_together() {
    world_without_controller("both", |w| async move {
        let hooks = Webhooks::start(&w).await;
        let _annotation = Policy::one_annotation(&w).await;
        let _known = install(&w).await;
        w.kubectl_ok(&["annotate", "namespace", &w.namespace, "sidecarjob.dev/well-known=proxy"], "");
        hooks.register(&w, &[Call::once("/plain/proxy"), Call::again("/plain/other")]).await;
        // `other` is nobody's, so without the annotation it decides as `work` does
        let pod = owned_by(&w, "Job", json!({}), &[container("work", "true")]);
        assert_eq!((plain(&pod), inits(&pod)), (vec!["work", "other"], vec!["proxy*".to_string()]));
        let pod = owned_by(&w, "Job", json!({"sidecarjob.dev/main": "work"}), &[container("work", "true")]);
        assert_eq!((plain(&pod), inits(&pod)), (vec!["work"], vec!["proxy*".to_string(), "other*".into()]));
        assert_eq!(annotation(&pod, "well-known"), None);
        hooks.register(&w, &[Call::once("/plain/proxy")]).await;
        let mut job = super::job("meshed", None, &[container("work", "sleep 1")], json!({}));
        job["spec"]["template"]["metadata"] = json!({});
        assert_eq!(inits(&super::completes(&w, &job).await), ["proxy*"]);
    })
    .await;
}
