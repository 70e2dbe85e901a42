//! What may a Pod cost in memory, and one event in work? Counted in bytes and allocations, never in time.
//!
//! One test, since the allocator counts for the whole process. `cargo bench --bench pods` prints times beside the bytes.

#[path = "pod_cost/wire.rs"]
mod wire;
#[path = "pod_cost/world.rs"]
mod world;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use sidecarjob::api::SidecarJob;
use sidecarjob::controller::watched::Watched;
use sidecarjob::controller::wire::watch::watch;
use sidecarjob::engine::observed;
use sidecarjob::engine::observed::wire::Pod as WirePod;
use wire::{Form, Server};
use world::{Shape, World, allocations, live_bytes};

/// What each of so many Pods adds to what is kept.
fn bytes_of_a_pod(own: usize, bare: usize, shape: Shape) -> i64 {
    let kept = |own, bare| {
        let before = live_bytes();
        let _world = World::new(own, bare, shape);
        live_bytes() - before
    };
    (kept(own, bare) - kept(1, 0)) / (own + bare - 1) as i64
}

/// What one event of the first Pod allocates, once the run is at rest.
fn allocations_of_an_event(own: usize, bare: usize) -> u64 {
    let mut world = World::new(own, bare, Shape::default());
    let (first, second) = (world.news(0), world.news(0));
    world.event(first);
    let before = allocations();
    world.event(second);
    allocations() - before
}

/// How often reading allocates for one object more in a list, and for one event more.
fn allocations_of_reading(form: &Form, read: impl Fn(Server)) -> (u64, u64) {
    let count = |objects, events| {
        let server = form.server(objects, events);
        let before = allocations();
        read(server);
        allocations() - before
    };
    count(1, 1); // what is allocated once
    let base = count(10, 10);
    ((count(110, 10) - base) / 100, (count(10, 110) - base) / 100)
}

/// What the engine keeps of a Pod whose container failed with a long last message.
fn bytes_of_a_failed_pod() -> i64 {
    const PODS: usize = 100;
    let before = live_bytes();
    let kept: Vec<_> = (0..PODS).filter_map(|n| observed::Pod::from_wire(&world::failed_pod(n, 100_000))).collect();
    let bytes = live_bytes() - before;
    assert_eq!(kept.len(), PODS);
    bytes / PODS as i64
}

fn pods(server: Server) {
    server.read(|client| watch::<_, WirePod>(Api::<Pod>::all(client), None));
}

fn runs(server: Server) {
    type Run = Watched<SidecarJob>;
    server.read(|client| watch::<_, Run>(Api::<Run>::all(client), None));
}

/// Counted before anything else is.
fn what_reading_costs() {
    for (what, form, most) in [("protobuf", wire::protobuf(), 95), ("JSON", wire::json(), 105)] {
        let (listed, event) = allocations_of_reading(&form, pods);
        println!("a Pod in {what} of {} bytes: {listed} allocations in a list, {event} in an event", form.object.len());
        assert!(listed <= most && event <= most, "only what is kept is read: {listed} and {event} allocations");
    }
    let form = wire::run();
    let (listed, event) = allocations_of_reading(&form, runs);
    println!("a run of {} bytes: {listed} allocations in a list, {event} in an event", form.object.len());
    assert!(listed <= 260 && event <= 260, "each object is read once: {listed} and {event} allocations");
}

#[test]
fn what_a_pod_costs_does_not_depend_on_what_others_write_or_on_the_pods_of_others() {
    what_reading_costs();
    let large = Shape { argument: 100_000, labels: 200, ..Shape::default() };
    let (usual, with_large_texts) = (bytes_of_a_pod(1_000, 0, Shape::default()), bytes_of_a_pod(200, 0, large));
    println!("a Pod of a run: {usual} bytes; with 100 kB of arguments and 200 labels: {with_large_texts} bytes");
    assert!(usual < 2_500, "a Pod of a run keeps {usual} bytes");
    assert!(with_large_texts < 25_000, "what a tenant writes is bounded: {with_large_texts} bytes");

    let failed = bytes_of_a_failed_pod();
    println!("a Pod that failed with a message of 100 kB: {failed} bytes");
    assert!(failed < 3_500, "of the message 1 KiB is kept: {failed} bytes");

    let beside = bytes_of_a_pod(1, 2_000, large);
    println!("a Pod without an owner, in a namespace where no run selects by its labels: {beside} bytes");
    assert!(beside < 20, "nothing is kept of it: {beside} bytes");
    let foreign = Shape { of_another_manager: true, ..large };
    let foreign = bytes_of_a_pod(1, 2_000, foreign);
    println!("a Pod of another manager's Job: {foreign} bytes");
    assert!(foreign < 400, "no more than its UID is kept: {foreign} bytes");

    let (alone, beside_many) = (allocations_of_an_event(1, 0), allocations_of_an_event(1, 3_000));
    println!("an event of a run of one Pod: {alone} allocations, beside 3,000 other Pods {beside_many}");
    assert!(beside_many <= alone + 5, "the Pods of others cost nothing: {beside_many} allocations instead of {alone}");
    let (few, many) = (allocations_of_an_event(10, 0), allocations_of_an_event(2_000, 0));
    println!("an event of a run of 10 Pods: {few} allocations, of 2,000 Pods {many}");
    assert!(many <= few + 100, "allocations do not grow with the run: {many} instead of {few}");
}
