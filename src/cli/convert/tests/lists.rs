//! Objects of a List: each is converted or refused by itself, and a long List takes no longer than as many documents.

use super::*;
use crate::cli::convert::report::Happened;

/// A List of these items, each without indentation, with these lines above the items.
fn list(above: &str, items: &[String]) -> String {
    let item = |item: &String| format!("- {}\n", item.trim_end().replace('\n', "\n  "));
    format!("apiVersion: v1\nkind: List\n{above}items:\n{}", items.iter().map(item).collect::<String>())
}

const PROXY: &str = "      - name: fluent-bit\n        image: fluent/fluent-bit:3\n";

fn pod(work: &str, proxy: &str) -> String {
    job(&(container("work", "x") + work + PROXY + proxy), "")
}

/// Whether each object changes, and the text.
fn changed(text: &str, to: Option<To>) -> (Vec<bool>, String) {
    let Converted { text, reports } = converted(text, &wanted(to));
    (reports.iter().map(Report::is_changed).collect(), text)
}

/// When each Job was checked by reading all of them, this test took minutes.
#[test]
fn a_list_of_two_thousand_jobs_is_read_twice_and_not_two_thousand_times() {
    let keeps = pod("", "        args:\n        - |+\n          a\n\n");
    let items: Vec<String> = (0..2000).map(|at| if at % 2 == 0 { pod("", "") } else { keeps.clone() }).collect();
    let (changed, text) = changed(&list("", &items), None);
    assert_eq!(changed, [true; 2000]);
    assert_eq!(text.matches("restartPolicy: Always").count(), 2000);
}

#[test]
fn an_object_that_shares_a_value_is_judged_by_itself() {
    let own = pod("        env: &own [{name: A, value: b}]\n", "        env: *own\n");
    let outer = pod("        env: *outer\n", "");
    let anchored = pod("", "").replace("- name: fluent-bit", "- &proxy\n        name: fluent-bit");
    let above = "x: &outer [{name: A, value: b}]\n";
    let shared = "      - *proxy\n";
    let rows = [
        ("an alias in the object", vec![own.clone(), pod("", "")], vec![true, true]),
        ("an alias of what stands above the items", vec![outer.clone(), pod("", "")], vec![true, true]),
        (
            "a sidecar that another object repeats",
            vec![pod("", ""), anchored, job(&(container("work", "x") + shared), ""), own, outer],
            vec![true, false, false, true, true],
        ),
    ];
    for (case, items, expected) in rows {
        for to in [None, Some(To::Native)] {
            let text = list(above, &items);
            let (is, new) = changed(&text, to);
            assert_eq!(is, expected, "{case}\n{new}");
            assert_eq!(
                new.matches("restartPolicy: Always").count(),
                expected.iter().filter(|is| **is).count(),
                "{case}"
            );
            assert_eq!(changed(&new, to).1, new, "{case}, twice");
        }
    }
}

#[test]
fn each_refusal_of_a_list_names_its_own_line() {
    let init = "      initContainers:\n      - name: i\n      containers:\n";
    let open = pod("", "        args:\n        - >+\n          a\n\n            ").replace("      containers:\n", init);
    let question = pod("", "").replace("      containers:\n", "      ? containers\n      :\n");
    let Converted { reports, .. } = converted(&list("", &[pod("", ""), question]), &wanted(None));
    let why: Vec<_> = reports.iter().map(|report| &report.result).collect();
    let expected =
        "line 23: the key containers stands behind a question mark: write containers: with its value behind the colon";
    assert!(matches!(why[0], Happened::Becomes(To::Native, _)), "{why:?}");
    assert_eq!(why[1], &Happened::Refused(expected.into()));
    let (same, line) = told(&open, &wanted(None));
    assert_eq!(same, open);
    let expected = "line 16: spec.template.spec.containers[1].args[0] would change too: write this field in another way, for example \
                    in quotes";
    assert!(line.ends_with(expected), "{line}");
}
