//! What does `list` print? Objects as YAML in, the tables out.

use super::*;

/// 2026-01-01T00:10:00Z.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_226_200, 0).unwrap()
}

fn read<K: DeserializeOwned>(yaml: &str) -> K {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}: {yaml}"))
}

fn run(name: &str, minute: u32, status: &str) -> SidecarJob {
    read(&format!(
        "{{metadata: {{name: {name}, namespace: batch, creationTimestamp: '2026-01-01T00:0{minute}:00Z'}}, \
         spec: {{template: {{}}, backoffLimit: 2}}, status: {{{status}}}}}"
    ))
}

fn condition(type_: &str, reason: &str, message: &str) -> String {
    format!(
        "conditions: [{{type: {type_}, status: 'True', reason: {reason}, message: {message}, \
         lastTransitionTime: '2026-01-01T00:09:00Z'}}]"
    )
}

fn runs() -> Vec<SidecarJob> {
    vec![
        run(
            "done",
            9,
            &format!(
                "phase: Complete, completions: 1/1, duration: 9s, {}",
                condition("Complete", "CompletionsReached", "all")
            ),
        ),
        run(
            "works",
            8,
            "phase: Running, active: 1, completions: 0/1, sidecars: 1/1 running, startTime: '2026-01-01T00:08:00Z'",
        ),
        run(
            "failed",
            1,
            &format!(
                "phase: Failed, reason: BackoffLimitExceeded, duration: 52s, retries: {{used: 2, limit: 2}}, \
                 lastFailure: {{text: work exit 3, podName: p, time: '2026-01-01T00:05:00Z'}}, {}",
                condition("Failed", "BackoffLimitExceeded", "long")
            ),
        ),
        run("stalled", 2, &format!("phase: Pending, {}", condition("Stalled", "PodRefused", "exceeded quota"))),
        run(
            "blocked",
            3,
            &format!("phase: Running, active: 1, {}", condition("Waiting", "SidecarNotUp", "sidecar vault is not up")),
        ),
        run("again", 4, "phase: Running, active: 0, retries: {used: 1, limit: 2, next: '2026-01-01T00:10:20Z'}"),
        run("new", 5, ""),
    ]
}

fn schedules() -> Vec<SidecarCronJob> {
    let schedule = |name: &str, spec: &str, status: &str| {
        read(&format!(
            "{{metadata: {{name: {name}, namespace: batch, creationTimestamp: '2025-12-25T00:10:00Z'}}, \
             spec: {{schedule: 30 2 * * *, jobTemplate: {{spec: {{template: {{}}}}}}, {spec}}}, status: {{{status}}}}}"
        ))
    };
    vec![
        schedule(
            "good",
            "",
            "next: '2026-01-01 02:30 UTC', lastResult: Complete, lastScheduleTime: '2025-12-31T02:30:00Z'",
        ),
        schedule("halted", "suspend: true", ""),
        schedule(
            "worse",
            "",
            "next: '2026-01-01 02:30 UTC', lastResult: Failed, lastScheduleTime: '2025-12-31T02:30:00Z', activeCount: 1",
        ),
    ]
}

fn printed(
    format: Format,
    namespace: Option<&str>,
    width: Option<usize>,
    what: (Vec<SidecarJob>, Vec<SidecarCronJob>),
) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let namespace = namespace.map(ToOwned::to_owned);
    let found = Found { runs: what.0, schedules: what.1, whole: Whole::new(), namespace, now: now() };
    found.print(format, width, &mut out, &mut err).unwrap();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn what_needs_somebody_comes_first_and_then_what_runs() {
    let (out, err) = printed(Format::Text, Some("batch"), None, (runs(), schedules()));
    assert_eq!(
        out,
        "\
NAME      STATUS     COMPLETIONS   SIDECARS      DURATION   AGE   MESSAGE
stalled   Stalled                                           8m    exceeded quota
failed    Failed                                 52s        9m    work exit 3
again     Running                                           6m    attempt 2 of 3 starts in 20s
blocked   Running                                           7m    sidecar vault is not up
works     Running    0/1           1/1 running   2m         2m
new       Pending                                           5m
done      Complete   1/1                         9s         60s

SCHEDULE OF   TIMES        NEXT                   LAST RESULT   LAST RUN   ACTIVE   AGE   MESSAGE
worse         30 2 * * *   2026-01-01 02:30 UTC   Failed        21h ago    1        7d
good          30 2 * * *   2026-01-01 02:30 UTC   Complete      21h ago    0        7d
halted        30 2 * * *   suspended                            never      0        7d
"
    );
    assert_eq!(err, "");
}

#[test]
fn wide_has_more_columns_and_all_namespaces_have_one_more() {
    let (out, _) = printed(Format::Wide, None, None, (runs(), Vec::new()));
    let head: Vec<&str> = out.lines().next().unwrap().split_whitespace().collect();
    let expected = "NAMESPACE NAME STATUS COMPLETIONS SIDECARS DURATION AGE RETRIES REASON LAST FAILURE MESSAGE";
    assert_eq!(head.join(" "), expected);
    assert!(
        out.lines()
            .any(|line| line.starts_with("batch       failed") && line.contains("2/2       BackoffLimitExceeded")),
        "{out}"
    );
    let (out, _) = printed(Format::Text, Some("batch"), Some(30), (runs(), Vec::new()));
    assert!(out.lines().all(|line| line.chars().count() <= 30), "{out}");
}

#[test]
fn names_and_json_are_those_of_kubectl() {
    let (out, _) = printed(Format::Name, Some("batch"), None, (vec![runs().remove(0)], schedules()));
    assert_eq!(
        out,
        "sidecarjob.sidecarjob.dev/done\nsidecarcronjob.sidecarjob.dev/worse\n\
         sidecarcronjob.sidecarjob.dev/good\nsidecarcronjob.sidecarjob.dev/halted\n"
    );
    let (out, _) = printed(Format::Json, Some("batch"), None, (vec![runs().remove(0)], Vec::new()));
    let list: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(list["kind"], "List");
    let item = &list["items"][0];
    assert_eq!((&item["kind"], &item["apiVersion"]), (&"SidecarJob".into(), &"sidecarjob.dev/v1alpha1".into()));
    let (yaml, _) = printed(Format::Yaml, Some("batch"), None, (vec![runs().remove(0)], Vec::new()));
    assert_eq!(read::<Value>(&yaml), list);
}

#[test]
fn of_nothing_a_sentence_is_told_beside_the_output() {
    let empty = || (Vec::new(), Vec::new());
    assert_eq!(
        printed(Format::Text, Some("batch"), None, empty()),
        (String::new(), "No resources found in batch namespace.\n".into())
    );
    assert_eq!(printed(Format::Text, None, None, empty()), (String::new(), "No resources found.\n".into()));
    assert!(printed(Format::Json, None, None, empty()).0.contains("\"items\": []"));
}
