//! Are more schedules due than could be looked at so far? Then starts come first, and statuses wait for them.
//!
//! Which statuses may wait is for the engine to say (`Plan::may_wait`). When the last one that was due has been looked at,
//! those that wait are woken; nothing ticks.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::controller::object::Key;

/// A schedule that is due is looked at within this, unless there are many.
const PROMPT: TimeDelta = TimeDelta::milliseconds(100);

/// So long a status waits at most. With starts under way still, from then on both are mixed, and the last start is late:
/// tens of thousands must have room.
const HELD_MAX: TimeDelta = TimeDelta::minutes(2);

/// Who is due when, and whose status waits.
#[derive(Debug, Default)]
pub struct Rush {
    state: Mutex<State>,
    released: Notify,
}

#[derive(Debug, Default)]
struct State {
    due: BTreeSet<(DateTime<Utc>, Key)>,
    due_at: HashMap<Key, DateTime<Utc>>,
    held: HashSet<Key>,
    held_since: HashMap<Key, DateTime<Utc>>,
    released: VecDeque<Key>,
}

impl Rush {
    /// That schedule is to be looked at then.
    pub fn expect(&self, key: &Key, at: Option<DateTime<Utc>>) {
        let mut state = self.state.lock();
        state.no_longer_due(key);
        if let Some(at) = at {
            state.due.insert((at, key.clone()));
            state.due_at.insert(key.clone(), at);
        }
    }

    /// Its status is written, or there is nothing to write.
    pub fn settled(&self, key: &Key) {
        self.state.lock().held_since.remove(key);
    }

    /// It is looked at now, or gone. With the last one of a rush all that wait are released.
    pub fn looked_at(&self, key: &Key, now: DateTime<Utc>) {
        let mut state = self.state.lock();
        state.no_longer_due(key);
        state.held.remove(key);
        if !state.held.is_empty() && !state.is_on(now) {
            let held = std::mem::take(&mut state.held);
            state.released.extend(held);
            self.released.notify_one();
        }
    }

    /// Must this schedule's status wait, and until when at most? It is released before if it can be.
    pub fn holds(&self, key: &Key, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut state = self.state.lock();
        if !state.is_on(now) {
            return None;
        }
        let since = state.held_since.entry(key.clone()).or_insert(now);
        *since = now.min(*since); // the clock may have been set back meanwhile
        let until = *since + HELD_MAX;
        (until > now).then(|| {
            state.held.insert(key.clone());
            until
        })
    }

    /// The next one that need not wait any more; never ends. For one reader.
    pub async fn released(&self) -> Key {
        loop {
            if let Some(key) = self.state.lock().released.pop_front() {
                return key;
            }
            self.released.notified().await;
        }
    }
}

impl State {
    fn no_longer_due(&mut self, key: &Key) {
        if let Some(entry) = self.due_at.remove_entry(key) {
            self.due.remove(&(entry.1, entry.0));
        }
    }

    fn is_on(&self, now: DateTime<Utc>) -> bool {
        self.due.first().is_some_and(|(at, _)| *at + PROMPT < now)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn key(name: &str) -> Key {
        ("ns".into(), name.into())
    }

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_767_225_600_000 + milliseconds).expect("a time")
    }

    /// Three that are due at one time.
    fn three() -> Rush {
        let rush = Rush::default();
        ["a", "b", "c"].iter().for_each(|name| rush.expect(&key(name), Some(at(0))));
        rush
    }

    fn released(rush: &Rush) -> Vec<String> {
        std::iter::from_fn(|| rush.released().now_or_never()).map(|key| key.1).collect()
    }

    #[test]
    fn a_status_waits_while_others_are_overdue_and_is_released_with_the_last_of_them() {
        let rush = three();
        rush.looked_at(&key("a"), at(200));
        assert!(rush.holds(&key("a"), at(210)).is_some(), "b and c have not been looked at");
        rush.looked_at(&key("b"), at(300));
        assert!(rush.holds(&key("b"), at(310)).is_some());
        assert_eq!(released(&rush), Vec::<String>::new(), "c has not been looked at");
        rush.looked_at(&key("c"), at(400));
        assert!(rush.holds(&key("c"), at(410)).is_none(), "it was the last");
        let mut released = released(&rush);
        released.sort();
        assert_eq!(released, ["a", "b"]);
    }

    #[test]
    fn a_status_waits_for_two_minutes_at_most_and_from_then_on_until_it_is_written() {
        let rush = three();
        assert_eq!(rush.holds(&key("a"), at(1_000)), Some(at(121_000)));
        assert_eq!(rush.holds(&key("a"), at(20_000)), Some(at(121_000)), "still the same status");
        assert_eq!(rush.holds(&key("a"), at(121_000)), None);
        rush.settled(&key("a"));
        assert_eq!(rush.holds(&key("a"), at(140_000)), Some(at(260_000)), "that is another one");
        assert_eq!(rush.holds(&key("a"), at(135_000)), Some(at(255_000)), "the clock was set back");
    }

    #[test]
    fn few_that_are_due_together_are_no_rush() {
        let rush = three();
        rush.looked_at(&key("a"), at(1));
        assert!(rush.holds(&key("a"), at(90)).is_none());
    }

    #[test]
    fn those_that_are_due_later_are_no_rush() {
        let rush = three();
        ["a", "b", "c"].iter().for_each(|name| rush.looked_at(&key(name), at(500)));
        rush.expect(&key("a"), Some(at(60_000)));
        assert!(rush.holds(&key("b"), at(510)).is_none());
        assert!(rush.holds(&key("b"), at(60_200)).is_some(), "its time has come");
    }

    #[test]
    fn one_that_is_looked_at_again_or_gone_is_not_released() {
        let rush = three();
        rush.looked_at(&key("a"), at(200));
        assert!(rush.holds(&key("a"), at(210)).is_some());
        rush.looked_at(&key("a"), at(220)); // something happened to it, or it is gone
        rush.looked_at(&key("b"), at(300));
        rush.looked_at(&key("c"), at(400));
        assert_eq!(released(&rush), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_expected_any_more_is_not_due() {
        let rush = Rush::default();
        rush.expect(&key("a"), Some(at(0)));
        rush.expect(&key("a"), None);
        assert!(rush.holds(&key("b"), at(1_000)).is_none());
        let state = rush.state.lock();
        assert!(state.due.is_empty() && state.due_at.is_empty());
    }
}
