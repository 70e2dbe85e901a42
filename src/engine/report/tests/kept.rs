//! What a status says does not depend on which Pods are still in view: those that have ended and are counted are not.
//!
//! Each story is told twice, once with all its Pods and once without those that the shell does not keep; and the controller
//! may be another one at each of its moments, since nothing but the stored status goes from one to the next.

use serde_json::{Value, json};

use crate::api::Phase;
use crate::engine::observed::status::Status;
use crate::engine::observed::{Observed, Phase as PodPhase, Pod, Restart, Slot};
use crate::engine::plan::Event;
use crate::engine::take_stock;
use crate::engine::tests::fixture::{at, container, job, job_with, pod};

type Story<'a> = &'a [(i64, Vec<Pod>)];

/// The status at each moment, and all events.
fn told(start: &Observed, story: Story, all_kept: bool) -> (Vec<Status>, Vec<Event>) {
    let mut seen = start.clone();
    let mut events = Vec::new();
    let statuses = story.iter().map(|(now, pods)| {
        let is_kept = |pod: &&Pod| all_kept || pod.tracked || !pod.ended();
        seen.pods = pods.iter().filter(is_kept).cloned().map(std::sync::Arc::new).collect();
        let plan = take_stock(&seen, at(*now), true);
        events.extend(plan.events);
        if let Some(status) = plan.status {
            seen.job.status = status;
        }
        seen.job.status.clone()
    });
    (statuses.collect(), events)
}

/// The same, told in both ways.
fn both(start: &Observed, story: Story) -> (Vec<Status>, Vec<Event>) {
    let (with, without) = (told(start, story, true), told(start, story, false));
    for ((moment, with), without) in story.iter().zip(&with.0).zip(&without.0) {
        assert_eq!(with, without, "at {} the status depends on which Pods are kept", moment.0);
    }
    assert_eq!(with.1, without.1, "the events depend on which Pods are kept");
    without
}

fn sidecars(statuses: &[Status]) -> Vec<&str> {
    statuses.iter().map(|s| s.summary.sidecars.as_deref().unwrap_or_default()).collect()
}

/// It is counted.
fn gone(pod: Pod) -> Pod {
    pod.released()
}

/// With 19 more plain sidecars.
fn twenty() -> (Observed, Pod) {
    let names: Vec<String> = (1..20).map(|n| format!("side{n}")).collect();
    let named: Vec<Value> =
        ["side"].into_iter().chain(names.iter().map(String::as_str)).map(|name| json!({"name": name})).collect();
    let mut template = named.clone();
    template.push(json!({"name": "main"}));
    let spec = json!({"sidecars": named, "template": {"spec": {"restartPolicy": "Never", "containers": template}}});
    let mut pod = pod(0).plain_sidecar();
    pod.containers.extend(names.iter().map(|name| container(name, Slot::Plain, Restart::Never)));
    (job_with(spec), pod)
}

#[test]
fn a_run_that_stopped_all_its_sidecars_says_so_at_its_end_in_either_mode_however_often_it_tried() {
    let managed = || pod(0).plain_sidecar();
    let (job_of_20, pod_of_20) = twenty();
    let end_of_20 = Pod { phase: PodPhase::Failed, ..pod_of_20.clone().main_exits(0, 5).released() };
    for (what, start, story, want) in [
        (
            "native",
            job(),
            vec![(2, vec![pod(0)]), (6, vec![pod(0).main_exits(0, 5)]), (9, vec![gone(pod(0).succeeded(5))])],
            vec!["1/1 running", "0/1 stopped", "1/1 stopped"],
        ),
        (
            "managed",
            job(),
            vec![(2, vec![managed()]), (6, vec![managed().main_exits(0, 5)]), (9, vec![gone(managed().failed(5))])],
            vec!["1/1 running", "0/1 stopped", "1/1 stopped"],
        ),
        (
            "20 of them",
            job_of_20,
            vec![(2, vec![pod_of_20.clone()]), (6, vec![pod_of_20.main_exits(0, 5)]), (9, vec![end_of_20])],
            vec!["20/20 running", "0/20 stopped", "20/20 stopped"],
        ),
        ("seen only when all was over", job(), vec![(9, vec![pod(0).succeeded(5)])], vec!["1/1 stopped"]),
        (
            "a failure and another try",
            job(),
            vec![
                (6, vec![pod(0).main_exits(1, 5)]),
                (9, vec![gone(pod(0).failed(5))]),
                (30, vec![gone(pod(0).failed(5)), pod(1)]),
                (40, vec![gone(pod(0).failed(5)), pod(1).main_exits(0, 39)]),
                (45, vec![gone(pod(0).failed(5)), gone(pod(1).succeeded(39))]),
            ],
            vec!["0/1 stopped", "1/1 stopped", "1/1 running", "1/2 stopped", "2/2 stopped"],
        ),
        (
            "two at a time",
            job().completions(2).parallelism(2),
            vec![
                (2, vec![pod(0), pod(1)]),
                (6, vec![pod(0).main_exits(0, 5), pod(1)]),
                (9, vec![gone(pod(0).succeeded(5)), pod(1)]),
                (12, vec![gone(pod(0).succeeded(5)), pod(1).main_exits(0, 11)]),
                (15, vec![gone(pod(0).succeeded(5)), gone(pod(1).succeeded(11))]),
            ],
            vec!["2/2 running", "1/1 running", "1/1 running", "1/2 stopped", "2/2 stopped"],
        ),
        (
            "two indexes",
            job().indexed(2),
            vec![
                (6, vec![pod(0).index(0).main_exits(0, 5), pod(1).index(1)]),
                (9, vec![gone(pod(0).index(0).succeeded(5)), pod(1).index(1).main_exits(0, 8)]),
                (15, vec![gone(pod(0).index(0).succeeded(5)), gone(pod(1).index(1).succeeded(8))]),
            ],
            vec!["1/1 running", "1/2 stopped", "2/2 stopped"],
        ),
        (
            "a Pod that never started brings none",
            job_with(json!({"activeDeadlineSeconds": 60})),
            vec![
                (2, vec![pod(0).pending()]),
                (70, vec![pod(0).pending()]),
                (71, vec![pod(0).pending().deleted(70)]),
                (75, vec![]),
            ],
            vec!["0/1 running", "0/1 running", "", ""],
        ),
    ] {
        let (statuses, _) = both(&start, &story);
        assert_eq!(sidecars(&statuses), want, "{what}");
    }
}

