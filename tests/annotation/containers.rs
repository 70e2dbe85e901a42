//! "Right for every container": what is moved keeps all that it has, in its order, and what can't be kept is told.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::support::{World, policy::Policy, world_without_controller};
use super::{SIDE, admitted, annotation, completes, container, create, inits, job, plain};

/// The container with these fields besides.
fn with(mut container: Value, fields: Value) -> Value {
    container.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    container
}

/// A sidecar with everything that a container can have.
fn laden() -> Value {
    let probe = |n: u32| json!({"exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": n});
    with(
        container("laden", SIDE),
        json!({
            "args": ["x"], "workingDir": "/tmp", "tty": true, "stdin": true, "terminationMessagePath": "/tmp/message",
            "ports": [{"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
            "env": [
                {"name": "A", "value": "b"}, {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"containerName": "laden", "resource": "requests.cpu"}}}
            ],
            "envFrom": [{"configMapRef": {"name": "none", "optional": true}}],
            "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}},
            "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
            "volumeMounts": [{"name": "shared", "mountPath": "/shared"}, {"name": "own", "mountPath": "/own"}],
            "livenessProbe": probe(3), "readinessProbe": probe(4), "startupProbe": probe(5),
            "lifecycle": {
                "postStart": {"exec": {"command": ["touch", "/shared/started"]}},
                "preStop": {"exec": {"command": ["touch", "/shared/stopping"]}}
            },
            "securityContext": {
                "runAsUser": 1000, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]}
            }
        }),
    )
}

fn volumes() -> Value {
    json!([
        {"name": "shared", "emptyDir": {}},
        {"name": "own", "downwardAPI": {"items": [
            {"path": "memory", "resourceFieldRef": {"containerName": "laden", "resource": "limits.memory"}}
        ]}}
    ])
}

