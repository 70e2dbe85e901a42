//! What does `cron next` print of a schedule?

use super::*;

/// stdout, stderr, and the error.
fn next(line: &[&str]) -> (String, String, Option<String>) {
    let args = Args::parse_from(std::iter::once("next").chain(line.iter().copied()));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(run(args, &mut out, &mut err)).err().map(|e| e.to_string());
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap(), error)
}

#[test]
fn one_time_a_line_in_the_zone() {
    let (out, err, error) =
        next(&["0 2 * * *", "--time-zone", "Europe/Berlin", "--from", "2026-11-24T00:00:00Z", "--count", "2"]);
    assert_eq!(out, "2026-11-24T02:00:00+01:00\n2026-11-25T02:00:00+01:00\n");
    assert_eq!((err.as_str(), error), ("", None));
}

#[test]
fn what_changes_of_clocks_do_is_told_beside() {
    let args = ["30 2 * * *", "--time-zone=America/New_York", "--from=2027-03-13T12:00:00Z", "--count", "1"];
    let (out, err, _) = next(&args);
    assert_eq!(out, "2027-03-15T02:30:00-04:00\n");
    assert_eq!(
        err,
        "note: 2027-03-14 02:30:00 does not exist in America/New_York because of a clock change, and is skipped\n"
    );
    let (out, err, _) = next(&["TZ=America/New_York 30 1 * * *", "--from=2026-11-01T00:00:00-04:00", "--count=2"]);
    assert_eq!(out, "2026-11-01T01:30:00-04:00\n2026-11-01T01:30:00-05:00\n");
    assert!(
        err.contains("occurs a second time in America/New_York because of a clock change: the schedule runs twice"),
        "{err}"
    );
    let (out, err, _) = next(&[&args[..], &["--dst-policy=RunOnce"]].concat());
    assert_eq!(out, "2027-03-14T03:00:00-04:00\n");
    assert!(
        err.contains("2027-03-14 02:30:00 does not exist") && err.contains("runs at the first instant after it"),
        "{err}"
    );
}

#[test]
fn a_period_shorter_than_a_minute_is_told() {
    let words = "@every 5s runs once a minute at most";
    let (out, err, error) = next(&["@every 5s", "--count", "2", "--from=2026-11-24T00:00:00Z"]);
    assert_eq!((out.lines().count(), error), (2, None));
    assert!(err.starts_with("note: ") && err.contains(words), "{err}");
    let (out, ..) = next(&["@every 5s", "--count=1", "-ojson"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert!(json["onceAMinute"].as_str().is_some_and(|text| text.contains(words)), "{json}");
    assert_eq!(next(&["@every 1m", "--count=1"]).1, "");
}

#[test]
fn json_has_all_of_it() {
    let (out, ..) =
        next(&["30 2 * * *", "-z", "America/New_York", "--from=2027-03-13T12:00:00Z", "--count=1", "-ojson"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        json,
        json!({"timeZone": "America/New_York", "times": ["2027-03-15T02:30:00-04:00"],
               "leftOut": ["2027-03-14 02:30:00"], "twice": [], "jitterSeconds": 0, "suspended": false})
    );
}

#[test]
fn what_is_refused_says_why() {
    for (line, want) in [
        (vec!["0 24 * * *"], "hour: \"24\" ends above 23"),
        (vec!["0 0 31 2 *"], "never fires within five years"),
        (vec!["@reboot"], "is none of @yearly"),
        (vec!["0 2 * * *", "--time-zone=europe/berlin"], "write Europe/Berlin"),
        (vec!["TZ=UTC 0 2 * * *", "--time-zone=UTC"], "give the zone once"),
        (vec!["H 2 * * *"], "give --for NAMESPACE/NAME"),
        (vec![""], "the schedule is empty"),
        (vec!["nightly", "--for=ns/nightly"], "--for works with an expression only"),
    ] {
        let (out, _, error) = next(&line);
        assert!(out.is_empty() && error.as_ref().is_some_and(|e| e.contains(want)), "{line:?}: {error:?}");
    }
}

#[test]
fn h_is_that_of_the_object() {
    let (out, ..) = next(&["H 2 * * *", "--for=default/nightly", "--from=2026-01-01T00:00:00Z", "--count=1"]);
    assert_eq!(out, "2026-01-01T02:26:00Z\n");
}

fn object(spec: Value) -> SidecarCronJob {
    let mut whole =
        json!({"schedule": "30 2 * * *", "timeZone": "Europe/Berlin", "jobTemplate": {"spec": {"template": {}}}});
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let metadata = json!({"name": "c", "namespace": "ns", "creationTimestamp": "2026-11-01T00:00:00Z"});
    serde_json::from_value(json!({"metadata": metadata, "spec": whole})).unwrap()
}

#[test]
fn an_object_has_its_own_zone_and_policy_unless_others_are_given() {
    let first = |spec, line: &[&str]| {
        let from = ["next", "c", "--from=2027-03-13T12:00:00Z"];
        let asked = of_object(&object(spec), &Args::parse_from(from.iter().chain(line)), DateTime::UNIX_EPOCH);
        let Asked { times, .. } = asked.unwrap();
        let at = times.next("2027-03-13T12:00:00Z".parse().unwrap(), &mut Budget::of(1_000)).unwrap().unwrap();
        times.zone().rfc3339(at)
    };
    let new_york = "--time-zone=America/New_York";
    assert_eq!(first(json!({}), &[]), "2027-03-14T02:30:00+01:00");
    assert_eq!(first(json!({}), &[new_york]), "2027-03-15T02:30:00-04:00");
    assert_eq!(first(json!({"dstPolicy": "RunOnce"}), &[new_york]), "2027-03-14T03:00:00-04:00");
    assert_eq!(
        first(json!({"dstPolicy": "RunOnce"}), &[new_york, "--dst-policy=CronJob"]),
        "2027-03-15T02:30:00-04:00"
    );
}

#[test]
fn that_an_object_is_suspended_is_known() {
    let args = Args::parse_from(["next", "c"]);
    let suspended = |spec| of_object(&object(spec), &args, Utc::now()).unwrap().suspended;
    assert!(suspended(json!({"suspend": true})) && !suspended(json!({})));
}
