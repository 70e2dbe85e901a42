//! One history: trouble first, then everything runs out; and what must hold at its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sidecarjob::api::{Kind, SharedJob, SidecarJob};
use sidecarjob::controller::managed::Managed;
use sidecarjob::engine::observed::Settings;
use tokio::time::sleep;

use crate::cluster::{Fate, World, index, is_active};
use crate::controller::Controller;
use crate::rules;
use crate::spec;
use crate::world::dice::Dice;
use crate::world::play::{Told, run};
use crate::world::server::lock;
use crate::world::store::{is_true, owner, uid};

/// Steps of trouble.
const STEPS: u32 = 50;
/// Rounds in which everything has to run out.
const ROUNDS: u32 = 400;

/// With everything that can happen, from that seed. It counts calls.
pub fn troubled(seed: u64) -> Told {
    let mut dice = Dice::new(seed);
    dice.roll(100);
    match dice.one_in(2) {
        true => run(troubles::<SidecarJob>(world(Kind::SidecarJob, dice, Fate::Open))),
        false => run(troubles::<SharedJob>(world(Kind::Job, dice, Fate::Open))),
    }
}

pub fn world(kind: Kind, dice: Dice, fate: Fate) -> impl FnOnce() -> Arc<Mutex<World>> {
    move || Arc::new(Mutex::new(World::new(kind, dice, fate)))
}

/// The same run twice: undisturbed, and with a kill at that call, before or after its effect. What both come to.
pub fn with_and_without_a_kill(seed: u64) -> Vec<(Told, Value)> {
    let kind = Kind::ALL[(seed % 2) as usize];
    let undisturbed = calm(kind, seed, None);
    let calls = undisturbed.0.counts[0] as u32;
    let mut dice = Dice::new(seed);
    let mut all = vec![undisturbed];
    for after in [false, true] {
        let kill_at = 1 + dice.roll(calls.max(1));
        all.push(calm(kind, seed, Some((kill_at, after))));
    }
    all
}

fn calm(kind: Kind, seed: u64, kill_at: Option<(u32, bool)>) -> (Told, Value) {
    let world = world(kind, Dice::new(seed), Fate::Fixed(seed));
    match kind {
        Kind::SidecarJob => run(calmly::<SidecarJob>(world, kill_at)),
        Kind::Job => run(calmly::<SharedJob>(world, kill_at)),
    }
}

async fn calmly<K: Managed>(world: impl FnOnce() -> Arc<Mutex<World>>, kill_at: Option<(u32, bool)>) -> (Told, Value) {
    let world = world();
    {
        let mut world = lock(&world);
        let spec = spec::of_one_result(&mut world.dice);
        world.create_job_of(spec);
        world.faults.kill_at = kill_at;
    }
    let mut controller = Controller::<K>::new(world.clone(), Settings::default());
    run_out(&world, &mut controller, false).await;
    measured_once(&mut lock(&world), controller.measured(), kill_at.is_none());
    let result = lock(&world).job().map(result).unwrap_or_default();
    (told(&world), result)
}

/// The metrics have each counted Pod once; a kill may have lost some.
fn measured_once(world: &mut World, measured: u64, all: bool) {
    let Some(job) = world.job() else { return };
    let counted: u64 = ["succeeded", "failed"].iter().filter_map(|field| job["status"][field].as_u64()).sum();
    let once = if all { measured == counted } else { measured <= counted };
    world.must(once, format!("the metrics have {measured} Pods, and the status counts {counted}"));
}

/// What does not depend on when things happened.
fn result(job: &Value) -> Value {
    let status = &job["status"];
    let ends = ["Complete", "Failed"].map(|type_| {
        let mut all = status["conditions"].as_array().into_iter().flatten();
        all.find(|c| c["type"] == type_).map(|c| c["reason"].clone())
    });
    let words = [&status["phase"], &status["sidecars"], &status["sidecarsToStop"], &status["message"]];
    // How sidecars end is drawn; that each of them is told is not.
    let told = |c: &Value| c["succeeded"].as_i64().unwrap_or(0) + c["failed"].as_i64().unwrap_or(0);
    let containers = status["containers"].as_array().into_iter().flatten();
    let containers: Vec<Value> = containers.map(|c| json!([c["name"], c["role"], told(c)])).collect();
    let recent = status["recentPods"].as_array().into_iter().flatten();
    let mut recent: Vec<String> =
        recent.map(|pod| format!("{} {} {}", pod["index"], pod["result"], main_of(pod))).collect();
    recent.sort();
    let counts = [&status["succeeded"], &status["failed"], &status["completedIndexes"], &status["failedIndexes"]];
    json!([ends, counts, words, containers, recent])
}

