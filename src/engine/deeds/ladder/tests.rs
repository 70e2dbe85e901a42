//! Whose turn is it, and how is it asked?

use serde_json::{Value, json};

use super::*;
use crate::engine::observed::Restart;
use crate::engine::tests::fixture::{at, container, job_with, pod, steps};

/// A managed Pod whose main container succeeded at 8 and whose result is stored; its sidecars are `a`, `b` and `c`.
fn seen(sidecars: Value) -> Observed {
    let containers = json!([{"name": "main"}, {"name": "a"}, {"name": "b"}, {"name": "c"}]);
    let main = json!({"names": ["main"]});
    let spec = json!({"sidecars": sidecars, "mainContainers": main, "template": {"spec": {"restartPolicy": "Never", "containers": containers}}});
    job_with(spec).listed(&["u0"], &[]).pods([managed()])
}

fn managed() -> Pod {
    let plain = |name| container(name, Slot::Plain, Restart::Never);
    let mut pod = Pod { containers: ["main", "a", "b", "c"].map(plain).to_vec(), ..pod(0) };
    pod.marks.managed = true;
    pod.main_exits(0, 8)
}

/// Since then its sidecars are being stopped.
fn since(mut pod: Pod, seconds: i64) -> Pod {
    pod.marks.stopping_since = Some(at(seconds));
    pod
}

impl Observed {
    fn tried(mut self, name: &str, way: Way, state: AttemptState) -> Self {
        self.attempts.push(Attempt { ask: Ask { pod: pod(0).to_ref(), container: name.into(), way }, state });
        self
    }
}

fn signal(name: &str) -> Way {
    Way::Signal(name.into())
}

fn quit(port: u16) -> Way {
    serde_json::from_value(json!({"http": {"port": port}})).unwrap()
}

/// The deeds at that time and, if it is waited for somebody, until when.
fn due(seen: &Observed, now: i64) -> (Vec<String>, Option<i64>) {
    let plan = seen.decide(now);
    (steps(&plan), plan.wake.map(|wake| (wake - at(0)).num_seconds()))
}

const ALL: &str = "stop the sidecars of p0 (deadline 8s)";
const BEGIN: &str = "begin to stop p0";

#[test]
fn who_is_asked_first_and_how() {
    for (what, sidecars, want) in [
        ("nothing is said of any of them: the kubelet's SIGTERM to all", json!([{"name": "a"}]), vec![ALL]),
        (
            "a recipe that says SIGTERM adds nothing",
            json!([{"name": "a", "stop": {"gracePeriodSeconds": 9}}]),
            vec![ALL],
        ),
        (
            "by HTTP; the others, whose turn it is too, by SIGTERM",
            json!([{"name": "a", "stop": {"http": {"port": 80}}}]),
            vec![
                BEGIN,
                "ask a of p0 by HTTP POST :80/quitquitquit",
                "ask b of p0 by SIGTERM",
                "ask c of p0 by SIGTERM",
            ],
        ),
        (
            "the lowest order alone",
            json!([{"name": "a", "stop": {"order": 2}}, {"name": "b", "stop": {"order": 1}}, {"name": "c", "stop": {"order": 2}}]),
            vec![BEGIN, "ask b of p0 by SIGTERM"],
        ),
        (
            "those of one order together",
            json!([{"name": "a", "stop": {"order": 1}}, {"name": "b", "stop": {"order": 1, "exec": {"command": ["quit", "now"]}}}, {"name": "c", "stop": {"order": 2}}]),
            vec![BEGIN, "ask a of p0 by SIGTERM", "ask b of p0 by exec quit now"],
        ),
        (
            "order 0 is the default",
            json!([{"name": "a", "stop": {"order": 1}}, {"name": "b", "stop": {"order": -1}}]),
            vec![BEGIN, "ask b of p0 by SIGTERM"],
        ),
        (
            "as the recipe says that is named",
            json!([{"name": "a", "stop": {"recipe": "nginx"}}, {"name": "b"}, {"name": "c"}]),
            vec![BEGIN, "ask a of p0 by SIGQUIT", "ask b of p0 by SIGTERM", "ask c of p0 by SIGTERM"],
        ),
        ("a recipe that is unknown", json!([{"name": "a", "stop": {"recipe": "no such"}}]), vec![ALL]),
        (
            "a signal that is asked for, be it SIGTERM",
            json!([{"name": "a", "stop": {"signal": "SIGTERM"}}]),
            vec![BEGIN, "ask a of p0 by SIGTERM", "ask b of p0 by SIGTERM", "ask c of p0 by SIGTERM"],
        ),
    ] {
        assert_eq!(due(&seen(sidecars), 10).0, want, "{what}");
    }
}

