//! Does the view have the newer of what the watch delivered and what the controller wrote?

use kube::runtime::watcher::Event;
use serde_json::json;

use super::*;
use crate::api::labels;

fn pod(name: &str, version: u64) -> wire::Pod {
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

fn released(name: &str, version: u64) -> wire::Pod {
    let mut pod = pod(name, version);
    pod.metadata.finalizers.clear();
    pod
}

/// The run that owns the Pods.
fn run() -> Owner {
    Owner { kind: Kind::SidecarJob, key: key(), uid: "job-uid".into() }
}

fn key() -> Key {
    ("ns".into(), "job".into())
}

/// The news that the run has to be reconciled.
fn news(urgency: Urgency) -> News {
    News::Owner { kind: Kind::SidecarJob, key: key(), ours: false, urgency }
}

/// The names of the Pods, and whether they are tracked.
fn view(pods: &Pods) -> Vec<(String, bool)> {
    pods.of(&run()).pods.iter().map(|pod| (pod.name.clone(), pod.tracked)).collect()
}

fn listed(all: Vec<wire::Pod>) -> Pods {
    let pods = Pods::default();
    relist(&pods, all);
    pods
}

fn relist(pods: &Pods, all: Vec<wire::Pod>) -> Vec<News> {
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
    assert_eq!(pods.observe(Event::Apply(pod("a", 8))), [news(Urgency::Now)]);
    assert_eq!(view(&pods), [("a".into(), true)]);
}

#[test]
fn an_answer_that_comes_after_the_deletion_does_not_bring_a_pod_back() {
    let pods = listed(vec![pod("a", 5)]);
    assert_eq!(pods.observe(Event::Delete(pod("a", 9))), [news(Urgency::Hold)]);
    pods.wrote(&released("a", 8));
    assert_eq!(view(&pods), []);
}

#[test]
fn what_a_new_list_does_not_have_is_gone_and_its_owner_is_woken() {
    let pods = listed(vec![pod("a", 1), pod("b", 2)]);
    assert_eq!(relist(&pods, vec![pod("b", 2)]), [news(Urgency::Now)]);
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
fn a_new_list_is_believed_also_where_its_versions_are_lower_as_after_a_restore() {
    let pods = listed(vec![pod("a", 500), pod("b", 501), pod("c", 502)]);
    pods.wrote(&released("a", 900));
    pods.wrote(&ended(released("b", 901)));
    pods.observe(Event::Delete(pod("c", 902)));
    assert_eq!(pods.observe(Event::Apply(pod("a", 30))), [], "an event that is older is no news");
    assert_eq!(view(&pods), [("a".into(), false)]);

    relist(&pods, vec![pod("a", 30), pod("b", 31), pod("c", 32)]);
    assert_eq!(view(&pods), [("a".into(), true), ("b".into(), true), ("c".into(), true)]);
    assert_eq!(
        pods.observe(Event::Apply(released("a", 33))),
        [news(Urgency::Later)],
        "and from there on its events are"
    );
    assert_eq!(relist(&pods, vec![released("a", 33), pod("b", 31), pod("c", 32)]), [], "nothing new");
}

#[test]
fn a_list_does_not_outweigh_what_we_wrote_since_it_began() {
    let pods = listed(vec![pod("a", 5), pod("b", 6)]);
    pods.observe(Event::Init);
    pods.wrote(&released("a", 9));
    pods.gone("uid-b");
    pods.observe(Event::InitApply(pod("a", 5)));
    pods.observe(Event::InitApply(pod("b", 6)));
    pods.observe(Event::InitDone);
    assert_eq!(view(&pods), [("a".into(), false)]);
}

#[test]
fn of_our_own_deletions_none_is_kept_longer_than_its_pod_is_in_view() {
    let kept = |pods: &Pods| pods.0.lock().own_deletions();
    for (how, forget) in [
        ("the watch says that it is gone", (|pods| drop(pods.observe(Event::Delete(pod("a", 9))))) as fn(&Pods)),
        ("the API server says so", |pods| pods.gone("uid-a")),
        ("it ends and is counted", |pods| drop(pods.observe(Event::Apply(ended(released("a", 9)))))),
        ("a new list does not have it", |pods| drop(relist(pods, vec![pod("b", 1)]))),
    ] {
        let pods = listed(vec![pod("a", 1), pod("b", 1)]);
        pods.will_delete("uid-a");
        pods.will_delete("uid-never-seen");
        assert_eq!(kept(&pods), 1, "{how}: it is deleted by us");
        forget(&pods);
        assert_eq!(kept(&pods), 0, "{how}");
    }
}

#[test]
fn nothing_is_kept_of_a_gone_job_when_its_last_pods_are_deleted() {
    let kept = |pods: &Pods| pods.0.lock().groups();
    let pods = listed(vec![of_a_job(ended(pod("a", 1)))]);
    pods.wrote(&of_a_job(ended(released("a", 2))));
    assert_eq!((kept(&pods), pods.of(&a_job()).next_number), (1, 0), "the number after its Pods is kept");
    pods.forget(Kind::Job, &key());
    let mut going = of_a_job(ended(released("a", 3)));
    going.metadata.deletion_timestamp = Some(serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap());
    pods.observe(Event::Apply(going.clone()));
    pods.observe(Event::Delete(going));
    assert_eq!(kept(&pods), 0);
}

#[test]
fn nothing_is_kept_of_another_managers_job_when_its_pods_are_counted() {
    let of_job = |pod| owned_by("Job", "batch/v1", pod);
    let pods = listed(vec![of_job(pod("a", 1)), of_job(pod("b", 1))]);
    let kept = || {
        let state = pods.0.lock();
        (state.groups(), state.held())
    };
    assert_eq!(kept(), (1, 2));
    pods.observe(Event::Apply(of_job(released("a", 2))));
    pods.observe(Event::Delete(of_job(pod("b", 2))));
    assert_eq!(kept(), (0, 0));
}

#[test]
fn while_a_list_is_read_the_old_view_serves() {
    let pods = listed(vec![pod("a", 1), pod("b", 2)]);
    pods.observe(Event::Init);
    assert_eq!(view(&pods).len(), 2);
}

fn owned_by(kind: &str, api_version: &str, mut pod: wire::Pod) -> wire::Pod {
    let owner = &mut pod.metadata.owner_references[0];
    (owner.kind, owner.api_version) = (kind.into(), api_version.into());
    pod
}

fn labelled(labels: &[(&str, &str)], mut pod: wire::Pod) -> wire::Pod {
    pod.metadata.labels = labels.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    pod
}

fn without_owner(mut pod: wire::Pod) -> wire::Pod {
    pod.metadata.owner_references.clear();
    pod
}

fn ended(mut pod: wire::Pod) -> wire::Pod {
    pod.status.phase = "Succeeded".into();
    pod
}

/// A batch/v1 Job of the same name.
fn a_job() -> Owner {
    Owner { kind: Kind::Job, ..run() }
}

fn own_selector() -> Selects {
    Selects::Own([("app".to_owned(), "x".to_owned())].into_iter().collect())
}

/// The Pods without an owner that the run selects.
fn strays(pods: &Pods) -> Vec<String> {
    pods.of(&run()).strays.into_iter().map(|stray| stray.pod.name).collect()
}

#[test]
fn a_pod_without_an_owner_of_ours_and_a_label_of_ours_is_not_kept() {
    let pods = listed(vec![
        without_owner(labelled(&[("app", "x")], pod("a", 1))),
        owned_by("ReplicaSet", "apps/v1", pod("b", 1)),
    ]);
    assert_eq!((view(&pods), pods.0.lock().held()), (vec![], 0));
}

#[test]
fn a_jobs_pod_is_kept_while_it_is_tracked_or_carries_our_label() {
    let of_job = |pod| owned_by("Job", "batch/v1", pod);
    let pods = listed(vec![
        of_job(pod("tracked", 1)),
        of_job(released("of another manager", 1)),
        of_job(labelled(&[(labels::UID, "u")], released("ours", 1))),
    ]);
    let names = |pods: &Pods| pods.of(&a_job()).pods.iter().map(|pod| pod.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&pods), pods.0.lock().held()),
        (vec!["ours".into()], 2),
        "of the tracked one no more than its UID"
    );
    assert_eq!(view(&pods), [], "a Job is no SidecarJob, whatever its name");

    assert!(pods.unread("ns").is_none());
    pods.run_is_ours(&a_job());
    let reason = pods.unread("ns").expect("the tracked one is the run's own").reason;
    pods.read_again(&of_job(pod("tracked", 1)));
    pods.was_read("ns", reason);
    assert_eq!((names(&pods), pods.unread("ns").is_none()), (vec!["ours".into(), "tracked".into()], true));
}

