//! What does one event of a Pod cost, and one Pod in memory? Prints a table of times and bytes; the tests count
//! (`tests/pod_cost.rs`).

#[path = "../tests/pod_cost/world.rs"]
mod world;

use rustix::time::{ClockId, clock_gettime};

use world::{Shape, World};

/// Seconds that this thread has used; whatever else runs on the machine does not count.
fn cpu() -> f64 {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    at.tv_sec as f64 + at.tv_nsec as f64 / 1e9
}

fn main() {
    println!("| Pods of the run | Pods beside it | one event | bytes a Pod |");
    println!("|---|---|---|---|");
    for (own, bare) in
        [(1, 0), (1, 3_000), (10, 0), (100, 0), (1_000, 0), (2_000, 0), (5_000, 0), (10_000, 0), (20_000, 0)]
    {
        let before = world::live_bytes();
        let mut world = World::new(own, bare, Shape::default());
        let bytes = (world::live_bytes() - before) / (own + bare) as i64;
        let news: Vec<_> = (0..100).map(|n| world.news(n % own)).collect();
        let begin = cpu();
        let rounds = news.len();
        news.into_iter().for_each(|news| world.event(news));
        let each = (cpu() - begin) * 1e3 / rounds as f64;
        println!("| {own} | {bare} | {each:.3} ms | {bytes} |");
    }
}
