//! "The commands that `lint` proposes are commands that `convert` takes."

use clap::Parser;

use super::*;
use crate::cli::convert;

/// The commands in a text: from the name of the program to the last flag.
fn commands(text: &str) -> Vec<Vec<String>> {
    let behind = text.split("kubectl sidecarjob ").skip(1).filter(|rest| rest.starts_with("convert"));
    let command = |rest: &str| {
        let mut words = vec!["convert".to_owned()];
        for word in rest.split_whitespace().skip(1) {
            let last = words.last().expect("a word");
            let is_value = last == "-f" || last.starts_with("--") && !last.contains('=');
            let is_flag = word.starts_with('-');
            if !is_value && !is_flag {
                break;
            }
            let end = |c: char| matches!(c, '`' | ',' | ')' | '.');
            words.push(word.split(end).next().unwrap_or_default().to_owned());
            if word.contains(end) {
                break;
            }
        }
        words
    };
    behind.map(command).collect()
}

fn assert_taken(text: &str) -> usize {
    let all = commands(text);
    for command in &all {
        assert!(convert::Args::try_parse_from(command).is_ok(), "{command:?}\n{text}");
    }
    all.len()
}

#[test]
fn the_pages_propose_commands_that_convert_takes() {
    assert_eq!(assert_taken(&pages()), 5);
}

#[test]
fn the_findings_propose_commands_that_convert_takes() {
    let file = |script: &str, name: &str| {
        format!(
            "- {{name: {name}, image: i, command: [sh, -c, '{script}'], volumeMounts: [{{name: v, mountPath: /v}}]}}\n"
        )
    };
    let shared = file("x; touch /v/done", "work") + &file("until [ -f /v/done ]; do x; done", "side");
    let two = format!("{WORK}- {{name: more, image: m}}\n");
    let inject = |text: String| {
        text.replace("  template:\n", "  template:\n    metadata: {annotations: {dapr.io/enabled: \"true\"}}\n")
    };
    let annotated = |text: String| {
        text.replace("  template:\n", "  template:\n    metadata: {annotations: {sidecarjob.dev/main: work}}\n")
    };
    let short = |pod: &str| run("Job", "activeDeadlineSeconds: 10", pod);
    // A manifest; words of the fix.
    let rows = [
        (run("Job", "", &format!("containers:\n{WORK}{PROXY}")), "convert -f FILE --sidecar cloud-sql-proxy does"),
        (run("Job", "", &format!("containers:\n{shared}")), "convert -f FILE --sidecar side"),
        (inject(run("Job", "", &format!("containers:\n{WORK}"))), "convert -f FILE --to=annotation --main work does"),
        (
            inject(run("Job", "", &format!("containers:\n{two}"))),
            "convert -f FILE --to=annotation --main work --main more does",
        ),
        (
            run("Job", "", &format!("containers:\n{WORK}"))
                .replace("{name: etl}", "{name: etl, annotations: {sidecarjob.dev/sidecars: side}}"),
            "convert -f FILE --to=managed-by does",
        ),
        (short(&format!("{NATIVE}containers:\n{WORK}")), "convert -f FILE --to=sidecarjob"),
        (
            annotated(short(&format!("containers:\n{WORK}- {{name: side, image: s}}\n"))),
            "convert -f FILE --to=sidecarjob, when the annotation sidecarjob.dev/main is removed",
        ),
    ];
    for (text, words) in rows {
        let fixes: Vec<String> = report(&text).found.into_iter().map(|one| one.finding.fix).collect();
        let fix = fixes.iter().find(|fix| fix.contains(words)).unwrap_or_else(|| panic!("{words}: {fixes:?}\n{text}"));
        assert_eq!(assert_taken(fix), 1, "{fix}");
    }
}

/// `convert` says of a SidecarJob that it is one already.
#[test]
fn for_a_sidecarjob_the_fix_is_a_field_and_no_command_of_convert() {
    let sample = include_str!("../../../../config/samples/shared-volume-workaround.yaml");
    let fixes: Vec<String> = report(sample).found.into_iter().map(|one| one.finding.fix).collect();
    assert_eq!(fixes, ["make ffwd a sidecar and take the file out: name it in spec.sidecars ([{name: ffwd}])"]);
}

#[test]
fn a_patch_without_containers_gets_advice_without_a_command() {
    let patch = run("Job", "", "restartPolicy: Never\n")
        .replace("  template:\n", "  template:\n    metadata: {annotations: {dapr.io/enabled: \"true\"}}\n");
    let fixes: Vec<String> = report(&patch).found.into_iter().map(|one| one.finding.fix).collect();
    let expected = "add the annotation sidecarjob.dev/main with the name of the main container to the Pod template, or \
                    dapr.io/enable-native-sidecar: \"true\"";
    assert_eq!(fixes, [expected]);
}

#[test]
fn a_fix_never_proposes_a_container_that_never_ends_as_main_container() {
    let fixes = |text: &str| report(text).found.into_iter().map(|one| one.finding.fix).collect::<Vec<_>>();
    let inject = "  template:\n    metadata: {annotations: {dapr.io/enabled: \"true\"}}\n";
    let injected = run("Job", "", &format!("containers:\n{WORK}{PROXY}")).replace("  template:\n", inject);
    let rule = "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [137]}}]}";
    let policy = run("Job", rule, &format!("{NATIVE}containers:\n{WORK}{PROXY}"));
    let asks = "{name: work, image: w, command: [sh, -c, 'work; curl -X POST localhost:9091/quitquitquit']}";
    let side = "- {name: side, image: s, command: [sleep, infinity]}\n";
    let asked = run("Job", "", &format!("containers:\n- {asks}\n{PROXY}{side}"));
    let rows = [
        (
            asked,
            "make it a sidecar: kubectl sidecarjob convert -f FILE --sidecar side does, or add the annotation sidecarjob.dev/main: work to ",
        ),
        (injected, "add the annotation sidecarjob.dev/main: work to the Pod template ("),
        (policy, "add containerName: work, or "),
    ];
    for (text, expected) in rows {
        let fixes = fixes(&text);
        assert!(fixes.iter().any(|fix| fix.starts_with(expected)), "{fixes:?}\n{expected}");
        assert!(!fixes.iter().any(|fix| fix.contains("--main cloud-sql-proxy")), "{fixes:?}");
    }
}
