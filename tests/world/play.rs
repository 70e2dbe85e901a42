//! How are histories played? Each from its seed, on all processors; a seed that failed once first; a failure is told with
//! its seed and its story.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What became of a history.
pub struct Told {
    pub story: Vec<String>,
    /// The first thing that must not be.
    pub broken: Option<String>,
    /// Things that a test counts.
    pub counts: Vec<u64>,
}

/// In a runtime of its own, whose clock moves when nothing else does.
pub fn run<T>(history: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(history)
}

/// The seeds in a list of those that failed once.
pub fn regressions(list: &str) -> Vec<u64> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

/// A number from the environment: `SIDECARJOB_SEED`, `SIDECARJOB_HISTORIES`.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The one seed that somebody asks for; or those that failed once, and as many others.
pub fn seeds(regressions: &[u64], histories: u64) -> Vec<u64> {
    match number("SIDECARJOB_SEED") {
        Some(seed) => vec![seed],
        None => regressions.iter().copied().chain(0..number("SIDECARJOB_HISTORIES").unwrap_or(histories)).collect(),
    }
}

/// Plays a stretch of histories that no other test plays: from `SIDECARJOB_SEED` on, as many as `SIDECARJOB_HISTORIES` says.
pub fn soak(what: &str, history: fn(u64) -> Told) {
    let (first, n) = (number("SIDECARJOB_SEED").unwrap_or(1_000_000), number("SIDECARJOB_HISTORIES").unwrap_or(2_000));
    let seeds: Vec<u64> = (first..first + n).collect();
    play(&seeds, history).report(seeds.len());
    println!("{n} {what}, from seed {first} on: all well");
}

/// The history of that seed, or the story of how it failed.
fn tell(seed: u64, history: fn(u64) -> Told) -> Result<Told, String> {
    match catch_unwind(AssertUnwindSafe(|| history(seed))) {
        Ok(Told { broken: Some(why), story, .. }) => Err(format!("seed {seed}: {why}\n  {}", story.join("\n  "))),
        Ok(told) => Ok(told),
        Err(panic) => {
            let why = panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(ToString::to_string));
            Err(format!("seed {seed}: panic: {}", why.unwrap_or_default()))
        }
    }
}

/// What the histories came to: the failures, in the order of their seeds; what the others counted, in sum.
#[derive(Default)]
pub struct Played {
    pub failed: Vec<(u64, String)>,
    /// Lines of all stories.
    pub lines: u64,
    pub counts: Vec<u64>,
}

impl Played {
    fn add(&mut self, seed: u64, told: Result<Told, String>) {
        match told {
            Ok(told) => {
                self.lines += told.story.len() as u64;
                self.count(&told.counts);
            }
            Err(story) => self.failed.push((seed, story)),
        }
    }

    fn count(&mut self, more: &[u64]) {
        self.counts.resize(self.counts.len().max(more.len()), 0);
        self.counts.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
    }

    /// Fails, if a history did.
    pub fn report(&self, n: usize) {
        let heads: Vec<&str> = self.failed.iter().take(20).filter_map(|(_, story)| story.lines().next()).collect();
        let first = self.failed.first().map(|(_, story)| story.as_str()).unwrap_or_default();
        let failed = self.failed.len();
        assert!(failed == 0, "{failed} of {n} histories failed; the first:\n{first}\n\n{}", heads.join("\n"));
    }
}

/// Plays them on all processors.
pub fn play(seeds: &[u64], history: fn(u64) -> Told) -> Played {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut played = Played::default();
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            played.add(*seed, tell(*seed, history));
        }
        played
    };
    let mut all = Played::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for played in workers.into_iter().map(|worker| worker.join().expect("a worker")) {
            all.failed.extend(played.failed);
            all.lines += played.lines;
            all.count(&played.counts);
        }
    });
    all.failed.sort();
    all
}
