//! What does one event of a Pod cost, one Pod in memory, and one object off the wire? Prints a table of times and bytes; the tests count
//! (`tests/pod_cost.rs`).

#[path = "../tests/pod_cost/world.rs"]
#[allow(dead_code, reason = "only tests/pod_cost.rs counts allocations")]
mod world;

#[path = "../tests/pod_cost/wire.rs"]
mod wire;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::watcher::{Config, watcher};
use rustix::time::{ClockId, clock_gettime};
use sidecarjob::controller::watched::Watched;

use sidecarjob::api::SidecarJob;
use sidecarjob::controller::wire::watch::watch;
use sidecarjob::engine::observed;
use world::{Shape, World};

/// Seconds that this thread has used; whatever else runs on the machine does not count.
fn cpu() -> f64 {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    at.tv_sec as f64 + at.tv_nsec as f64 / 1e9
}

fn main() {
    of_the_wire();
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

/// What one object costs to read, in a page of 500 and in an event: as the controller reads it, and as `kube`'s watcher does.
fn of_the_wire() {
    type Run = Watched<SidecarJob>;
    type Read = fn(wire::Server);
    let ours: Read = |server| server.read(|client| watch::<_, observed::wire::Pod>(Api::<Pod>::all(client), None));
    let kubes: Read = |server| server.read(|client| watcher(Api::<Pod>::all(client), Config::default()));
    let our_runs: Read = |server| server.read(|client| watch::<_, Run>(Api::<Run>::all(client), None));
    let kubes_runs: Read = |server| server.read(|client| watcher(Api::<Run>::all(client), Config::default()));
    println!("| off the wire | bytes | in a page of 500 | allocations | in an event | allocations |");
    println!("|---|---|---|---|---|---|");
    for (what, form, read) in [
        ("Pod, kube's watcher, JSON", wire::json(), kubes),
        ("Pod, ours, JSON", wire::json(), ours),
        ("Pod, ours, protobuf", wire::protobuf(), ours),
        ("SidecarJob, kube's watcher with DeserializeGuard", wire::run(), kubes_runs),
        ("SidecarJob, ours", wire::run(), our_runs),
    ] {
        let cost = |objects: usize, events: usize| {
            let server = form.server(objects, events);
            let (begin, before) = (cpu(), world::allocations());
            read(server);
            (cpu() - begin, world::allocations() - before)
        };
        cost(1, 1);
        let each = |(time, count): (f64, u64)| format!("{:.1} µs | {}", time * 1e6 / 500.0, count / 500);
        println!("| {what} | {} | {} | {} |", form.object.len(), each(cost(500, 0)), each(cost(1, 500)));
    }
    println!();
}
