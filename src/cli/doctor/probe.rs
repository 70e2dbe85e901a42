//! What does admission make of a Pod with a sidecar? Two Pods for a dry run, which stores nothing, and what came back. Pure.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use serde_json::{Value, json};

use crate::api::labels;
use crate::cli::doctor::facts::{Answer, Fact, Facts, Unread};

/// The main container.
const MAIN: &str = "main";
/// The native sidecar.
const SIDECAR: &str = "sidecar";
/// The plain container beside the main container, which our policy makes a native sidecar.
const PLAIN: &str = "plain";

/// A Pod without annotations of ours: only webhooks change it. Its security context is one that `restricted` allows, so
/// Pod Security rejects it in no namespace.
pub fn bare(name: &str) -> Result<Pod, serde_json::Error> {
    pod(name, &json!({}), &[MAIN])
}

/// A Pod as the controller sends it, with one more plain container: our policy moves that one, and puts back a
/// `restartPolicy` that a webhook strips. With the label, the check of annotations leaves the Pod to the controller.
pub fn annotated(name: &str) -> Result<Pod, serde_json::Error> {
    let metadata = json!({
        "labels": {labels::UID: "dry-run"}, "annotations": {labels::MAIN: MAIN, labels::SIDECARS: SIDECAR}
    });
    pod(name, &metadata, &[MAIN, PLAIN])
}

fn pod(name: &str, metadata: &Value, containers: &[&str]) -> Result<Pod, serde_json::Error> {
    let container = |name: &str| {
        json!({
            "name": name, "image": "registry.k8s.io/pause:3.10",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}
        })
    };
    let mut sidecar = container(SIDECAR);
    sidecar["restartPolicy"] = json!("Always");
    let containers: Vec<Value> = containers.iter().map(|name| container(name)).collect();
    let mut pod: Pod = serde_json::from_value(json!({
        "metadata": metadata,
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [sidecar], "containers": containers
        }
    }))?;
    pod.metadata.name = Some(name.to_owned());
    Ok(pod)
}

/// What admission did with the two Pods.
pub struct Seen {
    /// Without our policy.
    pub bare: Fact<Done>,
    /// With our policy, if it is there.
    pub annotated: Fact<Done>,
}

impl Seen {
    /// From the answers to the dry runs.
    pub fn of(facts: &Facts) -> Self {
        let seen = |answer: &Fact<Answer>| match answer {
            Ok(Answer::Taken(pod)) => Ok(done(pod)),
            Ok(Answer::Refused(_) | Answer::Unanswered(_)) => Err(Unread::NotAsked),
            Err(why) => Err(why.clone()),
        };
        Self { bare: seen(&facts.bare), annotated: seen(&facts.annotated) }
    }
}

/// What admission did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Plain containers that were added.
    pub plain: Vec<String>,
    /// Native sidecars that were added.
    pub native: Vec<String>,
    /// Init containers that were added, and that end.
    pub init: Vec<String>,
    /// Our native sidecar lost its `restartPolicy: Always`, is a plain container now, or is gone.
    pub stripped: bool,
    /// The plain container of the annotated Pod became a native sidecar.
    pub moved: bool,
}

/// Compares what came back with what was sent.
pub fn done(answer: &Pod) -> Done {
    let Some(spec) = &answer.spec else { return Done { stripped: true, ..Done::default() } };
    let own: BTreeSet<&str> = [MAIN, SIDECAR, PLAIN].into();
    let inits = || spec.init_containers.iter().flatten();
    let is_new = |container: &&Container| !own.contains(container.name.as_str());
    let names = |all: &mut dyn Iterator<Item = &Container>| all.map(|c| c.name.clone()).collect();
    Done {
        plain: names(&mut spec.containers.iter().filter(is_new)),
        native: names(&mut inits().filter(is_new).filter(|c| is_native(c))),
        init: names(&mut inits().filter(is_new).filter(|c| !is_native(c))),
        stripped: !has_native(spec, SIDECAR),
        moved: has_native(spec, PLAIN),
    }
}

fn is_native(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

fn has_native(spec: &PodSpec, name: &str) -> bool {
    spec.init_containers.iter().flatten().any(|c| c.name == name && is_native(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(change: impl Fn(&mut Value)) -> Done {
        let mut pod = serde_json::to_value(annotated("probe").unwrap()).unwrap();
        change(&mut pod["spec"]);
        done(&serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn what_admission_added_stripped_and_moved_is_found() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let proxy = json!({"name": "proxy", "image": "p"});
        let native = json!({"name": "proxy", "image": "p", "restartPolicy": "Always"});
        let push = |list: &'static str, container: &Value| {
            let container = container.clone();
            move |spec: &mut Value| spec[list].as_array_mut().unwrap().push(container.clone())
        };
        assert_eq!(answered(|_| {}), Done::default(), "nothing happened");
        assert_eq!(answered(push("containers", &proxy)), Done { plain: names(&["proxy"]), ..Done::default() });
        assert_eq!(answered(push("initContainers", &native)), Done { native: names(&["proxy"]), ..Done::default() });
        assert_eq!(answered(push("initContainers", &proxy)), Done { init: names(&["proxy"]), ..Done::default() });
        let stripped = |spec: &mut Value| {
            spec["initContainers"][0].as_object_mut().unwrap().remove("restartPolicy");
        };
        assert_eq!(answered(stripped), Done { stripped: true, ..Done::default() });
        let gone = |spec: &mut Value| spec["initContainers"] = json!([]);
        assert_eq!(answered(gone), Done { stripped: true, ..Done::default() });
        let moved = |spec: &mut Value| {
            let mut plain = spec["containers"].as_array_mut().unwrap().remove(1);
            plain["restartPolicy"] = json!("Always");
            spec["initContainers"].as_array_mut().unwrap().push(plain);
        };
        assert_eq!(answered(moved), Done { moved: true, ..Done::default() });
    }

    #[test]
    fn a_pod_of_the_dry_run_has_what_restricted_asks_for() {
        for pod in [bare("x").unwrap(), annotated("x").unwrap()] {
            let spec = pod.spec.unwrap();
            assert_eq!(spec.security_context.unwrap().run_as_non_root, Some(true));
            for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
                let context = container.security_context.as_ref().unwrap();
                assert_eq!(context.allow_privilege_escalation, Some(false));
                assert_eq!(context.capabilities.as_ref().unwrap().drop, Some(vec!["ALL".to_owned()]));
            }
        }
    }
}
