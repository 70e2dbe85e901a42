//! "Upgraded": an older policy is in force, this one is applied over it, again over itself, and removed, while Pods are
//! created all the time: none of them is refused.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use serde_json::json;

use super::install::{ALONE, Installed, folder, ours};
use super::support::{World, eventually, policy, world_without_controller};
use super::{SIDE, admitted, annotation, container, inits};

const OLDER: &str = include_str!("older-policy.yaml");

/// How the older one was applied; how this one is.
const WAYS: &[(&[&str], &[&str])] = &[
    (&["apply", "--server-side"], &["apply", "--server-side"]),
    (&["apply"], &["apply"]),
    // two ways of applying own the same fields: this is what the page says
    (&["apply"], &["apply", "--server-side", "--force-conflicts"]),
];

/// Somebody who creates Pods as dry runs, with the annotation and without, until dropped.
struct Busy {
    stop: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Busy {
    fn start(w: &World) -> Self {
        let busy = Self { stop: Arc::default(), taken: Arc::default(), refused: Arc::default() };
        let (stop, taken, refused) = (busy.stop.clone(), busy.taken.clone(), busy.refused.clone());
        let pods = w.pods();
        tokio::spawn(async move {
            let dry_run = PostParams { dry_run: true, ..PostParams::default() };
            while !stop.load(SeqCst) {
                for annotations in [json!({"sidecarjob.dev/main": "work"}), json!({})] {
                    let pod: Pod = serde_json::from_value(json!({
                        "metadata": {"name": "busy", "annotations": annotations},
                        "spec": {"containers": [container("work", "true"), container("side", SIDE)]}
                    }))
                    .expect("a Pod");
                    match pods.create(&dry_run, &pod).await {
                        Ok(_) => drop(taken.fetch_add(1, SeqCst)),
                        Err(error) => refused.lock().expect("not poisoned").push(error.to_string()),
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await; // leaves the API server to others too
            }
        });
        busy
    }

    /// Waits until some more Pods were asked for, and none was ever refused.
    async fn is_not_blocked(&self, when: &str) {
        let before = self.taken.load(SeqCst);
        eventually(&format!("Pods are created {when}"), || async {
            assert_eq!(*self.refused.lock().expect("not poisoned"), [""; 0], "{when}");
            (self.taken.load(SeqCst) >= before + 10).then_some(())
        })
        .await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
    }
}

/// What is made of a Pod: its init containers, and what it says was moved.
fn made(w: &World) -> Option<(Vec<String>, Option<String>)> {
    let pod = admitted(w, Some("work"), &[container("work", "true"), container("side", SIDE)], json!({})).ok()?;
    Some((inits(&pod), annotation(&pod, "moved").map(String::from)))
}

/// A field of each of our objects, as JSON.
fn all(w: &World, field: &str) -> String {
    let names = ours(w);
    let get = format!("jsonpath={{range .items[*]}}{{.kind}} {{.metadata.name}} {{{field}}}{{'\\n'}}{{end}}");
    let args = ["get", "-o", &get].into_iter().chain(names.iter().map(String::as_str));
    w.kubectl_ok(&args.collect::<Vec<_>>(), "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: run make test"]
async fn an_older_policy_is_upgraded_and_removed_and_no_pod_is_blocked_meanwhile() {
    let _alone = ALONE.lock().await;
    world_without_controller("upgrade", |w| async move {
        let folder = folder(&policy::one_annotation());
        let _installed = Installed(folder.clone());
        w.kubectl_ok(&["label", "namespace", &w.namespace, "older-policy=here"], "");
        w.kubectl_ok(&["apply", "-k", &folder], "");
        let fresh = all(&w, ".spec");
        assert_eq!(fresh.lines().count(), 6, "three policies, each with its binding: {fresh}");
        w.kubectl_ok(&["delete", "-k", &folder], "");
        for (older, newer) in WAYS {
            let case = format!("kubectl {} over {}", newer.join(" "), older.join(" "));
            let busy = Busy::start(&w);
            w.kubectl_ok(&[older, &["-f", "-"][..]].concat(), OLDER);
            let side = || vec!["side*".to_string()];
            eventually("the older one is in force: it says nothing on the Pod", || async {
                (made(&w)? == (side(), None)).then_some(())
            })
            .await;
            busy.is_not_blocked("with the older policy").await;

            let apply = [newer, &["-k", &folder][..]].concat();
            w.kubectl_ok(&apply, "");
            eventually("all of this one is in force", || async {
                (policy::annotation_is_in_force(&w) && made(&w)? == (side(), Some("side".into()))).then_some(())
            })
            .await;
            busy.is_not_blocked(&case).await;
            assert_eq!(all(&w, ".spec"), fresh, "{case}: it is what a first install makes");
            let generations = all(&w, ".metadata.generation"); // what is written into the status does not count
            w.kubectl_ok(&apply, "");
            w.kubectl_ok(&apply, "");
            assert_eq!(all(&w, ".metadata.generation"), generations, "{case}: over itself it changes nothing");
            busy.is_not_blocked("after it was applied over itself").await;

            w.kubectl_ok(&["delete", "-k", &folder], "");
            assert_eq!(ours(&w), [""; 0], "{case}: nothing is left");
            eventually("it is gone", || async { made(&w)?.0.is_empty().then_some(()) }).await;
            busy.is_not_blocked("after it was removed").await;
        }
    })
    .await;
}
