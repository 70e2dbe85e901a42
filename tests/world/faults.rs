//! What can go wrong with a single call: it fails, its answer is lost, something else happens meanwhile, or the controller
//! is killed at it.

use std::sync::Arc;

use http::Method;
use tokio::sync::Notify;

use super::server::{Answer, Call, World, status};

/// What goes wrong, and how often the controller has called.
#[derive(Default)]
pub struct Faults {
    /// One call in so many fails; 0: none.
    pub one_in: u32,
    /// While a call is under way, something else happens, once in so many; 0: never.
    pub meanwhile: u32,
    /// The next write has its effect, and its answer is another.
    pub unclear: bool,
    /// New objects are refused, by a quota or a policy.
    pub refuses: bool,
    /// The namespace is on its way out: nothing new is taken.
    pub terminating: bool,
    /// The controller is killed at that call (before it has an effect, or after).
    pub kill_at: Option<(u32, bool)>,
    /// Which life of the controller is the present one: calls of other ones are never answered.
    pub life: u32,
    pub killed: Arc<Notify>,
    /// Calls of the controller.
    pub calls: u32,
    /// Those of them that write.
    pub writes: usize,
}

impl Faults {
    /// Nothing goes wrong any more.
    pub fn end(&mut self) {
        (self.one_in, self.meanwhile, self.kill_at, self.refuses) = (0, 0, None, false);
    }

    /// What the server says to a new object now, before it looks at the object.
    pub fn refusal(&self) -> Option<Answer> {
        if self.terminating {
            let mut answer = status(403, "Forbidden", "the namespace is being terminated");
            answer.1["details"] = serde_json::json!({"causes": [{"reason": "NamespaceTerminating"}]});
            return Some(answer);
        }
        self.refuses.then(|| status(403, "Forbidden", "exceeded quota"))
    }
}

/// One call, with all that may go wrong with it. None: no answer, ever.
pub fn call<W: World>(world: &mut W, life: u32, call: &Call) -> Option<Answer> {
    if life != world.faults().life {
        return None;
    }
    if call.kind == "events" {
        return Some(world.answer(life, call)); // their queue waits for answers without end
    }
    world.faults().calls += 1;
    let n = world.faults().calls;
    let kill = world.faults().kill_at.filter(|(at, _)| *at == n).map(|(_, after)| after);
    let (method, path) = (&call.method, &call.path);
    if kill == Some(false) {
        return killed(world, &format!("before {method} {path}"));
    }
    let often = world.faults().meanwhile;
    if often > 0 && world.dice().one_in(often) {
        world.meanwhile();
    }
    let often = world.faults().one_in;
    let fails = often > 0 && world.dice().one_in(often);
    let unclear = call.method != Method::GET && std::mem::take(&mut world.faults().unclear);
    let fault = match (unclear, fails) {
        (true, _) => 5,
        (_, true) => world.dice().roll(6),
        _ => 99,
    };
    let early = match fault {
        0 => Some(status(500, "InternalError", "etcd is tired")),
        1 => Some(status(429, "TooManyRequests", "later, please")),
        2 if method == Method::PUT => Some(status(409, "Conflict", "the object has been modified")),
        3 => {
            world.tell(format!("controller: {method} {path}: no answer, no effect"));
            return None;
        }
        _ => None,
    };
    let answer = early.unwrap_or_else(|| effect(world, life, call));
    world.tell(format!("controller: {method} {}: {}", call.short(), answer.0));
    if kill == Some(true) {
        return killed(world, &format!("after {method} {path}"));
    }
    match fault {
        4 => {
            world.tell("   … and the answer is lost".into());
            None
        }
        5 => {
            world.tell("   … and the answer is another".into());
            Some(status(500, "InternalError", "the connection broke"))
        }
        _ => {
            world.delivered(life, call, &answer);
            Some(answer)
        }
    }
}

fn effect<W: World>(world: &mut W, life: u32, call: &Call) -> Answer {
    if call.method != Method::GET {
        world.faults().writes += 1;
    }
    world.answer(life, call)
}

fn killed<W: World>(world: &mut W, when: &str) -> Option<Answer> {
    world.tell(format!("the controller is killed {when}"));
    let faults = world.faults();
    faults.kill_at = None;
    faults.life += 1;
    faults.killed.notify_one();
    None
}
