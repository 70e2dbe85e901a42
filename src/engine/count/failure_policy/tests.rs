//! What a failed Pod means by the failure policy.

use serde_json::{Value, json};

use super::*;
use crate::engine::observed::{Phase, Restart};
use crate::engine::tests::fixture::{at, container, job_with, pod};

fn rule(action: &str, on: Value) -> Value {
    let mut rule = on;
    rule["action"] = json!(action);
    rule
}

fn codes(operator: &str, values: &[i32]) -> Value {
    json!({"onExitCodes": {"operator": operator, "values": values}})
}

fn of(container: &str, mut codes: Value) -> Value {
    codes["onExitCodes"]["containerName"] = json!(container);
    codes
}

fn condition(type_: &str) -> Value {
    json!({"onPodConditions": [{"type": type_, "status": "True"}]})
}

fn judged(rules: &[Value], pod: &Pod) -> Option<(Action, String)> {
    let seen = job_with(json!({"podFailurePolicy": {"rules": rules}}));
    judge(pod, &seen.job.spec, "ns").map(|m| (m.action, m.message))
}

/// The action alone.
fn action(rules: &[Value], pod: &Pod) -> Option<Action> {
    judged(rules, pod).map(|(action, _)| action)
}

#[test]
fn exit_codes_are_in_the_list_or_not_in_it_and_never_zero() {
    let exits = |code| pod(0).main_exits(code, 5).ends_as(Phase::Failed);
    for (what, rule_on, exit, matches) in [
        ("in the list", codes("In", &[3, 5]), 5, true),
        ("not in the list", codes("In", &[3, 5]), 6, false),
        ("outside of the list", codes("NotIn", &[3]), 5, true),
        ("inside of the list of those that don't match", codes("NotIn", &[5]), 5, false),
        ("zero is no failure", codes("NotIn", &[5]), 0, false),
        ("a negative code", codes("In", &[-1]), -1, true),
    ] {
        let want = matches.then_some(Action::Count);
        assert_eq!(action(&[rule("Count", rule_on)], &exits(exit)), want, "{what}");
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let failed = pod(0).main_exits(5, 5).ends_as(Phase::Failed).with_condition("DisruptionTarget");
    for (rules, want) in [
        (vec![rule("Ignore", codes("In", &[5])), rule("FailJob", codes("In", &[5]))], Some(Action::Ignore)),
        (vec![rule("Ignore", codes("In", &[4])), rule("FailIndex", codes("In", &[5]))], Some(Action::FailIndex)),
        (vec![rule("Ignore", condition("DisruptionTarget")), rule("FailJob", codes("In", &[5]))], Some(Action::Ignore)),
        (vec![rule("Ignore", condition("Other"))], None),
        (vec![rule("Explode", codes("In", &[5])), rule("Count", codes("In", &[5]))], Some(Action::Count)),
        (vec![], None),
    ] {
        assert_eq!(action(&rules, &failed), want, "{rules:?}");
    }
}

#[test]
fn a_sidecars_exit_code_matches_only_a_rule_that_names_it() {
    let killed = |pod: Pod| pod.main_exits(1, 5).exits("side", 137, 6).ends_as(Phase::Failed);
    for pod in [killed(pod(0)), killed(pod(0).plain_sidecar())] {
        assert_eq!(action(&[rule("FailJob", codes("In", &[137]))], &pod), None, "any container");
        let named = rule("FailJob", of("side", codes("In", &[137])));
        assert_eq!(action(&[named], &pod), Some(Action::FailJob), "by its name");
        assert_eq!(action(&[rule("FailJob", of("main", codes("In", &[137])))], &pod), None, "another name");
    }
}

#[test]
fn init_containers_are_asked_after_containers() {
    let mut failed = pod(0).main_exits(3, 5).ends_as(Phase::Failed);
    failed.containers.insert(
        0,
        Container {
            state: State::Terminated { exit: 3, at: Some(at(4)) },
            ..container("setup", Slot::Init, Restart::Never)
        },
    );
    let rules = [rule("FailJob", codes("In", &[3]))];
    assert!(judged(&rules, &failed).unwrap().1.starts_with("Container main "));
    let alone = failed.main_exits(0, 5);
    assert!(judged(&rules, &alone).unwrap().1.starts_with("Container setup "));
}

#[test]
fn the_message_names_the_pod_the_container_and_the_rule() {
    let failed = pod(0).main_exits(5, 5).ends_as(Phase::Failed).with_condition("DisruptionTarget");
    let message = |rules: &[Value]| judged(rules, &failed).unwrap().1;
    assert_eq!(
        message(&[rule("Count", codes("In", &[9])), rule("FailJob", codes("In", &[5]))]),
        "Container main for pod ns/p0 failed with exit code 5 matching FailJob rule at index 1"
    );
    assert_eq!(
        message(&[rule("FailJob", condition("DisruptionTarget"))]),
        "Pod ns/p0 has condition DisruptionTarget matching FailJob rule at index 0"
    );
}

#[test]
fn all_but_ignored_failures_count() {
    let matched = |action| Some(Match { index: 0, action, container: None, message: String::new() });
    for (matched, want) in [
        (None, true),
        (matched(Action::Count), true),
        (matched(Action::FailJob), true),
        (matched(Action::FailIndex), true),
        (matched(Action::Ignore), false),
    ] {
        assert_eq!(counts(matched.as_ref()), want, "{matched:?}");
    }
}
