//! What did the controller allocate? All that this process did, without what the test itself does: it plays the API server
//! and the kubelet.

use std::alloc::System;
use std::cell::Cell;
use std::future::poll_fn;
use std::ops::{Add, Sub};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

thread_local! {
    /// What the test itself has allocated. One thread does all that is counted.
    static OUTSIDE: Cell<Allocations> = const { Cell::new(Allocations { count: 0, bytes: 0 }) };
}

/// How often something was allocated, and how many bytes in sum, whatever was freed since.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocations {
    pub count: usize,
    pub bytes: usize,
}

impl Add for Allocations {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { count: self.count + more.count, bytes: self.bytes + more.bytes }
    }
}

impl Sub for Allocations {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { count: self.count - before.count, bytes: self.bytes - before.bytes }
    }
}

fn of_the_process() -> Allocations {
    let stats = ALLOCATOR.stats();
    Allocations { count: stats.allocations + stats.reallocations, bytes: stats.bytes_allocated }
}

/// What the controller has allocated so far.
pub fn so_far() -> Allocations {
    of_the_process() - OUTSIDE.get()
}

/// Work of the test itself.
pub fn outside<T>(work: impl FnOnce() -> T) -> T {
    let before = of_the_process();
    let done = work();
    OUTSIDE.set(OUTSIDE.get() + (of_the_process() - before));
    done
}

/// The same of work that waits in between.
pub fn all_outside<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let mut work = outside(|| Box::pin(work));
    poll_fn(move |cx| outside(|| work.as_mut().poll(cx)))
}
