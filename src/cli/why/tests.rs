//! What does `why` say? Objects as YAML in, the paragraph out.

use k8s_openapi::api::core::v1::{Event, Pod};

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
    Seen { object, namespace: "batch".into(), pods, runs, events, notes, flags: " -n batch".into() }
}

/// A SidecarJob `etl` with this spec and status, which is ten minutes old.
fn run(spec: &str, status: &str) -> Seen {
    seen(Object::Run(read(&format!(
        "{{metadata: {{name: etl, namespace: batch, uid: u, creationTimestamp: '2026-01-01T00:00:00Z'}}, \
         spec: {{template: {{}}, {spec}}}, status: {{observedGeneration: 1, {status}}}}}"
    ))))
}

fn job(spec: &str, status: &str) -> Seen {
    seen(Object::Job(read(&format!(
        "{{metadata: {{name: etl, namespace: batch, uid: u}}, spec: {{template: {{}}, {spec}}}, status: {{{status}}}}}"
    ))))
}

fn schedule(spec: &str, status: &str) -> Seen {
    seen(Object::Schedule(read(&format!(
        "{{metadata: {{name: nightly, namespace: batch, uid: u, creationTimestamp: '2025-01-01T00:00:00Z'}}, \
         spec: {{schedule: 30 2 * * *, timeZone: Europe/Berlin, jobTemplate: {{spec: {{template: {{}}}}}}, {spec}}}, \
         status: {{observedGeneration: 1, {status}}}}}"
    ))))
}

/// A Pod `etl-x` on node `n1`, created a minute ago; `main` and `side` are states of containers; `side` is native if the
/// annotations say that the policy moved it, or if a controller of ours made it.
fn pod(annotations: &str, native: bool, side: &str, main: &str) -> Pod {
    let status = |name: &str, state: &str| {
        let started = state.contains("running") && !state.contains("notUp");
        let state = state.replace("notUp", "running");
        format!(
            "{{name: {name}, ready: true, restartCount: 0, image: i, imageID: i, started: {started}, state: {state}}}"
        )
    };
    let (init, init_status, plain, plain_status) = match native {
        true => (
            "[{name: side, image: side:1, restartPolicy: Always}]",
            format!("[{}]", status("side", side)),
            "",
            String::new(),
        ),
        false => ("[]", "[]".into(), "{name: side, image: side:1}, ", format!("{}, ", status("side", side))),
    };
    read(&format!(
        "{{metadata: {{name: etl-x, uid: p, annotations: {{{annotations}}}, creationTimestamp: '2026-01-01T00:09:00Z'}}, \
         spec: {{nodeName: n1, restartPolicy: Never, terminationGracePeriodSeconds: 30, initContainers: {init}, \
         containers: [{plain}{{name: work, image: 'work:1'}}]}}, \
         status: {{phase: Running, startTime: '2026-01-01T00:09:00Z', initContainerStatuses: {init_status}, \
         containerStatuses: [{plain_status}{}]}}}}",
        status("work", main)
    ))
}

const MAIN: &str = "sidecarjob.dev/main: work";
const RUNS: &str = "{running: {startedAt: '2026-01-01T00:09:10Z'}}";
const DONE: &str = "{terminated: {exitCode: 0, reason: Completed, startedAt: '2026-01-01T00:09:10Z', finishedAt: '2026-01-01T00:09:40Z'}}";
const FAILED: &str = "{terminated: {exitCode: 3, reason: Error, startedAt: '2026-01-01T00:09:10Z', finishedAt: '2026-01-01T00:09:40Z', \
     message: \"connecting\\npsycopg.OperationalError: refused\\n\"}}";
const INITIALIZING: &str = "{waiting: {reason: PodInitializing}}";

fn event(about: &str, reason: &str, message: &str) -> Event {
    read(&format!(
        "{{metadata: {{}}, involvedObject: {{uid: {about}}}, type: Warning, reason: {reason}, message: '{message}', \
         lastTimestamp: '2026-01-01T00:09:50Z'}}"
    ))
}

fn with(mut seen: Seen, pods: Vec<Pod>, events: Vec<Event>) -> Seen {
    (seen.pods, seen.events) = (pods, events);
    seen
}

/// The answer as it is printed in a pipe.
fn printed(seen: &Seen) -> String {
    let mut out = Vec::new();
    tell(seen, now()).print(&mut out, None).unwrap();
    String::from_utf8(out).unwrap()
}

