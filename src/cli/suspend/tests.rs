//! What do suspend and resume do with an object, and what do they say?

use super::*;

#[test]
fn what_is_so_already_is_told_and_what_is_over_is_refused() {
    let cluster = Cluster { namespace: Some("batch".into()), kubeconfig: None, context: None };
    let with =
        |type_: &str| json!({"status": {"conditions": [{"type": type_, "status": "True"}]}, "spec": {"suspend": true}});
    let (runs, suspended) = (json!({"spec": {}}), json!({"spec": {"suspend": true}}));
    let over = "SidecarJob etl is Failed already, and a run that is over can't be resumed; kubectl sidecarjob rerun etl -n \
                batch starts another one";
    for (what, target, object, suspend, expected) in [
        ("a run", "etl", runs.clone(), true, Ok(Change::Done("suspended"))),
        ("a suspended run", "etl", suspended.clone(), true, Ok(Change::Already("was suspended already"))),
        ("a suspended run", "etl", suspended.clone(), false, Ok(Change::Done("resumed"))),
        ("a run", "etl", runs.clone(), false, Ok(Change::Already("was not suspended"))),
        ("a schedule", "sccj/nightly", suspended, false, Ok(Change::Done("resumed"))),
        ("a run that is over", "etl", with("Failed"), false, Err(over)),
        (
            "a Job that is over",
            "job/etl",
            with("Complete"),
            true,
            Err("Job etl is Complete already, and a run that is over can't be suspended"),
        ),
        (
            "a run that drains",
            "etl",
            with("SuccessCriteriaMet"),
            true,
            Err("the result of SidecarJob etl is known already, and only its sidecars still stop"),
        ),
    ] {
        let made = change(&object, &target.parse().unwrap(), suspend, &cluster);
        assert_eq!(made.as_ref().copied().map_err(String::as_str), expected, "{what}");
    }
}
