//! "kubectl works as with a Job": apply, get, wait, explain, scale, logs, describe.

use crate::support::world;

const JOB: &str = r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {name: hello}
spec:
  sidecars: [{name: side}]
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: side, image: "busybox:1.37", command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]}
      - {name: main, image: "busybox:1.37", command: [sh, -c, "echo hello from main"]}
"#;

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_verbs_that_people_use_with_a_job_work() {
    world("kubectl", &[], |w| async move {
        w.kubectl_ok(&["apply", "-f", "-"], JOB); // client-side
        w.kubectl_ok(&["apply", "--server-side", "--force-conflicts", "-f", "-"], JOB);
        w.kubectl_ok(&["wait", "scj/hello", "--for=condition=Finished", "--timeout=120s"], "");
        let table = w.kubectl_ok(&["get", "scj"], "");
        let rows: Vec<Vec<&str>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["NAME", "STATUS", "COMPLETIONS", "SIDECARS", "DURATION", "STARTED", "AGE"]);
        assert_eq!(rows[1][..5], ["hello", "Complete", "1/1", "1/1", "stopped"]);
        let pod = w.pods_of("hello").await.remove(0).metadata.name.expect("named");
        let logs = w.kubectl_ok(&["logs", &pod], "");
        assert_eq!(logs.trim(), "hello from main", "the main container is the default one");
        assert!(w.kubectl_ok(&["describe", "scj", "hello"], "").contains("Job completed"));
        assert!(w.kubectl_ok(&["get", "all"], "").contains("sidecarjob.sidecarjob.dev/hello"));
        let found = w.kubectl_ok(&["get", "scj", "--field-selector", "status.phase=Complete", "-o", "name"], "");
        assert_eq!(found.trim(), "sidecarjob.sidecarjob.dev/hello");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_folder_of_the_crds_can_be_applied_by_file_and_by_kustomize() {
    world("crds", &[], |w| async move {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/crds");
        for how in ["-f", "-k"] {
            let apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", how, folder];
            let said = w.kubectl_ok(&apply, "");
            for kind in ["sidecarjobs", "sidecarcronjobs"] {
                assert!(said.contains(&format!("{kind}.sidecarjob.dev serverside-applied")), "{how}: {said}");
            }
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn explain_tells_what_fields_mean_down_into_the_template() {
    world("explain", &[], |w| async move {
        for (field, word) in [
            ("scj", "sidecar"),
            ("scj.spec.sidecars", "sidecar"),
            ("scj.spec.backoffLimit", "Default 6"),
            ("scj.status.mainFinishedTime", "main"),
            ("scj.spec.template.spec", "containers"),
            ("scj.spec.template.spec.terminationGracePeriodSeconds", "terminate"),
        ] {
            let text = w.kubectl_ok(&["explain", field], "");
            assert!(text.contains(word), "explain {field}:\n{text}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn scale_changes_the_parallelism() {
    world("scale", &[], |w| async move {
        let yaml = JOB
            .replace("echo hello from main", "sleep 1000")
            .replace("spec:\n  sidecars", "spec:\n  completions: 9\n  parallelism: 1\n  sidecars");
        w.kubectl_ok(&["apply", "--server-side", "-f", "-"], &yaml);
        w.until("hello", "one", |s| s.active == Some(1)).await;
        w.kubectl_ok(&["scale", "scj/hello", "--replicas=3"], "");
        w.until("hello", "three", |s| s.active == Some(3)).await;
        w.kubectl_ok(&["scale", "scj/hello", "--replicas=2"], "");
        let status = w.until("hello", "two", |s| s.active == Some(2) && s.terminating == Some(0)).await;
        assert_eq!((status.failed, status.succeeded), (Some(0), Some(0)), "what is ended by scaling is not counted");
    })
    .await;
}