fn condition(type_: &str, reason: &str, message: &str) -> String {
    format!(
        "{{type: {type_}, status: 'True', reason: {reason}, message: '{message}', lastTransitionTime: '2026-01-01T00:07:00Z'}}"
    )
}

#[test]
fn a_run_that_failed_names_container_code_last_words_and_commands() {
    let failed = condition(
        "Failed",
        "BackoffLimitExceeded",
        "container work of Pod etl-x exited with 3 (Error); 3 of 3 attempts failed",
    );
    let status = format!(
        "conditions: [{failed}], lastFailure: {{text: work exit 3, podName: etl-x, container: work, exitCode: 3, \
         reason: Error, time: '2026-01-01T00:07:00Z', message: 'refused'}}"
    );
    assert_eq!(
        printed(&run("", &status)),
        "SidecarJob etl failed 3m ago (BackoffLimitExceeded): container work of Pod etl-x exited with 3 (Error); 3 of 3 \
         attempts failed. Its last words: \"refused\"\n\n  \
         kubectl sidecarjob logs etl -n batch\n  \
         kubectl sidecarjob timeline etl -n batch\n  \
         kubectl sidecarjob rerun etl -n batch\n"
    );
}

#[test]
fn a_failure_is_told_unless_the_message_names_its_container_and_not_only_its_letters() {
    for (message, container, is_told) in [
        ("container work of Pod etl-x exited with 3 (Error)", "work", false),
        ("container worker of Pod etl-x exited with 3 (Error)", "work", true),
        ("2 of 5 indexes failed; the last failure: container work of Pod etl-x exited with 3", "work", false),
        ("the run was active longer than activeDeadlineSeconds (5 s)", "run", true),
    ] {
        let failed = condition("Failed", "BackoffLimitExceeded", message);
        let status = format!(
            "conditions: [{failed}], lastFailure: {{text: x, podName: etl-x, container: {container}, exitCode: 3, \
             reason: Error, time: '2026-01-01T00:07:00Z'}}"
        );
        let said = printed(&run("", &status));
        assert_eq!(said.contains("The last failure, "), is_told, "{message}: {said}");
    }
}

#[test]
fn a_run_that_somebody_stopped_says_who() {
    let failed = condition("Failed", "DeadlineExceeded", "the run was active longer than activeDeadlineSeconds (0 s)");
    for (status, begin) in
        [(format!("conditions: [{failed}]"), "SidecarJob etl failed 3m ago (DeadlineExceeded): "), (String::new(), "")]
    {
        let mut seen = run("activeDeadlineSeconds: 0", &status);
        let Object::Run(run) = &mut seen.object else { panic!("a run") };
        let record = r#"{"user": "ann", "time": "2026-01-01T00:07:00Z"}"#;
        run.metadata.annotations.get_or_insert_default().insert(crate::api::labels::STOPPED_BY.into(), record.into());
        let said = printed(&seen);
        assert!(
            said.starts_with(begin) && said.contains(" Stopped by ann, 3m ago (kubectl sidecarjob stop)."),
            "{said}"
        );
    }
}

#[test]
fn a_run_in_a_back_off_says_which_attempt_starts_when() {
    let seen = run(
        "backoffLimit: 2",
        "active: 0, retries: {used: 1, limit: 2, next: '2026-01-01T00:10:20Z'}, lastFailure: {text: work exit 137 OOMKilled, \
         podName: etl-x, container: work, exitCode: 137, reason: OOMKilled, time: '2026-01-01T00:09:50Z'}",
    );
    let said = printed(&seen);
    assert!(said.starts_with(
        "SidecarJob etl waits after a failure: attempt 2 of 3 starts in 20s, at 2026-01-01T00:10:20Z. The last failure, 10s \
         ago: container work of Pod etl-x exited with 137 (OOMKilled). "
    ));
    assert!(said.contains("raise resources.limits.memory of container work."), "{said}");
    let next = tell(&seen, now()).next.map(|next| (next.what, next.time));
    assert_eq!(next, Some((answer::What::Attempt, "2026-01-01T00:10:20Z".into())));
}

