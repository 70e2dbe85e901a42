//! What does the controller remember of the last events, and which namespace forgets first? The memory has a bound; the
//! namespace with most of the memory forgets first.

use std::collections::HashMap;
use std::hash::Hash;

/// Values by namespace and key.
#[derive(Debug)]
pub struct Recent<K, V> {
    all: HashMap<String, HashMap<K, (u64, V)>>,
    len: usize,
    most: usize,
    uses: u64,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// Empty, for at most `most` values.
    pub fn new(most: usize) -> Self {
        Self { all: HashMap::new(), len: 0, most, uses: 0 }
    }

    /// The value of that key; a call counts as a use.
    pub fn get(&mut self, namespace: &str, key: &K) -> Option<&mut V> {
        self.uses += 1;
        let (used, value) = self.all.get_mut(namespace)?.get_mut(key)?;
        *used = self.uses;
        Some(value)
    }

    /// Keeps the value. Beyond the bound, the namespace with most values loses the half that was not used for longest.
    pub fn insert(&mut self, namespace: &str, key: K, value: V) {
        self.uses += 1;
        let own = self.all.entry(namespace.to_owned()).or_default();
        if own.insert(key, (self.uses, value)).is_none() {
            self.len += 1;
        }
        if self.len > self.most {
            self.forget();
        }
    }

    fn forget(&mut self) {
        let Some((namespace, largest)) = self.all.iter_mut().max_by_key(|(_, own)| own.len()) else { return };
        let namespace = namespace.clone();
        let mut uses: Vec<u64> = largest.values().map(|(used, _)| *used).collect();
        uses.sort_unstable();
        let (before, middle) = (largest.len(), uses[uses.len() / 2]);
        largest.retain(|_, (used, _)| *used > middle);
        self.len -= before - largest.len();
        if largest.is_empty() {
            self.all.remove(&namespace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_namespace_remembers_is_never_forgotten_for_anothers_flood() {
        let mut recent = Recent::new(100);
        (0..10).for_each(|n| recent.insert("quiet", n, ()));
        (0..10_000).for_each(|n| recent.insert("noisy", n, ()));
        assert!((0..10).all(|n| recent.get("quiet", &n).is_some()));
        let kept = recent.all.values().map(HashMap::len).sum::<usize>();
        assert!(kept <= 100 && kept == recent.len, "{kept}, {}", recent.len);
    }

    #[test]
    fn what_was_not_used_for_longest_is_forgotten_first() {
        let mut recent = Recent::new(4);
        (0..4).for_each(|n| recent.insert("a", n, ()));
        assert!(recent.get("a", &0).is_some());
        recent.insert("a", 4, ());
        let kept: Vec<i32> = (0..5).filter(|n| recent.get("a", n).is_some()).collect();
        assert_eq!(kept, [0, 4]);
    }
}
