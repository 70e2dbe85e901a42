//! What is there to be seen of a SidecarJob? From the views in memory; no call to the API server.

use super::context::Context;
use super::memory::Key;
use crate::api::SidecarJob;
use crate::engine::observed::{Job, Observed};

/// All that the engine asks for. `None` if the object did not come from an API server.
pub fn gather(ctx: &Context, key: &Key, job: &SidecarJob) -> Option<Observed> {
    let job = Job::from_wire(job)?;
    let (own, foreign): (Vec<_>, Vec<_>) = ctx.pods.of(key).into_iter().partition(|seen| seen.owner_uid == job.uid);
    let going_on: Vec<&str> = own.iter().filter(|s| !s.pod.ended()).map(|s| s.pod.uid.as_str()).collect();
    let attempts = ctx.stops.attempts(key, &going_on);
    Some(Observed {
        pods: own.into_iter().map(|seen| seen.pod).collect(),
        orphans: foreign.iter().filter(|seen| seen.pod.tracked).map(|seen| seen.pod.to_ref()).collect(),
        refusal: ctx.memory.refusal(key),
        attempts,
        settings: ctx.settings.clone(),
        job,
    })
}
