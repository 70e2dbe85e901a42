//! Are the parts of `make bench` right? What it asks of both controllers, and how it counts.

macro_rules! parts {
    ($($name:ident $file:literal),*) => { $(
        #[path = $file]
        #[allow(dead_code, reason = "only the benchmark uses all of it")]
        mod $name;
    )* };
}
parts!(audit "bench/audit.rs", chart "bench/chart.rs", failure "bench/failure.rs", figures "bench/figures.rs",
    kubelet "bench/kubelet.rs", server "bench/server.rs", workload "bench/workload.rs");

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sidecarjob::api::{SidecarCronJob, SidecarJob};

use figures::{Outcome, Pairs, Spread, quantile, thinned};
use workload::{Runs, Side, Workload, schedules};

const RUNS: [Workload; 6] =
    [Workload::Jobs, Workload::Sidecars, Workload::One, Workload::Indexed, Workload::Failures, Workload::Kubelet];

/// The fields of the object that its type does not know.
fn unknown<T: DeserializeOwned + Serialize>(object: &Value) -> Vec<String> {
    let read: T = serde_json::from_value(object.clone()).expect("the object is of its type");
    let mut missing = Vec::new();
    differ(object, &serde_json::to_value(read).expect("JSON"), "", &mut missing);
    missing
}

fn differ(asked: &Value, known: &Value, path: &str, missing: &mut Vec<String>) {
    match (asked, known) {
        (Value::Object(fields), _) => {
            fields.iter().for_each(|(name, value)| differ(value, &known[name], &format!("{path}.{name}"), missing));
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            items.iter().zip(others).for_each(|(item, other)| differ(item, other, path, missing));
        }
        _ if asked == known => {}
        _ => missing.push(path.to_owned()),
    }
}

#[test]
fn every_field_that_the_benchmark_asks_for_is_known() {
    for workload in RUNS {
        for side in [Side::Ours, Side::Theirs] {
            let object = workload.runs(side, 10).objects.swap_remove(0);
            let unknown = match object["kind"].as_str() {
                Some("SidecarJob") => unknown::<SidecarJob>(&object),
                Some("Job") => unknown::<Job>(&object),
                kind => panic!("{workload:?} makes a {kind:?}"),
            };
            assert_eq!(unknown, [""; 0], "{workload:?}, {side:?}");
        }
    }
    let one = |side| schedules(side, 1, 7, 30).objects.swap_remove(0);
    assert_eq!(unknown::<SidecarCronJob>(&one(Side::Ours)), [""; 0]);
    assert_eq!(unknown::<CronJob>(&one(Side::Theirs)), [""; 0]);
}

#[test]
fn both_sides_get_as_much_work() {
    let work = |runs: Runs| {
        let spec = &runs.objects[0]["spec"];
        let pod = &spec["template"]["spec"];
        let containers = |kind: &str| pod[kind].as_array().map_or(0, Vec::len);
        let counts = (runs.objects.len(), runs.units, containers("containers") + containers("initContainers"));
        (counts, ["completions", "parallelism", "completionMode", "backoffLimit"].map(|field| spec[field].clone()))
    };
    for workload in RUNS {
        assert_eq!(work(workload.runs(Side::Ours, 40)), work(workload.runs(Side::Theirs, 40)), "{workload:?}");
    }
    assert_eq!(schedules(Side::Ours, 9, 7, 30).objects.len(), schedules(Side::Theirs, 9, 7, 30).objects.len());
}

#[test]
fn a_refused_request_is_told_from_one_that_was_taken() {
    let event = |verb: &str, subresource: Option<&str>, code: u16| {
        json!({"verb": verb, "objectRef": {"resource": "jobs", "subresource": subresource},
            "responseStatus": {"code": code}})
    };
    assert_eq!(audit::key(&event("update", Some("status"), 200)), "update jobs/status");
    assert_eq!(audit::key(&event("update", Some("status"), 409)), "update jobs/status 409");
    assert_eq!(audit::key(&event("list", None, 200)), "list jobs");
}

#[test]
fn a_spread_has_the_middle_the_least_and_the_greatest() {
    let spread = |values: &[f64]| Spread::of(values.iter().copied()).map(|s| (s.median, s.least, s.greatest));
    assert_eq!(spread(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
    assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), Some((2.5, 1.0, 4.0)));
    assert_eq!(spread(&[f64::NAN, 1.0, f64::INFINITY]), Some((1.0, 1.0, 1.0)), "what is no number is left out");
    assert_eq!(spread(&[]), None);
}

#[test]
fn a_quantile_is_one_of_the_values() {
    let hundred: Vec<f64> = (0..=100).map(f64::from).collect();
    assert_eq!((quantile(&hundred, 0.5), quantile(&hundred, 0.99)), (50.0, 99.0));
    assert_eq!((quantile(&[7.0], 0.99), quantile(&[], 0.5)), (7.0, 0.0));
}

#[test]
fn a_long_curve_is_thinned_and_keeps_its_end() {
    let curve: Vec<(f64, u64)> = (1..=5_000).map(|n| (n as f64, n)).collect();
    let kept = thinned(&curve);
    assert!(kept.len() <= 151, "{} points", kept.len());
    assert_eq!((kept.first(), kept.last()), (curve.first(), curve.last()));
    assert_eq!(thinned(&curve[..3]), curve[..3]);
}

fn outcome(side: Side, round: usize, cpu: f64) -> Outcome {
    Outcome {
        name: "jobs".into(),
        side,
        round,
        units: 2,
        wall: 4.0,
        p50: 1.0,
        p99: 2.0,
        cpu,
        rss: 1.0,
        components: BTreeMap::new(),
        requests: BTreeMap::new(),
        others: 0.0,
        failed: 0,
        curve: vec![(1.0, 1), (4.0, 2)],
        kubernetes: "v1".into(),
    }
}

#[test]
fn a_ratio_is_of_the_two_sides_of_one_round() {
    let (ours, theirs) = (Side::Ours, Side::Theirs);
    let outcomes = [(ours, 1, 1.0), (theirs, 1, 2.0), (ours, 2, 3.0), (theirs, 2, 4.0), (ours, 3, 9.0)]
        .map(|(side, round, cpu)| outcome(side, round, cpu));
    let ratio = Pairs::of(&outcomes, "jobs").ratio(|o| o.cpu).expect("two pairs");
    assert_eq!((ratio.least, ratio.median, ratio.greatest), (0.5, 0.625, 0.75), "round 3 has one side");
    assert!(Pairs::of(&outcomes, "sidecars").rounds.is_empty());
}

#[test]
fn a_drawing_has_a_line_for_each_measurement_that_has_a_curve() {
    let both = [outcome(Side::Ours, 1, 1.0), outcome(Side::Theirs, 1, 1.0)];
    let svg = chart::draw("Jobs", "runs", &both.iter().collect::<Vec<_>>()).expect("a drawing");
    assert_eq!(svg.matches("<polyline").count(), 2);
    let bare = Outcome { curve: Vec::new(), ..outcome(Side::Ours, 1, 1.0) };
    assert_eq!(chart::draw("Jobs", "runs", &[&bare]), None);
}