#[test]
fn a_run_with_its_own_selector_reads_the_pods_of_its_namespace_once() {
    let stray = |version| without_owner(labelled(&[("app", "x")], pod("a", version)));
    let pods = listed(vec![stray(1)]);
    pods.run_goes_on(&run(), Selects::Uid(labels::UID));
    assert!(pods.unread("ns").is_none(), "by its UID: nothing is missing");

    pods.run_goes_on(&run(), own_selector());
    let reason = pods.unread("ns").expect("nothing was kept of a").reason;
    pods.read_again(&stray(1));
    pods.was_read("ns", reason);
    pods.run_goes_on(&run(), own_selector());
    assert_eq!((strays(&pods), pods.unread("ns").is_none()), (vec!["a".into()], true));

    let told = pods.observe(Event::Apply(without_owner(labelled(&[("app", "x")], pod("b", 2)))));
    assert_eq!(
        told,
        [News::Stray { runs: vec![(Kind::SidecarJob, key())], orphan_in: None }],
        "from then on the watch tells"
    );
    assert_eq!(pods.observe(Event::Apply(without_owner(labelled(&[("app", "y")], pod("c", 2))))), []);
    pods.run_is_over(Kind::SidecarJob, &key());
    assert_eq!(pods.observe(Event::Apply(without_owner(labelled(&[("app", "x")], pod("d", 3))))), []);
}

