//! How many places each namespace gets, and in which order.

use std::collections::BTreeMap;

use futures::FutureExt;

use super::*;

impl Places {
    /// How many wait in that namespace.
    fn waiting(&self, namespace: &str) -> usize {
        self.0.lock().waiting.get(namespace).map_or(0, VecDeque::len)
    }

    /// How many places that namespace has.
    fn taken(&self, namespace: &str) -> usize {
        self.0.lock().taken.get(namespace).copied().unwrap_or(0)
    }
}

/// So many wait in each of these namespaces.
fn line(size: usize, waiting: &[(&str, usize)]) -> Line<usize> {
    let mut line = Line::new(size);
    waiting.iter().for_each(|(namespace, n)| (0..*n).for_each(|n| line.push(namespace, n)));
    line
}

/// Hands out all that may be had: by namespace.
fn shares(line: &mut Line<usize>) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    while let Some((namespace, _)) = line.serve() {
        *shares.entry(namespace).or_default() += 1;
    }
    shares
}

#[test]
fn a_namespace_may_take_as_many_places_as_are_left_free() {
    for (what, size, waiting, want) in [
        ("one namespace alone gets half", 64, &[("a", 1000)][..], &[("a", 32)][..]),
        ("two get a third each", 63, &[("a", 1000), ("b", 1000)], &[("a", 21), ("b", 21)]),
        ("a small need is met", 64, &[("a", 1000), ("b", 2)], &[("a", 31), ("b", 2)]),
        ("one place alone can be had", 1, &[("a", 2)], &[("a", 1)]),
        ("fewer places than namespaces", 2, &[("a", 2), ("b", 2), ("c", 2)], &[("a", 1), ("b", 1)]),
    ] {
        let want: BTreeMap<String, usize> = want.iter().map(|(ns, n)| ((*ns).to_owned(), *n)).collect();
        assert_eq!(shares(&mut line(size, waiting)), want, "{what}");
    }
}

#[test]
fn a_namespace_that_comes_later_finds_a_free_place() {
    let mut line = line(8, &[("a", 1000)]);
    assert_eq!(shares(&mut line)["a"], 4);
    line.push("b", 0);
    assert_eq!(shares(&mut line).get("b"), Some(&1), "nobody had to give a place back");
}

#[test]
fn namespaces_are_served_in_turns_and_each_in_its_own_order() {
    let mut line = line(6, &[("a", 3), ("b", 2), ("c", 1)]);
    let mut served = || std::iter::from_fn(|| line.serve()).map(|(ns, n)| format!("{ns}{n}")).collect::<Vec<_>>();
    assert_eq!(served(), ["a0", "b0", "c0", "a1", "b1"], "one place is left, and a has two");
    for (gives_back, want) in [("c", &[][..]), ("b", &["a2"])] {
        line.give_back(gives_back);
        let served: Vec<_> = std::iter::from_fn(|| line.serve()).map(|(ns, n)| format!("{ns}{n}")).collect();
        assert_eq!(served, want, "{gives_back} gives a place back");
    }
}

#[tokio::test]
async fn a_place_is_handed_on_when_it_is_dropped() {
    let places = Places::new(2);
    let first = places.take("a").await;
    let mut second = Box::pin(places.take("a"));
    assert!((&mut second).now_or_never().is_none(), "the other place is for others");
    assert_eq!((places.taken("a"), places.waiting("a")), (1, 1));
    drop(first);
    assert!(second.now_or_never().is_some());
}

#[tokio::test]
async fn who_stops_waiting_leaves_the_line_and_loses_no_place() {
    let places = Places::new(2);
    let first = places.take("a").await;
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(places.take("a"))).collect();
    waiting.iter_mut().for_each(|one| assert!(one.now_or_never().is_none()));
    assert_eq!(places.waiting("a"), 3);
    drop(waiting.remove(0));
    assert_eq!(places.waiting("a"), 2);
    drop(first); // given to the one that is next, which does not look any more
    drop(waiting);
    assert_eq!((places.taken("a"), places.waiting("a")), (0, 0));
    assert!(places.take("a").now_or_never().is_some());
}
