//! "What is printed": exact text, and the fields of JSON and SARIF.

use serde_json::json;

use super::*;
use crate::cli::lint::hang::SIDECAR_NEVER_ENDS;
use crate::cli::lint::node::Node;
use crate::cli::lint::rules;
use crate::cli::lint::stop::LOGS_LOST;

fn report() -> Report {
    let object = json!({"spec": {}});
    let node = Node::root(&object).way("spec.ttlSecondsAfterFinished");
    let finding = |rule, message: &str, fix: &str| Finding::new(rule, &node, message.into(), fix.into());
    let file = Place::File { name: "./my jobs/a.yaml".into(), line: 7, column: 3 };
    let located =
        |finding, place| Located { finding, place, object: "job.batch/etl".into(), namespace: "batch".into() };
    Report {
        found: vec![
            located(finding(&SIDECAR_NEVER_ENDS, "Job etl: it hangs\n\u{1b}[2J", "convert it"), file),
            located(finding(&LOGS_LOST, "Job etl: it is gone", "wait"), Place::Cluster),
        ],
        objects: 2,
        unreadable: vec!["b.yaml:3: no YAML".into()],
        notes: vec!["\"x\" is no finding".into()],
    }
}

fn printed(report: &Report, format: Format) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    report.print(format, &mut out, &mut err).unwrap();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn text_has_a_line_that_editors_find_and_a_line_with_the_fix() {
    let (out, err) = printed(&report(), Format::Text);
    assert_eq!(
        out,
        "./my jobs/a.yaml:7:3: error: Job etl: it hangs\\n\\u{1b}[2J [sidecar-never-ends]\n  fix: convert it\n\
         job.batch/etl -n batch: spec.ttlSecondsAfterFinished: warning: Job etl: it is gone [logs-lost]\n  fix: wait\n"
    );
    assert_eq!(err, "error: b.yaml:3: no YAML\nnote: \"x\" is no finding\n1 error and 1 warning in 2 objects\n");
}

#[test]
fn a_report_without_findings_says_so() {
    let rows = [
        (Report { objects: 1, ..Report::default() }, "no findings in 1 object\n"),
        (Report::default(), "no Job, CronJob, SidecarJob or SidecarCronJob to look at\n"),
    ];
    for (report, expected) in rows {
        assert_eq!(printed(&report, Format::Text), (String::new(), expected.to_owned()));
        assert!(!report.is_bad(Severity::Warning));
    }
}

#[test]
fn the_severity_decides_what_is_bad_and_what_could_not_be_read_is() {
    let mut report = report();
    assert!(report.is_bad(Severity::Error));
    report.found.remove(0);
    assert!(report.is_bad(Severity::Error), "a file could not be read");
    report.unreadable.clear();
    assert_eq!((report.is_bad(Severity::Error), report.is_bad(Severity::Warning)), (false, true));
}

#[test]
fn json_has_the_place_in_the_file_or_the_field_of_the_object() {
    let (out, err) = printed(&report(), Format::Json);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert!(!err.contains("warning"), "the counts are for people: {err}");
    let fields = |n: usize| {
        let one = &value["findings"][n];
        (one["name"].as_str(), one["file"].as_str(), one["line"].as_u64(), one["field"].as_str())
    };
    let field = Some("spec.ttlSecondsAfterFinished");
    assert_eq!(fields(0), (Some("sidecar-never-ends"), Some("./my jobs/a.yaml"), Some(7), field));
    assert_eq!(fields(1), (Some("logs-lost"), None, None, field));
    assert_eq!((&value["objects"], &value["unreadable"][0]), (&json!(2), &json!("b.yaml:3: no YAML")));
}

#[test]
fn sarif_has_all_rules_with_help_and_results_with_a_place_and_a_fingerprint() {
    let (out, _) = printed(&report(), Format::Sarif);
    let log: Value = serde_json::from_str(&out).unwrap();
    let run = &log["runs"][0];
    let of_rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(of_rules.len(), rules::ALL.len());
    assert!(of_rules.iter().all(|rule| rule["help"]["markdown"].as_str().unwrap().contains("```yaml")));
    let first = &run["results"][0];
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "my%20jobs/a.yaml", "relative to the folder, and a URI");
    assert_eq!(place["region"], json!({"startLine": 7, "startColumn": 3}));
    assert_eq!(first["ruleIndex"], 0);
    assert_eq!(
        run["results"][1]["locations"][0]["physicalLocation"],
        Value::Null,
        "an object of a cluster has no file"
    );
    assert!(
        run["results"][1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
            .as_str()
            .unwrap()
            .contains("etl")
    );
    let print = |n: usize| run["results"][n]["partialFingerprints"]["objectField/v1"].as_str().unwrap().to_owned();
    assert!(print(0) != print(1) && !print(0).contains(":7"), "no line in it: {}", print(0));
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
}

/// The schema of SARIF 2.1.0 allows no other properties in these objects than its own: these are the ones that we use.
#[test]
fn sarif_has_only_properties_of_the_standard() {
    let log = sarif::log(&report());
    let keys = |at: &str| {
        let object = log.pointer(at).and_then(Value::as_object).unwrap_or_else(|| panic!("{at} is an object"));
        object.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let rows = [
        ("", "$schema runs version"),
        ("/runs/0", "columnKind invocations results tool"),
        ("/runs/0/invocations/0", "executionSuccessful toolExecutionNotifications"),
        ("/runs/0/invocations/0/toolExecutionNotifications/0", "level message"),
        ("/runs/0/tool", "driver"),
        ("/runs/0/tool/driver", "name rules semanticVersion"),
        ("/runs/0/tool/driver/rules/0", "defaultConfiguration fullDescription help id properties shortDescription"),
        ("/runs/0/tool/driver/rules/0/help", "markdown text"),
        ("/runs/0/results/0", "level locations message partialFingerprints ruleId ruleIndex"),
        ("/runs/0/results/0/locations/0", "logicalLocations physicalLocation"),
        ("/runs/0/results/0/locations/0/physicalLocation", "artifactLocation region"),
    ];
    for (at, expected) in rows {
        let mut expected: Vec<&str> = expected.split(' ').collect();
        expected.sort_unstable();
        let keys = keys(at);
        let mut found: Vec<&str> = keys.split(' ').collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{at}");
    }
}
