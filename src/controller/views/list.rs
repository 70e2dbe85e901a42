//! What does a new list replace? Everything that was known before the list began, even if the versions in the list are
//! lower, as after a restore of the API server's data. What the controller changed since the list began stays.

use std::collections::HashSet;

/// A list that is being read while the old view is still in use. All entries are UIDs.
#[derive(Debug, Default)]
pub struct List {
    there: HashSet<String>,
    changed: HashSet<String>,
}

impl List {
    /// The Pod exists: the list has the Pod, or the Pod came since the list began.
    pub fn has(&mut self, uid: &str) {
        self.there.insert(uid.to_owned());
    }

    /// The controller changed the Pod, so the list may not have the change.
    pub fn changed(&mut self, uid: &str) {
        self.changed.insert(uid.to_owned());
    }

    /// Whether the list is right about the Pod, whatever was known before.
    pub fn outweighs(&self, uid: &str) -> bool {
        !self.changed.contains(uid)
    }

    /// Whether the Pod still exists at the end of the list.
    pub fn knows(&self, uid: &str) -> bool {
        self.there.contains(uid)
    }
}
