//! The sentence that each run goes through: gather, decide, apply, until nothing is left to do.
//!
//! What fails is tried again with a wait that grows, and is told, by an event and in the status, unless it is likely to be
//! over at the next try.

use crate::controller::call::call;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kube::api::Api;
use kube::core::NamespaceResourceScope;
use kube::runtime::controller::Action;
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::controller::context::Context;
use crate::controller::error::{self, Error};
use crate::controller::gather::gather;
use crate::controller::managed::Managed;
use crate::controller::memory::Memory;
use crate::controller::object::{Key, key, version};
use crate::controller::read_again::read_again;
use crate::controller::watched::Watched;
use crate::controller::{apply, create};
use crate::engine;
use crate::engine::observed::Observed;
use crate::engine::plan::{Hold, Plan, Step, sooner};

/// Most rounds of decide and apply in one go. Each has its cause in the one before: a run with thousands of Pods takes
/// some tens; more than this would be a circle.
const MAX_ROUNDS: usize = 200;

/// For so many batch periods the first status of a run waits at most, while other runs of its namespace wait for their
/// turns.
const BUSY_PERIODS: i32 = 5;

/// After so many conflicts in a row the API server is asked for the object.
pub const LOOK_AFTER: u32 = 3;

/// One run, as often as something happened to it.
#[tracing::instrument(name = "reconcile", skip_all, fields(kind = K::KIND.name(), name = tracing::field::Empty))]
pub async fn reconcile<K: Managed>(watched: Arc<Watched<K>>, ctx: Arc<Context<K>>) -> Result<Action, Error> {
    let job = match &watched.0 {
        Ok(job) => job,
        Err(invalid) => {
            warn!("skipped {}: can't read it: {}", invalid.metadata.name.as_deref().unwrap_or("?"), invalid.error);
            return Ok(Action::await_change());
        }
    };
    if !job.is_ours() {
        return Ok(Action::await_change());
    }
    if let Some(event) = job.unfit()
        && let Some(seen) = job.observe()
    {
        ctx.events.about_job(&seen, event);
        return Ok(Action::await_change());
    }
    let key = key(&**job);
    tracing::Span::current().record("name", format!("{}/{}", key.0, key.1));
    let begin = Instant::now();
    let mut did = Did { indexed: false, action: "tracking" };
    let mut newest = job.clone();
    let result = until_quiet(&ctx, &key, &mut newest, &mut did).await;
    ctx.metrics.synced(K::KIND, did.indexed, did.action, result.is_ok(), begin.elapsed());
    match result {
        Ok(action) => {
            ctx.memory.succeeded(&key);
            Ok(action)
        }
        Err(error) => Err(tell(&ctx, &key, newest, error, begin.elapsed()).await),
    }
}

/// Decide and apply, each time with what the last round did in view. `newest` is the newest known form of the object: a
/// write of this reconcile counts from its answer on, whatever the watch has shown.
async fn until_quiet<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    newest: &mut Arc<K>,
    did: &mut Did,
) -> Result<Action, Error> {
    create::look_for_unclear(ctx, key).await?;
    let mut done: Vec<String> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        if ctx.is_stopping() {
            return Ok(Action::await_change());
        }
        *newest = ctx.memory.newest(newest.clone());
        let Some(seen) = gather(ctx, key, newest) else { return Ok(Action::await_change()) };
        if read_again(ctx, &key.0).await? {
            continue;
        }
        let mut plan = engine::decide(&seen, ctx.now());
        if let Some(until) = ctx.memory.creations_held(key, ctx.now(), ctx.batch_period) {
            hold_creations(&mut plan, until);
        }
        did.note(&seen, &plan.steps);
        if plan.steps.is_empty() && plan.status.is_none() {
            return Ok(sleep(ctx, plan.wake));
        }
        if let Some(until) = held_until(ctx, key, &plan) {
            return Ok(sleep(ctx, sooner(plan.wake, Some(until))));
        }
        let steps: Vec<String> = plan.steps.iter().map(Step::to_string).collect();
        if let Some(again) = steps.iter().find(|step| done.contains(step)) {
            return Err(Error::NoEffect(again.clone()));
        }
        match apply::steps(ctx, key, &seen, &plan.steps).await {
            Err(Error::Stopped) => return Ok(Action::await_change()),
            applied => applied?,
        }
        if plan.steps.contains(&Step::DeleteJob) {
            return Ok(Action::await_change());
        }
        if let Some(status) = &plan.status {
            if let Some(written) = apply::status(ctx, newest, &seen.job, status).await? {
                *newest = written;
            }
            apply::events(ctx, &seen.job, &plan.events);
        }
        apply::measures(ctx, &plan.measures);
        ctx.metrics.failures_handled(K::KIND, plan.handled.iter().map(|action| action.word()));
        done = steps;
    }
    Err(Error::NotQuiet(MAX_ROUNDS))
}

