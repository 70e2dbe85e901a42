//! Which event is sent next? Namespaces take turns, and in a namespace its objects; the events about one object keep
//! their order.
//!
//! A namespace may have as many waiting events as there is room left. A namespace that fills its share loses its own
//! events, and room for the events of other namespaces remains.

use std::collections::{HashMap, VecDeque};

use k8s_openapi::api::core::v1::ObjectReference;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::post::Told;
use crate::controller::places::Line;

/// How many events are sent at the same time; `places` says how namespaces share the senders.
pub const SENDERS: usize = 8;
/// How many events may wait, about 1 KB each. One namespace alone may have half of them.
pub const WAITING: usize = 20_000;

/// What an event is about: namespace, kind, name.
pub type Object = (String, String, String);

/// The events that wait.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// The objects with an event that may be sent now.
    ready: Line<Object>,
    /// The waiting events about each object. An object has an entry also while one of its events is being sent.
    waiting: HashMap<Object, VecDeque<Told>>,
    of_namespace: HashMap<String, usize>,
    room: usize,
    closed: bool,
}

impl Queue {
    /// An empty queue.
    pub fn new() -> Self {
        let state = State {
            ready: Line::new(SENDERS),
            waiting: HashMap::new(),
            of_namespace: HashMap::new(),
            room: WAITING,
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Adds an event. Returns the event if its namespace has used up its share of the room.
    pub fn push(&self, told: Told) -> Result<(), Box<Told>> {
        self.state.lock().push(told)?;
        self.changed.notify_one();
        Ok(())
    }

    /// The next event to send; the caller calls `done` after sending. `None`: the queue is closed and empty.
    pub async fn next(&self) -> Option<(Object, Told)> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state.lock();
                let (next, is_over) = (state.take(), state.closed && state.room == WAITING);
                if next.is_some() || is_over {
                    self.changed.notify_one(); // wake another sender: there may be more events, or the end
                    return next;
                }
            }
            changed.await;
        }
    }

    /// The event about that object was sent, or could not be sent.
    pub fn done(&self, object: &Object) {
        self.state.lock().done(object);
        self.changed.notify_one();
    }

    /// No more events will come.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_one();
    }
}

impl State {
    fn push(&mut self, told: Told) -> Result<(), Box<Told>> {
        let object = object(&told.about);
        let own = self.of_namespace.get(&object.0).copied().unwrap_or(0);
        if own >= self.room {
            return Err(Box::new(told));
        }
        *self.of_namespace.entry(object.0.clone()).or_default() += 1;
        self.room -= 1;
        if let Some(about_it) = self.waiting.get_mut(&object) {
            about_it.push_back(told);
        } else {
            self.ready.push(&object.0.clone(), object.clone());
            self.waiting.insert(object, VecDeque::from([told]));
        }
        Ok(())
    }

    fn take(&mut self) -> Option<(Object, Told)> {
        let (namespace, object) = self.ready.serve()?;
        let told = self.waiting.get_mut(&object)?.pop_front()?;
        self.room += 1;
        if let Some(own) = self.of_namespace.get_mut(&namespace) {
            *own -= 1;
            if *own == 0 {
                self.of_namespace.remove(&namespace);
            }
        }
        Some((object, told))
    }

    fn done(&mut self, object: &Object) {
        self.ready.give_back(&object.0);
        match self.waiting.get(object).is_some_and(|about_it| !about_it.is_empty()) {
            true => self.ready.push(&object.0.clone(), object.clone()),
            false => drop(self.waiting.remove(object)),
        }
    }
}

fn object(about: &ObjectReference) -> Object {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    (part(&about.namespace), part(&about.kind), part(&about.name))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::super::tests::told;
    use super::*;

    fn push(queue: &Queue, namespace: &str, name: &str, n: usize) -> usize {
        (0..n).filter(|n| queue.push(told(namespace, name, "X", &n.to_string())).is_ok()).count()
    }

    fn next(queue: &Queue) -> Option<(Object, Told)> {
        queue.next().now_or_never().flatten()
    }

    /// What is sent next, as long as no event is done.
    fn sent(queue: &Queue) -> Vec<String> {
        std::iter::from_fn(|| next(queue)).map(|((ns, _, name), told)| format!("{ns} {name} {}", told.note)).collect()
    }

    #[test]
    fn a_namespace_that_fills_its_share_of_the_queue_pushes_out_no_event_of_others() {
        let queue = Queue::new();
        assert_eq!(push(&queue, "noisy", "a", 2 * WAITING), WAITING / 2);
        assert_eq!(push(&queue, "quiet", "a", 100), 100);
        assert_eq!(push(&queue, "noisy", "a", 1), 0);
    }

    #[test]
    fn namespaces_take_turns_and_one_alone_has_half_of_the_senders() {
        let queue = Queue::new();
        (0..100).for_each(|n| assert_eq!(push(&queue, "noisy", &n.to_string(), 1), 1));
        push(&queue, "quiet", "a", 1);
        assert_eq!(sent(&queue), ["noisy 0 0", "quiet a 0", "noisy 1 0", "noisy 2 0", "noisy 3 0"]);
    }

    #[test]
    fn events_about_one_object_are_sent_one_after_the_other() {
        let queue = Queue::new();
        push(&queue, "ns", "a", 2);
        push(&queue, "ns", "b", 1);
        assert_eq!(sent(&queue), ["ns a 0", "ns b 0"]);
        let object = |name: &str| ("ns".to_owned(), "SidecarJob".to_owned(), name.to_owned());
        queue.done(&object("b"));
        assert_eq!(sent(&queue), [""; 0]);
        queue.done(&object("a"));
        assert_eq!(sent(&queue), ["ns a 1"]);
        queue.done(&object("a"));
        assert!(queue.state.lock().waiting.is_empty(), "nothing is kept");
    }
}
