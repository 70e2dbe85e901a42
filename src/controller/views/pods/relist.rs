//! What does a new list of all Pods change? The list is believed, but for what the controller wrote since the list began.

use super::news::{News, Urgency};
use super::state::{State, with_urgency};
use crate::controller::views::list::List;

impl State {
    /// A new list begins; the old view serves until the list is complete.
    pub fn begin_list(&mut self) {
        self.list = Some(List::default());
    }

    /// The controller changed the Pod: a list that is being read may not have the change.
    pub fn note_change(&mut self, uid: &str) {
        if let Some(list) = &mut self.list {
            list.changed(uid);
        }
    }

    /// A list has the Pod in that version: what was known before the list began counts no more.
    pub fn believe(&mut self, uid: &str, version: u64) {
        if !self.list.as_ref().is_some_and(|list| list.outweighs(uid)) {
            return;
        }
        if self.buried.since(uid).is_some_and(|since| since > version) {
            self.buried.dig_up(uid);
        }
        if let Some(held) = self.held.get_mut(uid).filter(|held| held.version() > version) {
            held.forget_version();
        }
    }

    /// What the new list does not have is gone. Own writes since the list began are in it too (`put`).
    pub fn finish_list(&mut self) -> Vec<News> {
        self.synced = true;
        let list = self.list.take().unwrap_or_default();
        let gone: Vec<String> = self.held.keys().filter(|uid| !list.knows(uid)).cloned().collect();
        let mut news = Vec::new();
        for uid in gone {
            let old = self.take(&uid);
            news.extend(self.compare(old.as_ref(), None));
        }
        self.own_deletions.retain(|uid| self.held.contains_key(uid));
        with_urgency(news, Urgency::Now)
    }
}
