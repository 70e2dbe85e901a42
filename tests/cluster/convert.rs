//! "Move a Job that you have": `convert`, then `kubectl apply`, and the Job completes, in each form.

use std::process::{Command, Output};

use crate::support::piped;
use crate::support::policy::Policy;
use crate::support::{World, world};

/// A Job that never completes, because `ffwd` never exits.
const JOB: &str = r#"# moved
apiVersion: batch/v1
kind: Job
metadata:
  name: etl
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      containers:
      - name: work
        image: busybox:1.37
        command: [sh, -c, "echo done"]
      - name: ffwd
        image: busybox:1.37
        command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
"#;

/// What templates print: fields with nothing behind them. A Job loses them; the schema of a SidecarJob wants lists and maps.
const AS_TEMPLATES_PRINT: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: printed
  annotations:
spec:
  activeDeadlineSeconds:
  template:
    metadata:
      annotations:
    spec:
      restartPolicy: Never
      nodeSelector:
      tolerations: # none
      volumes: ~
      containers:
      - name: work
        image: busybox:1.37
        command: [sh, -c, "echo done"]
        env:
        resources:
          limits:
          requests:
      - name: ffwd
        image: busybox:1.37
        command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
        volumeMounts: null
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: printed
spec:
  schedule: "0 0 1 1 *"
  timeZone: null
  jobTemplate:
    metadata:
      name: never-taken
      creationTimestamp: null
    spec:
      template:
        spec:
          restartPolicy: Never
          imagePullSecrets:
          containers:
          - {name: work, image: "busybox:1.37", command: ["true"], envFrom: }
          - {name: ffwd, image: "busybox:1.37", command: [sleep, infinity]}
"#;

fn convert(w: &World, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    command.args(["convert", "--namespace", &w.namespace]).args(arguments);
    piped::output(&mut command, stdin)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn each_form_passes_the_dry_run_of_the_server_and_completes() {
    world("convert", &[], |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        for (to, resource) in
            [("native", "job"), ("annotation", "job"), ("managed-by", "job"), ("sidecarjob", "sidecarjob")]
        {
            let arguments = ["-f", "-", "--dry-run=server", "--to", to];
            let converted = convert(&w, &arguments, JOB);
            assert_eq!(converted.status.code(), Some(0), "{to}: {}", text(&converted.stderr));
            w.kubectl_ok(&["apply", "-f", "-"], &text(&converted.stdout));
            let name = format!("{resource}/etl");
            w.kubectl_ok(&["wait", "--for=condition=Complete", &name, "--timeout=90s"], "");
            if to == "native" {
                let again = convert(&w, &["job/etl"], "");
                assert!(
                    text(&again.stderr).contains("it has native sidecars already (ffwd)"),
                    "{}",
                    text(&again.stderr)
                );
            }
            w.kubectl_ok(&["delete", &name], "");
        }
        w.pods_gone().await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_of_the_cluster_is_converted_and_a_refusal_of_the_server_is_told_with_its_line() {
    world("convert-live", &[], |w| async move {
        w.kubectl_ok(&["apply", "-f", "-"], JOB);
        let live = convert(&w, &["job/etl", "--dry-run=server"], "");
        assert_eq!(live.status.code(), Some(0), "{}", text(&live.stderr));
        assert!(text(&live.stdout).contains("restartPolicy: Always"), "{}", text(&live.stdout));
        w.kubectl_ok(&["delete", "job", "etl"], "");
        w.kubectl_ok(&["apply", "-f", "-"], &text(&live.stdout));
        w.kubectl_ok(&["wait", "--for=condition=Complete", "job/etl", "--timeout=90s"], "");
        w.kubectl_ok(&["delete", "job", "etl"], "");

        let wrong = JOB.replace("restartPolicy: Never", "restartPolicy: Never\n      priority: much");
        let refused = convert(&w, &["-f", "-", "--to", "sidecarjob", "--dry-run=server"], &wrong);
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{told}");
        assert!(
            told.starts_with("stdin:2: error: SidecarJob etl: ") || told.starts_with("stdin:2: error: Job etl: "),
            "{told}"
        );
        assert!(told.contains("priority"), "{told}");
        let missing = convert(&w, &["job/none"], "");
        assert_eq!(missing.status.code(), Some(3), "{}", text(&missing.stderr));
        w.pods_gone().await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn fields_without_a_value_are_no_obstacle_to_server_side_apply() {
    world("convert-printed", &[], |w| async move {
        let apply = ["apply", "--server-side", "-f", "-"];
        let by_hand =
            AS_TEMPLATES_PRINT.replace("batch/v1", "sidecarjob.dev/v1alpha1").replace("kind: Job", "kind: SidecarJob");
        let refused = w.kubectl(&apply, &by_hand);
        assert!(
            !refused.status.success() && text(&refused.stderr).contains("must be of type"),
            "{}",
            text(&refused.stderr)
        );

        let converted = convert(&w, &["-f", "-", "--to=sidecarjob", "--dry-run=server"], AS_TEMPLATES_PRINT);
        assert_eq!(converted.status.code(), Some(0), "{}", text(&converted.stderr));
        w.kubectl_ok(&apply, &text(&converted.stdout));
        w.kubectl_ok(&["wait", "--for=condition=Complete", "sidecarjob/printed", "--timeout=90s"], "");
        w.kubectl_ok(&["get", "sidecarcronjob/printed"], "");
        w.kubectl_ok(&["delete", "sidecarjob/printed", "sidecarcronjob/printed"], "");
        w.pods_gone().await;
    })
    .await;
}
