//! Comments and empty lines: each stays with the field or the container that it belongs to.

use super::*;

const PROXY: &str = "      - name: fluent-bit\n        image: fluent/fluent-bit:3\n";
const MOVED: &str = "      - name: fluent-bit\n        restartPolicy: Always\n        image: fluent/fluent-bit:3\n";
const WORK: &str = "      - name: work\n        image: x\n";

/// A Job with these lines in its Pod.
fn pod(lines: &str) -> String {
    job("", "").replace("      containers:\n", lines)
}

/// The lines two columns further to the right.
fn right(lines: &str) -> String {
    lines.split_inclusive('\n').map(|line| format!("  {line}")).collect()
}

fn assert_rows(to: Option<To>, rows: &[(&str, String, String)]) {
    for (case, text, expected) in rows {
        for breaks in ["\n", "\r\n"] {
            let [text, expected] = [text, expected].map(|text| text.replace('\n', breaks));
            let (new, line) = told(&text, &wanted(to));
            assert_eq!(new, expected, "{case}: {line}");
            assert_eq!(told(&new, &wanted(to)).0, new, "{case}, twice");
        }
    }
}

#[test]
fn a_comment_above_a_key_belongs_to_the_key() {
    let above = "      # The work of this Job.\n      # It is long.\n";
    let off = "      hostname: a\n        # subdomain: b\n";
    let init = format!("      initContainers:\n{MOVED}");
    assert_rows(
        None,
        &[
            (
                "directly above",
                pod(&format!("{above}      containers:\n{PROXY}{WORK}")),
                pod(&format!("{init}{above}      containers:\n{WORK}")),
            ),
            (
                "behind an empty line",
                pod(&format!("{above}\n      containers:\n{PROXY}{WORK}")),
                pod(&format!("{above}\n{init}      containers:\n{WORK}")),
            ),
            (
                "a field that is switched off, of the key before",
                pod(&format!("{off}      containers:\n{PROXY}{WORK}")),
                pod(&format!("{off}{init}      containers:\n{WORK}")),
            ),
            (
                "both",
                pod(&format!("{off}{above}      containers:\n{PROXY}{WORK}")),
                pod(&format!("{off}{init}{above}      containers:\n{WORK}")),
            ),
            (
                "in brackets",
                pod(&format!(
                    "{above}      containers: [{{name: work}}, {{name: fluent-bit, image: fluent/fluent-bit}}]\n"
                )),
                pod(&format!(
                    "      initContainers: [{{name: fluent-bit, restartPolicy: Always, image: fluent/fluent-bit}}]\n{above}      \
                 containers: [{{name: work}}]\n"
                )),
            ),
        ],
    );
    let two = pod(&format!("      containers:\n{PROXY}{WORK}"));
    let spec = "    # The Pod.\n    spec:\n";
    let annotation = "    metadata:\n      annotations:\n        sidecarjob.dev/main: work\n";
    assert_rows(
        Some(To::Annotation),
        &[(
            "of the Pod's spec",
            two.replace("    spec:\n", spec),
            two.replace("    spec:\n", &format!("{annotation}{spec}")),
        )],
    );
    let off = "metadata:\n  name: a\n  # namespace: b\n";
    assert_rows(
        Some(To::ManagedBy),
        &[(
            "of the last field of a map",
            two.replace("metadata: {name: a}\n", off),
            two.replace(
                "metadata: {name: a}\n",
                &format!("{off}  annotations:\n    sidecarjob.dev/sidecars: fluent-bit\n"),
            )
            .replace("  template:\n", "  managedBy: sidecarjob.dev/controller\n  template:\n"),
        )],
    );
    let limit = "  podFailurePolicy:\n    rules: []\n    # onExitCodes: {}\n";
    assert_rows(
        Some(To::ManagedBy),
        &[(
            "of a field behind which one is written",
            two.replace("  template:\n", &format!("{limit}  # The Pod.\n  template:\n"))
                .replace("{name: a}", "{name: a, annotations: {}}"),
            two.replace(
                "  template:\n",
                &format!("{limit}  managedBy: sidecarjob.dev/controller\n  # The Pod.\n  template:\n"),
            )
            .replace("{name: a}", "{name: a, annotations: {sidecarjob.dev/sidecars: fluent-bit}}"),
        )],
    );
}