#[test]
fn while_a_namespace_is_read_a_new_reason_to_read_is_not_lost() {
    let pods = listed(vec![]);
    pods.run_goes_on(&run(), own_selector());
    let first = pods.unread("ns").expect("to read").reason;
    let another = Owner { key: ("ns".into(), "other".into()), uid: "other-uid".into(), ..run() };
    pods.run_goes_on(&another, own_selector());
    pods.was_read("ns", first);
    assert!(pods.unread("ns").is_some());
}

#[test]
fn the_labels_of_a_runs_pod_are_compared_as_the_run_selects() {
    let has = |value: &str| labelled(&[(labels::UID, value), ("app", "x")], pod("a", 1));
    let lacks = |value: &str| labelled(&[(labels::UID, value), ("app", "y")], pod("a", 1));
    for (what, selects, pod, selected) in [
        ("by its UID, and the label has it", Selects::Uid(labels::UID), has("job-uid"), true),
        ("by its UID, and the label has another", Selects::Uid(labels::UID), has("x"), false),
        ("by its UID under another label", Selects::Uid(labels::CONTROLLER_UID), has("job-uid"), false),
        ("by its own selector, and that matches", own_selector(), has("x"), true),
        ("by its own selector, and that does not match", own_selector(), lacks("job-uid"), false),
        ("nobody can read how", Selects::Unreadable, lacks("x"), true),
    ] {
        let pods = Pods::default();
        pods.run_goes_on(&run(), selects);
        relist(&pods, vec![pod]);
        assert_eq!(pods.of(&run()).unselected.is_empty(), selected, "{what}");
    }
}

#[test]
fn an_event_that_changes_nothing_that_is_kept_is_no_news() {
    let noted = |version, note: &str| {
        let mut pod = pod("a", version);
        pod.metadata.annotations.insert("acme.com/note".into(), note.into());
        pod
    };
    let pods = listed(vec![noted(1, "a")]);
    assert_eq!(pods.observe(Event::Apply(noted(2, "b"))), [], "of others' annotations only the names are kept");
}

