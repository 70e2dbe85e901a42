//! What does `describe` print? Objects as YAML in, the page out.

use k8s_openapi::api::core::v1::Event;

use super::*;

/// 2026-01-01T00:10:00Z.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_226_200, 0).unwrap()
}

fn read<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}: {yaml}"))
}

fn seen(object: Object) -> Seen {
    let (pods, runs, events, notes) = <_>::default();
    Seen { object, namespace: "batch".into(), pods, runs, events, notes, flags: String::new() }
}

fn printed(seen: &Seen, width: Option<usize>) -> String {
    let mut out = Vec::new();
    page(seen, now()).print(&mut out, width).unwrap();
    String::from_utf8(out).unwrap()
}

fn event(reason: &str, message: &str, count: i32) -> Event {
    read(&format!(
        "{{metadata: {{}}, involvedObject: {{kind: SidecarJob, name: etl}}, type: Warning, reason: {reason}, message: {message}, \
         count: {count}, lastTimestamp: '2026-01-01T00:09:50Z'}}"
    ))
}

const RUN: &str = "
metadata: {name: etl, namespace: batch, uid: u, creationTimestamp: '2026-01-01T00:05:00Z'}
spec: {template: {}, backoffLimit: 2, sidecars: [{name: ffwd}]}
status:
  phase: Failed
  reason: BackoffLimitExceeded
  message: container work of Pod etl-6kvnh exited with 3 (Error); 3 of 3 attempts failed
  startTime: '2026-01-01T00:05:00Z'
  failed: 3
  duration: 52s
  completions: 0/1
  retries: {used: 2, limit: 2}
  conditions:
  - {type: Failed, status: 'True', reason: BackoffLimitExceeded, message: no retry is left, lastTransitionTime: '2026-01-01T00:07:00Z'}
  lastFailure: {text: work exit 3, podName: etl-6kvnh, attempt: 2, nodeName: node-17, container: work, exitCode: 3, reason: Error, time: '2026-01-01T00:06:51Z', message: \"first\\nrefused\\n\"}
  containers:
  - {name: work, role: Main, native: false, injected: false, succeeded: 0, failed: 3, restarts: 0, lastExitCode: 3, lastReason: Error}
  - {name: ffwd, role: Sidecar, native: true, injected: true, succeeded: 2, failed: 1, restarts: 1, lastExitCode: 137, lastSignal: 9, lastReason: Error, stopMethod: Native, forceKilled: 1, maxStopSeconds: 31}
  recentPods:
  - {name: etl-6kvnh, attempt: 2, nodeName: node-17, result: Failed, finishedAt: '2026-01-01T00:06:52Z', containers: [{name: work, exitCode: 3, reason: Error}]}
";

#[test]
fn a_run_is_described_with_containers_failure_pods_events_and_next_steps() {
    let mut seen = seen(Object::Run(read(RUN)));
    seen.events = vec![event("PodFailed", "container work exited with 3", 1), event("SidecarStopFailed", "refused", 4)];
    assert_eq!(
        printed(&seen, None),
        "\
Name:            etl
Namespace:       batch
Kind:            SidecarJob
Created:         2026-01-01T00:05:00Z (5m ago)
Sidecars:        ffwd
Backoff limit:   2
Status:          Failed (BackoffLimitExceeded)
Message:         container work of Pod etl-6kvnh exited with 3 (Error); 3 of 3 attempts failed
Started:         2026-01-01T00:05:00Z (5m ago)
Duration:        52s
Completions:     0/1
Pods:            3 failed
Retries:         2 of 2 used
Conditions:
  TYPE     STATUS   REASON                 AGE   MESSAGE
  Failed   True     BackoffLimitExceeded   3m    no retry is left
Containers:
  NAME   ROLE                        SUCCEEDED   FAILED   RESTARTS   LAST EXIT        REASON   STOPPED BY         LONGEST STOP
  work   Main                        0           3        0          3                Error
  ffwd   Sidecar, native, injected   2           1        1          137 (signal 9)   Error    Native, 1 killed   31s
Last failure:
  What:          container work of Pod etl-6kvnh exited with 3 (Error)
  When:          3m9s ago
  Attempt:       3
  Node:          node-17
  Message:
    first
    refused
Pods that are gone:
  NAME        RESULT   ATTEMPT   NODE      ENDED      CONTAINERS
  etl-6kvnh   Failed   3         node-17   3m8s ago   work exit 3
Events:
  TYPE      REASON              AGE        ABOUT            MESSAGE
  Warning   PodFailed           10s        SidecarJob/etl   container work exited with 3
  Warning   SidecarStopFailed   10s (x4)   SidecarJob/etl   refused
Next steps:
  kubectl sidecarjob why etl
  kubectl sidecarjob timeline etl
"
    );
    assert!(printed(&seen, Some(40)).lines().filter(|l| l.starts_with("  NAME")).all(|l| l.chars().count() <= 40));
}

#[test]
fn a_schedule_is_described_with_its_times_and_runs() {
    let seen = seen(Object::Schedule(read(
        "
metadata: {name: nightly, namespace: batch, creationTimestamp: '2025-12-25T00:10:00Z'}
spec: {schedule: 30 2 * * *, timeZone: Europe/Berlin, concurrencyPolicy: Forbid, jobTemplate: {spec: {template: {}}}}
status:
  next: 2026-01-01 02:30 Europe/Berlin
  nextScheduleTime: '2026-01-01T01:30:00Z'
  lastScheduleTime: '2025-12-31T01:30:00Z'
  lastResult: Failed
  successRate: 1/2
  missedRuns: 1
  lastMissedTime: '2025-12-30T01:30:00Z'
  recentRuns:
  - {name: nightly-2, scheduledTime: '2025-12-31T01:30:00Z', startTime: '2025-12-31T01:30:00Z', finishTime: '2025-12-31T01:32:00Z', result: Failed}
  - {name: nightly-1, startTime: '2025-12-30T01:30:00Z', finishTime: '2025-12-30T01:31:00Z', result: Complete}
",
    )));
    let page = printed(&seen, None);
    for line in [
        "Schedule:        30 2 * * *",
        "Time zone:       Europe/Berlin",
        "Concurrency:     Forbid",
        "Next:            2026-01-01 02:30 Europe/Berlin (in 80m)",
        "Last result:     Failed",
        "Missed times:    1, the last 46h ago",
        "  nightly-1   Complete   by hand                46h ago   60s",
        "  nightly-2   Failed     2025-12-31T01:30:00Z   22h ago   2m",
        "  kubectl sidecarjob cron next nightly",
    ] {
        assert!(page.lines().any(|known| known == line), "{line}\n{page}");
    }
}

#[test]
fn a_job_and_a_pod_are_described_with_their_containers() {
    let pod: k8s_openapi::api::core::v1::Pod = read(
        "
metadata: {name: etl-x, namespace: batch, annotations: {sidecarjob.dev/main: work, sidecarjob.dev/moved: ffwd}}
spec: {nodeName: n1, restartPolicy: Never, containers: [{name: work}], initContainers: [{name: ffwd, restartPolicy: Always}]}
status:
  phase: Running
  initContainerStatuses: [{name: ffwd, ready: true, restartCount: 0, image: i, imageID: i, state: {running: {startedAt: '2026-01-01T00:09:00Z'}}}]
  containerStatuses: [{name: work, ready: false, restartCount: 0, image: i, imageID: i, state: {terminated: {exitCode: 3, reason: Error, finishedAt: '2026-01-01T00:09:30Z'}}}]
",
    );
    let alone = printed(&seen(Object::Pod(Box::new(pod.clone()))), None);
    for line in [
        "Moved sidecars:  ffwd",
        "  ffwd   sidecar, native   runs                    0          60s ago",
        "  work   main              ended   3      Error    0          30s ago",
        "Last failure:    container work of Pod etl-x exited with 3 (Error), 30s ago",
        "  kubectl sidecarjob why pod/etl-x",
    ] {
        assert!(alone.lines().any(|known| known == line), "{line}\n{alone}");
    }
    let mut of_job =
        seen(Object::Job(read("{metadata: {name: etl, namespace: batch}, spec: {template: {}}, status: {active: 1}}")));
    of_job.pods = vec![pod];
    let page = printed(&of_job, None);
    assert!(page.contains("  etl-x   Running   n1           ffwd runs, work exit 3"), "{page}");
}
