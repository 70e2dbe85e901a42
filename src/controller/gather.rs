//! What is there to be seen of a run? From the views in memory; no call to the API server.

use kube::core::SelectorExt;

use super::context::Context;
use super::managed::Managed;
use super::memory::Key;
use super::pods::Seen;
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
    Some(Observed {
        pods: own.into_iter().map(|seen| Pod { selected: selected(&seen), ..seen.pod }).collect(),
        strays: strays.into_iter().filter(|s| selected(s) && s.pod.deleting_since.is_none()).map(|s| s.pod).collect(),
        orphans: foreign.iter().filter(|seen| seen.pod.tracked).map(|seen| seen.pod.to_ref()).collect(),
        next_number: view.next_number,
        refusal: ctx.memory.refusal(key),
        settings: ctx.settings.clone(),
        job,
    })
}