#[test]
fn a_suspended_run_has_no_sidecars_that_run() {
    let stored = told(&job(), &[(2, vec![pod(0)])], false).0.remove(0);
    let suspended = job().suspended().status(|s| *s = stored);
    let story = [(10, vec![pod(0).released().deleted(9)]), (15, vec![gone(pod(0).failed(12)).deleted(9)])];
    assert_eq!(sidecars(&both(&suspended, &story).0), ["0/1 stopped", ""]);
}

#[test]
fn a_status_of_before_the_number_was_stored_still_ends_well() {
    let draining = told(&job(), &[(6, vec![pod(0).main_exits(0, 5)])], false).0.remove(0);
    let before = job().status(|s| *s = draining).status(|s| s.summary.sidecars_to_stop = None);
    let story = [(7, vec![pod(0).main_exits(0, 5)]), (9, vec![gone(pod(0).succeeded(5))])];
    assert_eq!(sidecars(&both(&before, &story).0), ["0/1 stopped", "1/1 stopped"]);
}

#[test]
fn a_run_of_which_a_pod_has_started_does_not_read_pending_again() {
    let phases = |start: &Observed, story: Story| -> Vec<Phase> {
        both(start, story).0.into_iter().filter_map(|s| s.summary.phase).collect()
    };
    let ignored = job_with(json!({"podFailurePolicy": {"rules": [
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]}}));
    let failed = || pod(0).failed(5);
    let listed = [
        (4, vec![pod(0)]),
        (6, vec![failed()]),
        (7, vec![gone(failed())]),
        (17, vec![gone(failed()), pod(1).pending()]),
    ];
    for (what, start) in [("a failure", job()), ("one that is ignored", ignored)] {
        assert_eq!(phases(&start, &listed), [Phase::Running; 4], "{what}");
        assert_eq!(phases(&start, &listed[1..]), [Phase::Running; 3], "{what}, of a Pod that nobody saw run");
    }
    assert_eq!(phases(&job(), &[(2, vec![pod(0).pending()]), (4, vec![pod(0)])]), [Phase::Pending, Phase::Running]);
}

/// With a container that a webhook added.
fn with_proxy(mut pod: Pod) -> Pod {
    pod.containers.push(container("proxy", Slot::Plain, Restart::Never));
    pod
}

fn names_proxy() -> Observed {
    job_with(json!({"sidecars": [{"name": "side"}, {"name": "proxy"}]}))
}

fn missing(statuses: &[Status]) -> Vec<String> {
    let words = |s: &Status| s.conditions.get("SidecarMissing").map(|c| format!("{} {}", c.status, c.reason));
    statuses.iter().map(|s| words(s).unwrap_or_default()).collect()
}

