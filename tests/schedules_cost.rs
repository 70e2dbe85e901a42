//! What many schedules that are due at one minute cost: API calls, counted one by one against a server in memory, and
//! how long all take on a real one.
//!
//! `SIDECARJOB_SCHEDULES=10000` makes it as many; 200 otherwise. Nothing here asserts how long something takes.

#[path = "schedules_cost/measured.rs"]
mod measured;
mod world;

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use sidecarjob::controller::error::Fatal;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::turns::Turns;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use world::clock::{BEGIN, Clock};
use world::counting::{Calls, Server};

/// How many schedules.
fn size() -> usize {
    std::env::var("SIDECARJOB_SCHEDULES").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

/// Half a minute after midnight, each call takes so long.
fn begin(takes: Duration) -> Server {
    Server::new(Clock::start_at(BEGIN + 30), takes)
}

fn cron(n: usize) -> Value {
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob",
        "metadata": {"name": format!("c{n}"), "namespace": "ns", "generation": 1, "creationTimestamp": "2026-01-01T00:00:30Z"},
        "spec": {
            "schedule": "0 * * * *", "successfulJobsHistoryLimit": 1,
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i"}]}}}}
        }
    })
}

fn calls(of: &[(&str, usize)]) -> Calls {
    of.iter().filter(|(_, n)| *n > 0).map(|(call, n)| ((*call).to_owned(), *n)).collect()
}

/// Time passes until then; whatever is to happen meanwhile happens.
async fn until(server: &Server, minutes: u64) {
    let at = DateTime::from_timestamp(BEGIN, 0).expect("a time") + TimeDelta::minutes(minutes as i64);
    tokio::time::sleep((at - server.clock.now()).to_std().expect("still to come")).await;
}

/// The other controller: each run that is going on gets that status.
fn runs_become(server: &Server, status: &Value) {
    for mut run in server.all("sidecarjobs") {
        if run["status"]["conditions"].is_null() {
            run["status"] = status.clone();
            server.put("sidecarjobs", run);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_costs_one_create_and_one_status_write_an_end_one_and_the_time_between_nothing() {
    let (server, n) = with_schedules(begin(Duration::ZERO));
    let (stop, working) = work(&server);

    until(&server, 50).await;
    assert_eq!(server.writes(), calls(&[("update sidecarcronjobs/status", n)]), "each gets its first status");
    until(&server, 59).await;
    assert_eq!(server.writes(), calls(&[]), "nothing happens before the time has come");
    for hour in 1..=2 {
        let write = "update sidecarcronjobs/status";
        let told = |events| ("create events", events);
        until(&server, hour * 60 + 5).await;
        assert_eq!(
            server.writes(),
            calls(&[("create sidecarjobs", n), (write, n), told(n)]),
            "hour {hour}: the starts"
        );
        runs_become(&server, &json!({"startTime": "2026-01-01T01:00:01Z"}));
        until(&server, hour * 60 + 10).await;
        runs_become(&server, &json!({"startTime": "2026-01-01T01:00:01Z", "active": 1, "ready": 1}));
        until(&server, hour * 60 + 20).await;
        assert_eq!(server.writes(), calls(&[]), "hour {hour}: what a run does is nothing to its schedule");
        let end = server.clock.stamp();
        let complete =
            json!({"type": "Complete", "status": "True", "reason": "", "message": "", "lastTransitionTime": end});
        runs_become(&server, &json!({"startTime": "2026-01-01T01:00:01Z", "conditions": [complete]}));
        until(&server, hour * 60 + 30).await;
        let old = if hour > 1 { n } else { 0 }; // one is kept
        let ends = calls(&[(write, n), ("delete sidecarjobs", old), told(n + old)]);
        assert_eq!(server.writes(), ends, "hour {hour}: the ends");
        until(&server, hour * 60 + 59).await;
        assert_eq!(server.writes(), calls(&[]), "hour {hour}: rest");
    }
    ends(stop, working).await;
}

/// One that says that the replaced run went missing would be an event more.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_replaced_is_told_as_deleted_and_as_nothing_else() {
    let server = begin(Duration::ZERO);
    let mut cron = cron(0);
    cron["spec"]["concurrencyPolicy"] = json!("Replace");
    server.put("sidecarcronjobs", cron);
    let (stop, working) = work(&server);
    until(&server, 65).await;
    server.writes();
    until(&server, 125).await;
    let writes = [
        ("delete sidecarjobs", 1),
        ("create sidecarjobs", 1),
        ("update sidecarcronjobs/status", 1),
        ("create events", 2),
    ];
    assert_eq!(server.writes(), calls(&writes));
    let status = server.all("sidecarcronjobs")[0]["status"].clone();
    let results: Vec<&Value> =
        status["recentRuns"].as_array().expect("runs").iter().map(|run| &run["result"]).collect();
    assert_eq!(results, ["Active", "Replaced"]);
    ends(stop, working).await;
}

/// The API server is the bottle-neck, so what is not urgent comes later: neither lost nor doubled.
#[tokio::test(start_paused = true)]
async fn when_many_are_due_they_start_first_and_their_statuses_follow() {
    let (server, n) = with_schedules(begin(Duration::from_secs(5)));
    let (stop, working) = work(&server);
    until(&server, 59).await;
    server.order();
    until(&server, 65).await;
    starts_come_first(&server.order(), n);
    ends(stop, working).await;
}

#[tokio::test(start_paused = true)]
async fn what_has_become_due_while_no_controller_was_there_starts_first_too() {
    let (server, n) = with_schedules(begin(Duration::from_secs(5)));
    until(&server, 62).await;
    let (stop, working) = work(&server);
    until(&server, 67).await;
    starts_come_first(&server.order(), n);
    ends(stop, working).await;
}

/// One namespace alone has half of these.
const AT_ONCE: u16 = 20;

/// So many.
fn with_schedules(server: Server) -> (Server, usize) {
    let n = size();
    (0..n).for_each(|i| server.put("sidecarcronjobs", cron(i)));
    (server, n)
}

fn work(server: &Server) -> (watch::Sender<bool>, JoinHandle<Result<(), Fatal>>) {
    let (events, _sending) = Events::start(server.client());
    let (stop, stopped) = watch::channel(false);
    let schedules = Schedules::at(server.client(), events, server.clock.of_controller());
    (stop, tokio::spawn(schedules.run(None, Turns::new(AT_ONCE), stopped)))
}

async fn ends(stop: watch::Sender<bool>, working: JoinHandle<Result<(), Fatal>>) {
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(60), working).await.expect("it ends").expect("well").expect("well");
}

/// All starts, before most of the statuses; one of each.
fn starts_come_first(order: &[String], n: usize) {
    let (start, status) = ("create sidecarjobs", "update sidecarcronjobs/status");
    let count = |calls: &[String], of: &str| calls.iter().filter(|call| *call == of).count();
    assert_eq!((count(order, start), count(order, status), order.len()), (n, n, 2 * n));
    let last = order.iter().rposition(|call| call == start).expect("a start");
    let early = count(&order[..last], status);
    assert!(early <= 2 * usize::from(AT_ONCE), "{early} statuses were written before the last of {n} starts");
}