/// What the Pod says of the container of that name, wherever it stands, without the restartPolicy.
fn of(pod: &Pod, name: &str) -> Value {
    let spec = serde_json::to_value(pod.spec.as_ref().expect("a spec")).expect("JSON");
    let all = ["containers", "initContainers"].iter().flat_map(|list| spec[list].as_array().into_iter().flatten());
    let mut found = all.filter(|c| c["name"] == name).cloned().collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{name} stands there once");
    found[0].as_object_mut().expect("an object").remove("restartPolicy");
    found.remove(0)
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_moved_container_keeps_all_that_it_has_and_runs_with_it() {
    world_without_controller("laden", |w| async move {
        let work = "test -e /shared/started && sleep 1";
        let work = with(container("work", work), json!({"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}));
        let containers = [laden(), work];
        let more = json!({"volumes": volumes(), "automountServiceAccountToken": false});
        let untouched = admitted(&w, None, &containers, more.clone()).expect("taken");
        let _policy = Policy::one_annotation(&w).await;
        let moved = admitted(&w, Some("work"), &containers, more.clone()).expect("taken");
        assert_eq!((plain(&moved), inits(&moved)), (vec!["work"], vec!["laden*".to_string()]));
        assert_eq!(of(&moved, "laden"), of(&untouched, "laden"));
        assert_eq!(of(&moved, "work"), of(&untouched, "work"));
        let pod = completes(&w, &job("laden", Some("work"), &containers, more)).await;
        assert!(w.logs(&pod, "laden").await.contains("drained"));
    })
    .await;
}

/// A sentence; main; the containers; the rest of the Pod's spec; plain containers and init containers (* native) after.
type Row =
    (&'static str, &'static str, fn() -> Vec<Value>, fn() -> Value, &'static [&'static str], &'static [&'static str]);

fn named(names: &[&str]) -> Vec<Value> {
    names.iter().map(|n| container(n, SIDE)).collect()
}

fn mounted() -> Value {
    json!({"volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]})
}

const ORDER: &[Row] = &[
    ("one behind main", "work", || named(&["work", "a"]), || json!({}), &["work"], &["a*"]),
    ("one before main", "work", || named(&["a", "work"]), || json!({}), &["work"], &["a*"]),
    (
        "around two mains, in their order",
        "one,two",
        || named(&["a", "one", "b", "two", "c"]),
        || json!({}),
        &["one", "two"],
        &["a*", "b*", "c*"],
    ),
    (
        "mains in another order than in the Pod",
        "two,one",
        || named(&["one", "a", "two"]),
        || json!({}),
        &["one", "two"],
        &["a*"],
    ),
    ("a main named twice", "work,work", || named(&["work", "a"]), || json!({}), &["work"], &["a*"]),
    ("nothing but main", "work", || named(&["work"]), || json!({}), &["work"], &[]),
    (
        "behind the init containers and the native sidecars that are there",
        "work",
        || named(&["a", "work", "b"]),
        || {
            json!({"initContainers": [
                container("setup", "true"), with(container("mesh", SIDE), json!({"restartPolicy": "Always"})), container("late", "true")
            ]})
        },
        &["work"],
        &["setup", "mesh*", "late", "a*", "b*"],
    ),
    (
        "an init container that the Pod says is a sidecar",
        "work",
        || named(&["work"]),
        || json!({"initContainers": [container("known", SIDE), container("setup", "true")]}),
        &["work"],
        &["known*", "setup"],
    ),
    ("hostNetwork", "work", || named(&["work", "a"]), || json!({"hostNetwork": true}), &["work"], &["a*"]),
    (
        "shareProcessNamespace",
        "work",
        || named(&["work", "a"]),
        || json!({"shareProcessNamespace": true}),
        &["work"],
        &["a*"],
    ),
    (
        "an ephemeral volume",
        "work",
        || named(&["work", "a"]).into_iter().map(|c| with(c, mounted())).collect(),
        || {
            let claim =
                json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}});
            json!({"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": claim}}]})
        },
        &["work"],
        &["a*"],
    ),
    (
        "a restartPolicy Always of its own, with rules that only restart",
        "work",
        || {
            let rules = json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]);
            vec![
                container("work", "true"),
                with(container("a", SIDE), json!({"restartPolicy": "Always", "restartPolicyRules": rules})),
            ]
        },
        || json!({}),
        &["work"],
        &["a*"],
    ),
    (
        "a main with a restartPolicy of its own",
        "work",
        || vec![with(container("work", "true"), json!({"restartPolicy": "OnFailure"})), container("a", SIDE)],
        || json!({}),
        &["work"],
        &["a*"],
    ),
    (
        "a Pod that is always restarted",
        "work",
        || named(&["work", "a"]),
        || json!({"restartPolicy": "Always"}),
        &["work"],
        &["a*"],
    ),
];

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_is_moved_stands_behind_the_init_containers_in_its_order() {
    world_without_controller("order", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        for (case, main, containers, more, plain_after, inits_after) in ORDER {
            let pod = annotated(&w, main, &containers(), more());
            let pod = pod.unwrap_or_else(|e| panic!("{case}: {e}"));
            assert_eq!(
                (plain(&pod), inits(&pod)),
                (plain_after.to_vec(), inits_after.iter().map(ToString::to_string).collect()),
                "{case}"
            );
            // a Pod copied from a live one is taken as it is
            let again: Value = serde_json::to_value(&pod).expect("JSON");
            let again = json!({"apiVersion": "v1", "kind": "Pod", "spec": again["spec"],
                "metadata": {"name": "again", "annotations": again["metadata"]["annotations"]}});
            let copy: Pod =
                serde_json::from_str(&create(&w, &again, &["--dry-run=server"]).expect(case)).expect("a Pod");
            assert_eq!((plain(&copy), inits(&copy)), (plain(&pod), inits(&pod)), "{case}, once more");
            assert_eq!(copy.metadata.annotations, pod.metadata.annotations, "{case}, once more");
        }
    })
    .await;
}

/// Like `admitted`, with `sidecarjob.dev/sidecars: known`.
fn annotated(w: &World, main: &str, containers: &[Value], more: Value) -> Result<Pod, String> {
    let mut template = job("x", Some(main), containers, more)["spec"]["template"].take();
    template["metadata"]["annotations"]["sidecarjob.dev/sidecars"] = json!("known");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
        "metadata": {"name": "dry", "annotations": template["metadata"]["annotations"]}});
    create(w, &pod, &["--dry-run=server"]).map(|out| serde_json::from_str(&out).expect("a Pod"))
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_managed_pod_is_left_alone_and_only_named_ones_move_where_injected_ones_are_main() {
    world_without_controller("modes", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let pod = |annotations: Value| {
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "dry", "annotations": annotations},
                "spec": {"containers": named(&["work", "a", "b"])}});
            let made = create(&w, &pod, &["--dry-run=server"]).expect("taken");
            serde_json::from_str::<Pod>(&made).expect("a Pod")
        };
        let managed = pod(json!({"sidecarjob.dev/main": "work", "sidecarjob.dev/mode": "managed"}));
        assert_eq!((plain(&managed), inits(&managed).len()), (vec!["work", "a", "b"], 0));
        assert_eq!(annotation(&managed, "moved"), None);
        let named = pod(json!({
            "sidecarjob.dev/main": "work", "sidecarjob.dev/sidecars": "b", "sidecarjob.dev/injected-containers": "Main"
        }));
        assert_eq!((plain(&named), inits(&named)), (vec!["work", "a"], vec!["b*".to_string()]));
    })
    .await;
}