#[test]
fn of_a_pod_that_has_ended_and_is_counted_only_the_number_is_kept() {
    let pods = listed(vec![]);
    let numbered = |pod| labelled(&[(labels::ATTEMPT, "6")], pod);
    pods.wrote(&numbered(ended(pod("a", 5))));
    assert_eq!(pods.of(&run()).pods.len(), 1);
    pods.wrote(&numbered(ended(released("a", 7))));
    assert_eq!(pods.of(&run()), View { next_number: 7, ..View::default() });
    assert_eq!(pods.observe(Event::Apply(numbered(ended(pod("a", 6))))), [], "an older event does not bring it back");
    assert_eq!(view(&pods), []);
}

#[test]
fn a_pod_whose_owner_changes_is_news_for_both() {
    let pods = listed(vec![labelled(&[("app", "x")], pod("a", 1))]);
    let other = Owner { key: ("ns".into(), "other".into()), uid: "other-uid".into(), ..run() };
    pods.run_goes_on(&other, own_selector());
    let stray = labelled(&[("app", "x")], without_owner(pod("a", 2)));
    assert_eq!(
        pods.observe(Event::Apply(stray)),
        [news(Urgency::Now), News::Stray { runs: vec![(Kind::SidecarJob, other.key.clone())], orphan_in: None }]
    );
    assert_eq!((view(&pods).len(), pods.of(&other).strays.len()), (0, 1));
}

#[test]
fn a_tracked_pod_without_an_owner_is_an_orphan_unless_its_run_goes_on() {
    let orphan = || labelled(&[(labels::UID, "job-uid")], without_owner(pod("a", 2)));
    let pods = listed(vec![]);
    let told = pods.observe(Event::Apply(orphan()));
    assert_eq!(told, [News::Stray { runs: vec![], orphan_in: Some("ns".into()) }]);
    assert_eq!(pods.orphans("ns").len(), 1);

    let pods = listed(vec![]);
    pods.run_goes_on(&run(), Selects::Uid(labels::UID));
    let told = pods.observe(Event::Apply(orphan()));
    assert_eq!(told, [News::Stray { runs: vec![(Kind::SidecarJob, key())], orphan_in: None }]);
    assert_eq!(strays(&pods), ["a"]);
}

#[test]
fn a_pod_that_lost_its_owner_is_left_behind_when_another_run_has_the_name_of_its_run() {
    let orphan = || labelled(&[(labels::UID, "job-uid")], without_owner(pod("a", 2)));
    let pods = listed(vec![]);
    pods.run_goes_on(&run(), Selects::Uid(labels::UID));
    pods.observe(Event::Apply(orphan()));
    let next = Owner { uid: "next-uid".into(), ..run() };
    pods.run_goes_on(&next, Selects::Uid(labels::UID));
    let left: Vec<String> = pods.of(&next).left_behind.into_iter().map(|pod| pod.name).collect();
    assert_eq!((left, pods.of(&next).strays), (vec!["a".to_owned()], vec![]));
}

/// A Pod of a batch/v1 Job, as the Job's controller makes it.
fn of_a_job(pod: wire::Pod) -> wire::Pod {
    labelled(&[(labels::UID, "u")], owned_by("Job", "batch/v1", pod))
}

/// What the view reports of finalizers after this event.
fn tracking(pods: &Pods, event: Event<wire::Pod>) -> Vec<News> {
    pods.observe(event).into_iter().filter(|n| matches!(n, News::Tracking(_))).collect()
}

#[test]
fn a_jobs_ended_pod_is_counted_when_it_has_and_when_it_loses_the_finalizer() {
    let pods = listed(vec![]);
    assert_eq!(tracking(&pods, Event::Apply(of_a_job(pod("a", 1)))), []);
    assert_eq!(tracking(&pods, Event::Apply(of_a_job(ended(pod("a", 2))))), [News::Tracking(true)]);
    assert_eq!(tracking(&pods, Event::Apply(of_a_job(ended(pod("a", 3))))), [], "as before");
    assert_eq!(tracking(&pods, Event::Apply(of_a_job(ended(released("a", 4))))), [News::Tracking(false)]);
    assert_eq!(tracking(&pods, Event::Apply(of_a_job(ended(released("a", 5))))), []);
}

