//! Which Pods must not come back into the view, however late an old answer arrives?
//!
//! A deleted Pod never comes back. A Pod that has ended and is counted does not come back in that version or an older
//! one. The memory has a bound: the oldest entries are forgotten, long after any answer can still be on its way.

use std::collections::{HashMap, VecDeque};

/// How many Pods are remembered.
const MAX: usize = 20_000;

/// The UID of each Pod, and the version up to which answers are too old.
#[derive(Debug, Default)]
pub struct Buried {
    until: HashMap<String, u64>,
    order: VecDeque<String>,
}

impl Buried {
    /// The Pod is deleted.
    pub fn for_good(&mut self, uid: &str) {
        self.at(uid, u64::MAX);
    }

    /// Answers about the Pod up to this version are too old.
    pub fn at(&mut self, uid: &str, version: u64) {
        if self.until.insert(uid.to_owned(), version).is_none() {
            self.order.push_back(uid.to_owned());
        }
        if self.order.len() > MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.until.remove(&oldest);
        }
    }

    /// The Pod exists after all: a list that began after the burial has the Pod.
    pub fn dig_up(&mut self, uid: &str) {
        if let Some(version) = self.until.get_mut(uid) {
            *version = 0; // the entry keeps its place in the order: a search would take long
        }
    }

    /// The version up to which answers about the Pod are too old.
    pub fn since(&self, uid: &str) -> Option<u64> {
        self.until.get(uid).copied().filter(|version| *version > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let mut buried = Buried::default();
        for n in 0..MAX + 10 {
            buried.at(&n.to_string(), 1);
        }
        assert_eq!((buried.until.len(), buried.order.len()), (MAX, MAX));
        assert_eq!((buried.since("9"), buried.since("10")), (None, Some(1)));
    }

    #[test]
    fn a_deleted_pod_is_buried_for_good() {
        let mut buried = Buried::default();
        buried.at("a", 4);
        buried.for_good("a");
        assert_eq!(buried.since("a"), Some(u64::MAX));
    }

    #[test]
    fn one_that_is_there_all_the_same_is_not_buried_until_it_is_again() {
        let mut buried = Buried::default();
        buried.for_good("a");
        buried.dig_up("a");
        buried.dig_up("b");
        assert_eq!((buried.since("a"), buried.since("b")), (None, None));
        buried.at("a", 3);
        assert_eq!((buried.since("a"), buried.order.len()), (Some(3), 1));
    }
}
