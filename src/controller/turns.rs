//! Which object is reconciled next, where more of them wait than may be worked on at the same time?
//!
//! `places` says how namespaces share the places. An object that gets no place is put aside: its reconcile ends at once, and
//! its queue is woken when the object's turn has come. So an object that waits holds no slot of its queue: the queue of
//! kube looks at all of its slots whenever one of them is done, so slots that only wait would cost the square of their
//! number. An object that was put aside is read anew in its turn, however often something happened to it meanwhile.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedSender;

use crate::controller::load::Load;
use crate::controller::object::Key;
use crate::controller::places::Line;

/// The slots of a queue beside those of objects that are worked on: for objects that are put aside, which takes a moment.
const PASSING: u16 = 16;

/// The turns of all objects of one kind; clones share them.
#[derive(Clone, Debug)]
pub struct Turns {
    state: Arc<Mutex<State>>,
    size: u16,
}

#[derive(Debug)]
struct State {
    line: Line<Aside>,
    /// The objects in the line. `false`: the object is gone, and its turn is passed over.
    aside: HashMap<Key, bool>,
    /// The objects that have a place, and whose reconcile has not begun.
    called: HashSet<Key>,
    /// Counts the objects in the line, with those of other kinds.
    load: Load,
}

/// An object in the line, and how its queue is woken.
#[derive(Debug)]
struct Aside {
    key: Key,
    wake: UnboundedSender<Key>,
}

/// The place of an object that is worked on, free again when this is dropped.
#[derive(Debug)]
pub struct Turn {
    of: Turns,
    namespace: String,
}

impl Turns {
    /// So many objects are worked on at the same time; at least one.
    pub fn new(size: u16) -> Self {
        Self::counted(size, Load::default())
    }

    /// The same; `load` counts the objects that wait.
    pub fn counted(size: u16, load: Load) -> Self {
        let state = State { line: Line::new(size.into()), aside: HashMap::new(), called: HashSet::new(), load };
        Self { state: Arc::new(Mutex::new(state)), size }
    }

    /// How many slots a queue needs, so that objects which are worked on never hold up one that has a place.
    pub fn slots(&self) -> u16 {
        self.size.saturating_add(PASSING)
    }

    /// The turn of an object that its queue has taken up. `None`: the object is put aside, and `wake` is told when its turn
    /// has come.
    pub fn begin(&self, key: &Key, wake: &UnboundedSender<Key>) -> Option<Turn> {
        let mut state = self.state.lock();
        if !state.called.contains(key) {
            state.put_aside(key, wake);
            state.call(Some(key));
        }
        state.called.remove(key).then(|| Turn { of: self.clone(), namespace: key.0.clone() })
    }

    /// Objects of that namespace wait for their turn.
    pub fn others_wait(&self, namespace: &str) -> bool {
        self.state.lock().line.waits(namespace)
    }

    /// There is no such object any more: it needs no turn.
    pub fn gone(&self, key: &Key) {
        let mut state = self.state.lock();
        if let Some(waits) = state.aside.get_mut(key) {
            *waits = false;
        }
        if state.called.remove(key) {
            state.line.give_back(&key.0);
            state.call(None);
        }
    }
}

impl State {
    fn put_aside(&mut self, key: &Key, wake: &UnboundedSender<Key>) {
        if self.aside.insert(key.clone(), true).is_none() {
            self.line.push(&key.0, Aside { key: key.clone(), wake: wake.clone() });
            self.load.one_more();
        }
    }

    /// Gives the free places to those whose turn has come. `awake` need not be woken.
    fn call(&mut self, awake: Option<&Key>) {
        while let Some((namespace, Aside { key, wake })) = self.line.serve() {
            let waits = self.aside.remove(&key).unwrap_or(false);
            self.load.one_fewer();
            if waits && (awake == Some(&key) || wake.send(key.clone()).is_ok()) {
                self.called.insert(key);
            } else {
                self.line.give_back(&namespace); // the object is gone, or its queue has ended
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.of.state.lock();
        state.line.give_back(&self.namespace);
        state.call(None);
    }
}

#[cfg(test)]
mod tests;