#[test]
fn a_sidecar_that_a_webhook_injects_is_not_missing_when_its_pods_are_gone() {
    let first = || gone(with_proxy(pod(0)).failed(5));
    let story = [
        (2, vec![with_proxy(pod(0))]),
        (6, vec![with_proxy(pod(0)).main_exits(1, 5)]),
        (9, vec![first()]),
        (30, vec![first(), with_proxy(pod(1))]),
        (40, vec![first(), with_proxy(pod(1)).main_exits(0, 39)]),
        (45, vec![first(), gone(with_proxy(pod(1)).succeeded(39))]),
    ];
    for start in [names_proxy(), names_proxy().batch()] {
        let (statuses, events) = both(&start, &story);
        assert_eq!(missing(&statuses), ["False AllFound"; 6]);
        assert!(!events.iter().any(|e| e.reason == "SidecarMissing"), "{events:?}");
    }
}

#[test]
fn a_sidecar_that_is_in_no_pod_stays_missing_and_is_told_once() {
    let story = [
        (1, vec![]),
        (2, vec![pod(0)]),
        (6, vec![pod(0).main_exits(1, 5)]),
        (9, vec![gone(pod(0).failed(5))]),
        (30, vec![gone(pod(0).failed(5)), pod(1)]),
    ];
    let (statuses, events) = both(&names_proxy(), &story);
    let want = ["True NotInTemplate", "True NotInPod", "True NotInPod", "True NotInPod", "True NotInPod"];
    assert_eq!(missing(&statuses), want);
    assert_eq!(events.iter().filter(|e| e.reason == "SidecarMissing").count(), 1);
    let mended = [(40, vec![gone(pod(0).failed(5)), with_proxy(pod(1))])];
    let seen = names_proxy().status(|s| *s = statuses[4].clone());
    assert_eq!(missing(&both(&seen, &mended).0), ["False AllFound"]);
}

#[test]
fn of_several_pods_one_that_lacks_it_is_enough_whichever_ends_first() {
    let start = names_proxy().completions(2).parallelism(2);
    for (lacks, has) in [(0, 1), (1, 0)] {
        let (lacking, having) = (pod(lacks), with_proxy(pod(has)));
        let story = [(2, vec![lacking.clone(), having.clone()]), (6, vec![having, lacking])];
        assert_eq!(missing(&both(&start, &story).0), ["True NotInPod"; 2]);
    }
}

#[test]
fn a_pod_that_was_changed_is_told_the_same_whichever_pods_are_left() {
    let changed = |n: u32| pod(n).container("main", |c| c.image = "other".into());
    let reason = |statuses: &[Status]| -> Vec<String> {
        let words = |s: &Status| s.conditions.get("PodChanged").map(|c| format!("{} {}", c.status, c.reason));
        statuses.iter().map(|s| words(s).unwrap_or_default()).collect()
    };
    let start = job().completions(2).parallelism(2);
    let both_end = [
        (2, vec![changed(0), pod(1)]),
        (6, vec![changed(0).main_exits(0, 5), pod(1).main_exits(0, 5)]),
        (9, vec![gone(changed(0).succeeded(5)), gone(pod(1).succeeded(5))]),
    ];
    let (statuses, events) = both(&start, &both_end);
    assert_eq!(reason(&statuses), ["True MainContainerChanged"; 3]);
    assert_eq!(events.iter().filter(|e| e.reason == "MainContainerChanged").count(), 1);
    let one_is_left = [(2, vec![changed(0), pod(1)]), (9, vec![gone(changed(0).succeeded(5)), pod(1)])];
    assert_eq!(reason(&both(&start, &one_is_left).0), ["True MainContainerChanged", "False AsSent"]);
    // A Pod that is kept after its end, as one that waits for its replacement, is not told anew when it is the last.
    let is_kept = || changed(0).failed(5);
    let later = [(2, vec![changed(0)]), (9, vec![is_kept(), pod(1)]), (20, vec![is_kept(), gone(pod(1).failed(19))])];
    let (statuses, events) = both(&job(), &later);
    assert_eq!(reason(&statuses), ["True MainContainerChanged", "False AsSent", "False AsSent"]);
    assert_eq!(events.iter().filter(|e| e.reason == "MainContainerChanged").count(), 1);
    let nobody_was_there = [(9, vec![changed(0).succeeded(5), pod(1)])];
    assert_eq!(
        reason(&both(&start, &nobody_was_there).0),
        [""],
        "a Pod that goes on counts more than one that has ended"
    );
}

#[test]
fn when_main_finished_does_not_depend_on_older_pods() {
    let held = json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 3, "activeDeadlineSeconds": 60});
    let start = job_with(held);
    for older in [vec![], vec![pod(0).index(0).failed(5)]] {
        let works = pod(1).index(1);
        let pods: Vec<Pod> = older.into_iter().chain([works]).collect();
        let (statuses, _) = both(&start, &[(2, pods.clone()), (70, pods)]);
        assert_eq!(statuses[1].main_finished_at, Some(at(70)), "the deadline ended it");
    }
}