/// How the main container of a recent Pod ended.
fn main_of(pod: &Value) -> &Value {
    let mut containers = pod["containers"].as_array().into_iter().flatten();
    containers.find(|c| c["name"] == "main").map_or(&Value::Null, |c| &c["exitCode"])
}

async fn troubles<K: Managed>(world: impl FnOnce() -> Arc<Mutex<World>>) -> Told {
    let world = world();
    let settings = {
        let mut world = lock(&world);
        world.create_job();
        (world.faults.one_in, world.faults.meanwhile) =
            ([0, 8, 15][world.dice.roll(3) as usize], [0, 3, 10][world.dice.roll(3) as usize]);
        let max_uncounted = [3, 500][world.dice.roll(2) as usize];
        Settings { max_uncounted, native_sidecars: !world.dice.one_in(3), ..Settings::default() }
    };
    let mut controller = Controller::<K>::new(world.clone(), settings);
    for _ in 0..STEPS {
        if lock(&world).broken.is_some() {
            break;
        }
        let what = lock(&world).dice.roll(16);
        match what {
            0..=4 => lock(&world).kubelet(),
            5 => lock(&world).user(),
            6 => lock(&world).trouble(),
            7 => lock(&world).collect_garbage(),
            8 | 9 => pass(&world, &mut controller).await,
            _ => {
                maybe_kill(&world);
                controller.watch();
                controller.work().await;
                controller.settle().await;
            }
        }
    }
    run_out(&world, &mut controller, true).await;
    {
        let (mut world, measured) = (lock(&world), controller.measured() as usize);
        let most = world.books.pods.len();
        world.must(measured <= most, format!("the metrics have {measured} Pods, and there were {most}"));
    }
    told(&world)
}

/// Once in a while the controller is to be killed at one of its next calls.
fn maybe_kill(world: &Mutex<World>) {
    let mut world = lock(world);
    if world.faults.kill_at.is_none() && world.dice.one_in(6) {
        let (at, after) = (world.faults.calls + 1 + world.dice.roll(5), world.dice.one_in(2));
        world.faults.kill_at = Some((at, after));
    }
    if world.dice.one_in(400) {
        world.faults.terminating = true;
        world.tell("the namespace is being terminated");
    }
}

async fn pass<K: Managed>(world: &Mutex<World>, controller: &mut Controller<K>) {
    let seconds = lock(world).dice.roll(40);
    sleep(Duration::from_secs(seconds.into())).await;
    controller.survive().await;
}

/// No trouble any more: it must come to an end, then to rest, with each Pod counted once.
pub async fn run_out<K: Managed>(world: &Mutex<World>, controller: &mut Controller<K>, calm: bool) {
    if calm {
        lock(world).calm();
    }
    controller.survive().await;
    for round in 0..ROUNDS {
        if lock(world).broken.is_some() {
            return;
        }
        controller.catch_up();
        let worked = controller.work().await;
        controller.settle().await;
        if !worked && is_over(world) {
            break;
        }
        {
            let mut world = lock(world);
            if round == 40 && world.fate == Fate::Open {
                world.fate = Fate::Good;
            }
            world.remove_lost_nodes();
            world.kubelet_all();
            world.collect_garbage();
        }
        sleep(Duration::from_secs(7)).await;
    }
    rest(world, controller).await;
    at_the_end(&mut lock(world));
}

fn is_over(world: &Mutex<World>) -> bool {
    let world = lock(world);
    (world.is_finished() || world.job().is_none()) && world.all_ended() && world.leftovers().is_empty()
}

/// It is quiet, and stays so.
async fn rest<K: Managed>(world: &Mutex<World>, controller: &mut Controller<K>) {
    let before = lock(world).faults.writes;
    for _ in 0..4 {
        sleep(Duration::from_secs(1000)).await;
        controller.catch_up();
        controller.work().await;
        controller.settle().await;
    }
    let mut world = lock(world);
    let more = world.faults.writes - before;
    let over = world.is_finished() || world.job().is_none();
    world.must(over, "it never ended");
    world.must(more == 0, format!("{more} writes although nothing happened"));
}

