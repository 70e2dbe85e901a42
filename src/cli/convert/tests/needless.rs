//! Fields that a Job ignores and a SidecarJob has not: they leave the text, and all other bytes stay.

use super::*;

fn sidecarjob(text: &str) -> String {
    let (text, line) = told(text, &wanted(Some(To::Sidecarjob)));
    assert!(line.contains(" -> sidecarjob: "), "{line}");
    text
}

/// Lines of the Pod's spec, and what is left of them.
#[test]
fn fields_without_a_value_leave_a_sidecarjob() {
    let work = "      - name: work\n        image: x\n";
    let rows = [
        ("an empty field", "      volumes:\n", ""),
        ("null and ~", "      volumes: null\n      affinity: ~\n", ""),
        ("a comment stays", "      # above\n      volumes: # none\n", "      # above\n      # none\n"),
        (
            "a map with a field",
            "      affinity:\n        podAffinity:\n        nodeAffinity: {}\n",
            "      affinity:\n        nodeAffinity: {}\n",
        ),
        (
            "a map without another field",
            "      affinity:\n        podAffinity:\n          \n        nodeAffinity:\n",
            "      affinity:\n        {}\n",
        ),
        (
            "in braces",
            "      securityContext: {runAsUser: null, runAsGroup: 1, fsGroup: ~}\n",
            "      securityContext: {runAsGroup: 1}\n",
        ),
        ("in a list", "      volumes:\n      - name: a\n        emptyDir:\n", "      volumes:\n      - name: a\n"),
        ("a text", "      hostname: \"null\"\n", "      hostname: \"null\"\n"),
    ];
    for (what, before, after) in rows {
        let converted = sidecarjob(&job(&format!("{work}{before}"), ""));
        let ours = job(&format!("{work}{after}"), "")
            .replace("batch/v1\nkind: Job", "sidecarjob.dev/v1alpha1\nkind: SidecarJob");
        assert_eq!(converted, ours, "{what}");
    }
}

#[test]
fn fields_without_a_value_stay_in_a_job() {
    let text = job(&(container("work", "x") + &container("fluent-bit", "fluent/fluent-bit") + "      volumes:\n"), "");
    for to in [To::Annotation, To::ManagedBy, To::Native] {
        assert!(converted(&text, &wanted(Some(to))).text.ends_with("      volumes:\n"), "{to:?}");
    }
}

#[test]
fn only_labels_and_annotations_of_a_cronjobs_runs_are_kept() {
    let cron = |metadata: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec:\n  schedule: \"@daily\"\n  timeZone: UTC\n  \
             jobTemplate:\n    metadata:\n{metadata}    spec:\n      template:\n        spec:\n          containers:\n          \
             - name: work\n            image: x\n"
        )
    };
    let rows = [
        ("      name: a\n      labels: {a: b}\n", "      labels: {a: b}\n"),
        ("      labels:\n        name: a\n      creationTimestamp: null\n", "      labels:\n        name: a\n"),
        ("      name: a\n", "      {}\n"),
    ];
    for (before, after) in rows {
        let ours = cron(after).replace("batch/v1\nkind: CronJob", "sidecarjob.dev/v1alpha1\nkind: SidecarCronJob");
        assert_eq!(sidecarjob(&cron(before)), ours);
    }
}

#[test]
fn a_refusal_names_the_sidecar_that_is_known() {
    let three =
        container("proxy", "cloud-sql-connectors/cloud-sql-proxy:2") + &container("a", "x") + &container("b", "y");
    let (text, line) = told(&job(&three, ""), &wanted(None));
    assert_eq!(text, job(&three, ""));
    let refusal = "error: Job a: proxy looks like a sidecar, and nothing says which of a, b are main containers: if all are, use \
                   --sidecar proxy; --main NAME makes sidecars of all containers that it does not name";
    assert!(line.ends_with(refusal), "{line}");
}