/// `a` before `b` before `c`, with graces of 5, 10 and the Pod's 30 seconds.
fn ordered() -> Observed {
    seen(json!([
        {"name": "a", "stop": {"order": 1, "gracePeriodSeconds": 5}},
        {"name": "b", "stop": {"order": 2, "gracePeriodSeconds": 10}},
        {"name": "c", "stop": {"order": 3}}
    ]))
}

#[test]
fn the_next_turn_comes_when_all_of_this_one_have_ended_or_their_grace_is_over() {
    let begun = |change: fn(Pod) -> Pod| ordered().pods([change(since(managed(), 10))]);
    let heard =
        |seen: Observed, name: &str, seconds| seen.tried(name, signal("SIGTERM"), AttemptState::Heard(at(seconds)));
    for (what, seen, now, want) in [
        (
            "it is being asked",
            begun(|p| p).tried("a", signal("SIGTERM"), AttemptState::UnderWay(at(10))),
            11,
            (vec![], Some(45)),
        ),
        (
            "it waits for a place: its time does not run out",
            begun(|p| p).tried("a", signal("SIGTERM"), AttemptState::Queued(at(10))),
            100,
            (vec![], Some(130)),
        ),
        (
            "it waited long and is being asked: that counts from there",
            begun(|p| p).tried("a", signal("SIGTERM"), AttemptState::UnderWay(at(100))),
            101,
            (vec![], Some(135)),
        ),
        ("it was asked: its grace counts from there", heard(begun(|p| p), "a", 12), 13, (vec![], Some(17))),
        ("its grace is over", heard(begun(|p| p), "a", 12), 17, (vec!["ask b of p0 by SIGTERM"], Some(27))),
        (
            "it has ended",
            heard(begun(|p| p.exits("a", 0, 13)), "a", 12),
            13,
            (vec!["ask b of p0 by SIGTERM"], Some(23)),
        ),
        (
            "it ended long before its turn",
            begun(|p| p.exits("a", 0, 3)),
            11,
            (vec!["ask b of p0 by SIGTERM"], Some(20)),
        ),
        (
            "the second too: the last is alone, and the kubelet's SIGTERM is as good",
            begun(|p| p.exits("a", 0, 13).exits("b", 1, 15)),
            16,
            (vec!["stop the sidecars of p0 (deadline 14s)"], None),
        ),
    ] {
        let (got, wake) = due(&seen, now);
        assert_eq!((got.iter().map(String::as_str).collect::<Vec<_>>(), wake), want, "{what}");
    }
}

#[test]
fn a_controller_that_starts_in_the_middle_finds_the_turn_by_the_times_on_the_pod() {
    let begun = ordered().pods([since(managed(), 10)]);
    assert_eq!(due(&begun, 12).0, ["ask a of p0 by SIGTERM"], "asked once more: that does no harm");
    assert_eq!(due(&begun, 15).0, ["ask b of p0 by SIGTERM"]);
    assert_eq!(due(&begun, 25).0, ["ask c of p0 by SIGTERM"]);
    assert_eq!(due(&begun, 55).0, ["stop the sidecars of p0 (deadline 53s)"], "all have had their turn");
}

#[test]
fn when_a_way_fails_the_next_is_tried_and_when_none_is_left_all_are_ended() {
    let linkerd = || seen(json!([{"name": "a", "stop": {"recipe": "linkerd"}}])).pods([since(managed(), 10)]);
    let shutdown = || match crate::api::recipes::built_in().iter().find(|r| r.name == "linkerd") {
        Some(recipe) => recipe.stop[0].clone(),
        None => unreachable!(),
    };
    let others = |seen: Observed| {
        let heard = AttemptState::Heard(at(10));
        seen.tried("b", signal("SIGTERM"), heard).tried("c", signal("SIGTERM"), heard)
    };
    let once = others(linkerd()).tried("a", shutdown(), AttemptState::Failed(at(10)));
    assert_eq!(due(&once, 11).0, ["ask a of p0 by SIGTERM"]);
    let twice = once.tried("a", signal("SIGTERM"), AttemptState::Failed(at(10)));
    assert_eq!(due(&twice, 11).0, ["stop the sidecars of p0 (deadline 9s)"]);
    let quitting = seen(json!([{"name": "a", "stop": {"http": {"port": 80}}}])).pods([since(managed(), 10)]);
    let refused = others(quitting).tried("a", quit(80), AttemptState::Failed(at(10)));
    assert_eq!(due(&refused, 11).0, ["stop the sidecars of p0 (deadline 9s)"], "the spec gave one way");
}

