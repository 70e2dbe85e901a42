//! What does a watch show, and when? All that happened, in its order; but late, some of it twice, or as a new list, which
//! takes its time too and leaves out what happened in between.

use kube::runtime::watcher::Event;
use serde_json::Value;

use super::dice::Dice;
use super::store::{Change, Store};

/// A watch of one kind.
pub struct Watch {
    kind: &'static str,
    /// How much of the log it has shown.
    shown: usize,
    /// What came before the last list comes no more.
    listed: usize,
    /// Some events come again: only where the controller's view compares versions, which kube's store does not.
    repeats: bool,
    /// What is still to come of a list that is being read.
    list: Option<Vec<Value>>,
}

impl Watch {
    /// Begins with a list, which `all` or `some` goes on with.
    pub fn begin(kind: &'static str, store: &Store) -> (Self, Event<Value>) {
        let mut watch = Self { kind, shown: 0, listed: 0, repeats: false, list: None };
        let event = watch.list_again(store);
        (watch, event)
    }

    /// The same, of which some events come again.
    pub fn repeating(kind: &'static str, store: &Store) -> (Self, Event<Value>) {
        let (watch, event) = Self::begin(kind, store);
        (Self { repeats: true, ..watch }, event)
    }

    /// Nothing is left to show.
    pub fn is_at_the_end(&self, store: &Store) -> bool {
        self.list.is_none() && self.shown == store.log(self.kind).len()
    }

    /// What happened and was not shown yet.
    pub fn unshown<'a>(&self, store: &'a Store) -> &'a [Change] {
        &store.log(self.kind)[self.shown..]
    }

    /// Something of what there is to show.
    pub fn some(&mut self, store: &Store, dice: &mut Dice) -> Vec<Event<Value>> {
        if self.list.is_some() {
            return if dice.one_in(2) { self.finish_list() } else { Vec::new() };
        }
        if dice.one_in(12) {
            return vec![self.list_again(store)];
        }
        if dice.one_in(8) {
            let back = dice.roll(4) as usize;
            if self.repeats {
                self.shown = self.shown.saturating_sub(back).max(self.listed);
            }
            return Vec::new();
        }
        (0..dice.roll(6)).filter_map(|_| self.next(store)).collect()
    }

    /// Everything.
    pub fn all(&mut self, store: &Store) -> Vec<Event<Value>> {
        let mut events = self.finish_list();
        events.extend(std::iter::from_fn(|| self.next(store)));
        events
    }

    /// As after 410 Gone: what happened before is not shown any more.
    pub fn list_again(&mut self, store: &Store) -> Event<Value> {
        self.list = Some(store.all(self.kind).cloned().collect());
        self.shown = store.log(self.kind).len();
        self.listed = self.shown;
        Event::Init
    }

    fn finish_list(&mut self) -> Vec<Event<Value>> {
        let Some(list) = self.list.take() else { return Vec::new() };
        list.into_iter().map(Event::InitApply).chain([Event::InitDone]).collect()
    }

    fn next(&mut self, store: &Store) -> Option<Event<Value>> {
        let Change { gone, object, .. } = store.log(self.kind).get(self.shown)?.clone();
        self.shown += 1;
        Some(if gone { Event::Delete(object) } else { Event::Apply(object) })
    }
}

/// The event with the object read as the controller's watch reads it.
pub fn read<T>(event: Event<Value>, read: impl FnOnce(Value) -> T) -> Event<T> {
    match event {
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
        Event::InitApply(object) => Event::InitApply(read(object)),
        Event::Apply(object) => Event::Apply(read(object)),
        Event::Delete(object) => Event::Delete(read(object)),
    }
}
