//! When is the wait for a run over, and with which line?

use serde_json::{Value, json};

use super::*;

fn job(uid: &str, conditions: Value) -> Box<SidecarJob> {
    let job = json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "metadata": {"name": "etl", "uid": uid},
        "spec": {"template": {}}, "status": {"conditions": conditions}
    });
    serde_json::from_value(job).unwrap()
}

fn condition(type_: &str, reason: &str, message: &str) -> Value {
    json!([{"type": type_, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": "2026-01-01T00:00:09Z"}])
}

#[test]
fn a_wait_is_over_with_the_run_or_with_what_was_asked_for() {
    let complete = || condition("Complete", "CompletionsReached", "");
    let failed = || condition("Failed", "BackoffLimitExceeded", "work exit 3");
    let known = || condition("SuccessCriteriaMet", "CompletionsReached", "");
    let good = |text: &str| Some(Verdict::Good(text.to_owned()));
    let bad = |text: &str| Some(Verdict::Bad(text.to_owned()));
    let gone = Some(Verdict::Gone);
    let rows = [
        ("a run that goes on", "end", News::Job(job("u", json!([]))), None),
        ("a result is no end", "end", News::Job(job("u", known())), None),
        ("Complete", "end", News::Job(job("u", complete())), good("SidecarJob etl Complete")),
        (
            "Failed",
            "end",
            News::Job(job("u", failed())),
            bad("SidecarJob etl Failed: BackoffLimitExceeded: work exit 3"),
        ),
        ("deleted", "end", News::Deleted(job("u", json!([]))), gone.clone()),
        ("Complete and deleted", "end", News::Deleted(job("u", complete())), good("SidecarJob etl Complete")),
        ("gone", "end", News::Gone, gone.clone()),
        ("another run with the name", "end", News::Job(job("other", complete())), gone.clone()),
        (
            "a condition that holds",
            "condition=SuccessCriteriaMet",
            News::Job(job("u", known())),
            good("SidecarJob etl: condition SuccessCriteriaMet is True"),
        ),
        (
            "a condition in other letters",
            "condition=successcriteriamet",
            News::Job(job("u", known())),
            good("SidecarJob etl: condition successcriteriamet is True"),
        ),
        ("a condition that does not hold yet", "condition=Complete", News::Job(job("u", known())), None),
        (
            "a condition that will never hold",
            "condition=Complete",
            News::Job(job("u", failed())),
            bad("SidecarJob etl Failed: BackoffLimitExceeded: work exit 3; its condition Complete is not True"),
        ),
        (
            "a run that failed as asked",
            "condition=Failed",
            News::Job(job("u", failed())),
            good("SidecarJob etl: condition Failed is True"),
        ),
        ("a deletion as asked", "delete", News::Deleted(job("u", complete())), good("SidecarJob etl deleted")),
        ("gone as asked", "delete", News::Gone, good("SidecarJob etl deleted")),
        ("an end is no deletion", "delete", News::Job(job("u", complete())), None),
    ];
    for (what, until, news, expected) in rows {
        let mut run = Awaited { name: "etl".into(), uid: Some("u".into()) };
        assert_eq!(judge(&mut run, &until.parse().unwrap(), &news), expected, "{what}");
    }
}

#[test]
fn what_for_may_say() {
    let condition = |type_: &str| Some(Until::Condition(type_.to_owned()));
    for (text, expected) in [
        ("end", Some(Until::End)),
        ("delete", Some(Until::Delete)),
        ("condition=Complete", condition("Complete")),
        ("condition=Complete=True", condition("Complete")),
        ("condition=", None),
        ("condition=Complete=False", None),
        ("complete", None),
    ] {
        assert_eq!(text.parse().ok(), expected, "{text}");
    }
}

#[test]
fn a_run_that_was_never_there_is_not_found_and_one_that_goes_is_deleted() {
    for (uid, said) in
        [(None, "no SidecarJob etl in namespace ns"), (Some("u"), "SidecarJob etl in namespace ns was deleted")]
    {
        let run = Awaited { name: "etl".into(), uid: uid.map(str::to_owned) };
        let error = is_gone(&run, "ns");
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().starts_with(said), "{error}");
    }
}
