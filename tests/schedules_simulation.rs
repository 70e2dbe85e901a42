//! Random histories of a schedule, its runs, its users and controllers that are killed at any call, replaced while they
//! still write, look at old views, get no answers, and have their clock set: what must hold in all.
//!
//! The real shell and the real engine, in the world of `world`. As `simulation`:
//! `SIDECARJOB_SEED=N cargo test --test schedules_simulation` tells a failing history again, `SIDECARJOB_HISTORIES=N`
//! plays more of them, `make soak` goes on until it is stopped, and a seed that showed a mistake gets a line in
//! `schedules_simulation/regressions.txt`.

#[path = "schedules_simulation/books.rs"]
mod books;
#[path = "schedules_simulation/cluster.rs"]
mod cluster;
#[path = "schedules_simulation/controller.rs"]
mod controller;
#[path = "schedules_simulation/history.rs"]
mod history;
#[path = "schedules_simulation/tenant.rs"]
mod tenant;
#[path = "schedules_simulation/users.rs"]
mod users;
mod world;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use cluster::{RUNS, World};
use controller::Controller;
use world::dice::Dice;
use world::play::{self, Told};
use world::server::lock;

/// How many histories the test plays.
const HISTORIES: u64 = 300;

#[test]
fn no_time_runs_twice_none_is_lost_and_then_there_is_rest() {
    all_is_well(history::of);
}

#[test]
fn whatever_a_tenant_forges_no_time_runs_twice_and_none_is_lost() {
    all_is_well(history::forged);
}

fn all_is_well(history: fn(u64) -> Told) {
    let regressions = play::regressions(include_str!("schedules_simulation/regressions.txt"));
    let seeds = play::seeds(&regressions, HISTORIES);
    let begin = Instant::now();
    let played = play::play(&seeds, history);
    let (n, seconds) = (seeds.len(), begin.elapsed().as_secs_f64());
    played.report(n);
    let [runs, again, backfills] = played.counts[..] else { panic!("three counts") };
    println!("{n} histories with {runs} runs, {:.0} histories/s", n as f64 / seconds);
    println!("{again} ran again, deleted before anybody could know; {backfills} runs were started by backfills");
    assert!(n == 1 || runs as usize > n && backfills as usize > n / 2, "something happens in them");
}

#[test]
#[ignore = "a stretch of histories: make soak"]
fn soak() {
    play::soak("histories of schedules", history::of);
    play::soak("histories of schedules with a tenant who forges", history::forged);
}

#[test]
fn a_run_whose_creation_got_no_clear_answer_is_looked_for_before_another_starts() {
    for policy in ["Forbid", "Replace", "Queue", "Allow"] {
        let template = json!({"spec": {"template": {}}});
        let spec = json!({"schedule": "* * * * *", "concurrencyPolicy": policy, "jobTemplate": template});
        play::run(async {
            let world = Arc::new(Mutex::new(World::of(spec, Dice::new(0))));
            let mut controller = Controller::new(world.clone());
            controller.work().await;
            tokio::time::sleep(Duration::from_secs(61)).await;
            lock(&world).faults.unclear = true;
            controller.work().await;
            assert_eq!(lock(&world).store.all(RUNS).count(), 1, "{policy}: it was created all the same");
            tokio::time::sleep(Duration::from_secs(61)).await;
            controller.work().await; // the watch has shown nothing yet
            let world = lock(&world);
            assert_eq!((&world.broken, world.cron().status.missed), (&None, 0), "{policy}");
            assert!(world.cron().status.last_schedule.is_some(), "{policy}: it goes on");
        });
    }
}