/// After something failed: that is told, and what was done before is written, if that works. The error to go on with.
async fn tell<K: Managed>(ctx: &Context<K>, key: &Key, watched: Arc<K>, error: Error, took: Duration) -> Error {
    let tries = ctx.memory.failed(key, error.is_conflict());
    if error.is_conflict()
        && tries >= LOOK_AFTER
        && let Some(went_back) = look_again(&ctx.client, &ctx.memory, key, watched.clone()).await
    {
        return went_back;
    }
    let job = ctx.memory.newest(watched);
    let Some(mut seen) = gather(ctx, key, &job) else { return error };
    let is_blip = match (&error, &seen.refusal) {
        (Error::NotCreated(_), Some(refusal)) => refusal.is_blip,
        _ => error.is_blip(tries, took),
    };
    if !is_blip {
        ctx.events.about_job(&seen.job, error.event());
    }
    seen.failing = match &error {
        _ if error.is_of_the_status() => return error, // the next one would fail as well
        Error::NotCreated(_) => None,                  // that is a refusal
        _ => (!is_blip).then(|| error.to_string()),
    };
    seen.failing = seen.failing.or(seen.job.failing().map(str::to_owned)); // until it is done it is not taken back
    let plan = engine::take_stock(&seen, ctx.now(), ctx.memory.all_unclear(key).is_empty());
    if let Some(status) = &plan.status
        && apply::status(ctx, &*job, &seen.job, status).await.is_ok()
    {
        apply::events(ctx, &seen.job, &plan.events);
        apply::measures(ctx, &plan.measures);
    }
    error
}

/// After some conflicts in a row: the watch may have missed what the API server has. An error, if that is older than ours.
pub async fn look_again<K>(client: &Client, memory: &Memory<K>, key: &Key, watched: Arc<K>) -> Option<Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), &key.0);
    let live = call("look again", api.get_opt(&key.1)).await.ok()?.ok()??;
    let ours = memory.newest(watched);
    if live.meta().uid != ours.meta().uid {
        return None; // news is on its way
    }
    if version(&live) < version(&*ours) {
        return Some(Error::WentBack(format!("{} {}/{}", K::kind(&()), key.0, key.1)));
    }
    memory.wrote(Arc::new(live));
    None
}

/// What a reconcile did, for the metric, in upstream's words.
struct Did {
    indexed: bool,
    action: &'static str,
}

impl Did {
    fn note(&mut self, seen: &Observed, steps: &[Step]) {
        self.indexed = seen.job.spec.indexed;
        for step in steps {
            match step {
                Step::CreatePods(_) => self.action = "pods_created",
                Step::Delete(_) => self.action = "pods_deleted",
                _ => {}
            }
        }
    }
}

/// Without the Pods that are to be created: those wait.
fn hold_creations(plan: &mut Plan, until: DateTime<Utc>) {
    let all = plan.steps.len();
    plan.steps.retain(|step| !matches!(step, Step::CreatePods(_)));
    if plan.steps.len() < all {
        plan.wake_at(Some(until));
    }
}

/// When to look again at a status that may wait. `None`: the controller writes the status now.
fn held_until<K: Managed>(ctx: &Context<K>, key: &Key, plan: &Plan) -> Option<DateTime<Utc>> {
    let now = ctx.now();
    let last = |wait: TimeDelta| ctx.memory.held_since(key, now) + wait;
    let until = match plan.hold {
        Hold::No => None,
        Hold::ForPeople => Some(last(ctx.batch_period)),
        Hold::WhileBusy if ctx.turns.others_wait(&key.0) => {
            Some(last(ctx.batch_period * BUSY_PERIODS).min(now + ctx.batch_period))
        }
        Hold::WhileBusy => None,
    };
    until.filter(|until| *until > now)
}

/// Until the plan's next moment. Waits longer than a day are cut: clocks jump, and looking costs nothing.
fn sleep<K: Managed>(ctx: &Context<K>, wake: Option<DateTime<Utc>>) -> Action {
    sleep_until(wake, ctx.now())
}

/// The same, told the time.
pub fn sleep_until(wake: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Action {
    const LONGEST: Duration = Duration::from_secs(24 * 3600);
    match wake {
        None => Action::await_change(),
        Some(at) => {
            let wait = (at - now).to_std().unwrap_or(Duration::ZERO);
            Action::requeue(wait.saturating_add(Duration::from_millis(1)).min(LONGEST))
        }
    }
}

/// When to try again. A conflict most often means that news is on its way.
pub fn on_error<K: Managed>(watched: Arc<Watched<K>>, error: &Error, ctx: Arc<Context<K>>) -> Action {
    let Ok(job) = &watched.0 else { return Action::await_change() };
    let key = key(&**job);
    let tries = match error {
        Error::NotCreated(_) => ctx.memory.refusals(&key),
        _ => ctx.memory.failures(&key, error.is_conflict()),
    };
    try_again(K::KIND.name(), &key, error, tries)
}

/// Says so in the log, once a try.
pub fn try_again(kind: &str, key: &Key, error: &Error, tries: u32) -> Action {
    let name = format!("{}/{}", key.0, key.1);
    let wait = if error.is_conflict() { error::conflict_wait(tries) } else { error::wait(tries) };
    if error.is_conflict() && error.is_blip(tries, Duration::ZERO) {
        debug!(kind, name, "{error}");
    } else {
        warn!(kind, name, "{error}; trying again in {}s", wait.as_secs());
    }
    Action::requeue(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{SharedJob, SidecarJob};

    fn size<F: Future>(_: impl Fn() -> F) -> usize {
        size_of::<F>()
    }

    /// Stands for an argument: only the type counts.
    fn any<T>() -> T {
        unreachable!()
    }

    #[test]
    fn a_reconcile_is_small_since_most_do_nothing() {
        let (run, job) =
            (size(|| reconcile::<SidecarJob>(any(), any())), size(|| reconcile::<SharedJob>(any(), any())));
        println!("{run} and {job} bytes");
        assert!(run.max(job) <= 4_800, "{run} and {job} bytes: box what waits for an answer (call.rs)");
    }
}
