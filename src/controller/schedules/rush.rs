//! Are more schedules due than could be looked at so far? Then starts come first, and statuses wait for them.
//!
//! What a held status would say is in the view of runs already, so nothing is decided differently meanwhile. When the
//! last one that was due has been looked at, those that wait are woken; nothing ticks. How long one may wait at most is
//! for the caller to say.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use crate::controller::memory::Key;

/// A schedule that is due is looked at within this, unless there are many.
const PROMPT: TimeDelta = TimeDelta::milliseconds(100);

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
    released: VecDeque<Key>,
}

impl Rush {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// That schedule wants to be looked at then.
    pub fn expect(&self, key: &Key, at: Option<DateTime<Utc>>) {
        let mut state = self.lock();
        state.no_longer_due(key);
        if let Some(at) = at {
            state.due.insert((at, key.clone()));
            state.due_at.insert(key.clone(), at);
        }
    }

    /// It is looked at now, or gone. With the last one of a rush all that wait are released.
    pub fn looked_at(&self, key: &Key, now: DateTime<Utc>) {
        let mut state = self.lock();
        state.no_longer_due(key);
        state.held.remove(key);
        if !state.held.is_empty() && !state.is_on(now) {
            let held = std::mem::take(&mut state.held);
            state.released.extend(held);
            self.released.notify_one();
        }
    }

    /// Must this schedule's status wait? If so, it is released later.
    pub fn holds(&self, key: &Key, now: DateTime<Utc>) -> bool {
        let mut state = self.lock();
        let on = state.is_on(now);
        if on {
            state.held.insert(key.clone());
        }
        on
    }

    /// The next one that need not wait any more; never ends. For one reader.
    pub async fn released(&self) -> Key {
        loop {
            if let Some(key) = self.lock().released.pop_front() {
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
        assert!(rush.holds(&key("a"), at(210)), "b and c have not been looked at");
        rush.looked_at(&key("b"), at(300));
        assert!(rush.holds(&key("b"), at(310)));
        assert_eq!(released(&rush), Vec::<String>::new(), "c has not been looked at");
        rush.looked_at(&key("c"), at(400));
        assert!(!rush.holds(&key("c"), at(410)), "it was the last");
        let mut released = released(&rush);
        released.sort();
        assert_eq!(released, ["a", "b"]);
    }

    #[test]
    fn few_that_are_due_together_are_no_rush() {
        let rush = three();
        rush.looked_at(&key("a"), at(1));
        assert!(!rush.holds(&key("a"), at(90)));
    }

    #[test]
    fn those_that_are_due_later_are_no_rush() {
        let rush = three();
        ["a", "b", "c"].iter().for_each(|name| rush.looked_at(&key(name), at(500)));
        rush.expect(&key("a"), Some(at(60_000)));
        assert!(!rush.holds(&key("b"), at(510)));
        assert!(rush.holds(&key("b"), at(60_200)), "its time has come");
    }

    #[test]
    fn one_that_is_looked_at_again_or_gone_is_not_released() {
        let rush = three();
        rush.looked_at(&key("a"), at(200));
        assert!(rush.holds(&key("a"), at(210)));
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
        assert!(!rush.holds(&key("b"), at(1_000)));
        let state = rush.lock();
        assert!(state.due.is_empty() && state.due_at.is_empty());
    }
}
