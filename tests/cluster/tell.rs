//! "A person learns by one command each what runs, what failed and why, what blocks, and when the next run is."

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{World, eventually, world, world_without_controller};

/// Works until the file `/work/go` is there, and then exits with this code. The sidecar needs some seconds to stop.
fn drains(name: &str, kind: &str, code: u8) -> String {
    let (api, sidecars) = match kind {
        "SidecarJob" => ("sidecarjob.dev/v1alpha1", "sidecars: [{name: side}],"),
        _ => ("batch/v1", ""),
    };
    let side = "{name: side, image: 'busybox:1.37', command: [sh, -c, \"trap 'sleep 8; exit 0' TERM; while :; do sleep 0.1; done\"]";
    let (plain, native) = match kind {
        "SidecarJob" => (format!("{side}}},"), String::new()),
        "native" => (String::new(), format!("initContainers: [{side}, restartPolicy: Always}}],")),
        _ => (format!("{side}}},"), String::new()),
    };
    let kind = if kind == "SidecarJob" { kind } else { "Job" };
    format!(
        "{{apiVersion: {api}, kind: {kind}, metadata: {{name: {name}}}, spec: {{backoffLimit: 1, {sidecars} template: {{spec: {{\
         restartPolicy: Never, {native} containers: [{plain} {{name: work, image: 'busybox:1.37', \
         terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, 'echo connection refused; exit {code}']}}]}}}}}}}}"
    )
}

fn sidecarjob(w: &World, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    command.args(args).args(["-n", &w.namespace]).output().expect("sidecarjob runs")
}

/// What the command prints, which succeeds.
fn said(w: &World, args: &[&str]) -> String {
    let out = sidecarjob(w, args);
    let (text, err) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{args:?}: {err}");
    assert_eq!(err, "", "{args:?}: {text}");
    text.into_owned()
}