#[test]
fn a_pod_that_we_let_go_ourselves_is_counted_once() {
    let pods = listed(vec![of_a_job(ended(pod("a", 1)))]);
    pods.wrote(&of_a_job(ended(released("a", 2))));
    assert_eq!(tracking(&pods, Event::Apply(of_a_job(ended(released("a", 2))))), [News::Tracking(false)]);
    assert_eq!(tracking(&pods, Event::Delete(of_a_job(ended(released("a", 3))))), []);
}

#[test]
fn an_ended_pod_that_is_gone_holds_nobody_up() {
    let pods = listed(vec![of_a_job(ended(pod("a", 1))), of_a_job(pod("b", 1))]);
    assert_eq!(tracking(&pods, Event::Delete(of_a_job(ended(pod("a", 1))))), [News::Tracking(false)]);
    assert_eq!(tracking(&pods, Event::Delete(of_a_job(pod("b", 1)))), [], "it never ended");
}

#[test]
fn a_pod_that_we_deleted_is_on_its_way_out_at_once() {
    let pods = listed(vec![pod("a", 1)]);
    pods.deleted("uid-a", chrono::DateTime::UNIX_EPOCH);
    assert!(pods.of(&run()).pods[0].terminating());
    pods.gone("uid-a");
    assert_eq!(view(&pods), []);
}

#[test]
fn a_number_whose_name_another_pod_has_is_not_used() {
    let pods = listed(vec![]);
    pods.name_is_taken(Kind::SidecarJob, &key(), 3);
    pods.name_is_taken(Kind::SidecarJob, &key(), 1);
    assert_eq!(pods.of(&run()).next_number, 4);
}

#[test]
fn what_can_be_counted_is_urgent_and_what_is_going_or_only_tells_people_waits() {
    let deleting = |mut pod: wire::Pod| {
        pod.metadata.deletion_timestamp = Some(serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap());
        pod
    };
    let status = |status, mut pod: wire::Pod| {
        pod.status = serde_json::from_value(status).unwrap();
        pod
    };
    let running = |pod| status(json!({"phase": "Running"}), pod);
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let own = |pods: &Pods| pods.will_delete("uid-a");
    let nobody = |_: &Pods| ();
    for (what, before, event, want) in [
        ("a Pod runs", nobody as fn(&Pods), Event::Apply(running(pod("a", 2))), Urgency::Now),
        ("it has ended", nobody, Event::Apply(ended(pod("a", 2))), Urgency::Now),
        ("it has ended while it was deleted", nobody, Event::Apply(deleting(ended(pod("a", 2)))), Urgency::Now),
        ("somebody deletes it", nobody, Event::Apply(deleting(pod("a", 2))), Urgency::Later),
        ("somebody took its finalizer", nobody, Event::Apply(released("a", 2)), Urgency::Later),
        ("its finalizer is taken when it has ended", nobody, Event::Apply(ended(released("a", 2))), Urgency::Later),
        (
            "it is ready",
            |pods| pods.wrote(&running_pod("a", 2)),
            Event::Apply(status(ready, pod("a", 3))),
            Urgency::Later,
        ),
        ("it is gone, and somebody else deleted it", nobody, Event::Delete(pod("a", 2)), Urgency::Hold),
        ("it is gone, and we deleted it", own, Event::Delete(pod("a", 2)), Urgency::Later),
        (
            "it is gone after its end",
            |pods| pods.wrote(&ended(pod("a", 2))),
            Event::Delete(pod("a", 3)),
            Urgency::Later,
        ),
        ("a list has it", nobody, Event::InitApply(deleting(pod("a", 2))), Urgency::Now),
    ] {
        let pods = listed(vec![pod("a", 1)]);
        before(&pods);
        assert_eq!(pods.observe(event), [news(want)], "{what}");
    }
}

fn running_pod(name: &str, version: u64) -> wire::Pod {
    let mut pod = pod(name, version);
    pod.status.phase = "Running".into();
    pod
}
