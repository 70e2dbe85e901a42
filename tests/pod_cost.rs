//! What may a Pod cost in memory, and one event in work? Counted in bytes and allocations, never in time.
//!
//! One test, since the allocator counts for the whole process. `cargo bench --bench pods` prints times beside the bytes.

#[path = "pod_cost/world.rs"]
mod world;

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

#[test]
fn what_a_pod_costs_does_not_depend_on_what_others_write_or_on_the_pods_of_others() {
    let large = Shape { argument: 100_000, labels: 200, ..Shape::default() };
    let (usual, with_large_texts) = (bytes_of_a_pod(1_000, 0, Shape::default()), bytes_of_a_pod(200, 0, large));
    println!("a Pod of a run: {usual} bytes; with 100 kB of arguments and 200 labels: {with_large_texts} bytes");
    assert!(usual < 2_500, "a Pod of a run keeps {usual} bytes");
    assert!(with_large_texts < 25_000, "what a tenant writes is bounded: {with_large_texts} bytes");

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
