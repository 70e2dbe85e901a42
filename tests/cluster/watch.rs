//! "`sidecarjob watch` tells what is in its way, and ends with a code that a script can use."

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use kube::api::{Api, DeleteParams};
use serde_json::{Value, json};

use crate::support::{World, eventually, one_container, world};

/// Who may see SidecarJobs, and no Pods.
const RIGHTS: &str = r"
apiVersion: v1
kind: ServiceAccount
metadata: {name: eve}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: eve}
rules: [{apiGroups: [sidecarjob.dev], resources: [sidecarjobs], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: eve}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: eve}
subjects: [{kind: ServiceAccount, name: eve}]
";

/// A kubeconfig with that token instead of the credentials.
fn kubeconfig_with(w: &World, token: &str) -> PathBuf {
    let config = w.kubectl_ok(&["config", "view", "--raw", "--minify", "-o", "json"], "");
    let mut config: Value = serde_json::from_str(&config).expect("JSON");
    config["users"][0]["user"] = json!({"token": token});
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.kubeconfig", w.namespace));
    std::fs::write(&file, config.to_string()).expect("written");
    file
}

/// `sidecarjob watch` as a process.
struct Watching {
    child: Child,
    out: BufReader<ChildStdout>,
    printed: String,
}

fn watch(w: &World, kubeconfig: &PathBuf, name: &str) -> Watching {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_sidecarjob"), "watch", name, "--timeout", "120s"]);
    command.args(["--namespace", &w.namespace]).env("KUBECONFIG", kubeconfig);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    Watching { child, out, printed: String::new() }
}

impl Watching {
    /// Waits for a line with this word; the watch ends by itself if none comes.
    fn until(&mut self, word: &str) {
        while !self.printed.contains(word) {
            let read = self.out.read_line(&mut self.printed).expect("UTF-8");
            assert_ne!(read, 0, "{word} was not printed: {}", self.printed);
        }
    }

    /// Exit code, stdout, stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        self.out.read_to_string(&mut self.printed).expect("UTF-8");
        let Output { status, stderr, .. } = self.child.wait_with_output().expect("it ends");
        (status.code(), self.printed, String::from_utf8(stderr).expect("UTF-8"))
    }
}

/// The token works, and the Role is known.
async fn eve(w: &World) -> PathBuf {
    w.kubectl_ok(&["apply", "-f", "-"], RIGHTS);
    let who = format!("--as=system:serviceaccount:{}:eve", w.namespace);
    eventually("eve may watch SidecarJobs", || async {
        w.kubectl(&["auth", "can-i", "watch", "sidecarjobs.sidecarjob.dev", &who], "").status.success().then_some(())
    })
    .await;
    kubeconfig_with(w, w.kubectl_ok(&["create", "token", "eve"], "").trim())
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn who_may_not_see_pods_is_told_so_and_sees_the_run_to_its_end() {
    world("watch-rights", &[], |w| async move {
        let kubeconfig = eve(&w).await;
        w.apply(&one_container("hello", "", "exit 0")).await;
        let (code, out, err) = watch(&w, &kubeconfig, "hello").end();
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(out.contains("SidecarJob Complete") && !out.contains("Pod "), "{out}");
        assert!(err.contains(":eve\" cannot list resource \"pods\""), "{err}");
        assert!(err.contains("Continuing with the SidecarJob alone"), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        let (code, _, err) = watch(&w, &kubeconfig, "not-there").end();
        assert_eq!(code, Some(3), "{err}");
        let bad = kubeconfig_with(&w, "no-token");
        let (code, _, err) = watch(&w, &bad, "hello").end();
        assert_eq!(code, Some(4), "{err}");
        assert!(err.contains("log in to the cluster again"), "{err}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_token_that_is_revoked_while_it_watches_ends_the_watch() {
    use k8s_openapi::api::core::v1::ServiceAccount;
    world("watch-token", &[], |w| async move {
        let kubeconfig = eve(&w).await;
        w.apply(&one_container("long", "", "sleep 1000")).await;
        w.until("long", "one runs", |s| s.active == Some(1)).await;
        let mut watching = watch(&w, &kubeconfig, "long");
        watching.until("SidecarJob");
        let accounts: Api<ServiceAccount> = Api::namespaced(w.client.clone(), &w.namespace);
        accounts.delete("eve", &DeleteParams::default()).await.expect("deleted");
        let (code, out, err) = watching.end();
        assert_eq!(code, Some(4), "{out}{err}");
        assert!(err.contains("Unauthorized; log in to the cluster again"), "{err}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_status_that_somebody_forges_is_one_line_and_a_deletion_ends_the_watch() {
    world("watch-forged", &[], |mut w| async move {
        let kubeconfig = PathBuf::from(std::env::var("KUBECONFIG").expect("KUBECONFIG names a cluster"));
        w.apply(&one_container("forged", "  suspend: true", "exit 0")).await;
        w.condition("forged", "Suspended").await;
        w.kill_controller();
        let evil = "no\n  9.0s  \u{1b}[32mSidecarJob Complete\u{1b}[0m\r\u{9b}2J\u{202e}";
        let condition = json!({"type": "Stalled", "status": "True", "reason": "Forged", "message": evil,
            "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let patch = json!({"status": {"conditions": [condition]}}).to_string();
        w.kubectl_ok(&["patch", "scj", "forged", "--subresource=status", "--type=merge", "-p", &patch], "");
        let mut watching = watch(&w, &kubeconfig, "forged");
        watching.until("stalled: no");
        w.kubectl_ok(&["delete", "scj", "forged"], "");
        let (code, out, err) = watching.end();
        assert_eq!(code, Some(3), "{out}{err}");
        let obeyed = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(out.chars().filter(obeyed).collect::<String>(), "", "{out}");
        assert!(!out.lines().any(|line| line.contains("s  SidecarJob Complete") && !line.contains("stalled")), "{out}");
    })
    .await;
}
