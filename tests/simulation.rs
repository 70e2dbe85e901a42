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
#[path = "world/dice.rs"]
mod dice;
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

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use history::Told;

/// How many histories one test plays.
const HISTORIES: u64 = 2000;

/// Seeds that failed once.
fn regressions() -> Vec<u64> {
    let lines = include_str!("simulation/regressions.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The history of that seed, or the story of how it failed.
fn tell(seed: u64) -> Result<Told, String> {
    let told = catch_unwind(AssertUnwindSafe(|| history::troubled(seed)));
    match told {
        Ok(Told { broken: Some(why), story, .. }) => Err(format!("seed {seed}: {why}\n  {}", story.join("\n  "))),
        Ok(told) => Ok(told),
        Err(panic) => {
            let why = panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(ToString::to_string));
            Err(format!("seed {seed}: panic: {}", why.unwrap_or_default()))
        }
    }
}

/// Plays them on all processors. The failures, in the order of their seeds; and how many things happened.
fn play(seeds: &[u64]) -> (Vec<String>, u64) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, lines) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut failed: Vec<(u64, String)> = std::thread::scope(|scope| {
        let worker = || {
            let mut failed = Vec::new();
            while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                match tell(*seed) {
                    Ok(told) => drop(lines.fetch_add(told.story.len() as u64, Ordering::Relaxed)),
                    Err(story) => failed.push((*seed, story)),
                }
            }
            failed
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|w| w.join().expect("a worker")).collect()
    });
    failed.sort();
    (failed.into_iter().map(|(_, story)| story).collect(), lines.into_inner())
}

fn report(failed: &[String], n: usize) {
    let heads: Vec<&str> = failed.iter().take(20).filter_map(|f| f.lines().next()).collect();
    assert!(
        failed.is_empty(),
        "{} of {n} histories failed; the first:\n{}\n\n{}",
        failed.len(),
        failed[0],
        heads.join("\n")
    );
}

#[test]
fn in_every_history_each_pod_counts_once_and_the_end_is_reached_and_kept() {
    let seeds: Vec<u64> = match number("SIDECARJOB_SEED") {
        Some(seed) => vec![seed],
        None => regressions().into_iter().chain(0..number("SIDECARJOB_HISTORIES").unwrap_or(HISTORIES)).collect(),
    };
    let begin = Instant::now();
    let (failed, lines) = play(&seeds);
    let (n, seconds) = (seeds.len(), begin.elapsed().as_secs_f64());
    println!("{n} histories, {lines} things that happened, {:.0} histories/s", n as f64 / seconds);
    report(&failed, n);
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
#[ignore = "goes on until it is stopped: make soak"]
fn soak() {
    let (begin, block) = (Instant::now(), 500);
    let first = number("SIDECARJOB_SEED").unwrap_or(1_000_000);
    for from in (first..).step_by(block) {
        let seeds: Vec<u64> = (from..from + block as u64).collect();
        report(&play(&seeds).0, block);
        let (n, seconds) = (from + block as u64 - first, begin.elapsed().as_secs());
        println!("{n} histories in {seconds}s, up to seed {}: all well", from + block as u64 - 1);
    }
}
