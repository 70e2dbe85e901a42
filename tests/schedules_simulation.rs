//! Random histories of a schedule, its runs, its users and controllers that are killed at any call, replaced while they
//! still write, look at old views, get no answers, and have their clock set: what must hold in all.
//!
//! The real shell and the real engine, in the world of `world`. As `simulation`:
//! `SIDECARJOB_SEED=N cargo test --test schedules_simulation` tells a failing history again, `SIDECARJOB_HISTORIES=N`
//! plays more of them, and a seed that showed a mistake gets a line in `schedules_simulation/regressions.txt`.

#[path = "schedules_simulation/books.rs"]
mod books;
#[path = "schedules_simulation/cluster.rs"]
mod cluster;
#[path = "schedules_simulation/controller.rs"]
mod controller;
#[path = "schedules_simulation/history.rs"]
mod history;
#[path = "schedules_simulation/users.rs"]
mod users;
mod world;

use std::time::Instant;

use world::play;

/// How many histories the test plays.
const HISTORIES: u64 = 300;

#[test]
fn no_time_runs_twice_none_is_lost_and_then_there_is_rest() {
    let regressions = play::regressions(include_str!("schedules_simulation/regressions.txt"));
    let seeds = play::seeds(&regressions, HISTORIES);
    let begin = Instant::now();
    let played = play::play(&seeds, history::of);
    let (n, seconds) = (seeds.len(), begin.elapsed().as_secs_f64());
    played.report(n);
    let [runs, again, backfills] = played.counts[..] else { panic!("three counts") };
    println!("{n} histories with {runs} runs, {:.0} histories/s", n as f64 / seconds);
    println!("{again} ran again, deleted before anybody could know; {backfills} runs were started by backfills");
    assert!(n == 1 || runs as usize > n && backfills as usize > n, "something happens in them");
}
