//! "A run is started, followed, stopped and run again by one command each", as a script has it: exit codes, stdout, stderr.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{World, one_container, world};

/// The program in the namespace of the world, with its arguments in one line.
fn command(w: &World, line: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_sidecarjob")]);
    command.args(line.split_whitespace()).args(["--namespace", &w.namespace]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn spawned(w: &World, line: &str, input: &str) -> Child {
    let mut child = command(w, line).spawn().expect("it runs");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    child
}

/// stdout and stderr of the program, which must end with this code.
fn ends(w: &World, code: i32, line: &str, input: &str) -> (String, String) {
    let Output { status, stdout, stderr } = spawned(w, line, input).wait_with_output().expect("it ends");
    let (out, err) = (String::from_utf8(stdout).expect("UTF-8"), String::from_utf8(stderr).expect("UTF-8"));
    assert_eq!(status.code(), Some(code), "{line}\n{out}\n{err}");
    (out, err)
}

/// The annotation that says who started the run.
fn started_by(w: &World, name: &str) -> Value {
    let object = w.kubectl_ok(&["get", "scj", name, "-o", "json"], "");
    let object: Value = serde_json::from_str(&object).expect("JSON");
    let text = object["metadata"]["annotations"]["sidecarjob.dev/started-by"].as_str().expect("a record");
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_is_started_with_its_logs_and_run_again() {
    world("acting-run", &["--pod-failure-backoff", "1s"], |w| async move {
        let good = one_container("good", "", "echo hello; echo there").replace("name: good", "generateName: good-");
        let (out, err) = ends(&w, 0, "run -f - --logs --timeout 120s", &good);
        assert_eq!(out, "hello\nthere\n");
        let name = err.split_once("sidecarjob.sidecarjob.dev/").expect("its name").1;
        let name = name.split_once(" created").expect("its name").0;
        assert!(err.ends_with(&format!("SidecarJob {name} Complete\n")), "{err}");
        assert_eq!(ends(&w, 0, &format!("logs {name}"), "").0, "hello\nthere\n");
        assert_eq!(ends(&w, 0, &format!("wait {name}"), "").0, format!("SidecarJob {name} Complete\n"));
        // Two attempts: the logs of both, each once.
        let bad = one_container("bad", "  backoffLimit: 1", "echo this is $HOSTNAME; sleep 1; exit 3");
        let (out, err) = ends(&w, 1, "run -f - --logs --timeout 120s", &bad);
        assert_eq!(out.lines().filter(|line| line.starts_with("this is bad-")).count(), 2, "{out}");
        assert!(err.contains("SidecarJob bad Failed: BackoffLimitExceeded: "), "{err}");
        let (all, _) = ends(&w, 0, "logs bad --all-attempts", "");
        assert_eq!((all.matches("==> Pod bad-").count(), all.matches("\nthis is bad-").count()), (2, 2), "{all}");
        let (newest, _) = ends(&w, 0, "logs bad", "");
        let (before, _) = ends(&w, 0, "logs bad --previous", "");
        assert!(all.find(before.trim()) < all.find(newest.trim()), "{before}{newest}{all}");
        // Run again: under names of its own, as often as one likes.
        assert_eq!(ends(&w, 0, "rerun bad", "").0, "sidecarjob.sidecarjob.dev/bad-r1 created\n");
        assert!(
            ends(&w, 1, "rerun bad --wait --timeout 120s", "")
                .0
                .starts_with("sidecarjob.sidecarjob.dev/bad-r2 created\n")
        );
        assert_eq!(started_by(&w, "bad-r2")["rerunOf"], "bad");
        ends(&w, 1, "wait bad-r1 --timeout 120s", "");
        assert_eq!(ends(&w, 0, "rerun bad-r1 -o name", "").0, "sidecarjob.sidecarjob.dev/bad-r3\n");
        // What the API server refuses, and a name that is taken.
        let typo = one_container("typo", "  backofLimit: 1", "exit 0");
        assert!(ends(&w, 1, "run -f -", &typo).1.contains("unknown field \"spec.backofLimit\""));
        assert!(ends(&w, 1, "run -f -", &bad).1.contains("SidecarJob bad exists already"));
        assert!(
            ends(&w, 0, "run -f - --dry-run=server", &one_container("dry", "", "exit 0"))
                .0
                .contains("(server dry run)")
        );
        ends(&w, 3, "wait dry", "");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_is_suspended_resumed_and_stopped_with_its_logs_kept() {
    world("acting-stop", &[], |w| async move {
        let long = one_container("long", "  activeDeadlineSeconds: 3600", "echo begins; sleep 1000");
        ends(&w, 0, "run -f -", &long);
        let mut follows = spawned(&w, "logs long -f", "");
        let mut line = String::new();
        BufReader::new(follows.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
        assert_eq!(line, "begins\n");
        assert_eq!(ends(&w, 0, "suspend long", "").0, "sidecarjob.sidecarjob.dev/long suspended\n");
        w.condition("long", "Suspended").await;
        assert_eq!(ends(&w, 0, "suspend long", "").0, "sidecarjob.sidecarjob.dev/long was suspended already\n");
        assert_eq!(ends(&w, 0, "resume long", "").0, "sidecarjob.sidecarjob.dev/long resumed\n");
        w.until("long", "its Pod runs again", |s| s.ready == Some(1)).await;
        assert_eq!(ends(&w, 0, "stop long", "").0, "sidecarjob.sidecarjob.dev/long stopped\n");
        let (_, err) = ends(&w, 1, "wait long --timeout 120s", "");
        assert!(err.contains("SidecarJob long Failed: DeadlineExceeded"), "{err}");
        assert_eq!(follows.wait().expect("it ends").code(), Some(0), "the run is over, and so is its log");
        assert_eq!(ends(&w, 0, "logs long", "").0, "begins\n", "the Pod is kept");
        assert!(ends(&w, 0, "stop long", "").0.contains("was stopped already"));
        assert!(ends(&w, 1, "resume long", "").1.contains("a run that is over can't be resumed"));
        // A run that has not started is stopped without a Pod; the new run has the spec as it was.
        ends(&w, 0, "rerun long --dry-run=server", "");
        let spec: Value = serde_json::from_str(&ends(&w, 0, "rerun long -o json", "").0).expect("JSON");
        assert_eq!((&spec["spec"]["activeDeadlineSeconds"], &spec["spec"]["endedPods"]), (&json!(3600), &Value::Null));
        ends(&w, 0, "stop long-r1", "");
        ends(&w, 0, "run -f -", &one_container("waits", "  suspend: true", "exit 0"));
        w.condition("waits", "Suspended").await;
        ends(&w, 0, "stop waits", "");
        ends(&w, 1, "wait waits --timeout 120s", "");
        assert_eq!(w.pods_of("waits").await.len(), 0);
    })
    .await;
}

const CRONJOB: &str = r#"
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 2 31 12 *"
  jobTemplate:
    metadata: {annotations: {sidecarjob.dev/sidecars: side}}
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - {name: side, image: "busybox:1.37", command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]}
          - {name: main, image: "busybox:1.37", command: [sh, -c, "echo of a CronJob"]}
"#;

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_is_made_of_a_cronjob_a_job_and_a_schedule() {
    world("acting-from", &[], |w| async move {
        w.kubectl_ok(&["apply", "-f", "-"], CRONJOB);
        assert_eq!(ends(&w, 0, "run --from cronjob/nightly tonight --logs --timeout 120s", "").0, "of a CronJob\n");
        let job =
            w.kubectl_ok(&["create", "job", "once", "--from=cronjob/nightly", "--dry-run=client", "-o", "json"], "");
        let mut job: Value = serde_json::from_str(&job).expect("JSON");
        job["spec"]["suspend"] = json!(true); // nobody runs it
        w.kubectl_ok(&["create", "-f", "-"], &job.to_string());
        let (out, err) = ends(&w, 0, "run --from job/once again", "");
        assert_eq!(out, "sidecarjob.sidecarjob.dev/again created\n");
        assert!(err.contains("SidecarJob again is suspended, as its template says"), "{err}");
        ends(&w, 0, "resume again", "");
        ends(&w, 0, "wait again tonight --timeout 120s", "");
        assert_eq!(started_by(&w, "again")["from"], "job/once");
        ends(&w, 0, "suspend cronjob/nightly", "");
        ends(&w, 3, "run --from job/not-there", "");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn only_the_indexes_that_failed_run_again() {
    world("acting-indexes", &["--pod-failure-backoff", "1s"], |w| async move {
        let spec = "  completionMode: Indexed\n  completions: 4\n  parallelism: 4\n  backoffLimitPerIndex: 0";
        let odd = "echo index $JOB_COMPLETION_INDEX; exit $((JOB_COMPLETION_INDEX % 2))";
        ends(&w, 1, "run -f - --wait --timeout 120s", &one_container("odd", spec, odd));
        let (out, _) = ends(&w, 1, "rerun odd --failed-indexes --logs --timeout 120s", "");
        let mut lines: Vec<&str> = out.lines().filter_map(|line| line.split_once("] ")).map(|(_, text)| text).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["index 1", "index 3"], "{out}");
        let status = w.until("odd-r1", "it is over", |s| s.failed == Some(2)).await;
        assert_eq!((status.completed_indexes.as_deref(), status.failed_indexes.as_deref()), (Some("0,2"), Some("1,3")));
        assert_eq!(w.pods_of("odd-r1").await.len(), 2);
        assert_eq!(ends(&w, 0, "logs odd-r1 --index 3", "").0, "index 3\n");
        assert!(ends(&w, 3, "logs odd-r1 --index 0", "").1.contains("no Pod of index 0 of SidecarJob odd-r1 is left"));
    })
    .await;
}