#[test]
fn a_comment_behind_an_empty_line_goes_with_its_container() {
    let off = "\n        # args: [-v]\n";
    let init = |end: &str| format!("      initContainers:\n      - name: wait\n        image: b\n{end}");
    assert_rows(
        None,
        &[
            (
                "of the first container",
                pod(&format!("      containers:\n{PROXY}{off}      # the work\n{WORK}")),
                pod(&format!("      initContainers:\n{MOVED}{off}      containers:\n      # the work\n{WORK}")),
            ),
            (
                "of the last container",
                pod(&format!("      containers:\n{WORK}{PROXY}{off}\n      # behind\n      volumes: []\n")),
                pod(&format!(
                    "      initContainers:\n{MOVED}{off}      containers:\n{WORK}\n      # behind\n      volumes: []\n"
                )),
            ),
            (
                "of the last init container",
                pod(&format!("{}      containers:\n{WORK}{PROXY}", init(off))),
                pod(&format!("{}{MOVED}      containers:\n{WORK}", init(off))),
            ),
        ],
    );
}

#[test]
fn lines_that_are_text_of_a_block_scalar_move_with_it() {
    let init = "      initContainers:\n        - {name: i, image: x}\n";
    let spaces = "        args:\n        - |\n          a\n            \n          b\n";
    let last = "        args:\n        - |\n          a\n            \n";
    let keeps = "        args:\n        - |+\n          a\n\n\n";
    let volumes = "      volumes: []\n";
    let work = format!("      containers:\n{WORK}");
    assert_rows(
        None,
        &[
            (
                "a line of spaces, to the right",
                pod(&format!("{init}{work}{PROXY}{spaces}")),
                pod(&format!("{init}{}{work}", right(&format!("{MOVED}{spaces}")))),
            ),
            (
                "a line of spaces at the end",
                pod(&format!("{init}{work}{PROXY}{last}{volumes}")),
                pod(&format!("{init}{}{work}{volumes}", right(&format!("{MOVED}{last}")))),
            ),
            (
                "a line of spaces, to the left",
                pod(&format!(
                    "      initContainers:\n      - {{name: i}}\n      containers:\n{}",
                    right(&format!("{WORK}{PROXY}{spaces}"))
                )),
                pod(&format!(
                    "      initContainers:\n      - {{name: i}}\n{MOVED}{spaces}      containers:\n{}",
                    right(WORK)
                )),
            ),
            (
                "empty lines that the last sidecar keeps",
                pod(&format!("{init}{work}{PROXY}{keeps}{volumes}")),
                pod(&format!("{init}{}{work}{volumes}", right(&format!("{MOVED}{keeps}")).replace("  \n", "\n"))),
            ),
            (
                "empty lines that the container before would keep",
                pod(&format!("{work}        args:\n        - |+\n          a\n{PROXY}\n{volumes}")),
                pod(&format!(
                    "      initContainers:\n{MOVED}\n{work}        args:\n        - |+\n          a\n{volumes}"
                )),
            ),
        ],
    );
}

#[test]
fn lines_that_end_in_cr_alone_are_refused() {
    let text = pod(&format!("      containers:\n{WORK}{PROXY}")).replace('\n', "\r");
    for to in [None, Some(To::Annotation), Some(To::ManagedBy), Some(To::Sidecarjob)] {
        let (same, line) = told(&text, &wanted(to));
        assert_eq!(same, text);
        assert!(line.ends_with("error: Job a: has lines that end in CR alone: end them in LF or CRLF"), "{line}");
    }
}
