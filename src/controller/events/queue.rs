//! Which event is sent next? Namespaces take turns, and in a namespace its objects; the events about one object keep
//! their order.
//!
//! While runs wait for their turns, one event at a time is sent, until many events wait: runs come before what is told
//! of them.
//!
//! A namespace may have as many waiting events as there is room left. A namespace that fills its share loses its own
//! events, and room for the events of other namespaces remains.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;

use futures::future;
use k8s_openapi::api::core::v1::ObjectReference;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::merge;
use super::post::Told;
use crate::controller::load::Load;
use crate::controller::places::Line;

/// How many events are sent at the same time; `places` says how namespaces share the senders.
pub const SENDERS: usize = 8;
/// How many events may wait for the end of a load. If more wait, all senders send.
const PUT_OFF: usize = WAITING / 4;
/// How many events may wait, about 1 KB each. One namespace alone may have half of them.
pub const WAITING: usize = 20_000;

/// What an event is about: namespace, kind, name.
pub type Object = (String, String, String);

/// The events that wait.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    changed: Notify,
    load: Load,
}

#[derive(Debug)]
struct State {
    /// The objects with an event that may be sent now.
    ready: Line<Object>,
    /// The waiting events about each object. An object has an entry also while one of its events is being sent.
    waiting: HashMap<Object, VecDeque<Told>>,
    of_namespace: HashMap<String, usize>,
    room: usize,
    /// How many events are being sent.
    sending: usize,
    closed: bool,
}

impl Queue {
    /// An empty queue, which puts events off while the load is high.
    pub fn new(load: Load) -> Self {
        let state = State {
            ready: Line::new(SENDERS),
            waiting: HashMap::new(),
            of_namespace: HashMap::new(),
            room: WAITING,
            sending: 0,
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Notify::new(), load }
    }

    /// Adds an event, which takes the place of those that it makes superfluous. Returns the event if its namespace has used
    /// up its share of the room.
    pub fn push(&self, told: Told) -> Result<(), Box<Told>> {
        self.state.lock().push(told)?;
        self.changed.notify_one();
        Ok(())
    }

