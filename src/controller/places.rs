//! Who gets the next place, where many namespaces want one and there are few?
//!
//! A namespace may take as many places as are left free. So one namespace alone gets half of all places, two get a third
//! each, and a place is free for a namespace that has none. Namespaces that wait are served in turns, whatever the number
//! of those that wait in each.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The places, and those that wait for one, by namespace.
#[derive(Debug)]
pub struct Line<T> {
    free: usize,
    taken: HashMap<String, usize>,
    waiting: HashMap<String, VecDeque<T>>,
    /// The namespaces that wait, in the order of their turns.
    turns: VecDeque<String>,
}

impl<T> Line<T> {
    /// With so many places, all of them free; at least one.
    pub fn new(size: usize) -> Self {
        Self { free: size.max(1), taken: HashMap::new(), waiting: HashMap::new(), turns: VecDeque::new() }
    }

    /// One more waits, behind the others of its namespace.
    pub fn push(&mut self, namespace: &str, one: T) {
        let own = self.waiting.entry(namespace.to_owned()).or_default();
        if own.is_empty() {
            self.turns.push_back(namespace.to_owned());
        }
        own.push_back(one);
    }

    /// Somebody waits in that namespace.
    pub fn waits(&self, namespace: &str) -> bool {
        self.waiting.contains_key(namespace)
    }

    /// The next one that gets a place, and its namespace; `None` if nobody waits who may have one.
    pub fn serve(&mut self) -> Option<(String, T)> {
        let may = |namespace: &String| self.taken.get(namespace).copied().unwrap_or(0) < self.free;
        let namespace = self.turns.remove(self.turns.iter().position(may)?)?;
        let own = self.waiting.get_mut(&namespace)?;
        let one = own.pop_front()?;
        match own.is_empty() {
            true => drop(self.waiting.remove(&namespace)),
            false => self.turns.push_back(namespace.clone()),
        }
        self.free -= 1;
        *self.taken.entry(namespace.clone()).or_default() += 1;
        Some((namespace, one))
    }

    /// A place of that namespace is free again.
    pub fn give_back(&mut self, namespace: &str) {
        let Some(taken) = self.taken.get_mut(namespace) else { return };
        *taken -= 1;
        if *taken == 0 {
            self.taken.remove(namespace);
        }
        self.free += 1;
    }

    /// Of those that wait in that namespace, only these go on waiting.
    fn keep(&mut self, namespace: &str, keep: impl Fn(&T) -> bool) {
        let Some(own) = self.waiting.get_mut(namespace) else { return };
        own.retain(keep);
        if own.is_empty() {
            self.waiting.remove(namespace);
            self.turns.retain(|turn| turn != namespace);
        }
    }
}

/// Places that are waited for; clones share them.
#[derive(Clone, Debug)]
pub struct Places(Arc<Mutex<Line<oneshot::Sender<Place>>>>);

/// A place, free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    of: Option<Places>,
    namespace: String,
}

impl Places {
    /// So many; at least one.
    pub fn new(size: usize) -> Self {
        Self(Arc::new(Mutex::new(Line::new(size))))
    }

    /// Waits for a place. Whoever stops waiting leaves the line.
    pub async fn take(&self, namespace: &str) -> Place {
        loop {
            let (give, given) = oneshot::channel();
            self.0.lock().push(namespace, give);
            self.hand_out();
            if let Some(place) = (Waiting { places: self, namespace, given: Some(given) }).end().await {
                return place;
            }
        }
    }

    fn hand_out(&self) {
        loop {
            let next = self.0.lock().serve();
            let Some((namespace, give)) = next else { return };
            if let Err(mut unwanted) = give.send(Place { of: Some(self.clone()), namespace }) {
                unwanted.of = None; // or its end would hand out places in here
                self.0.lock().give_back(&unwanted.namespace);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.of.take() {
            places.0.lock().give_back(&self.namespace);
            places.hand_out();
        }
    }
}

/// One that waits.
struct Waiting<'a> {
    places: &'a Places,
    namespace: &'a str,
    given: Option<oneshot::Receiver<Place>>,
}

impl Waiting<'_> {
    async fn end(mut self) -> Option<Place> {
        let place = self.given.as_mut()?.await.ok();
        self.given = None;
        place
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(mut given) = self.given.take() {
            given.close();
            self.places.0.lock().keep(self.namespace, |give| !give.is_closed());
        }
    }
}

#[cfg(test)]
mod tests;
