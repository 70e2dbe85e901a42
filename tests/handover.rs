//! "Another one takes over": two controllers of one Lease on a real cluster, and the one that works ends, told or killed.
//!
//! Prints what each hand-over took. SIDECARJOB_PODS=N: with so many other Pods in view.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

mod support;
use support::{World, eventually, one_container, world_without_controller};

/// From SIGTERM to the first Pod that the next controller makes.
const TOLD: Duration = Duration::from_secs(2);
/// The same from SIGKILL: the Lease has to run out first, which takes 15 s from its last renewal.
const KILLED: Duration = Duration::from_secs(17);

/// A controller that works while it holds the Lease of its namespace; killed when dropped.
struct Candidate {
    child: Child,
    log: PathBuf,
}

impl Candidate {
    fn start(w: &World, name: &str) -> Self {
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}.log", w.namespace));
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_sidecarjob"), "controller"])
            .args(["--leader-elect-namespace", &w.namespace, "--namespace", &w.namespace])
            .arg("--bind-address=127.0.0.1:0")
            .env("HOSTNAME", name)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("the controller starts");
        Self { child, log }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log is there")
    }

    /// Waits until it has logged that.
    async fn says(&self, words: &str) {
        eventually(words, || async { self.log().contains(words).then_some(()) }).await;
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

/// Waits until a candidate of that name holds the Lease.
async fn holds(w: &World, name: &str) {
    let leases: Api<Lease> = Api::namespaced(w.client.clone(), &w.namespace);
    eventually(&format!("{name} holds the Lease"), || async {
        let holder = leases.get("sidecarjob-controller").await.ok()?.spec?.holder_identity?;
        holder.starts_with(&format!("{name}_")).then_some(())
    })
    .await;
}

/// A run, and how long after `begin` its Pod is there.
async fn first_pod(w: &World, name: &str, begin: Instant) -> Duration {
    w.apply(&one_container(name, "  backoffLimit: 0", "true")).await;
    while w.pods_of(name).await.is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "nobody makes a Pod of {name}");
        tokio::time::sleep(Duration::from_millis(5)).await; // the interval of asking
    }
    begin.elapsed()
}

/// The Pods of others that $SIDECARJOB_PODS asks for; they never run.
async fn others(w: &World) {
    let count: usize = std::env::var("SIDECARJOB_PODS").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let pods = w.pods();
    let create = |n: usize| {
        let pods = pods.clone();
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": format!("other-{n}"), "labels": {"app": "other"}},
            "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "x"}]}
        }))
        .expect("a Pod");
        async move { pods.create(&PostParams::default(), &pod).await.map(drop).expect("created") }
    };
    stream::iter((0..count).map(create)).buffer_unordered(32).collect::<()>().await;
}

/// Ends the first of two candidates in that way, five times. How long each hand-over took.
async fn hand_over(w: &World, signal: Signal, times: usize) -> Vec<Duration> {
    others(w).await;
    let mut leader = Candidate::start(w, "c0");
    holds(w, "c0").await;
    first_pod(w, "r0", Instant::now()).await;
    let mut took = Vec::new();
    for n in 1..=times {
        let next = Candidate::start(w, &format!("c{n}"));
        next.says("waiting for the Lease").await;
        first_pod(w, &format!("before-{n}"), Instant::now()).await; // and the next one has had time to stand by
        let begin = Instant::now();
        leader.signal(signal);
        let mut runs = (0..).map(|m| format!("r{n}-{m}"));
        took.push(loop {
            let run = runs.next().expect("endless");
            let took = first_pod(w, &run, begin).await;
            let line = format!("created Pod pod=\"{run}-");
            let by_next = eventually("somebody says that they made it", || async {
                [&next, &leader].into_iter().position(|one| one.log().contains(&line)).map(|n| n == 0)
            });
            if by_next.await {
                break took; // the runs before it were under way when the signal came
            }
        });
        leader = next;
    }
    drop(leader);
    for run in w.jobs().list(&ListParams::default()).await.expect("listed") {
        let name = run.name_any();
        assert_eq!(w.pods_of(&name).await.len(), 1, "the Pods of {name}");
    }
    let _ = w.pods().delete_collection(&DeleteParams::default(), &ListParams::default().labels("app=other")).await;
    eprintln!("{signal:?}: {took:?}");
    took
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn after_sigterm_the_next_controller_works_within_two_seconds() {
    world_without_controller("told", |w| async move {
        let took = hand_over(&w, Signal::TERM, 5).await;
        assert!(took.iter().all(|took| *took < TOLD), "{took:?}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn after_sigkill_the_next_controller_works_within_seventeen_seconds() {
    world_without_controller("killed", |w| async move {
        let took = hand_over(&w, Signal::KILL, 2).await;
        assert!(took.iter().all(|took| *took < KILLED), "{took:?}");
    })
    .await;
}
