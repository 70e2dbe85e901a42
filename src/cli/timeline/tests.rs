//! How does a timeline look? Pods and a status as YAML in, the picture out.

use k8s_openapi::api::core::v1::Pod;

use super::*;
use crate::api::SidecarJob;

/// 2026-01-01T00:10:00Z.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_226_200, 0).unwrap()
}

fn read<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}: {yaml}"))
}

/// A Pod with the init container `wait`, the native sidecar `proxy` and the main container `work`.
fn pod(name: &str, phase: &str, wait: &str, proxy: &str, work: &str) -> Pod {
    let status = |name: &str, state: &str| {
        format!("{{name: {name}, ready: true, restartCount: 0, image: i, imageID: i, state: {state}}}")
    };
    read(&format!(
        "{{metadata: {{name: {name}, uid: {name}, creationTimestamp: '2026-01-01T00:09:00Z', \
         labels: {{sidecarjob.dev/attempt: '1'}}, annotations: {{sidecarjob.dev/main: work}}}}, \
         spec: {{nodeName: node-3, restartPolicy: Never, containers: [{{name: work}}], \
         initContainers: [{{name: wait}}, {{name: proxy, restartPolicy: Always}}]}}, \
         status: {{phase: {phase}, initContainerStatuses: [{}, {}], containerStatuses: [{}]}}}}",
        status("wait", wait),
        status("proxy", proxy),
        status("work", work)
    ))
}

fn runs(from: &str) -> String {
    format!("{{running: {{startedAt: '2026-01-01T00:{from}Z'}}}}")
}

fn ended(from: &str, to: &str, exit: i32) -> String {
    format!(
        "{{terminated: {{exitCode: {exit}, startedAt: '2026-01-01T00:{from}Z', finishedAt: '2026-01-01T00:{to}Z', reason: {}}}}}",
        if exit == 0 { "Completed" } else { "Error" }
    )
}

fn drawn(rows: &[Row], width: usize) -> String {
    let lines = draw::lines(rows, now(), width);
    lines.iter().map(|line| format!("{}{}\n", line.before, line.text)).collect()
}

#[test]
fn the_drain_of_a_sidecar_has_a_character_of_its_own_and_seconds() {
    let pod = pod(
        "etl-x",
        "Succeeded",
        &ended("09:00", "09:10", 0),
        &ended("09:10", "10:00", 143),
        &ended("09:20", "09:40", 0),
    );
    assert_eq!(
        drawn(&row::all_of(&[pod], None, now()), 80),
        "\
Pod etl-x  attempt 2  node-3  Succeeded  main 20s  drain 20s by proxy
  init wait      +++++++++                                              0
  sidecar proxy* ........============================~~~~~~~~~~~~~~~~~~ 143 ~20s
  main work      .................###################                   0
                 00:09:00Z                                60s 00:10:00Z
# main  + init  = sidecar  ~ drain  . not started  > runs  * native
"
    );
}

#[test]
fn what_runs_ends_in_an_arrow_and_what_waits_says_why() {
    let crashed = "{waiting: {reason: CrashLoopBackOff}}";
    let rows = row::all_of(
        &[
            pod("etl-a", "Running", &ended("09:00", "09:10", 0), &runs("09:10"), &runs("09:20")),
            pod("etl-b", "Pending", &ended("09:00", "09:10", 0), crashed, "{waiting: {reason: PodInitializing}}"),
        ],
        None,
        now(),
    );
    let text = drawn(&rows, 80);
    let line = |word: &str| text.lines().filter(|line| line.contains(word)).map(str::trim_end).collect::<Vec<_>>();
    assert!(line("main work")[0].ends_with("#>"), "{text}");
    assert!(line("proxy")[0].ends_with("=>"), "{text}");
    assert!(line("proxy")[1].ends_with(". CrashLoopBackOff"), "{text}");
    assert!(line("main work")[1].ends_with('.'), "{text}");
    assert!(text.contains("Pod etl-a  attempt 2  node-3  Running  main 40s\n"), "{text}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let long = pod(
        "etl-with-a-name-that-is-much-longer-than-a-narrow-terminal-x7k2p",
        "Succeeded",
        &ended("09:00", "09:10", 0),
        &ended("09:10", "10:00", 137),
        &ended("09:20", "09:40", 0),
    );
    let rows = row::all_of(&[long], None, now());
    for width in [40, 60, 80, 200] {
        let text = drawn(&rows, width);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width), "{width}: {widest:?}\n{text}");
        assert!(text.contains('#') && text.contains('~'), "{text}");
    }
}

fn remembered() -> SidecarJob {
    read(
        "{metadata: {name: etl, namespace: batch}, spec: {template: {}}, status: {\
         containers: [{name: work, role: Main, native: false, injected: false, succeeded: 0, failed: 1, restarts: 0}, \
           {name: proxy, role: Sidecar, native: true, injected: false, succeeded: 1, failed: 0, restarts: 0}], \
         recentPods: [{name: etl-x, attempt: 1, nodeName: node-3, result: Failed, startedAt: '2026-01-01T00:09:00Z', \
           finishedAt: '2026-01-01T00:09:50Z', containers: [\
           {name: work, startedAt: '2026-01-01T00:09:10Z', finishedAt: '2026-01-01T00:09:40Z', exitCode: 3, reason: Error}, \
           {name: proxy, startedAt: '2026-01-01T00:09:05Z', finishedAt: '2026-01-01T00:09:50Z', exitCode: 0, reason: Completed}]}]}}",
    )
}

#[test]
fn a_pod_that_is_gone_is_drawn_from_the_status_and_one_that_exists_from_itself() {
    let run = remembered();
    let gone = row::all_of(&[], Some(&run), now());
    assert_eq!(
        drawn(&gone, 80),
        "\
Pod etl-x  attempt 2  node-3  Failed  main 30s  drain 10s by proxy  (gone)
  sidecar proxy* .....========================================~~~~~~~~~~~ 0 ~10s
  main work      ...........##################################            3
                 00:09:00Z                                  50s 00:09:50Z
# main  + init  = sidecar  ~ drain  . not started  > runs  * native
"
    );
    let exists = row::all_of(
        &[pod(
            "etl-x",
            "Failed",
            &ended("09:00", "09:01", 0),
            &ended("09:05", "09:50", 0),
            &ended("09:10", "09:40", 3),
        )],
        Some(&run),
        now(),
    );
    assert_eq!(exists.len(), 1, "the Pod is drawn once");
    assert!(exists[0].exists);
    assert_eq!(exists[0].result, "Failed");
}

#[test]
fn rows_without_a_start_are_named_without_bars() {
    let mut rows = row::all_of(&[], Some(&remembered()), now());
    rows[0].created_at = None;
    assert_eq!(drawn(&rows, 40), "Pod etl-x  attempt 2  node-3  Failed  m…\n");
}

#[test]
fn json_has_all_spans() {
    let rows = row::all_of(&[], Some(&remembered()), now());
    let value = serde_json::to_value(&rows).unwrap();
    assert_eq!(value[0]["drainSeconds"], 10);
    assert_eq!(value[0]["drainedBy"], "proxy");
    assert_eq!(value[0]["mainFinishedAt"], "2026-01-01T00:09:40Z");
    assert_eq!(value[0]["containers"][0]["role"], "sidecar");
    assert_eq!(
        value[0]["containers"][1]["spans"],
        serde_json::json!([{"startedAt": "2026-01-01T00:09:10Z", "finishedAt": "2026-01-01T00:09:40Z"}])
    );
}
