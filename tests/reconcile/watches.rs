//! The watches: dropped, refused as too old, and read again; what was missed in between is found.

use kube::Api;
use sidecarjob::controller::pod_watch::{self, Wakers};
use sidecarjob::controller::queue::{self, Wake};
use tokio::sync::watch;

use super::*;

const KEY: (&str, &str) = ("ns", "job");

/// Answers each GET with the next of these: a list, or the lines of a watch that ends after them.
fn server(answers: Vec<(&'static str, Value)>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        while let Some((request, send)) = handle.next_request().await {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let is_watch = query.contains("watch=");
            seen.lock().expect("not poisoned").push(if is_watch { format!("watch {query}") } else { "list".into() });
            let Some((kind, answer)) = answers.next() else { return std::future::pending().await };
            assert_eq!(is_watch, kind == "watch", "{query}");
            let lines = match answer {
                Value::Array(events) if is_watch => events.iter().map(|e| format!("{e}\n")).collect::<String>(),
                other => other.to_string(),
            };
            send.send_response(Response::new(Body::from(lines.into_bytes())));
        }
    });
    (Client::new(mock, "ns"), asked)
}

fn list(kind: &str, version: u64, items: Vec<Value>) -> (&'static str, Value) {
    (
        "list",
        json!({"kind": format!("{kind}List"), "apiVersion": "v1", "metadata": {"resourceVersion": version.to_string()}, "items": items}),
    )
}

fn events(all: Vec<(&str, Value)>) -> (&'static str, Value) {
    ("watch", all.into_iter().map(|(type_, object)| json!({"type": type_, "object": object})).collect())
}

fn too_old() -> (&'static str, Value) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old resource version"});
    events(vec![("ERROR", status)])
}

fn names(ctx: &Context<SidecarJob>) -> Vec<String> {
    ctx.pods.of(&owner()).pods.iter().map(|pod| pod.name.clone()).collect()
}

/// Waits until that holds; time passes as fast as it can.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

fn versioned(uid: &str, version: u64) -> Value {
    let mut pod = pod(uid, version, "Running", None);
    pod["kind"] = json!("Pod");
    pod["apiVersion"] = json!("v1");
    pod
}

#[tokio::test(start_paused = true)]
async fn a_dropped_watch_of_pods_goes_on_where_it_was_and_410_gone_lists_anew() {
    let answers = vec![
        list("Pod", 10, vec![versioned("a", 5), versioned("b", 6)]),
        events(vec![("ADDED", versioned("c", 11))]), // and dropped
        events(vec![("DELETED", versioned("a", 12))]),
        too_old(),
        list("Pod", 20, vec![versioned("c", 11), versioned("d", 15)]), // b is gone, nobody said so
    ];
    let (client, asked) = server(answers);
    let ctx = stage(vec![], vec![]).ctx;
    let (listed, is_listed) = watch::channel(false);
    let api: Api<Pod> = Api::namespaced(client, "ns");
    let watching = tokio::spawn(pod_watch::run(api, ctx.pods.clone(), Wakers::default(), Metrics::default(), listed));
    until("a new list", || names(&ctx) == ["job-c", "job-d"]).await;
    assert!(*is_listed.borrow());
    let asked = asked.lock().expect("not poisoned").clone();
    assert_eq!(asked[0], "list");
    assert!(asked[2].contains("resourceVersion=11"), "from where it was: {}", asked[2]);
    watching.abort();
}

/// A run that goes on, as the API server has it.
fn going_on(version: u64, spec: Value) -> Value {
    let mut job = serde_json::to_value(job(spec, json!(null))).expect("JSON");
    job["metadata"]["resourceVersion"] = json!(version.to_string());
    job
}

