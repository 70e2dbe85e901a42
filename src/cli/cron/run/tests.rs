//! What does a run look like that somebody starts by hand?

use super::*;

fn cron() -> SidecarCronJob {
    serde_json::from_value(json!({
        "metadata": {"name": "nightly", "namespace": "ns", "uid": "u"},
        "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {
            "sidecars": [{"name": "side"}],
            "template": {"spec": {"containers": [
                {"name": "side"}, {"name": "main", "args": ["old"], "env": [{"name": "A", "value": "1"}]}
            ]}}
        }}}
    }))
    .unwrap()
}

fn overrides(line: &str) -> Overrides {
    Args::parse_from(["run", "nightly"].into_iter().chain(line.split_whitespace())).overrides
}

fn now() -> DateTime<Utc> {
    "2026-11-24T01:00:00Z".parse().unwrap()
}

#[test]
fn a_run_by_hand_says_who_when_and_with_what() {
    let run = by_hand(&cron(), None, &overrides("--arg new --env B=2 --env A=3"), "ann", now()).unwrap();
    assert_eq!(run.name_any(), "nightly-m1795482000");
    let containers = &run.spec.template.spec.as_ref().unwrap().containers;
    assert_eq!((containers[0].args.clone(), containers[1].args.clone()), (None, Some(vec!["new".to_owned()])));
    let env: Vec<_> = containers[1].env.iter().flatten().map(|v| (v.name.as_str(), v.value.as_deref())).collect();
    assert_eq!(env, [("A", Some("3")), ("B", Some("2"))]);
    let record: serde_json::Value = serde_json::from_str(&run.annotations()[labels::STARTED_BY]).unwrap();
    assert_eq!(record, json!({"user": "ann", "time": "2026-11-24T01:00:00Z", "args": ["new"], "env": ["B=2", "A=3"]}));
    assert_eq!(run.annotations()[labels::INSTANTIATE], "manual");
}

#[test]
fn its_name_is_never_longer_than_a_sidecarjobs_may_be() {
    for (length, want) in [(51, 63), (52, 63)] {
        let mut cron = cron();
        cron.metadata.name = Some("n".repeat(length));
        let name = by_hand(&cron, None, &Overrides::default(), "ann", now()).unwrap().name_any();
        assert!(name.len() == want && name.ends_with("n-m1795482000"), "{name}");
    }
}

#[test]
fn what_the_template_says_of_a_run_is_not_taken_for_a_record() {
    let mut cron = cron();
    let forged = labels::OF_ONE_RUN.map(|name| (name.to_owned(), "2020-01-01T00:00:00Z".to_owned()));
    cron.spec.job_template.metadata.get_or_insert_default().annotations.extend(forged);
    let run = by_hand(&cron, None, &Overrides::default(), "ann", now()).unwrap();
    assert!(run.annotations()[labels::STARTED_BY].contains("ann"));
    assert!(!run.annotations().contains_key(labels::SCHEDULED_TIMESTAMP), "it runs for no time");
}

#[test]
fn a_run_for_a_time_has_that_times_name() {
    let run = by_hand(&cron(), Some(now()), &Overrides::default(), "ann", now()).unwrap();
    assert_eq!(run.name_any(), scheduled_run::name("nightly", now()));
    assert_eq!(run.annotations()[labels::SCHEDULED_TIMESTAMP], "2026-11-24T01:00:00Z");
}

#[test]
fn a_container_that_is_not_there_is_said() {
    let error = by_hand(&cron(), None, &overrides("--arg x -c mian"), "ann", now()).unwrap_err().to_string();
    assert_eq!(error, "no container \"mian\" to override: the containers are side, main");
    assert!(Args::try_parse_from(["run", "nightly", "--env", "=x"]).is_err());
}
