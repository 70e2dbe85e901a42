//! What is there to be seen of a run? From the views in memory; no call to the API server.

use kube::core::SelectorExt;

use crate::controller::context::Context;
use crate::controller::managed::Managed;
use crate::controller::memory::Key;
use crate::controller::pods::Seen;
use crate::engine::observed::{Observed, Pod};

/// All that the engine asks for. `None` if the object did not come from an API server.
pub fn gather<K: Managed>(ctx: &Context<K>, key: &Key, object: &K) -> Option<Observed> {
    let mut job = object.observe()?;
    if let Some(backoff) = ctx.memory.backoff(key) {
        job.status.backoff = Some(backoff);
    }
    let selector = object.selector();
    let selected = |seen: &Seen| selector.as_ref().is_some_and(|selector| selector.matches(&seen.labels));
    let view = ctx.pods.of(K::KIND, key);
    let (own, foreign): (Vec<_>, Vec<_>) = view.pods.into_iter().partition(|seen| seen.owner_uid == job.uid);
    let strays = match K::is_ours(object) && !job.deleting && !job.status.is_finished() {
        true => ctx.pods.strays(&key.0),
        false => Vec::new(),
    };
    // One that was counted already, and whose owner somebody took away, would count again.
    let counted = |stray: &Seen| stray.pod.ended() && !stray.pod.tracked && stray.was_made_for(&job.uid);
    let going_on: Vec<&str> = own.iter().filter(|s| !s.pod.ended()).map(|s| s.pod.uid.as_str()).collect();
    let attempts = ctx.stops.attempts(key, &going_on);
    let (adoptable, going): (Vec<_>, Vec<_>) = strays
        .into_iter()
        .filter(|stray| selected(stray) && !counted(stray))
        .partition(|stray| stray.pod.deleting_since.is_none());
    // Its own Pods that somebody took the owner from and that are being deleted: nobody else lets them go.
    let ours = |stray: &&Seen| stray.pod.tracked && stray.was_made_for(&job.uid);
    // Another's Pods under the same owner's name, a Job's of the built-in controller, do not have our label.
    let made_here = |seen: &&Seen| seen.pod.tracked && seen.was_made_for(&seen.owner_uid);
    let foreign = foreign.iter().filter(made_here);
    Some(Observed {
        pods: own.into_iter().map(|seen| Pod { selected: selector.is_none() || selected(&seen), ..seen.pod }).collect(),
        strays: adoptable.into_iter().map(|stray| stray.pod).collect(),
        orphans: foreign.chain(going.iter().filter(ours)).map(|seen| seen.pod.to_ref()).collect(),
        next_number: view.next_number,
        refusal: ctx.memory.refusal(key, ctx.now()),
        failing: None,
        attempts,
        settings: ctx.settings.clone(),
        job,
    })
}
