//! One history: trouble first, then everything runs out; and what must hold at its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;

use crate::cluster::World;
use crate::controller::Controller;
use crate::world::dice::Dice;
use crate::world::play::{self, Told};
use crate::world::server::lock;

/// Steps of trouble.
const STEPS: u32 = 80;
/// Rounds in which everything has to run out.
const ROUNDS: u32 = 300;
/// So often it may look again at one and the same time.
const LOOKS: u32 = 20;

/// The history of that seed. It counts runs, how many of them ran again, and how many a backfill started.
pub fn of(seed: u64) -> Told {
    play::run(async { troubled(World::new(Dice::new(seed))).await })
}

/// The same with a tenant who forges what is said of runs.
pub fn forged(seed: u64) -> Told {
    play::run(async { troubled(World { forges: true, ..World::new(Dice::new(seed)) }).await })
}

async fn troubled(world: World) -> Told {
    let world = Arc::new(Mutex::new(world));
    let mut controller = Controller::new(world.clone());
    for _ in 0..STEPS {
        if lock(&world).broken.is_some() {
            break;
        }
        step(&world, &mut controller).await;
    }
    if lock(&world).broken.is_none() {
        run_out(&world, &mut controller).await;
    }
    let mut world = lock(&world);
    let counts = world.books.counts().to_vec();
    Told { story: std::mem::take(&mut world.story), broken: world.broken.take(), counts }
}

async fn step(world: &Mutex<World>, controller: &mut Controller) {
    let what = lock(world).dice.roll(12);
    match what {
        0..=1 => lock(world).run_goes_on(),
        2 => lock(world).somebody(),
        3 => {
            if lock(world).set_clock() {
                controller.wake(); // as `clock` does
            }
        }
        4 => pass(world, 5_000).await,
        5..=6 => pass(world, 90).await,
        7 => controller.is_replaced().await,
        _ => {
            maybe_kill(&mut lock(world));
            if !lock(world).dice.one_in(3) {
                controller.watch();
            }
            controller.work().await;
        }
    }
}

async fn pass(world: &Mutex<World>, most: u32) {
    let seconds = lock(world).dice.roll(most);
    sleep(Duration::from_secs(seconds.into())).await;
}

/// Often the controller is to be killed at one of its next calls.
fn maybe_kill(world: &mut World) {
    if world.faults.kill_at.is_none() && world.dice.one_in(3) {
        let (at, after) = (world.faults.calls + 1 + world.dice.roll(3), world.dice.one_in(2));
        world.faults.kill_at = Some((at, after));
    }
}

/// No trouble any more: every time is accounted for, and then there is rest.
async fn run_out(world: &Mutex<World>, controller: &mut Controller) {
    let late = lock(world).calm();
    sleep(late).await; // the clock is right again
    controller.begin_anew();
    let mut over = false;
    for _ in 0..ROUNDS {
        comes_to_rest(world, controller).await;
        lock(world).check_active();
        over = controller.is_quiet() && lock(world).all_is_over();
        if over || lock(world).broken.is_some() {
            break;
        }
        lock(world).finish_all();
        sleep(Duration::from_secs(1)).await;
    }
    lock(world).must(over, "it does not come to an end");
    controller.wake();
    comes_to_rest(world, controller).await;
    lock(world).check();
    rest(world, controller).await;
}

/// All that has happened is shown, and all that was woken by it is done.
async fn comes_to_rest(world: &Mutex<World>, controller: &mut Controller) {
    for _ in 0..LOOKS {
        controller.catch_up();
        if !controller.work().await {
            return;
        }
    }
    lock(world).must(false, "it does not come to rest");
}

/// It is quiet, and stays so.
async fn rest(world: &Mutex<World>, controller: &mut Controller) {
    let before = lock(world).faults.writes;
    for _ in 0..5 {
        controller.wake();
        controller.work().await;
        controller.catch_up();
    }
    let mut world = lock(world);
    let more = world.faults.writes - before;
    world.must(more == 0, format!("{more} writes although nothing happened"));
    let soon = controller.rest().is_none_or(|rest| rest < Duration::from_millis(2));
    world.must(!soon, "it wants to look again at once, or never");
}