/// Waits until `why` says so.
async fn why(w: &World, target: &str, words: &str) -> Value {
    eventually(&format!("why {target}: {words}"), || async {
        let answer: Value = serde_json::from_str(&said(w, &["why", target, "-o", "json"])).expect("JSON");
        answer["message"].as_str().is_some_and(|message| message.contains(words)).then_some(answer)
    })
    .await
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_that_drains_fails_and_tries_again_is_told_by_each_verb() {
    // The back-off is longer than the drain: between the two the run only waits.
    world("tell-run", &["--pod-failure-backoff", "20s"], |w| async move {
        w.kubectl_ok(&["apply", "-f", "-"], &drains("etl", "SidecarJob", 3));
        let drain = why(&w, "etl", "sidecar side still runs").await;
        assert_eq!(drain["blockedBy"]["container"], "side", "{drain}");
        assert!(drain["blockedBy"]["until"].is_string(), "{drain}");
        let again = why(&w, "etl", "waits after a failure: attempt 2 of 2 starts in ").await;
        assert_eq!(again["next"]["what"], "Attempt");
        let failure = &again["lastFailure"];
        assert_eq!((failure["container"].as_str(), failure["exitCode"].as_i64()), (Some("work"), Some(3)));
        assert!(said(&w, &["list"]).contains("attempt 2 of 2 starts in "));
        let watched = sidecarjob(&w, &["watch", "etl"]);
        assert_eq!(watched.status.code(), Some(1), "it failed");
        let watched = String::from_utf8_lossy(&watched.stdout).into_owned();
        assert!(watched.contains("waiting: attempt 2 of 2 starts in "), "{watched}");
        let failed = why(&w, "etl", "SidecarJob etl failed").await;
        let message = failed["message"].as_str().expect("words");
        assert!(message.contains("exited with 3 (Error); 2 of 2 attempts failed"), "{message}");
        assert!(message.contains("Its last words: \"connection refused\""), "{message}");
        assert!(said(&w, &["list", "--runs"]).contains("work exit 3"));
        for drawn in [said(&w, &["timeline", "etl"]), {
            w.kubectl_ok(&["delete", "pods", "--all"], "");
            let gone = said(&w, &["timeline", "etl"]);
            assert!(gone.contains("(gone)"), "the status remembers the Pods: {gone}");
            gone
        }] {
            assert_eq!(drawn.matches("Pod etl-").count(), 2, "{drawn}");
            assert!(drawn.contains("=~") && drawn.contains("by side"), "{drawn}");
        }
        let page = said(&w, &["describe", "etl"]);
        for words in ["1 of 1 used", "Sidecar, native", "work exit 3", "BackoffLimitExceeded"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let object: Value = serde_json::from_str(&said(&w, &["describe", "etl", "-o", "json"])).expect("JSON");
        assert_eq!((&object["kind"], &object["status"]["phase"]), (&"SidecarJob".into(), &"Failed".into()));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn jobs_that_kubernetes_runs_are_told_and_one_that_hangs_is_told_what_solves_it() {
    world_without_controller("tell-jobs", |w| async move {
        w.kubectl_ok(&["apply", "-f", "-"], &drains("hangs", "plain", 0));
        w.kubectl_ok(&["apply", "-f", "-"], &drains("native", "native", 0));
        let drain = why(&w, "job/native", "sidecar side still runs").await;
        assert_eq!(drain["state"], "Stopping");
        why(&w, "job/native", "Job native is Complete").await;
        let drawn = said(&w, &["timeline", "job/native"]);
        assert!(drawn.contains("sidecar side*") && drawn.contains("=~"), "{drawn}");
        let hangs = why(&w, "job/hangs", "sidecarjob.dev/main: work").await;
        assert_eq!((&hangs["state"], &hangs["blockedBy"]["container"]), (&"Hanging".into(), &"side".into()));
        let pod =
            w.kubectl_ok(&["get", "pods", "-l", "job-name=hangs", "-o", "jsonpath={.items[0].metadata.name}"], "");
        let pod = format!("pod/{pod}");
        let of_pod = why(&w, &pod, "The Pod belongs to Job hangs").await;
        assert_eq!(of_pod["state"], "Hanging");
        assert!(said(&w, &["timeline", &pod]).contains('>'), "it runs");
        assert!(said(&w, &["describe", &pod]).contains("side   main"));
        assert!(said(&w, &["describe", "job/hangs"]).contains("SuccessfulCreate"));
        let quota = "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {pods: 0}}}";
        w.kubectl_ok(&["apply", "-f", "-"], quota);
        let full = || async {
            w.kubectl_ok(&["get", "quota", "none", "-o", "jsonpath={.status.hard}"], "").contains('0').then_some(())
        };
        eventually("the quota is known", full).await;
        w.kubectl_ok(&["apply", "-f", "-"], &drains("refused", "native", 0));
        let refused = why(&w, "job/refused", "exceeded quota").await;
        assert_eq!(refused["state"], "Stalled");
        // No controller of ours looks at this namespace.
        w.kubectl_ok(&["apply", "-f", "-"], &drains("alone", "SidecarJob", 0));
        let alone = why(&w, "alone", "No controller has looked at SidecarJob alone").await;
        assert_eq!(alone["state"], "Pending");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn schedules_versions_and_the_words_of_a_shell_are_told() {
    world("tell-rest", &[], |w| async move {
        let schedule = "{apiVersion: sidecarjob.dev/v1alpha1, kind: SidecarCronJob, metadata: {name: nightly}, spec: {\
            schedule: 30 2 * * *, timeZone: Europe/Berlin, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, \
            containers: [{name: work, image: 'busybox:1.37', command: ['true']}]}}}}}}";
        w.kubectl_ok(&["apply", "-f", "-"], schedule);
        let next = why(&w, "sccj/nightly", "SidecarCronJob nightly (30 2 * * *) runs next at ").await;
        assert!(next["message"].as_str().is_some_and(|words| words.contains("Europe/Berlin, in ")), "{next}");
        assert_eq!(next["next"]["what"], "Run");
        assert!(said(&w, &["list"]).contains("nightly"));
        assert!(said(&w, &["describe", "sccj/nightly"]).contains("Time zone:       Europe/Berlin"));
        w.kubectl_ok(&["patch", "sccj", "nightly", "--type=merge", "-p", r#"{"spec": {"suspend": true}}"#], "");
        why(&w, "sccj/nightly", "is suspended: no run starts until somebody resumes it").await;
        let nowhere = sidecarjob(&w, &["why", "nothing"]);
        assert_eq!(nowhere.status.code(), Some(3));
        let version: Value = serde_json::from_str(&said(&w, &["version", "-o", "json"])).expect("JSON");
        assert!(version["kubernetes"].as_str().is_some_and(|v| v.starts_with('v')), "{version}");
        let crds = version["crds"].as_array().expect("a list");
        assert!(crds.len() == 2 && crds.iter().all(|crd| crd["missingFields"] == serde_json::json!([])), "{version}");
        kubectl_completes(&w);
    })
    .await;
}

/// kubectl finds the program under both names, and asks it for words.
fn kubectl_completes(w: &World) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-bin", w.namespace));
    std::fs::create_dir_all(&folder).expect("a folder");
    for name in ["kubectl-sidecarjob", "kubectl_complete-sidecarjob"] {
        let _ = std::fs::remove_file(folder.join(name));
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sidecarjob"), folder.join(name)).expect("a link");
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let kubectl = std::env::var("KUBECTL").unwrap_or("kubectl".into());
    for (words, expected) in [
        (&["cron", "run", "-n", &w.namespace, "nig"][..], "nightly"),
        (&["why", "-n", &w.namespace, "sccj/"], "sccj/nightly"),
        (&["tim"], "timeline"),
    ] {
        let mut command = Command::new(&kubectl);
        command.args(["__complete", "sidecarjob"]).args(words).env("PATH", &path);
        let out = command.output().expect("kubectl runs");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(text.lines().any(|line| line == expected), "{words:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
    }
    let plugin = Command::new(&kubectl)
        .args(["sidecarjob", "why", "sccj/nightly", "-n", &w.namespace])
        .env("PATH", &path)
        .output();
    let plugin = plugin.expect("kubectl runs");
    assert!(
        String::from_utf8_lossy(&plugin.stdout).contains("is suspended"),
        "{}",
        String::from_utf8_lossy(&plugin.stderr)
    );
}
