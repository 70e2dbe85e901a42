//! Which Pods exist? The Pods that the watch delivered and the Pods that the controller wrote, whichever is newer.
//!
//! One watch of Pods feeds this view and tells which runs to reconcile. The answers to the controller's own writes go
//! in at once, so no decision uses a view that lacks these writes (upstream's KEP-5647 waits for the watch instead).
//!
//! Of a run's Pod the view keeps the engine's small form. Of a Pod that has ended and is counted, the view keeps only
//! the number. Of all other Pods the view keeps as little as possible (`seen`). So the cost of a reconcile does not
//! grow with past Pods, or with the Pods of others.

mod answers;
mod held;
pub mod news;
pub mod owner;
mod relist;
pub mod routes;
pub mod seen;
mod state;

use std::sync::Arc;

use kube::runtime::watcher::Event;
use news::{News, Urgency};
use owner::Owner;
use parking_lot::Mutex;
use routes::{Selects, Unread};
use seen::Stray;
use state::State;

use crate::api::Kind;
use crate::controller::object::Key;
use crate::engine::observed::{Pod, PodRef, wire};

/// All Pods of runs, by their owner, and Pods without an owner that concern a run.
#[derive(Debug, Default)]
pub struct Pods(Mutex<State>);

/// What the view knows of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Its Pods, oldest first.
    pub pods: Vec<Arc<Pod>>,
    /// The Pods of the run whose labels the run no longer selects.
    pub unselected: Vec<PodRef>,
    /// The Pods that another object of the same name, an older one, made and left uncounted; and those that the run made,
    /// that lost their owner reference and that the run can't adopt again.
    pub left_behind: Vec<PodRef>,
    /// The Pods without an owner that the run selects.
    pub strays: Vec<Stray>,
    /// The number after the highest number of Pods that are no longer in view.
    pub next_number: u32,
}

impl Pods {
    /// Takes in an event of the watch. Returns what the event is news for.
    pub fn observe(&self, event: Event<wire::Pod>) -> Vec<News> {
        let mut state = self.0.lock();
        let mut news = match event {
            Event::Init => {
                state.begin_list();
                Vec::new()
            }
            Event::InitApply(pod) => {
                state.believe(&pod.metadata.uid, pod.version());
                state::with_urgency(state.put(&pod), Urgency::Now) // changes before this list may be missing
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
        let mut state = self.0.lock();
        state.note_change(&pod.metadata.uid);
        let news = state.put(pod);
        state.keep_untold(news);
    }

    /// Takes in a Pod that the controller read once more, because the view had too little of the Pod.
    pub fn read_again(&self, pod: &wire::Pod) {
        let mut state = self.0.lock();
        state.forget_version(&pod.metadata.uid, pod.version());
        let news = state.put(pod);
        state.keep_untold(news);
    }

    /// The controller is about to delete the Pod.
    pub fn will_delete(&self, uid: &str) {
        self.0.lock().will_delete(uid);
    }

    /// The controller deleted the Pod: the API server has begun the deletion, or has finished it.
    pub fn deleted(&self, uid: &str, at: chrono::DateTime<chrono::Utc>) {
        self.0.lock().deleted(uid, at);
    }

    /// The API server says that the Pod is gone.
    pub fn gone(&self, uid: &str) {
        let mut state = self.0.lock();
        let news = state.gone(uid);
        state.keep_untold(news);
    }

    /// Another object has the Pod name of that number: no Pod gets the number.
    pub fn name_is_taken(&self, kind: Kind, key: &Key, number: u32) {
        self.0.lock().number_is_used(kind, key, number);
    }

    /// The run is ours.
    pub fn run_is_ours(&self, owner: &Owner) {
        self.0.lock().run_is_ours(owner);
    }

    /// The run goes on, and selects its Pods in that way.
    pub fn run_goes_on(&self, owner: &Owner, selects: Selects) {
        self.0.lock().routes.put(owner, selects);
    }

    /// The run has ended or is being deleted: Pods without an owner no longer concern the run.
    pub fn run_is_over(&self, kind: Kind, key: &Key) {
        self.0.lock().routes.remove(kind, key);
    }

    /// What the view knows of the run of that UID.
    pub fn of(&self, owner: &Owner) -> View {
        self.0.lock().view(owner)
    }

    /// The Pods of runs that look like this, with their owners.
    pub fn like(&self, is: impl Fn(&Pod) -> bool) -> Vec<(Arc<Owner>, Arc<Pod>)> {
        self.0.lock().like(is)
    }

    /// The Pods in view with our label that still have to be counted, of all objects of that name, with the UIDs of
    /// their owners.
    pub fn uncounted(&self, kind: Kind, key: &Key) -> Vec<(PodRef, String)> {
        self.0.lock().uncounted(kind, key)
    }

    /// Pods of ours in that namespace that lost their owner reference, with the UIDs of the runs that they were made
    /// for.
    pub fn orphans(&self, namespace: &str) -> Vec<(PodRef, String)> {
        self.0.lock().orphans(namespace)
    }

    /// The run is gone: forgets what the view knows of its past Pods.
    pub fn forget(&self, kind: Kind, key: &Key) {
        self.0.lock().forget(kind, key);
    }

    /// The first list has been read.
    pub fn synced(&self) -> bool {
        self.0.lock().synced
    }

    /// Why the controller has to read the Pods of that namespace once more, if so.
    pub fn unread(&self, namespace: &str) -> Option<Unread> {
        self.0.lock().routes.unread(namespace)
    }

    /// The controller has read the Pods of that namespace, for all reasons up to this one.
    pub fn was_read(&self, namespace: &str, reason: u64) {
        self.0.lock().routes.was_read(namespace, reason);
    }
}

#[cfg(test)]
mod tests;