    /// The next event to send; the caller calls `done` after sending. `None`: the queue is closed and empty.
    pub async fn next(&self) -> Option<(Object, Told)> {
        loop {
            let (changed, mut load_is_over) = (self.changed.notified(), pin!(self.load.over()));
            load_is_over.as_mut().enable();
            {
                let mut state = self.state.lock();
                let next = if state.sending < state.senders(&self.load) { state.take() } else { None };
                let is_over = state.closed && state.room == WAITING;
                if next.is_some() || is_over {
                    self.changed.notify_one(); // wake another sender: there may be more events, or the end
                    return next;
                }
            }
            future::select(pin!(changed), load_is_over).await;
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
    fn push(&mut self, mut told: Told) -> Result<(), Box<Told>> {
        let object = object(&told.about);
        let merged = self.waiting.get_mut(&object).map_or(0, |about_it| merge::into(&mut told, about_it));
        self.leave(&object.0, merged);
        let own = self.of_namespace.get(&object.0).copied().unwrap_or(0);
        // An event that took the place of others has room: theirs.
        if merged == 0 && own >= self.room {
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

    /// How many events may be sent at the same time.
    fn senders(&self, load: &Load) -> usize {
        let puts_off = load.is_high() && !self.closed && WAITING - self.room <= PUT_OFF;
        if puts_off { 1 } else { SENDERS }
    }

    fn take(&mut self) -> Option<(Object, Told)> {
        let (namespace, object) = self.ready.serve()?;
        let told = self.waiting.get_mut(&object)?.pop_front()?;
        self.leave(&namespace, 1);
        self.sending += 1;
        Some((object, told))
    }

    /// So many events of the namespace wait no more.
    fn leave(&mut self, namespace: &str, events: usize) {
        self.room += events;
        if let Some(own) = self.of_namespace.get_mut(namespace) {
            *own -= events;
            if *own == 0 {
                self.of_namespace.remove(namespace);
            }
        }
    }

    fn done(&mut self, object: &Object) {
        self.ready.give_back(&object.0);
        self.sending -= 1;
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
    use crate::api::conditions::events;

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
        let queue = Queue::new(Load::default());
        assert_eq!(push(&queue, "noisy", "a", 2 * WAITING), WAITING / 2);
        assert_eq!(push(&queue, "quiet", "a", 100), 100);
        assert_eq!(push(&queue, "noisy", "a", 1), 0);
    }

    #[test]
    fn namespaces_take_turns_and_one_alone_has_half_of_the_senders() {
        let queue = Queue::new(Load::default());
        (0..100).for_each(|n| assert_eq!(push(&queue, "noisy", &n.to_string(), 1), 1));
        push(&queue, "quiet", "a", 1);
        assert_eq!(sent(&queue), ["noisy 0 0", "quiet a 0", "noisy 1 0", "noisy 2 0", "noisy 3 0"]);
    }

    #[test]
    fn events_about_one_object_are_sent_one_after_the_other() {
        let queue = Queue::new(Load::default());
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

    #[test]
    fn the_end_of_a_run_takes_the_place_of_what_waits_and_says_it() {
        let queue = Queue::new(Load::default());
        let tell = |reason: &str, note: &str| {
            let pod = ObjectReference { name: Some("pod".into()), ..ObjectReference::default() };
            let event = Told { related: Some(pod), ..told("ns", "a", reason, note) };
            assert!(queue.push(event).is_ok());
        };
        let object = ("ns".to_owned(), "SidecarJob".to_owned(), "a".to_owned());
        tell(events::SUCCESSFUL_CREATE, "the Pod");
        tell(events::COMPLETED, "the end");
        assert_eq!(sent(&queue), ["ns a the end; created pod: pod"]);
        queue.done(&object);
        tell(events::SUCCESSFUL_CREATE, "the Pod");
        assert_eq!(sent(&queue), ["ns a the Pod"], "what is being sent stays");
        tell(events::COMPLETED, "the end");
        queue.done(&object);
        assert_eq!(sent(&queue), ["ns a the end"]);
        queue.done(&object);
        let state = queue.state.lock();
        assert_eq!((state.waiting.len(), state.of_namespace.len(), state.room), (0, 0, WAITING), "nothing is kept");
    }

    #[test]
    fn an_event_that_takes_the_place_of_another_has_room_however_full_the_queue_is() {
        let queue = Queue::new(Load::default());
        let pod = ObjectReference { name: Some("pod".into()), ..ObjectReference::default() };
        let of = |run: usize, reason: &str| Told {
            related: Some(pod.clone()),
            ..told("noisy", &run.to_string(), reason, "")
        };
        (0..WAITING / 2).for_each(|run| assert!(queue.push(of(run, events::SUCCESSFUL_CREATE)).is_ok()));
        assert_eq!(push(&queue, "quiet", "a", 2), 2, "so that noisy has more than its share");
        (0..WAITING / 2).for_each(|run| assert!(queue.push(of(run, events::COMPLETED)).is_ok(), "{run}"));
        assert!(queue.push(of(WAITING, events::SUCCESSFUL_CREATE)).is_err(), "without a place to take");
        let mut sent = 0;
        while let Some((object, _)) = next(&queue) {
            queue.done(&object);
            sent += 1;
        }
        let state = queue.state.lock();
        assert_eq!((sent, state.waiting.len(), state.room), (WAITING / 2 + 2, 0, WAITING));
    }

    #[test]
    fn while_runs_wait_for_their_turns_one_event_at_a_time_is_sent_until_many_wait() {
        let load = Load::default();
        let queue = Queue::new(load.clone());
        load.one_more();
        for name in ["a", "b", "c"] {
            push(&queue, "ns", name, 1);
        }
        assert_eq!(sent(&queue), ["ns a 0"]);
        queue.done(&("ns".to_owned(), "SidecarJob".to_owned(), "a".to_owned()));
        assert_eq!(sent(&queue), ["ns b 0"]);
        push(&queue, "ns", "many", PUT_OFF + 1);
        assert_eq!(sent(&queue), ["ns c 0", "ns many 0"], "of each object one");
    }

    #[tokio::test]
    async fn when_no_run_waits_any_more_all_senders_go_on_without_further_events() {
        let load = Load::default();
        let queue = Queue::new(load.clone());
        load.one_more();
        for name in ["a", "b"] {
            push(&queue, "ns", name, 1);
        }
        assert_eq!(sent(&queue), ["ns a 0"]);
        let mut waits = pin!(queue.next());
        assert!(waits.as_mut().now_or_never().is_none(), "one is being sent");
        load.one_fewer();
        assert_eq!(waits.await.map(|((_, _, name), _)| name).as_deref(), Some("b"));
    }
}
