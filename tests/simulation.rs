//! Random histories of a run, its Pods, its users and a controller that is killed at any call: what must hold in all.
//!
//! The real shell and the real engine; the API server, its watches, the kubelet, people and the clock are small models,
//! drawn from a seed. A failure prints its seed and its story; `SIDECARJOB_SEED=N cargo test --test simulation` tells it
//! again, `SIDECARJOB_HISTORIES=N` asks for more of them, `make soak` goes on until it is stopped.

#[path = "simulation/books.rs"]
mod books;
#[path = "simulation/cluster.rs"]
mod cluster;
#[path = "simulation/controller.rs"]
mod controller;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/kubelet.rs"]
mod kubelet;
#[path = "simulation/rules.rs"]
mod rules;
#[path = "simulation/server.rs"]
mod server;
#[path = "simulation/spec.rs"]
mod spec;
#[path = "simulation/users.rs"]
mod users;
mod world;

use std::time::Instant;

use world::play::{self, number, play};

/// How many histories one test plays.
const HISTORIES: u64 = 2000;

#[test]
fn in_every_history_each_pod_counts_once_and_the_end_is_reached_and_kept() {
    let regressions = play::regressions(include_str!("simulation/regressions.txt"));
    let seeds = play::seeds(&regressions, HISTORIES);
    let begin = Instant::now();
    let played = play(&seeds, history::troubled);
    let (n, seconds) = (seeds.len(), begin.elapsed().as_secs_f64());
    println!("{n} histories, {} things that happened, {:.0} histories/s", played.lines, n as f64 / seconds);
    played.report(n);
}

#[test]
fn a_kill_at_any_call_ends_in_the_same_result() {
    let n = number("SIDECARJOB_HISTORIES").unwrap_or(HISTORIES) / 10;
    for seed in number("SIDECARJOB_SEED").map_or(0..n, |seed| seed..seed + 1) {
        let tellings = history::with_and_without_a_kill(seed);
        let (_, undisturbed) = &tellings[0];
        for (told, result) in &tellings {
            let story = || told.story.join("\n  ");
            assert_eq!(told.broken, None, "seed {seed}\n  {}", story());
            assert_eq!(result, undisturbed, "seed {seed}: with a kill it ended in another way\n  {}", story());
        }
    }
}

#[test]
#[ignore = "a stretch of histories: make soak"]
fn soak() {
    play::soak("histories of runs", history::troubled);
}
