//! The API server in memory with a count of all calls. The test itself plays whoever else writes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use kube::client::Body;
use serde_json::{Value, json};
use tower::Service;

use crate::world::clock::Clock;
use crate::world::dice::Dice;
use crate::world::faults::Faults;
use crate::world::server::{self, Answer, AnswerBody, Call, Parts, World, lock};
use crate::world::store::Store;

/// How often each call was made: `create sidecarjobs`, `update sidecarcronjobs/status`, `watch pods`.
pub type Calls = BTreeMap<String, usize>;

/// All that the controller sent.
#[derive(Default)]
pub struct Traffic {
    pub requests: Calls,
    /// Bytes of all bodies, without the name of this machine, which each event has.
    pub bytes: usize,
}

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
    traffic: Traffic,
}

impl Server {
    /// One whose every call takes so long.
    pub fn new(clock: Clock, takes: Duration) -> Self {
        let (store, faults, dice) = (Store::default(), Faults::default(), Dice::new(0));
        let (writes, traffic) = (Vec::new(), Traffic::default());
        let counting = Counting { store, faults, dice, clock: clock.clone(), writes, traffic };
        Self { counting: Arc::new(Mutex::new(counting)), takes, clock }
    }

    /// To it.
    pub fn client(&self) -> kube::Client {
        server::client(&self.counting, 0, self.takes)
    }

    /// What such a client sends its requests to.
    pub fn service(
        &self,
    ) -> impl Service<Request<Body>, Response = Response<AnswerBody>, Error = String, Future: Send> + Clone + Send + use<>
    {
        server::service(&self.counting, 0, self.takes)
    }

    /// All that was sent since the last time that this was asked.
    pub fn traffic(&self) -> Traffic {
        std::mem::take(&mut lock(&self.counting).traffic)
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

    /// Somebody else changes all objects of a kind for which that holds.
    pub fn change(&self, kind: &str, holds: impl Fn(&Value) -> bool, change: impl Fn(&mut Value)) {
        for mut object in self.all(kind).into_iter().filter(holds) {
            change(&mut object);
            self.put(kind, object);
        }
    }

    /// Each version of each object of a kind, as a watch sees them; those that were deleted last are left out.
    pub fn versions(&self, kind: &str) -> Vec<Value> {
        let counting = lock(&self.counting);
        counting.store.log(kind).iter().filter(|change| !change.gone).map(|change| change.object.clone()).collect()
    }

    /// From now on a quota rejects new Pods and runs, or no longer.
    pub fn refuse(&self, refuses: bool) {
        lock(&self.counting).faults.refuses = refuses;
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

    fn watched(&mut self, call: &Call) {
        self.traffic.count(call);
    }

    fn answer(&mut self, _: u32, call: &Call) -> Answer {
        self.traffic.count(call);
        if call.method != http::Method::GET {
            self.writes.push(call.in_words());
        }
        let now = self.clock.stamp();
        if call.method == http::Method::POST
            && call.kind != "events"
            && let Some(refusal) = self.faults.refusal()
        {
            return refusal;
        }
        if (call.method.as_str(), call.kind.as_str()) == ("POST", "pods") {
            let mut pod = call.body.clone();
            pod["status"] = json!({"phase": "Pending"});
            return server::create(&mut self.store, "pods", pod, &now);
        }
        server::answer(&mut self.store, call, &now)
    }
}

impl Traffic {
    fn count(&mut self, call: &Call) {
        *self.requests.entry(call.in_words()).or_default() += 1;
        self.bytes += match call.body.get("reportingInstance") {
            None => call.size,
            Some(_) => {
                let mut event = call.body.clone();
                event.as_object_mut().into_iter().for_each(|event| drop(event.remove("reportingInstance")));
                event.to_string().len()
            }
        };
    }
}
