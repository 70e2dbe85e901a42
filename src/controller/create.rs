//! How are Pods created? In batches, each under its computed name, and what an answer means: taken, there already, refused,
//! or unclear, so that it may be there.
//!
//! Which Pods is `engine::deeds::pods`' part, what is in them `engine::build`'s.

use futures::future;
use k8s_openapi::api::core::v1::Pod;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::api::conditions::events as reasons;
use crate::controller::call::{call, failed, is_absent, is_terminating};
use crate::controller::context::Context;
use crate::controller::error::{BLIP, Error};
use crate::controller::managed::Managed;
use crate::controller::object::Key;
use crate::controller::wire::pods::PodApi;
use crate::engine::build::pod;
use crate::engine::count::tally;
use crate::engine::observed::Observed;
use crate::engine::plan::{Event, NewPod};

/// In batches of 1, 2, 4, …, so that a template that is refused costs one call and not hundreds. What is not taken is one
/// try, and is told once, however many Pods it was.
pub async fn pods<K: Managed>(ctx: &Context<K>, key: &Key, seen: &Observed, pods: &[NewPod]) -> Result<(), Error> {
    let why = why_created(seen);
    let (mut rest, mut size) = (pods, 1);
    while !rest.is_empty() {
        if ctx.is_stopping() {
            return Err(Error::Stopped);
        }
        let (batch, later) = rest.split_at(size.min(rest.len()));
        let begin = Instant::now();
        let answers = future::join_all(batch.iter().map(|new| create(ctx, key, seen, *new, why))).await;
        note_refusal(ctx, key, seen, &answers, begin);
        let answers: Vec<Answer> = answers.into_iter().collect::<Result<_, _>>()?;
        if answers.iter().any(|answer| *answer != Answer::There) {
            return Ok(());
        }
        (rest, size) = (later, size * 2);
    }
    Ok(())
}

/// What the API server says to a new Pod.
#[derive(PartialEq)]
enum Answer {
    /// It is there, or its name is another's: the next one, please.
    There,
    /// It was there and is gone again.
    Gone,
    /// It is refused: why.
    Refused(String),
    /// The namespace is going, and the run with it: why.
    Terminating(String),
}

/// A Pod that is not taken makes the next one wait, whether it is refused or something is down. A refusal is told at once,
/// anything else with the error that it is.
fn note_refusal<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    answers: &[Result<Answer, Error>],
    begin: Instant,
) {
    let refused = answers.iter().flatten().find_map(|answer| match answer {
        Answer::Refused(words) => Some((words, true)),
        Answer::Terminating(words) => Some((words, false)),
        Answer::There | Answer::Gone => None,
    });
    if let Some((words, is_told)) = refused {
        if is_told {
            let note = format!("Error creating: {words}");
            ctx.events.about_job(&seen.job, Event::warning(reasons::FAILED_CREATE, note));
        }
        ctx.memory.refused(key, words.clone(), ctx.now(), false);
    } else if let Some(error) = answers.iter().find_map(|answer| answer.as_ref().err()) {
        ctx.memory.refused(key, error.words(), ctx.now(), begin.elapsed() < BLIP);
    }
}

/// Whether the API server took it. Without a clear answer the Pod may be there: that is remembered.
async fn create<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    new: NewPod,
    why: &'static str,
) -> Result<Answer, Error> {
    let pod = pod::pod(&seen.job, new, &seen.settings);
    let name = pod.metadata.name.clone().unwrap_or_default();
    let taken = try_to(ctx, key, seen, (new, pod), why).await;
    taken.map_err(|error| {
        ctx.memory.unclear(key, name);
        Error::NotCreated(Box::new(error))
    })
}

/// Looks for the Pods that may have been created: a decision that does not know of them could create too many.
pub async fn look_for_unclear<K: Managed>(ctx: &Context<K>, key: &Key) -> Result<(), Error> {
    for name in ctx.memory.all_unclear(key) {
        let what = format!("look whether Pod {name} was created");
        if let Some(pod) =
            call(&what, PodApi::of(&ctx.client, &key.0).get_opt(&name)).await?.map_err(|e| failed(&what, e))?
        {
            ctx.pods.wrote(&pod);
            ctx.memory.accepted(key);
        }
        ctx.memory.cleared(key, &name);
    }
    Ok(())
}

async fn try_to<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    (new, pod): (NewPod, Pod),
    why: &'static str,
) -> Result<Answer, Error> {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let what = format!("create Pod {name}");
    match call(&what, PodApi::of(&ctx.client, &key.0).create(&pod)).await? {
        Ok(created) => {
            info!(pod = name, "created Pod");
            ctx.pods.wrote(&created);
            ctx.memory.accepted(key);
            ctx.metrics.pod_created(K::KIND, why, true);
            let event = Event::normal(reasons::SUCCESSFUL_CREATE, format!("Created pod: {name}"));
            ctx.events.about_pod(&seen.job, event, &created);
            Ok(Answer::There)
        }
        Err(error) => {
            ctx.metrics.pod_created(K::KIND, why, false);
            not_created(ctx, key, seen, (new, &name), error).await
        }
    }
}

/// Upstream's words, for the metric.
fn why_created(seen: &Observed) -> &'static str {
    let tally = tally::of(seen);
    if tally.failed > 0 && seen.job.spec.replaces_ended_only() {
        "recreate_failed"
    } else if tally.failed > 0 || tally.terminating > 0 {
        "recreate_terminating_or_failed"
    } else {
        "new"
    }
}

/// What a failed create means: there already, refused, or worth another try.
async fn not_created<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    (new, name): (NewPod, &str),
    error: kube::Error,
) -> Result<Answer, Error> {
    let kube::Error::Api(status) = &error else { return Err(failed(&format!("create Pod {name}"), error)) };
    if status.is_already_exists() {
        return already_there(ctx, key, seen, (new, name)).await;
    }
    if is_terminating(status) || is_absent(status) {
        return Ok(Answer::Terminating(status.message.clone()));
    }
    if matches!(status.code, 400 | 403 | 413 | 422) {
        warn!(pod = name, "the API server refuses the Pod: {}", status.message);
        return Ok(Answer::Refused(status.message.clone()));
    }
    Err(failed(&format!("create Pod {name}"), error))
}

/// A name is computed, so a Pod of that name is ours, made by a write whose answer was lost; or a stranger's.
async fn already_there<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    (new, name): (NewPod, &str),
) -> Result<Answer, Error> {
    let what = format!("get Pod {name}, which exists already");
    let Some(pod) = call(&what, PodApi::of(&ctx.client, &key.0).get_opt(name)).await?.map_err(|e| failed(&what, e))?
    else {
        return Ok(Answer::Gone); // gone in between: the next round creates it
    };
    if pod.metadata.owner_references.iter().any(|o| o.uid == seen.job.uid) {
        debug!(pod = name, "Pod was created before");
        ctx.pods.wrote(&pod);
        ctx.memory.accepted(key);
        return Ok(Answer::There);
    }
    // Somebody else's, or one that we let go: its name stays taken, so the next number is tried.
    debug!(pod = name, "a Pod of that name exists already and is not ours");
    ctx.pods.name_is_taken(K::KIND, key, new.number);
    Ok(Answer::There)
}
