//! How does the controller create Pods, and what does an answer mean? The Pod is created, the Pod exists already, the
//! API server rejects the Pod, or nobody knows.
//!
//! `engine::deeds::pods` decides which Pods to create, and `engine::build` what the Pods contain.

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

/// Creates Pods in batches of 1, 2, 4, …, so that a template that the API server rejects costs one call, not hundreds.
/// All failures of one batch are one try and one event, however many Pods the batch had.
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

/// What the API server answers to the create of a Pod.
#[derive(PartialEq)]
enum Answer {
    /// The Pod exists, or somebody else's Pod has the name: go on with the next Pod.
    There,
    /// The Pod existed, and is gone again.
    Gone,
    /// The API server rejects the Pod: its message.
    Refused(String),
    /// Somebody deletes the namespace, and the run with the namespace: the message.
    Terminating(String),
}

/// Remembers a failed create, so that the next create waits. Sends an event about a rejection at once; `reconcile`
/// reports other errors.
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

/// Creates a Pod. After an unclear answer the Pod may exist: `memory` keeps its name.
async fn create<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    new: NewPod,
    why: &'static str,
) -> Result<Answer, Error> {
    let pod = Box::new(pod::pod(&seen.job, new, &seen.settings));
    let name = pod.metadata.name.clone().unwrap_or_default();
    let taken = try_to(ctx, key, seen, (new, pod), why).await;
    taken.map_err(|error| {
        ctx.memory.unclear(key, name);
        Error::NotCreated(Box::new(error))
    })
}

/// Looks for Pods that may exist after an unclear answer: without these Pods, a decision could create too many.
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
    (new, pod): (NewPod, Box<Pod>),
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

/// The reason for the metric, in upstream's words.
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

/// What a failed create means: the Pod exists already, the API server rejects the Pod, or the controller tries again.
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
        warn!(pod = name, "the API server rejects the Pod: {}", status.message);
        return Ok(Answer::Refused(status.message.clone()));
    }
    Err(failed(&format!("create Pod {name}"), error))
}

/// The name is computed. So a Pod of that name is the run's own, and the answer to its create got lost; or it is
/// somebody else's.
async fn already_there<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    (new, name): (NewPod, &str),
) -> Result<Answer, Error> {
    let what = format!("get Pod {name}, which exists already");
    let Some(pod) = call(&what, PodApi::of(&ctx.client, &key.0).get_opt(name)).await?.map_err(|e| failed(&what, e))?
    else {
        return Ok(Answer::Gone); // somebody deleted the Pod in between: the next round creates it
    };
    if pod.metadata.owner_references.iter().any(|o| o.uid == seen.job.uid) {
        debug!(pod = name, "Pod was created before");
        ctx.pods.wrote(&pod);
        ctx.memory.accepted(key);
        return Ok(Answer::There);
    }
    // The Pod is somebody else's, or the run has released it. Its name stays in use, so the next number is the next
    // try.
    debug!(pod = name, "a Pod of that name exists already and is not ours");
    ctx.pods.name_is_taken(K::KIND, key, new.number);
    Ok(Answer::There)
}
