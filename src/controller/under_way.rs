//! Which tasks are under way? Each is begun once, however many ask for it.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::controller::object::Key;

/// The names of the tasks that are under way.
#[derive(Debug, Default)]
pub struct UnderWay(Mutex<HashSet<Key>>);

impl UnderWay {
    /// The task begins now; false if it is under way already.
    pub fn begin(&self, task: &Key) -> bool {
        self.lock().insert(task.clone())
    }

    /// The task has ended.
    pub fn end(&self, task: &Key) {
        self.lock().remove(task);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
