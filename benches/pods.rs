//! What does one event of a Pod cost, and one Pod in memory? Prints a table of times and bytes; the tests count
//! (`tests/pod_cost.rs`).

#[path = "../tests/pod_cost/world.rs"]
mod world;

use std::time::Instant;

use world::{Shape, World};

fn main() {
    println!("| Pods of the run | Pods beside it | one event | bytes a Pod |");
    println!("|---|---|---|---|");
    for (own, bare) in
        [(1, 0), (1, 3_000), (10, 0), (100, 0), (1_000, 0), (2_000, 0), (5_000, 0), (10_000, 0), (20_000, 0)]
    {
        let before = world::live_bytes();
        let mut world = World::new(own, bare, Shape::default());
        let bytes = (world::live_bytes() - before) / (own + bare) as i64;
        let rounds = if own > 1_000 { 100 } else { 300 };
        let begin = Instant::now();
        for n in 0..rounds {
            world.event(n % own);
        }
        let each = begin.elapsed().as_secs_f64() * 1e3 / rounds as f64;
        println!("| {own} | {bare} | {each:.3} ms | {bytes} |");
    }
}