#[tokio::test(start_paused = true)]
async fn when_the_clock_was_set_or_the_machine_slept_each_run_is_looked_at_anew() {
    let mut run = going_on(5, json!({"activeDeadlineSeconds": 3600}));
    run["metadata"]["creationTimestamp"] = json!(wall_clock()().format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let (client, _) = server(vec![list("SidecarJob", 10, vec![run])]);
    let ended = |_: &Value| (200, pod("a", 32, "Failed", Some(143)));
    let script = vec![
        on(Method::PUT, STATUS, stored(30)),
        on(Method::PUT, STATUS, stored(31)),
        on(Method::DELETE, "/pods/job-a", ended),
        on(Method::PUT, STATUS, stored(33)),
        on(Method::PATCH, "/pods/job-a", |_| (200, without_finalizer(pod("a", 34, "Failed", Some(143)), 34))),
    ];
    let mut stage = stage(script, vec![pod("a", 5, "Running", None)]);
    let (begin, set) = (stage.ctx.now(), Arc::new(std::sync::atomic::AtomicI64::new(0)));
    let shown = set.clone();
    let now = move || begin + chrono::TimeDelta::seconds(shown.load(std::sync::atomic::Ordering::SeqCst));
    Arc::get_mut(&mut stage.ctx).expect("the only one").clock = Arc::new(now);
    let (rings, bell) = futures::channel::mpsc::unbounded();
    let (queue, waker) = queue::queue::<SidecarJob>(stage.ctx.clone(), tokio::sync::mpsc::unbounded_channel());
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(queue.run(Api::namespaced(client, "ns"), bell, stopped));
    let sent = || stage.sent.lock().expect("not poisoned").len();
    until("the first status", || sent() == 1).await;
    let before = tokio::time::Instant::now();
    set.store(4_000, std::sync::atomic::Ordering::SeqCst);
    rings.unbounded_send(()).expect("it listens");
    until("the deadline has passed, which nothing but the clock says", || sent() == 5).await;
    assert!(before.elapsed().as_secs() < 60, "not at the end of the timer, an hour later");
    let status = stage.sent.lock().expect("not poisoned")[1].1["status"].clone();
    assert_eq!(condition(&status, "FailureTarget").expect("known")["reason"], "DeadlineExceeded");
    stop.send_replace(true);
    working.await.expect("it ends").expect("well");
    drop((waker, stage.ctx));
    stage.server.await.expect("the script was followed to its end");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_runs_is_believed_after_a_restore_though_its_versions_are_lower_than_our_last_write() {
    let answers = vec![
        list("SidecarJob", 900, vec![going_on(800, json!({"suspend": true}))]),
        too_old(),
        list("SidecarJob", 50, vec![going_on(40, json!({"suspend": true}))]),
    ];
    let (client, _) = server(answers);
    let script = vec![on(Method::PUT, STATUS, stored(901)), on(Method::PUT, STATUS, stored(51))];
    let stage = stage(script, vec![]);
    let (queue, _waker) = queue::queue::<SidecarJob>(stage.ctx.clone(), tokio::sync::mpsc::unbounded_channel());
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(queue.run(Api::namespaced(client, "ns"), futures::stream::pending(), stopped));
    until("a second status", || stage.sent.lock().expect("not poisoned").len() == 2).await;
    let onto = stage.sent.lock().expect("not poisoned")[1].1["metadata"]["resourceVersion"].clone();
    assert_eq!(onto, "40", "onto what the API server has, which never saw the first");
    stop.send_replace(true);
    working.await.expect("it ends").expect("well");
}

#[tokio::test(start_paused = true)]
async fn a_queue_ends_the_program_when_the_api_server_has_an_older_version_than_it_gave() {
    let (client, _) = server(vec![list("SidecarJob", 900, vec![going_on(800, json!({"suspend": true}))])]);
    let conflict = || on(Method::PUT, STATUS, refuses(409, "Conflict", "the object has been modified"));
    let live = on(Method::GET, "/sidecarjobs/job", |_| (200, going_on(40, json!({"suspend": true}))));
    let stage = stage(vec![conflict(), conflict(), conflict(), live], vec![]);
    let (queue, _waker) = queue::queue::<SidecarJob>(stage.ctx.clone(), tokio::sync::mpsc::unbounded_channel());
    let (_stop, stopped) = watch::channel(false);
    let running = queue.run(Api::namespaced(client, "ns"), futures::stream::pending(), stopped);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(600), running).await.expect("it ends");
    assert!(ended.is_err_and(|why| why.to_string().contains("restored from a backup")));
}

#[tokio::test(start_paused = true)]
async fn a_queue_whose_watch_is_dropped_or_refused_reconciles_what_changed_meanwhile() {
    let object = |version: u64| {
        let mut job = serde_json::to_value(job(json!({"suspend": true}), json!(null))).unwrap();
        job["metadata"]["resourceVersion"] = json!(version.to_string());
        job
    };
    let answers = vec![list("SidecarJob", 10, vec![]), too_old(), list("SidecarJob", 20, vec![object(15)])];
    let (client, _) = server(answers);
    let script = vec![on(Method::PUT, STATUS, stored(30))];
    let Stage { ctx, sent, .. } = stage(script, vec![]);
    let (queue, waker) = queue::queue::<SidecarJob>(ctx.clone(), tokio::sync::mpsc::unbounded_channel());
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(queue.run(Api::namespaced(client, "ns"), futures::stream::pending(), stopped));
    until("the status of the run that the new list has", || !sent.lock().expect("not poisoned").is_empty()).await;
    assert!(waker.knows(&(KEY.0.to_owned(), KEY.1.to_owned())));
    stop.send_replace(true);
    working.await.expect("it ends when it is told to").expect("well");
}