#[test]
fn what_one_pod_waits_for_is_said_in_the_first_sentence() {
    let not_up = "{notUp: {startedAt: '2026-01-01T00:09:10Z'}}";
    let pull = "{waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image \"work:1\"'}}";
    let rows = [
        (
            pod(MAIN, true, not_up, INITIALIZING),
            "Waiting",
            "The main containers of Pod etl-x wait for sidecar side, which runs since 50s and is not up.",
        ),
        (
            pod(MAIN, true, RUNS, pull),
            "Waiting",
            "Container work of Pod etl-x can't start (image work:1): ImagePullBackOff: Back-off pulling image \"work:1\"",
        ),
        (pod(MAIN, true, RUNS, RUNS), "Running", "Main container work of Pod etl-x works on node n1 since 50s."),
        (
            pod(MAIN, true, RUNS, DONE),
            "Stopping",
            "The main containers of Pod etl-x are done; sidecar side still runs, 20s after them. The kubelet stops the Pod (preStop hooks, then SIGTERM) and kills what still runs at 2026-01-01T00:10:10Z (in 10s).",
        ),
        (
            pod(MAIN, false, RUNS, DONE),
            "Stopping",
            "The main containers of Pod etl-x are done; sidecar side still runs, 20s after them. The controller asks the sidecars to stop",
        ),
    ];
    for (pod, state, words) in rows {
        let seen = with(run("", "active: 1"), vec![pod], Vec::new());
        let answer = tell(&seen, now());
        assert!(answer.message.starts_with(words), "{}", answer.message);
        assert_eq!(format!("{:?}", answer.state), state);
    }
}

#[test]
fn a_sidecar_that_must_be_up_by_a_time_is_bounded_by_it() {
    let pod = pod(MAIN, true, "{notUp: {startedAt: '2026-01-01T00:09:10Z'}}", INITIALIZING);
    let spec = "sidecars: [{name: side, start: {deadlineSeconds: 60}}]";
    let answer = tell(&with(run(spec, "active: 1"), vec![pod], Vec::new()), now());
    assert!(
        answer.message.contains("The Pod fails at 2026-01-01T00:10:10Z (in 10s) (start.deadlineSeconds)."),
        "{answer:?}"
    );
    assert_eq!(answer.blocked_by.and_then(|blocked| blocked.until).as_deref(), Some("2026-01-01T00:10:10Z"));
}

#[test]
fn a_pod_without_a_node_and_one_without_its_volume_say_so() {
    let mut pending = pod(MAIN, true, INITIALIZING, INITIALIZING);
    pending.status = Some(read(
        "{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, \
         message: '0/3 nodes are available: 3 Insufficient cpu.'}]}",
    ));
    let said = tell(&with(run("", ""), vec![pending], Vec::new()), now()).message;
    assert!(said.starts_with("Pod etl-x waits for a node: 0/3 nodes are available: 3 Insufficient cpu. "), "{said}");
    let creating = "{waiting: {reason: ContainerCreating}}";
    let seen = with(
        run("", ""),
        vec![pod(MAIN, false, creating, creating)],
        vec![event("p", "FailedMount", "secret \"db\" not found")],
    );
    let said = tell(&seen, now()).message;
    assert_eq!(said, "The kubelet prepares Pod etl-x since 60s: secret \"db\" not found.");
}

#[test]
fn a_run_that_is_suspended_stalled_or_unseen_says_who_must_act() {
    let quota = "pods \"etl-x\" is forbidden: exceeded quota: small";
    let stalled = condition("Stalled", "PodRefused", quota);
    let met = condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods");
    let rows = [
        (
            run("suspend: true", ""),
            "SidecarJob etl is suspended: no Pod starts until somebody resumes it (spec.suspend).",
            "kubectl sidecarjob resume etl -n batch",
        ),
        (
            run("", &format!("conditions: [{stalled}]")),
            "SidecarJob etl needs help since 3m (PodRefused): pods \"etl-x\" is forbidden: exceeded quota: small.",
            "kubectl describe resourcequota -n batch",
        ),
        (
            run("managedBy: kueue.x-k8s.io/multikueue", ""),
            "SidecarJob etl is for another controller: spec.managedBy is kueue.x-k8s.io/multikueue.",
            "kubectl sidecarjob timeline etl -n batch",
        ),
        (
            with(run("", &format!("active: 1, conditions: [{met}]")), vec![pod(MAIN, true, RUNS, DONE)], Vec::new()),
            "The result of SidecarJob etl is known: success (Reached expected number of succeeded pods). The main containers of Pod etl-x are done;",
            "kubectl logs etl-x -c side -n batch",
        ),
    ];
    for (seen, words, command) in rows {
        let answer = tell(&seen, now());
        assert!(answer.message.starts_with(words), "{}", answer.message);
        assert!(answer.commands.iter().any(|known| known == command), "{:?}", answer.commands);
    }
    let default = read("{observedGeneration: 0, phase: Pending}"); // of the CRD, before a controller writes
    for status in [None, Some(default)] {
        let mut unseen = run("", "");
        if let Object::Run(run) = &mut unseen.object {
            run.status = status;
        }
        let said = printed(&unseen);
        assert!(said.starts_with("No controller has looked at SidecarJob etl, which was created 10m ago."), "{said}");
        assert!(said.contains("kubectl sidecarjob version"), "{said}");
    }
}

