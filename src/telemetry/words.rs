//! How many series of a metric can others make? A label whose values others choose has a limited number of values.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// How many values such a label may have; all further values share one series.
pub const WORDS: usize = 20;
/// The value that stands for all further values.
const OTHER: &str = "other";

/// The values of a label so far; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Words(Arc<Mutex<HashSet<String>>>);

impl Words {
    /// The word itself, or "other" if the label has its full number of values.
    pub fn bounded(&self, word: &str) -> String {
        let mut known = self.0.lock();
        if !known.contains(word) && known.len() >= WORDS {
            return OTHER.to_owned();
        }
        known.insert(word.to_owned());
        word.to_owned()
    }
}
