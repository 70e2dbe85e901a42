//! The API server in memory with a count of all calls. The test itself plays the SidecarJob controller and the users.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::world::clock::Clock;
use crate::world::dice::Dice;
use crate::world::faults::Faults;
use crate::world::server::{self, Answer, Call, Parts, World, lock};
use crate::world::store::Store;

/// How often each call was made: `POST sidecarjobs`, `PUT sidecarcronjobs/status`, `POST events`.
pub type Calls = BTreeMap<String, usize>;

/// What is stored, and who watches.
#[derive(Clone)]
pub struct Server {
    counting: Arc<Mutex<Counting>>,
    /// What each call takes.
    takes: Duration,
    pub clock: Clock,
}

struct Counting {
    store: Store,
    faults: Faults,
    dice: Dice,
    clock: Clock,
    /// The writes, one by one.
    writes: Vec<String>,
}

impl Server {
    /// One whose every call takes so long.
    pub fn new(clock: Clock, takes: Duration) -> Self {
        let (store, faults, dice) = (Store::default(), Faults::default(), Dice::new(0));
        let counting = Counting { store, faults, dice, clock: clock.clone(), writes: Vec::new() };
        Self { counting: Arc::new(Mutex::new(counting)), takes, clock }
    }

    /// To it.
    pub fn client(&self) -> kube::Client {
        server::client(&self.counting, 0, self.takes)
    }

    /// All writes since the last time that one of the two was asked.
    pub fn writes(&self) -> Calls {
        let mut calls = Calls::new();
        std::mem::take(&mut lock(&self.counting).writes).into_iter().for_each(|w| *calls.entry(w).or_default() += 1);
        calls
    }

    /// The same in their order, but for events.
    pub fn order(&self) -> Vec<String> {
        let mut order = std::mem::take(&mut lock(&self.counting).writes);
        order.retain(|call| !call.ends_with(" events"));
        order
    }

    /// Somebody else stores an object.
    pub fn put(&self, kind: &str, object: Value) {
        lock(&self.counting).store.put(kind, object);
    }

    /// All of a kind.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        lock(&self.counting).store.all(kind).cloned().collect()
    }
}

impl World for Counting {
    fn parts(&mut self) -> Parts<'_> {
        Parts { store: &mut self.store, faults: &mut self.faults, dice: &mut self.dice }
    }

    fn answer(&mut self, _: u32, call: &Call) -> Answer {
        if call.method != http::Method::GET {
            self.writes.push(call.in_words());
        }
        server::answer(&mut self.store, call, &self.clock.stamp())
    }
}
