//! The view of our Pods: what the watch says, what we wrote, whichever is newer.

use k8s_openapi::api::core::v1 as core;
use kube::runtime::watcher::Event;
use serde_json::json;

use super::*;

fn pod(name: &str, version: u64) -> core::Pod {
    serde_json::from_value(json!({
        "metadata": {
            "name": name, "namespace": "ns", "uid": format!("uid-{name}"), "resourceVersion": version.to_string(),
            "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["sidecarjob.dev/job-tracking"],
            "ownerReferences": [{"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "name": "job",
                                 "uid": "job-uid", "controller": true}]
        }
    }))
    .unwrap()
}

fn released(name: &str, version: u64) -> core::Pod {
    let mut pod = pod(name, version);
    pod.metadata.finalizers = None;
    pod
}

fn key() -> Key {
    ("ns".into(), "job".into())
}

/// Names and whether they are tracked.
fn view(pods: &Pods) -> Vec<(String, bool)> {
    pods.of(&key()).into_iter().map(|seen| (seen.pod.name, seen.pod.tracked)).collect()
}

fn listed(all: Vec<core::Pod>) -> Pods {
    let pods = Pods::default();
    relist(&pods, all);
    pods
}

fn relist(pods: &Pods, all: Vec<core::Pod>) -> Vec<Key> {
    pods.observe(Event::Init);
    for pod in all {
        pods.observe(Event::InitApply(pod));
    }
    pods.observe(Event::InitDone)
}

#[test]
fn it_is_synced_after_the_first_list_even_if_that_is_empty() {
    let pods = Pods::default();
    assert!(!pods.synced());
    relist(&pods, vec![]);
    assert!(pods.synced());
}

#[test]
fn a_pod_that_we_created_is_in_view_before_the_watch_shows_it() {
    let pods = listed(vec![]);
    pods.wrote(&pod("a", 5));
    assert_eq!(view(&pods), [("a".into(), true)]);
    assert_eq!(pods.observe(Event::Apply(pod("a", 5))), [], "the watch has no news");
}

#[test]
fn an_event_that_is_older_than_our_own_write_changes_nothing() {
    let pods = listed(vec![pod("a", 5)]);
    pods.wrote(&released("a", 7));
    assert_eq!(pods.observe(Event::Apply(pod("a", 6))), []);
    assert_eq!(view(&pods), [("a".into(), false)]);
    assert_eq!(pods.observe(Event::Apply(pod("a", 8))), [key()]);
    assert_eq!(view(&pods), [("a".into(), true)]);
}

#[test]
fn an_answer_that_comes_after_the_deletion_does_not_bring_a_pod_back() {
    let pods = listed(vec![pod("a", 5)]);
    assert_eq!(pods.observe(Event::Delete(pod("a", 9))), [key()]);
    pods.wrote(&released("a", 8));
    assert_eq!(view(&pods), []);
}

#[test]
fn what_a_new_list_does_not_have_is_gone_and_its_owner_is_woken() {
    let pods = listed(vec![pod("a", 1), pod("b", 2)]);
    assert_eq!(relist(&pods, vec![pod("b", 2)]), [key()]);
    assert_eq!(view(&pods), [("b".into(), true)]);
}

#[test]
fn a_pod_that_we_created_while_a_list_was_read_stays() {
    let pods = listed(vec![pod("a", 1)]);
    pods.observe(Event::Init);
    pods.observe(Event::InitApply(pod("a", 1)));
    pods.wrote(&pod("b", 3));
    assert_eq!(pods.observe(Event::InitDone), []);
    assert_eq!(view(&pods), [("a".into(), true), ("b".into(), true)]);
}

#[test]
fn while_a_list_is_read_the_old_view_serves() {
    let pods = listed(vec![pod("a", 1), pod("b", 2)]);
    pods.observe(Event::Init);
    assert_eq!(view(&pods).len(), 2);
}

#[test]
fn a_pod_without_our_owner_is_none_of_ours() {
    let mut stranger = pod("a", 1);
    stranger.metadata.owner_references = None;
    let mut of_a_job = pod("b", 1);
    of_a_job.metadata.owner_references.as_mut().unwrap()[0].kind = "Job".into();
    assert_eq!(view(&listed(vec![stranger, of_a_job])), []);
}

#[test]
fn a_pod_that_we_deleted_is_on_its_way_out_at_once() {
    let pods = listed(vec![pod("a", 1)]);
    pods.deleted(&key(), "uid-a", chrono::DateTime::UNIX_EPOCH);
    assert!(pods.of(&key())[0].pod.terminating());
    pods.gone(&key(), "uid-a");
    assert_eq!(view(&pods), []);
}

#[test]
fn the_memory_of_deleted_pods_is_bounded() {
    let pods = listed(vec![]);
    for n in 0..GONE_MAX + 10 {
        pods.observe(Event::Delete(pod(&n.to_string(), 1)));
    }
    let state = pods.lock();
    assert_eq!((state.gone.len(), state.gone_order.len()), (GONE_MAX, GONE_MAX));
}
