//! A budget that holds: what does one run of each kind cost, from its creation to its end and until nothing happens any
//! more? Requests, bytes, conversions and allocations, never times, so the figures are the same on every machine.
//!
//! The whole controller runs on an API server in memory; the test plays the scheduler and the kubelet. The budget is in
//! docs/performance.md, under "A budget that holds". `UPDATE_BUDGET=1 cargo test --test budget` writes it anew: whoever
//! changes a figure shows it.

#[path = "budget/allocations.rs"]
mod allocations;
#[path = "budget/controller.rs"]
mod controller;
#[path = "budget/counted.rs"]
mod counted;
#[path = "budget/kinds.rs"]
mod kinds;
#[path = "budget/kubelet.rs"]
mod kubelet;
#[path = "budget/life.rs"]
mod life;
#[path = "budget/page.rs"]
mod page;
#[path = "budget/reconciles.rs"]
mod reconciles;
mod world;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use allocations::Allocations;
use kinds::KINDS;
use life::Life;
use page::{Figure, Table};
use reconciles::{Cost, Reconciles};

/// Counted once for all tests, on one thread, since the allocator counts for the whole process.
static COUNTED: LazyLock<[Table; 2]> = LazyLock::new(|| {
    let tables = [lives(), single_reconciles()];
    if std::env::var_os("UPDATE_BUDGET").is_some() {
        page::write(&tables);
    }
    tables
});

/// In a runtime of its own, whose clock moves when nothing else does.
fn run<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(story)
}

/// Each kind of run from its creation to its end.
fn lives() -> Table {
    let lives: Vec<Life> = KINDS.iter().map(|kind| run(life::of(kind))).collect();
    let mut table = Table::new("from creation to rest", KINDS.iter().map(|kind| kind.title).collect());
    let requests: BTreeSet<&String> = lives.iter().flat_map(|life| life.traffic.requests.keys()).collect();
    for request in requests {
        let n = |life: &Life| life.traffic.requests.get(request).copied().unwrap_or(0);
        table.row(Figure::Requests, request, lives.iter().map(n));
    }
    table.row(Figure::Bytes, "bytes sent", lives.iter().map(|life| life.traffic.bytes));
    table.row(Figure::Bytes, "bytes of the last status of the run", lives.iter().map(|life| life.status));
    table.row(Figure::Conversions, "conversions of the run", lives.iter().map(|life| life.conversions));
    table.row(Figure::Conversions, "copies of the run", lives.iter().map(|life| life.copies));
    table.row(Figure::Allocations, "allocations", lives.iter().map(|life| life.allocations.count));
    table.row(Figure::Allocations, "bytes allocated", lives.iter().map(|life| life.allocations.bytes));
    table
}

/// Single reconciles, and single events of Pods.
fn single_reconciles() -> Table {
    let kinds = KINDS.iter().filter(|kind| kind.exits == [0]); // a Pod that will fail costs the same until then
    let (heads, all): (Vec<&str>, Vec<Reconciles>) = kinds.map(|kind| (kind.title, run(reconciles::of(kind)))).unzip();
    let mut table = Table::new("a single reconcile, a single event", heads);
    let mut reconciles = |name: &str, of: fn(&Reconciles) -> &Cost| {
        table.row(Figure::Requests, &format!("{name}: requests"), all.iter().map(|all| of(all).requests));
        allocations(&mut table, name, all.iter().map(|all| of(all).allocations));
    };
    reconciles("a reconcile with nothing to do", |all| &all.idle);
    reconciles("a reconcile that writes a status", |all| &all.status);
    allocations(&mut table, "an event with a Pod as the controller created it", all.iter().map(|all| all.echo));
    allocations(&mut table, "an event with a Pod that runs now", all.iter().map(|all| all.news));
    table
}

/// Two rows.
fn allocations(table: &mut Table, name: &str, all: impl Iterator<Item = Allocations> + Clone) {
    table.row(Figure::Allocations, &format!("{name}: allocations"), all.clone().map(|all| all.count));
    table.row(Figure::Allocations, &format!("{name}: bytes allocated"), all.map(|all| all.bytes));
}

/// Fails with all that was counted.
fn holds(figure: Figure) {
    let over = page::over_budget(&*COUNTED, figure);
    assert!(
        over.is_empty(),
        "{figure:?} differ from the budget in docs/performance.md:\n  {}\n\nCounted:\n\n{}\n\
         If the change is meant: UPDATE_BUDGET=1 cargo test --test budget writes the tables of the page anew.",
        over.join("\n  "),
        page::text(&*COUNTED)
    );
}

#[test]
fn a_run_of_each_kind_makes_exactly_the_requests_of_its_budget() {
    holds(Figure::Requests);
}

#[test]
fn a_run_of_each_kind_sends_no_more_bytes_than_its_budget() {
    holds(Figure::Bytes);
}

#[test]
fn a_run_is_converted_and_copied_as_often_as_its_budget_says() {
    holds(Figure::Conversions);
}

#[test]
fn neither_a_run_nor_a_reconcile_nor_an_event_allocates_more_than_its_budget() {
    holds(Figure::Allocations);
}
