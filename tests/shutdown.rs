//! "SIGTERM ends it": the program itself, in front of an API server of which one call hangs, or that is slow.

#[path = "world/front.rs"]
mod front;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Response, Uri};
use front::{endless_run, kubeconfig, until, version};
use serde_json::{Value, json};

/// Less than what the program gives to work under way that hangs: what ends within it has looked at the signal.
const AT_ONCE: Duration = Duration::from_secs(10);

/// What the API server does.
#[derive(Clone)]
struct Server {
    /// Calls whose address has all of these words are never answered.
    hangs: &'static str,
    /// Whether such a call has come, and how many Pods.
    held: Arc<AtomicUsize>,
    pods: Arc<AtomicUsize>,
}

async fn answer(State(server): State<Server>, method: Method, uri: Uri, body: Bytes) -> Response<Body> {
    let text = uri.to_string();
    if !server.hangs.is_empty() && server.hangs.split(' ').all(|word| text.contains(word)) {
        server.held.fetch_add(1, Ordering::SeqCst);
        return std::future::pending().await;
    }
    if text.contains("watch=") {
        return std::future::pending().await; // no news
    }
    let list = |items: Value| json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": items});
    let answer = match (method, uri.path()) {
        (Method::GET, "/version") => version(),
        (Method::GET, path) if path.ends_with("/sidecarjobs") && text.contains("limit=500") => {
            list(json!([endless_run()]))
        }
        (Method::POST, path) if path.ends_with("/pods") => {
            tokio::time::sleep(Duration::from_millis(200)).await; // it is slow
            let n = server.pods.fetch_add(1, Ordering::SeqCst);
            let mut pod: Value = serde_json::from_slice(&body).expect("a Pod");
            pod["metadata"]["uid"] = json!(format!("uid-{n}"));
            pod["metadata"]["resourceVersion"] = json!((10 + n).to_string());
            pod["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
            pod
        }
        (Method::GET, _) => list(json!([])),
        _ => serde_json::from_slice(&body).unwrap_or_else(|_| json!({})),
    };
    Response::new(Body::from(answer.to_string()))
}

impl Server {
    /// Starts it, and the program in front of it.
    async fn start(hangs: &'static str) -> (Self, Program) {
        let server = Self { hangs, held: Arc::default(), pods: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (server, Program::start(&url))
    }
}

/// The program, killed when dropped.
struct Program(Child);

impl Program {
    fn start(url: &str) -> Self {
        let file = kubeconfig(url.rsplit(':').next().expect("a port"), url);
        let child = Command::new(env!("CARGO_BIN_EXE_sidecarjob"))
            .args(["controller", "--leader-elect=false", "--bind-address=127.0.0.1:0", "--kubeconfig"])
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        Self(child)
    }

    /// How long it takes to end after SIGTERM, and its exit code.
    async fn terminated(mut self) -> (Duration, Option<i32>) {
        let begin = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
        loop {
            if let Some(status) = self.0.try_wait().expect("our child") {
                return (begin.elapsed(), status.code());
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it goes on");
            tokio::time::sleep(Duration::from_millis(20)).await; // the interval of asking
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_at_the_start_does_not_keep_the_program() {
    for hangs in [
        "/version",
        "/pods?",                              // the first list of Pods
        "/jobs?",                              // whether Jobs may be read, and their list
        "/sidecarcronjobs? limit=1",           // whether there are schedules
        "/sidecarjobs? limit= labelSelector=", // the first list of the runs of schedules
        "/sidecarcronjobs? limit=500",         // the first list of schedules
        "/sidecarjobs? limit=500",             // the first list of runs
    ] {
        let (server, program) = Server::start(hangs).await;
        until(&format!("a call of {hangs}"), || server.held.load(Ordering::SeqCst) > 0).await;
        let (took, code) = program.terminated().await;
        assert!(took < AT_ONCE && code == Some(0), "{hangs} hangs: {took:?}, {code:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_makes_a_great_many_pods_does_not_outlive_the_signal() {
    let (server, program) = Server::start("").await;
    until("it is at it", || server.pods.load(Ordering::SeqCst) >= 20).await;
    let (took, code) = program.terminated().await;
    assert!(took < AT_ONCE && code == Some(0), "{took:?}, {code:?}");
}