#[test]
fn a_job_that_hangs_because_of_a_plain_sidecar_is_told_what_solves_it() {
    let seen = with(job("", "active: 1"), vec![pod("", false, RUNS, DONE)], Vec::new());
    assert_eq!(
        printed(&seen),
        "Container work of Pod etl-x has ended, 20s ago, and side still runs. Nobody stops side: Kubernetes waits for all \
         plain containers of a Pod. If side never exits by itself, as a sidecar, the Job never completes. Either of two \
         changes solves it, after the hanging Job is deleted: one annotation on the Pod template, sidecarjob.dev/main: work \
         (docs/one-annotation.md), or the kind SidecarJob with side in spec.sidecars.\n\n  \
         kubectl logs etl-x -c side -n batch\n"
    );
    let unmoved = with(job("", "active: 1"), vec![pod(MAIN, false, RUNS, DONE)], Vec::new());
    assert!(printed(&unmoved).contains("but the admission policy did not move its sidecars"));
}

#[test]
fn a_job_with_native_sidecars_and_the_pod_of_one_annotation_are_told_like_a_run() {
    let moved = "sidecarjob.dev/main: work, sidecarjob.dev/moved: side";
    for annotations in ["", moved] {
        let seen = with(job("", "active: 1"), vec![pod(annotations, true, RUNS, DONE)], Vec::new());
        let answer = tell(&seen, now());
        assert!(answer.message.contains("sidecar side still runs, 20s after them"), "{}", answer.message);
        let blocked = answer.blocked_by.expect("the sidecar blocks it");
        assert_eq!(
            (blocked.container.as_deref(), blocked.until.as_deref()),
            (Some("side"), Some("2026-01-01T00:10:10Z"))
        );
    }
    let owned = |mut pod: Pod| {
        pod.metadata.owner_references =
            Some(vec![read("{apiVersion: batch/v1, kind: Job, name: etl, uid: u, controller: true}")]);
        pod
    };
    let mut alone = seen(Object::Pod(Box::new(owned(pod(moved, true, RUNS, RUNS)))));
    alone.pods = vec![owned(pod(moved, true, RUNS, RUNS))];
    let said = printed(&alone);
    assert!(
        said.starts_with("Main container work of Pod etl-x works on node n1 since 50s. The Pod belongs to Job etl.")
    );
    assert!(said.contains("kubectl sidecarjob why job/etl -n batch"), "{said}");
}

#[test]
fn a_job_that_failed_or_gets_no_pod_says_why() {
    let mut ended = pod("", true, DONE, FAILED);
    ended.status.as_mut().unwrap().phase = Some("Failed".into());
    let failed = condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    let seen = with(job("", &format!("conditions: [{failed}]")), vec![ended.clone()], Vec::new());
    assert_eq!(
        tell(&seen, now()).message,
        "Job etl failed 3m ago (BackoffLimitExceeded): Job has reached the specified backoff limit. The last failure, 20s \
         ago: container work of Pod etl-x exited with 3 (Error). Its last words: \"connecting / psycopg.OperationalError: \
         refused\""
    );
    let gone = job("", &format!("conditions: [{failed}]"));
    assert!(tell(&gone, now()).message.contains("Its Pods are gone"));
    let waits = tell(&with(job("", "failed: 3"), vec![ended], Vec::new()), now());
    assert!(
        waits
            .message
            .starts_with("Job etl waits after a failure: the next attempt starts at 2026-01-01T00:10:20Z (in 20s)."),
        "the third wait is 40 s: {}",
        waits.message
    );
    let quota = event("u", "FailedCreate", "exceeded quota: small");
    let refused = tell(&with(job("", ""), Vec::new(), vec![quota]), now());
    assert!(refused.message.starts_with("Job etl gets no Pod: exceeded quota: small."), "{}", refused.message);
}