#[test]
fn without_a_right_the_order_can_not_be_kept_and_nothing_hangs() {
    let seen = ordered().pods([since(managed(), 10)]).tried("a", signal("SIGTERM"), AttemptState::Failed(at(10)));
    assert_eq!(due(&seen, 11).0, ["stop the sidecars of p0 (deadline 9s)"]);
}

#[test]
fn a_pod_waits_a_bounded_time_for_a_place_and_then_takes_the_rung_that_needs_none() {
    let queued = ordered().pods([since(managed(), 10)]).tried("a", signal("SIGTERM"), AttemptState::Queued(at(20)));
    assert_eq!(due(&queued, 139), (vec![], Some(140)));
    assert_eq!(due(&queued, 140).0, ["stop the sidecars of p0 (deadline 138s)"]);
}

#[test]
fn a_way_that_failed_after_a_long_wait_leaves_time_for_the_next_one() {
    let linkerd = seen(json!([{"name": "a", "stop": {"recipe": "linkerd", "order": -1, "gracePeriodSeconds": 5}}]));
    let first = crate::api::recipes::built_in().iter().find(|r| r.name == "linkerd").map(|r| r.stop[0].clone());
    let failed = AttemptState::Failed(at(100));
    let failed = linkerd.pods([since(managed(), 10)]).tried("a", first.expect("it has ways"), failed);
    assert_eq!(due(&failed, 101).0, ["ask a of p0 by SIGTERM"]);
}

#[test]
fn one_that_is_started_again_after_its_end_is_left_to_the_last_rung() {
    let on_failure = |state| {
        let mut pod = since(managed(), 10);
        pod.containers.iter_mut().for_each(|c| c.restart = Restart::OnFailure);
        ordered().on_failure().pods([pod.container("a", |c| c.state = state)])
    };
    let crashed = State::Terminated { exit: 143, at: Some(at(12)) };
    for state in [crashed, State::Waiting] {
        assert_eq!(due(&on_failure(state), 13).0, ["ask b of p0 by SIGTERM"], "{state:?}");
    }
    let all = on_failure(State::Waiting).pods([{
        let pod = since(managed(), 10).exits("b", 0, 12).exits("c", 0, 13);
        pod.container("a", |c| (c.restart, c.state) = (Restart::OnFailure, State::Waiting))
    }]);
    assert_eq!(due(&all, 14).0, ["stop the sidecars of p0 (deadline 12s)"]);
}

#[test]
fn of_any_main_containers_those_that_go_on_are_stopped_too() {
    let containers = json!([{"name": "main"}, {"name": "a"}, {"name": "b"}, {"name": "c"}]);
    let seen = job_with(json!({
        "mainContainers": {"names": ["main", "a"], "require": "Any"},
        "template": {"spec": {"restartPolicy": "Never", "containers": containers}}
    }));
    assert_eq!(due(&seen.listed(&["u0"], &[]).pods([managed()]), 10).0, [ALL]);
}

#[test]
fn one_that_runs_again_after_its_end_holds_nobody_up() {
    let again = |since: i64, restarts: u32| {
        let pod = crate::engine::deeds::ladder::tests::since(managed(), 10)
            .container("a", |c| (c.restart, c.restarts, c.up.since) = (Restart::OnFailure, restarts, Some(at(since))));
        ordered().pods([pod]).tried("a", signal("SIGTERM"), AttemptState::Heard(at(11)))
    };
    assert_eq!(due(&again(13, 1), 14).0, ["ask b of p0 by SIGTERM"]);
    assert_eq!(due(&again(9, 1), 14).0, [""; 0], "it was restarted before it was asked");
    assert_eq!(due(&again(1, 0), 14).0, [""; 0], "it has its grace");
}

#[test]
fn one_that_ends_after_its_grace_does_not_open_a_later_turn_again() {
    let seen = |a_ends: i64| ordered().pods([since(managed(), 10).exits("a", 0, a_ends)]);
    assert_eq!(due(&seen(40), 41).0, ["ask c of p0 by SIGTERM"], "b had its turn from 15 to 25");
}

#[test]
fn of_many_pods_all_begin_before_any_is_asked() {
    let second = Pod { name: "p1".into(), uid: "u1".into(), number: Some(1), ..managed() };
    let seen = ordered().pods([managed(), second]).completions(2).listed(&["u0", "u1"], &[]);
    let want = [BEGIN, "begin to stop p1", "ask a of p0 by SIGTERM", "ask a of p1 by SIGTERM"];
    assert_eq!(due(&seen, 10).0, want, "steps of one kind are done at the same time");
}
