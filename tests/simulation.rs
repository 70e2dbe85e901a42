//! Random histories of a job, its Pods, its users and a controller that is killed at any line: what must hold in all.
//!
//! The engine decides; API server, kubelet, users, caches and clock are small models, drawn from a seed. A failure
//! prints its seed and its story; `SIDECARJOB_SEED=N cargo test --test simulation` tells it again,
//! `SIDECARJOB_HISTORIES=N` asks for more of them.

#[path = "simulation/dice.rs"]
mod dice;
#[path = "simulation/shell.rs"]
mod shell;
#[path = "simulation/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use dice::Dice;
use shell::Shell;
use world::World;

/// Steps of trouble in each history, before all is left to run out.
const STEPS: u32 = 60;

/// One history: trouble first, then everything runs out; the world itself checks what must hold at each write.
fn history(seed: u64) -> Result<usize, String> {
    let mut dice = Dice::new(seed);
    let mut world = World::new(&mut dice);
    let mut shell = Shell::default();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            match dice.roll(10) {
                0..=3 => world.kubelet(&mut dice),
                4 => world.user(&mut dice),
                5 => world.trouble(&mut dice),
                6 => world.pass(dice.roll(30).into()),
                _ => shell.reconcile(&mut world, &mut dice, true),
            }
        }
        run_out(&mut world, &mut shell, &mut dice);
    }));
    outcome.map(|()| world.story.len()).map_err(|panic| {
        let why = panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(ToString::to_string));
        format!("seed {seed}: {}\n  {}", why.unwrap_or_default(), world.story.join("\n  "))
    })
}

/// No trouble any more: it must come to an end, and then to rest, with each Pod counted once.
fn run_out(world: &mut World, shell: &mut Shell, dice: &mut Dice) {
    world.calm();
    for _ in 0..400 {
        shell.reconcile(world, dice, false);
        if world.finished() && world.all_pods_ended() {
            break;
        }
        world.kubelet_all(dice);
        world.pass(20);
    }
    assert!(world.finished(), "it never ended");
    shell.reconcile(world, dice, false);
    let writes = world.writes;
    for _ in 0..3 {
        world.pass(1000);
        shell.reconcile(world, dice, false);
    }
    assert_eq!(world.writes, writes, "something was written although nothing happened");
    world.check_counts();
}

#[test]
fn in_every_history_each_pod_counts_once_and_the_end_is_reached_and_kept() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = match number("SIDECARJOB_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIDECARJOB_HISTORIES").unwrap_or(3000),
    };
    std::panic::set_hook(Box::new(|_| {})); // the story is printed below
    let begin = std::time::Instant::now();
    let n = seeds.end - seeds.start;
    let results: Vec<Result<usize, String>> = seeds.map(history).collect();
    let _ = std::panic::take_hook();
    let failed: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    assert!(failed.is_empty(), "{} of {n} histories failed; the first:\n{}", failed.len(), failed[0]);
    let lines: usize = results.iter().flatten().sum();
    println!(
        "{n} histories, {lines} things that happened, {:.0} histories/s",
        n as f64 / begin.elapsed().as_secs_f64()
    );
}