#[test]
fn a_schedule_says_when_it_runs_next_and_why_it_did_not() {
    let next = "nextScheduleTime: '2026-01-01T01:30:00Z', next: '2026-01-01 02:30 Europe/Berlin', schedule: 30 2 * * *";
    let stalled = condition("Stalled", "UnknownTimeZone", "the time zone Europe/Berln is unknown");
    let rows = [
        (
            schedule("", next),
            "SidecarCronJob nightly (30 2 * * *) runs next at 2026-01-01 02:30 Europe/Berlin, in 80m. It has not run yet.",
        ),
        (
            schedule(
                "suspend: true",
                "lastMissedTime: '2026-01-01T00:00:00Z', missedRuns: 3, lastScheduleTime: '2025-12-31T00:00:00Z'",
            ),
            "SidecarCronJob nightly is suspended: no run starts until somebody resumes it (spec.suspend). 3 scheduled times have passed without a run, the last one 10m ago.",
        ),
        (
            schedule("", &format!("conditions: [{stalled}], lastScheduleTime: '2025-12-31T00:00:00Z'")),
            "SidecarCronJob nightly starts no run since 3m (UnknownTimeZone): the time zone Europe/Berln is unknown.",
        ),
        (
            schedule(
                "concurrencyPolicy: Forbid",
                &format!(
                    "{next}, lastScheduleTime: '2025-12-31T00:00:00Z', active: [{{apiVersion: a, kind: k, name: nightly-1, namespace: batch, uid: r}}]"
                ),
            ),
            "SidecarCronJob nightly (30 2 * * *) runs next at 2026-01-01 02:30 Europe/Berlin, in 80m. The run nightly-1 is active. No other run starts before it is done (concurrencyPolicy Forbid).",
        ),
        (
            schedule(
                "concurrencyPolicy: Queue",
                &format!(
                    "{next}, lastScheduleTime: '2025-12-31T00:00:00Z', queued: ['2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z'], active: [{{apiVersion: a, kind: k, name: nightly-1, namespace: batch, uid: r}}]"
                ),
            ),
            "SidecarCronJob nightly (30 2 * * *) runs next at 2026-01-01 02:30 Europe/Berlin, in 80m. The run nightly-1 is active. 2 scheduled times wait for it (concurrencyPolicy Queue), the oldest of 2026-01-01T00:01:00Z.",
        ),
    ];
    for (seen, expected) in rows {
        assert_eq!(tell(&seen, now()).message, expected);
    }
    let failed = "lastScheduleTime: '2025-12-31T00:00:00Z', recentRuns: [{name: nightly-1, result: Failed, \
         finishTime: '2026-01-01T00:05:00Z'}]";
    let mut seen = schedule("", &format!("{next}, {failed}"));
    seen.runs = vec![read(
        "{metadata: {name: nightly-1}, spec: {template: {}}, status: {lastFailure: {text: work exit 3, \
        podName: nightly-1-x, container: work, exitCode: 3, time: '2026-01-01T00:05:00Z'}}}",
    )];
    let answer = tell(&seen, now());
    assert!(
        answer
            .message
            .contains("The last run, nightly-1, ended 5m ago: Failed. The last failure, 5m ago: container work")
    );
    assert!(answer.commands.contains(&"kubectl sidecarjob why nightly-1 -n batch".into()), "{:?}", answer.commands);
}

#[test]
fn json_has_stable_names() {
    let seen = with(run("", "active: 1"), vec![pod(MAIN, true, RUNS, DONE)], Vec::new());
    let value = serde_json::to_value(tell(&seen, now())).unwrap();
    assert_eq!(value["kind"], "SidecarJob");
    assert_eq!(value["state"], "Stopping");
    assert_eq!(value["reason"], "SidecarStopping");
    assert_eq!(
        value["blockedBy"],
        serde_json::json!({"pod": "etl-x", "container": "side", "since": "2026-01-01T00:09:40Z", "until": "2026-01-01T00:10:10Z"})
    );
}

#[test]
fn words_of_others_stay_in_the_paragraph() {
    let evil = "no\\n  9.0s  \\u001b[32mSidecarJob Complete\\u202e";
    let stalled = format!(
        "{{type: Stalled, status: 'True', reason: PodRefused, message: \"{evil}\", lastTransitionTime: '2026-01-01T00:07:00Z'}}"
    );
    let said = printed(&run("", &format!("conditions: [{stalled}]")));
    assert!(said.contains("no\\n  9.0s  \\u{1b}[32mSidecarJob Complete\\u{202e}"), "{said}");
    assert!(!said.contains('\u{1b}'));
}
