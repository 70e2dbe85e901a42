//! Which Pods are there? Those that the watch shows and those that the controller wrote, whichever is newer.
//!
//! One watch of Pods feeds this view and tells which runs to reconcile. The answers to the controller's own writes go in
//! at once, so no decision uses a view that lacks these writes (upstream's KEP-5647 solves the same by waiting).
//! Of a run's Pod the view keeps the engine's small form, of a Pod that has ended and is counted nothing but its number,
//! of all other Pods as little as possible (`seen`): what a reconcile costs does not grow with the past, or with the Pods
//! of others.

pub mod news;
pub mod owner;
pub mod routes;
pub mod seen;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kube::runtime::watcher::Event;
use news::{News, Urgency};
use owner::Owner;
use routes::{Selects, Unread};
use seen::Stray;
use state::State;

use crate::api::Kind;
use crate::controller::object::Key;
use crate::engine::observed::{Pod, PodRef, wire};

/// All Pods of runs, by their owner, and those without an owner that matter to a run.
#[derive(Debug, Default)]
pub struct Pods(Mutex<State>);

/// What there is to see of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Its Pods, oldest first.
    pub pods: Vec<Arc<Pod>>,
    /// Those of its Pods whose labels the run does not select any more.
    pub unselected: Vec<PodRef>,
    /// The Pods that another object of the same name, an older one, made and left uncounted.
    pub left_behind: Vec<PodRef>,
    /// The Pods without an owner that the run selects.
    pub strays: Vec<Stray>,
    /// The number after those of its Pods that are not kept any more.
    pub next_number: u32,
}

impl Pods {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the watch says. What the event is news for.
    pub fn observe(&self, event: Event<wire::Pod>) -> Vec<News> {
        let mut state = self.lock();
        let mut news = match event {
            Event::Init => {
                state.begin_list();
                Vec::new()
            }
            Event::InitApply(pod) => {
                state.believe(&pod.metadata.uid, pod.version());
                state::with_urgency(state.put(&pod), Urgency::Now) // nobody knows what was missed before
            }
            Event::Apply(pod) => state.put(&pod),
            Event::Delete(pod) => state.remove(&pod),
            Event::InitDone => state.finish_list(),
        };
        news.append(&mut state.untold);
        news
    }

    /// Takes in the answer to one of the controller's own writes. The answer wakes no run: the task that wrote goes on.
    pub fn wrote(&self, pod: &wire::Pod) {
        let mut state = self.lock();
        state.note_change(&pod.metadata.uid);
        let news = state.put(pod);
        state.keep_untold(news);
    }

    /// Takes in a Pod that was read once more, since what was kept of it was not enough.
    pub fn read_again(&self, pod: &wire::Pod) {
        let mut state = self.lock();
        state.forget_version(&pod.metadata.uid, pod.version());
        let news = state.put(pod);
        state.keep_untold(news);
    }

    /// The controller is about to delete the Pod.
    pub fn will_delete(&self, uid: &str) {
        self.lock().will_delete(uid);
    }

    /// The controller deleted the Pod, which is at least on its way out.
    pub fn deleted(&self, uid: &str, at: chrono::DateTime<chrono::Utc>) {
        self.lock().deleted(uid, at);
    }

    /// The API server says that the Pod is gone.
    pub fn gone(&self, uid: &str) {
        let mut state = self.lock();
        let news = state.gone(uid);
        state.keep_untold(news);
    }

    /// Another object has the name of the Pod of that number: the number is not used.
    pub fn name_is_taken(&self, kind: Kind, key: &Key, number: u32) {
        self.lock().number_is_used(kind, key, number);
    }

    /// The run goes on, and selects its Pods in that way.
    pub fn run_goes_on(&self, owner: &Owner, selects: Selects) {
        self.lock().run_goes_on(owner, selects);
    }

    /// The run has ended or is being deleted: no Pod without an owner concerns it any more.
    pub fn run_is_over(&self, kind: Kind, key: &Key) {
        self.lock().routes.remove(kind, key);
    }

    /// What there is to see of the run of that UID.
    pub fn of(&self, owner: &Owner) -> View {
        self.lock().view(owner)
    }

    /// The Pods in view of all objects of that name that have our label and still have to be counted; with their owners'
    /// UIDs.
    pub fn uncounted(&self, kind: Kind, key: &Key) -> Vec<(PodRef, String)> {
        self.lock().uncounted(kind, key)
    }

    /// Pods of ours in that namespace that lost their owner reference; with the UIDs of the runs that they were made for.
    pub fn orphans(&self, namespace: &str) -> Vec<(PodRef, String)> {
        self.lock().orphans(namespace)
    }

    /// The run is gone, and with it what was kept of its past.
    pub fn forget(&self, kind: Kind, key: &Key) {
        self.lock().forget(kind, key);
    }

    /// The first list has been read.
    pub fn synced(&self) -> bool {
        self.lock().synced
    }

    /// Why the Pods of that namespace have to be read once more, if they have to.
    pub fn unread(&self, namespace: &str) -> Option<Unread> {
        self.lock().routes.unread(namespace)
    }

    /// The Pods of that namespace were read, for all reasons up to this one.
    pub fn was_read(&self, namespace: &str, reason: u64) {
        self.lock().routes.was_read(namespace, reason);
    }
}

#[cfg(test)]
mod tests;
