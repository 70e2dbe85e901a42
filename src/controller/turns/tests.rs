//! Who gets a turn, in which order, and what becomes of turns that nobody needs any more.

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::*;

fn key(namespace: &str, n: usize) -> Key {
    (namespace.to_owned(), format!("run-{n}"))
}

/// A queue of a kind, and whom it was told to take up.
struct Stage {
    turns: Turns,
    wake: UnboundedSender<Key>,
    woken: UnboundedReceiver<Key>,
}

impl Stage {
    fn of(size: u16) -> Self {
        let (wake, woken) = mpsc::unbounded_channel();
        Self { turns: Turns::new(size), wake, woken }
    }

    fn begin(&self, namespace: &str, n: usize) -> Option<Turn> {
        self.turns.begin(&key(namespace, n), &self.wake)
    }

    /// The turns of those that have one at once.
    fn begin_all(&self, namespace: &str, n: usize) -> Vec<Turn> {
        (0..n).filter_map(|n| self.begin(namespace, n)).collect()
    }

    fn woken(&mut self) -> Vec<Key> {
        std::iter::from_fn(|| self.woken.try_recv().ok()).collect()
    }
}

#[test]
fn one_namespace_alone_has_half_of_the_turns_and_another_finds_one_free() {
    let mut stage = Stage::of(20);
    let noisy = stage.begin_all("a", 1_000);
    let quiet = stage.begin("b", 0);
    assert_eq!((noisy.len(), quiet.is_some()), (10, true));
    assert_eq!(stage.woken(), [], "those that begin at once are awake");
}

#[test]
fn one_that_was_put_aside_is_woken_once_in_its_turn_and_keeps_its_place_until_it_begins() {
    let mut stage = Stage::of(2);
    let mut first = stage.begin("a", 0);
    for _ in 0..3 {
        assert!(stage.begin("a", 1).is_none(), "however often something happens to it");
    }
    assert_eq!(stage.woken(), []);
    first.take();
    assert_eq!(stage.woken(), [key("a", 1)]);
    assert!(stage.begin("a", 2).is_none(), "the place is kept");
    assert!(stage.begin("a", 1).is_some());
    assert_eq!(stage.woken(), [key("a", 2)]);
}

#[test]
fn namespaces_take_turns_however_many_wait_in_each() {
    let mut stage = Stage::of(1);
    let mut turn = stage.begin("a", 100);
    for (namespace, n) in [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("c", 0)] {
        assert!(stage.begin(namespace, n).is_none());
    }
    let mut order = Vec::new();
    while turn.take().is_some()
        && let [next] = &stage.woken()[..]
    {
        order.push(next.0.clone());
        turn = stage.turns.begin(next, &stage.wake);
    }
    assert_eq!(order, ["a", "b", "c", "a", "a"]);
}

#[test]
fn what_is_gone_or_has_no_queue_any_more_takes_no_turn() {
    let mut stage = Stage::of(1);
    let first = stage.begin("a", 0);
    assert!(stage.begin_all("a", 4).is_empty(), "run-0 is looked at again after its turn");
    [0, 1].into_iter().for_each(|n| stage.turns.gone(&key("a", n)));
    drop(first);
    assert_eq!(stage.woken(), [key("a", 2)]);
    stage.turns.gone(&key("a", 2));
    assert_eq!(stage.woken(), [key("a", 3)], "the next one has the place of one that is gone");

    let other = Stage { turns: stage.turns.clone(), ..Stage::of(1) };
    assert!(other.begin("b", 0).is_none() && stage.begin("c", 0).is_none());
    drop(other.woken);
    stage.turns.gone(&key("a", 3));
    assert_eq!(stage.woken(), [key("c", 0)], "the queue of b has ended");
}

#[test]
fn one_that_is_gone_and_comes_back_is_in_the_line_once() {
    let mut stage = Stage::of(1);
    let first = stage.begin("a", 0);
    for _ in 0..1_000 {
        assert!(stage.begin("a", 1).is_none());
        stage.turns.gone(&key("a", 1));
    }
    assert!(stage.begin("a", 1).is_none());
    assert_eq!(stage.turns.state.lock().aside.len(), 1);
    drop(first);
    let second = stage.begin("a", 1);
    assert!(second.is_some());
    drop(second);
    assert_eq!(stage.woken(), [key("a", 1)]);
    assert!(stage.turns.state.lock().aside.is_empty());
}
