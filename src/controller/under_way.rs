//! Which tasks are under way? Each is begun once, however many ask for it; who asks meanwhile is served by another round.

use std::collections::HashMap;

use crate::controller::object::Key;
use parking_lot::Mutex;

/// The names of the tasks that are under way; true: somebody asked for the task since its last round began.
#[derive(Debug, Default)]
pub struct UnderWay(Mutex<HashMap<Key, bool>>);

impl UnderWay {
    /// The task begins now. False if it is under way already: then it goes round once more.
    pub fn begin(&self, task: &Key) -> bool {
        let mut all = self.0.lock();
        let is_new = !all.contains_key(task);
        all.insert(task.clone(), !is_new);
        is_new
    }

    /// A round of the task has ended: whether it goes round once more. If not, the task has ended.
    pub fn goes_on(&self, task: &Key) -> bool {
        let mut all = self.0.lock();
        let again = all.get_mut(task).is_some_and(std::mem::take);
        if !again {
            all.remove(task);
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_a_task_that_is_under_way_is_served_by_another_round() {
        let (tasks, task) = (UnderWay::default(), ("ns".to_owned(), "run".to_owned()));
        assert!(tasks.begin(&task), "nobody is at it");
        assert!(!tasks.begin(&task) && !tasks.begin(&task), "it is under way");
        assert!(tasks.goes_on(&task), "for both that asked meanwhile");
        assert!(!tasks.goes_on(&task), "nobody asked since");
        assert!(tasks.begin(&task), "it has ended");
    }
}
