//! The sentence that each run goes through: gather, decide, apply, until nothing is left to do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use tracing::{debug, warn};

use super::context::Context;
use super::error::{self, Error};
use super::gather::gather;
use super::managed::Managed;
use super::memory::{Key, key};
use super::{apply, create};
use crate::engine;
use crate::engine::observed::Observed;
use crate::engine::plan::{Plan, Step, sooner};

/// An object as the watch shows it: one that can't be read does not stop the others.
pub type Watched<K> = DeserializeGuard<K>;

/// Most rounds of decide and apply in one go. Each has its cause in the one before: a run with thousands of Pods takes
/// some tens; more than this would be a circle.
const MAX_ROUNDS: usize = 200;

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
    if let (Some(event), Some(seen)) = (job.unfit(), job.observe()) {
        ctx.events.about_job(&seen, event);
        return Ok(Action::await_change());
    }
    let key = key(job);
    tracing::Span::current().record("name", format!("{}/{}", key.0, key.1));
    let begin = Instant::now();
    let mut did = Did { indexed: false, action: "tracking" };
    let result = until_quiet(&ctx, &key, Arc::new(job.clone()), &mut did).await;
    ctx.metrics.synced(K::KIND, did.indexed, did.action, result.is_ok(), begin.elapsed());
    if result.is_ok() {
        ctx.memory.succeeded(&key);
    }
    result
}

/// Decide and apply, each time with what the last round did in view.
async fn until_quiet<K: Managed>(ctx: &Context<K>, key: &Key, watched: Arc<K>, did: &mut Did) -> Result<Action, Error> {
    create::look_for_unclear(ctx, key).await?;
    for _ in 0..MAX_ROUNDS {
        let job = ctx.memory.newest(watched.clone());
        let Some(seen) = gather(ctx, key, &job) else { return Ok(Action::await_change()) };
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
        if let Err(error) = apply::steps(ctx, key, &seen, &plan.steps).await {
            report_progress(ctx, key, &job).await;
            return Err(error);
        }
        if plan.steps.contains(&Step::DeleteJob) {
            return Ok(Action::await_change());
        }
        if let Some(status) = &plan.status {
            apply::status(ctx, &job, &seen.job, status).await?;
            apply::events(ctx, &seen.job, &plan.events);
        }
        ctx.metrics.failures_handled(K::KIND, plan.handled.iter().map(|action| action.word()));
    }
    Err(Error::NotQuiet(MAX_ROUNDS))
}

/// After a step that failed: what was done before it is written, if that works.
async fn report_progress<K: Managed>(ctx: &Context<K>, key: &Key, job: &K) {
    let Some(seen) = gather(ctx, key, job) else { return };
    let plan = engine::take_stock(&seen, ctx.now());
    if let Some(status) = &plan.status
        && apply::status(ctx, job, &seen.job, status).await.is_ok()
    {
        apply::events(ctx, &seen.job, &plan.events);
    }
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

/// A status that may wait is written when the batch period is over, or with other news.
fn held_until<K: Managed>(ctx: &Context<K>, key: &Key, plan: &Plan) -> Option<DateTime<Utc>> {
    if !plan.may_wait {
        return None;
    }
    let now = ctx.now();
    let until = ctx.memory.held_since(key, now) + ctx.batch_period;
    (until > now).then_some(until)
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

/// When to try again. A conflict only means that news is on its way.
pub fn on_error<K: Managed>(watched: Arc<Watched<K>>, error: &Error, ctx: Arc<Context<K>>) -> Action {
    let Ok(job) = &watched.0 else { return Action::await_change() };
    let key = key(job);
    let (kind, name) = (K::KIND.name(), format!("{}/{}", key.0, key.1));
    if error.is_conflict() {
        debug!(kind, name, "{error}");
        return Action::requeue(Duration::from_millis(200));
    }
    let wait = error::wait(ctx.memory.failed(&key));
    warn!(kind, name, "{error}; trying again in {}s", wait.as_secs());
    Action::requeue(wait)
}
