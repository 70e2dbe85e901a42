//! What does a new list outweigh? All that was known before it began, also where the list's versions are lower, as after a
//! restore of the API server's data; not what we changed ourselves since.

use std::collections::HashSet;

/// A list that is being read, while the old view still serves. By UID.
#[derive(Debug, Default)]
pub struct List {
    there: HashSet<String>,
    changed: HashSet<String>,
}

impl List {
    /// It is there: the list has it, or it came since the list began.
    pub fn has(&mut self, uid: &str) {
        self.there.insert(uid.to_owned());
    }

    /// We changed it, so the list may not know of that.
    pub fn changed(&mut self, uid: &str) {
        self.changed.insert(uid.to_owned());
    }

    /// What the list says of it counts, whatever was known before.
    pub fn outweighs(&self, uid: &str) -> bool {
        !self.changed.contains(uid)
    }

    /// When the list is at its end: it is still there.
    pub fn knows(&self, uid: &str) -> bool {
        self.there.contains(uid)
    }
}
