//! What does the view answer to those who ask: what there is to see of one run, and which Pods wait for a release?

use std::sync::Arc;

use super::held::{Concern, Held};
use super::owner::Owner;
use super::routes::Selects;
use super::seen::Stray;
use super::state::State;
use super::{Key, Kind, View};
use crate::api::labels;
use crate::engine::observed::{Pod, PodRef};

impl State {
    /// What there is to see of the run of that UID.
    pub fn view(&self, owner: &Owner) -> View {
        let id = (owner.kind, owner.key.clone());
        let selects = self.routes.of(owner);
        let mut view = View { strays: self.strays_of(owner, selects), ..View::default() };
        view.left_behind = self.unadoptable_orphans(owner, selects);
        view.left_behind.extend(self.orphans_of_the_run_before(owner));
        let Some(group) = self.groups.get(&id) else { return view };
        view.next_number = group.next_number;
        for owned in &group.owners {
            if owned.owner.uid == owner.uid {
                view.pods = owned.pods.iter().map(|seen| seen.pod.clone()).collect();
                let unselected = owned.pods.iter().filter(|seen| !seen.is_selected(selects));
                view.unselected = unselected.map(|seen| seen.pod.to_ref()).collect();
            } else {
                let left = owned.pods.iter().filter(|seen| seen.pod.tracked && seen.was_made_for_owner());
                view.left_behind.extend(left.map(|seen| seen.pod.to_ref()));
            }
        }
        view
    }

    /// The Pods of runs that look like this, with their owners.
    pub fn like(&self, is: impl Fn(&Pod) -> bool) -> Vec<(Arc<Owner>, Arc<Pod>)> {
        let seen = self.held.values().filter_map(|held| match held {
            Held::Seen(seen) if is(&seen.pod) => Some((seen.owner.clone(), seen.pod.clone())),
            _ => None,
        });
        seen.collect()
    }

    fn strays_of(&self, owner: &Owner, selects: Option<&Selects>) -> Vec<Stray> {
        let concern = match selects {
            Some(Selects::Uid(label)) => Concern::Uid(label, owner.uid.clone()),
            Some(Selects::Own(_)) => Concern::Run(owner.kind, owner.key.1.clone()),
            Some(Selects::Unreadable) | None => return Vec::new(),
        };
        self.strays_by(&owner.key.0, concern).cloned().collect()
    }

    /// Pods that the run made, that lost their owner reference, and that the run can't adopt again: somebody deletes the
    /// Pod, or the run does not select the Pod. Only this run removes their finalizer.
    fn unadoptable_orphans(&self, owner: &Owner, selects: Option<&Selects>) -> Vec<PodRef> {
        let made = self.strays_by(&owner.key.0, Concern::Uid(labels::UID, owner.uid.clone()));
        let left = made.filter(|stray| stray.is_orphan() && (stray.deleting || !stray.is_selected_by(owner, selects)));
        left.map(|stray| stray.pod.clone()).collect()
    }

    /// Pods that lost their owner reference while their run went on, as far as the view knew. Now another run has the name
    /// of that run, so no event will ever say that the Pods are orphans.
    fn orphans_of_the_run_before(&self, owner: &Owner) -> Vec<PodRef> {
        let Some(before) = self.routes.before(owner) else { return Vec::new() };
        let made = self.strays_by(&owner.key.0, Concern::Uid(labels::UID, before.to_owned()));
        made.filter(|stray| stray.is_orphan()).map(|stray| stray.pod.clone()).collect()
    }

    fn strays_by(&self, namespace: &str, concern: Concern) -> impl Iterator<Item = &Stray> {
        let uids = self.strays.get(&(namespace.to_owned(), concern)).into_iter().flatten();
        uids.filter_map(|uid| match self.held.get(uid) {
            Some(Held::Stray(stray)) => Some(stray.as_ref()),
            _ => None,
        })
    }

    /// The Pods of all objects of that name that have a finalizer of ours, with the UIDs of their owners.
    pub fn uncounted(&self, kind: Kind, key: &Key) -> Vec<(PodRef, String)> {
        let owners = self.groups.get(&(kind, key.clone())).into_iter().flat_map(|group| &group.owners);
        let pods = owners.flat_map(|owned| owned.pods.iter().filter(|seen| seen.pod.tracked));
        pods.map(|seen| (seen.pod.to_ref(), seen.owner.uid.clone())).collect()
    }

    /// The orphans in that namespace, with the UIDs of the runs that made them.
    pub fn orphans(&self, namespace: &str) -> Vec<(PodRef, String)> {
        let orphans = self.strays_by(namespace, Concern::Orphan);
        orphans.filter_map(|stray| Some((stray.pod.clone(), stray.made_for()?.to_owned()))).collect()
    }
}