/// The counters against what was.
fn at_the_end(world: &mut World) {
    let left = world.leftovers();
    world.must(left.is_empty(), format!("Pods that nobody lets go: {left:?}"));
    let Some(job) = world.job().cloned() else { return };
    words_at_the_end(world, &job);
    containers_at_the_end(world, &job);
    let policy = &job["spec"]["podFailurePolicy"];
    let ignores = policy["rules"].as_array().into_iter().flatten().any(|rule| rule["action"] == "Ignore");
    let indexed = job["spec"]["completionMode"] == "Indexed";
    let n = |field: &str| job["status"][field].as_u64().unwrap_or(0) as usize;
    let (succeeded, failed) = (n("succeeded"), n("failed"));
    let (least, most) = world.books.expected(uid(&job), false);
    let least = if ignores || world.books.elastic { 0 } else { least };
    world.must(least <= failed && failed <= most, format!("failed is {failed}, of {least} to {most}"));
    if indexed {
        return indexes_at_the_end(world, &job);
    }
    let (least, most) = world.books.expected(uid(&job), true);
    world.must(least <= succeeded && succeeded <= most, format!("succeeded is {succeeded}, of {least} to {most}"));
    let all = world.books.all(uid(&job));
    world.must(ignores || succeeded + failed == all, format!("{succeeded} + {failed} are counted, of {all}"));
}

/// What people read, whichever Pods were still in view: all sidecars have stopped, if the run did not end without the word of
/// a kubelet.
fn words_at_the_end(world: &mut World, job: &Value) {
    let status = &job["status"];
    let (to_stop, most) = (status["sidecarsToStop"].as_u64().unwrap_or(0), world.books.of_run(uid(job)) as u64);
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    let given_up = conditions.any(|c| c["type"] == "Waiting" && c["message"].as_str().is_some_and(|m| !m.is_empty()));
    let words = status["sidecars"].as_str().unwrap_or_default();
    let stopped = if to_stop == 0 { String::new() } else { format!("{to_stop}/{to_stop} stopped") };
    world.must(words == stopped || given_up, format!("the column of sidecars says {words:?}, of {to_stop} to stop"));
    world.must(to_stop <= most, format!("{to_stop} sidecars are to be stopped in {most} Pods"));
    for condition in ["SidecarMissing", "Waiting"] {
        world.must(!is_true(job, condition), format!("{condition} is said of a run that is over"));
    }
}

/// What became of the main container is what became of the Pods, if they have no other one. (`rules` looks at each write.)
fn containers_at_the_end(world: &mut World, job: &Value) {
    let plain = job["spec"]["template"]["spec"]["containers"].as_array().map_or(0, Vec::len);
    let counts_others = job["spec"]["completedIndexes"].is_string(); // successes of Pods of an earlier run
    if world.kind == Kind::Job || !world.has_sidecars || plain != 2 || world.books.elastic || counts_others {
        return;
    }
    let all = job["status"]["containers"].as_array().into_iter().flatten();
    let main = all.clone().find(|c| c["name"] == "main").cloned().unwrap_or_default();
    for result in ["succeeded", "failed"] {
        let (told, counted) = (main[result].as_u64().unwrap_or(0), job["status"][result].as_u64().unwrap_or(0));
        world.must(told == counted, format!("{counted} Pods have {result}, and {told} of their main containers"));
    }
}

fn indexes_at_the_end(world: &mut World, job: &Value) {
    let (sure, _) = world.books.succeeded_indexes(uid(job));
    let known = rules::indexes(job["status"]["completedIndexes"].as_str().unwrap_or_default()).unwrap_or_default();
    let failed = rules::indexes(job["status"]["failedIndexes"].as_str().unwrap_or_default()).unwrap_or_default();
    let completions = job["spec"]["completions"].as_u64().unwrap_or(0);
    let lost = sure.iter().find(|i| **i < completions && !known.contains(i) && !failed.contains(i)).copied();
    let elastic = world.books.elastic;
    world.must(elastic || lost.is_none(), format!("index {lost:?} succeeded and is not completed"));
    let misplaced = world.names(|pod| index(pod).is_none() && is_active(pod) && owner(pod) == Some(uid(job)));
    world.must(misplaced.is_empty(), format!("Pods without an index go on: {misplaced:?}"));
}

fn told(world: &Mutex<World>) -> Told {
    let mut world = lock(world);
    let counts = vec![world.faults.calls.into()];
    Told { story: std::mem::take(&mut world.story), broken: world.broken.take(), counts }
}
