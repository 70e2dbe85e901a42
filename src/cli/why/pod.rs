//! What does `why` say about one Pod: what it waits for, which container blocks it, until when, and what to do?

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::ResourceExt;

use crate::api::conditions::reasons;
use crate::api::labels;
use crate::cli::doing;
use crate::cli::doing::Doing;
use crate::cli::doing::StoppedBy;
use crate::cli::fault;
use crate::cli::seen;
use crate::cli::seen::Seen;
use crate::cli::when;
use crate::cli::why::answer::Answer;
use crate::cli::why::answer::BlockedBy;
use crate::cli::why::answer::State;

/// The Pod that says most: one that something holds back, before one that works. `ours`: this controller runs the Pods.
pub fn first(pods: &[Pod], ours: bool) -> Option<(&Pod, Doing)> {
    let weight = |doing: &Doing| match doing {
        Doing::Hangs { .. } => 0,
        Doing::CantStart { .. } | Doing::NoNode { .. } | Doing::Gated | Doing::SidecarNotUp { .. } => 1,
        Doing::Crashed { .. } => 2,
        Doing::Drains { .. } => 3,
        Doing::Works { .. } => 4,
        Doing::Initializes { .. } => 5,
        Doing::Starts => 6,
        Doing::Deleted { .. } => 7,
        Doing::Ended => 8,
    };
    pods.iter().map(|pod| (pod, doing::of(pod, ours))).min_by_key(|(_, doing)| weight(doing))
}

/// Says what the Pod does, and what to do.
pub fn tell(answer: &mut Answer, seen: &Seen, pod: &Pod, doing: &Doing, now: DateTime<Utc>) {
    let name = pod.name_any();
    match doing {
        Doing::Ended => {}
        Doing::Deleted { until } => {
            answer.is(State::Terminating, None);
            blocks(answer, &name, None, None, Some(*until));
            answer.say(format!(
                "Somebody deleted Pod {name}; the kubelet kills what still runs {}",
                when::at(*until, now)
            ));
        }
        Doing::NoNode { message } => no_node(answer, seen, pod, message),
        Doing::Gated => gated(answer, pod),
        Doing::CantStart { .. } => cant_start(answer, seen, pod, doing),
        Doing::Starts => starts(answer, seen, pod, now),
        Doing::Crashed { .. } => crashed(answer, seen, &name, doing),
        Doing::SidecarNotUp { sidecar, since } => not_up(answer, seen, &name, sidecar, *since, now),
        Doing::Initializes { container, since } => {
            answer.is(State::Running, None);
            let since = since.map_or(String::new(), |at| format!(" since {}", when::between(at, now)));
            answer
                .say(format!("Init container {container} of Pod {name} works{since}; the main containers wait for it"));
            answer.commands.push(seen.kubectl(&format!("logs {name} -c {container}")));
        }
        Doing::Works { containers, since } => works(answer, pod, containers, *since, now),
        Doing::Drains { sidecars, since, until, by } => {
            let drain = Drain { sidecars, since: *since, until: *until, by: *by };
            drains(answer, seen, &name, &drain, now);
        }
        Doing::Hangs { .. } => hangs(answer, seen, pod, doing, now),
    }
}

fn blocks(
    answer: &mut Answer,
    pod: &str,
    container: Option<&str>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) {
    answer.blocked_by = Some(BlockedBy {
        pod: pod.to_owned(),
        container: container.map(ToOwned::to_owned),
        since: since.map(when::utc),
        until: until.map(when::utc),
    });
}

fn no_node(answer: &mut Answer, seen: &Seen, pod: &Pod, message: &str) {
    let name = pod.name_any();
    answer.is(State::Waiting, Some(reasons::UNSCHEDULABLE));
    answer.say(format!("Pod {name} waits for a node: {message}"));
    answer.say("It starts when a node has room, or when somebody changes what the Pod asks for");
    blocks(answer, &name, None, created(pod), None);
    answer.commands.push(seen.kubectl(&format!("describe pod {name}")));
    answer.commands.push("kubectl describe nodes".into());
}

fn gated(answer: &mut Answer, pod: &Pod) {
    let name = pod.name_any();
    answer.is(State::Waiting, Some("SchedulingGated"));
    answer.say(format!(
        "Pod {name} has scheduling gates: it waits until whoever set the gates removes them (spec.schedulingGates)"
    ));
    blocks(answer, &name, None, created(pod), None);
}

fn cant_start(answer: &mut Answer, seen: &Seen, pod: &Pod, doing: &Doing) {
    let Doing::CantStart { container, reason, message, image } = doing else { return };
    let name = pod.name_any();
    answer.is(State::Waiting, Some(reasons::CONTAINER_CANT_START));
    let why = if message.is_empty() { reason.clone() } else { format!("{reason}: {message}") };
    answer.say(format!("Container {container} of Pod {name} can't start (image {image}): {why}"));
    if reason.contains("Image") {
        answer.say("Check the name of the image, and whether the node may pull the image (imagePullSecrets)");
    }
    blocks(answer, &name, Some(container), created(pod), None);
    answer.commands.push(seen.kubectl(&format!("describe pod {name}")));
}

/// The kubelet prepares the Pod; an event may say what it waits for.
fn starts(answer: &mut Answer, seen: &Seen, pod: &Pod, now: DateTime<Utc>) {
    let name = pod.name_any();
    let age = created(pod).map_or(String::new(), |at| format!(" since {}", when::between(at, now)));
    let Some(message) = warning(&seen.events, pod) else {
        answer.is(State::Pending, None);
        return answer.say(format!("The kubelet prepares Pod {name}{age}"));
    };
    answer.is(State::Waiting, Some(reasons::CONTAINER_CANT_START));
    answer.say(format!("The kubelet prepares Pod {name}{age}: {message}"));
    blocks(answer, &name, None, created(pod), None);
    answer.commands.push(seen.kubectl(&format!("describe pod {name}")));
}

fn created(pod: &Pod) -> Option<DateTime<Utc>> {
    pod.metadata.creation_timestamp.as_ref().map(when::of)
}

/// The last warning about what the Pod waits for.
fn warning<'a>(events: &'a [Event], pod: &Pod) -> Option<&'a str> {
    let about = |event: &&Event| event.involved_object.uid == pod.metadata.uid;
    let waits = |event: &&Event| event.reason.as_deref().is_some_and(|reason| doing::WAITS.contains(&reason));
    events.iter().rev().find(|event| about(event) && waits(event))?.message.as_deref()
}

fn crashed(answer: &mut Answer, seen: &Seen, pod: &str, doing: &Doing) {
    let Doing::Crashed { container, role, restarts, message } = doing else { return };
    answer.is(State::Waiting, Some("CrashLoopBackOff"));
    let mut words = format!("{} container {container} of Pod {pod} crashed", capital(role.word()));
    if *restarts > 0 {
        words += &format!(" after {restarts} restarts");
    }
    answer.say(format!("{words}, and the kubelet starts it again after a wait ({message})"));
    blocks(answer, pod, Some(container), None, None);
    answer.commands.push(seen.kubectl(&format!("logs {pod} -c {container} --previous")));
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn not_up(
    answer: &mut Answer,
    seen: &Seen,
    pod: &str,
    sidecar: &str,
    since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) {
    answer.is(State::Waiting, Some(reasons::SIDECAR_NOT_UP));
    let age =
        since.map_or("has not started yet".into(), |at| format!("runs since {} and is not up", when::between(at, now)));
    answer.say(format!("The main containers of Pod {pod} wait for sidecar {sidecar}, which {age}"));
    answer.say("A sidecar with a startup probe is up when the probe succeeds");
    blocks(answer, pod, Some(sidecar), since, None);
    answer.commands.push(seen.kubectl(&format!("logs {pod} -c {sidecar}")));
}

fn works(answer: &mut Answer, pod: &Pod, containers: &[String], since: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    answer.is(State::Running, None);
    let since = since.map_or(String::new(), |at| format!(" since {}", when::between(at, now)));
    let node =
        pod.spec.as_ref().and_then(|s| s.node_name.as_deref()).map_or(String::new(), |n| format!(" on node {n}"));
    let word = if containers.len() == 1 { "container" } else { "containers" };
    let verb = if containers.len() == 1 { "works" } else { "work" };
    answer.say(format!("Main {word} {} of Pod {} {verb}{node}{since}", containers.join(", "), pod.name_any()));
}

struct Drain<'a> {
    sidecars: &'a [String],
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    by: StoppedBy,
}

fn drains(answer: &mut Answer, seen: &Seen, pod: &str, drain: &Drain<'_>, now: DateTime<Utc>) {
    answer.is(State::Stopping, Some(reasons::SIDECAR_STOPPING));
    let word = if drain.sidecars.len() == 1 { "sidecar" } else { "sidecars" };
    let verb = if drain.sidecars.len() == 1 { "runs" } else { "run" };
    let names = drain.sidecars.join(", ");
    answer.say(format!(
        "The main containers of Pod {pod} are done; {word} {names} still {verb}, {} after them",
        when::between(drain.since, now)
    ));
    let by = match drain.by {
        StoppedBy::Kubelet => "The kubelet stops the Pod (preStop hooks, then SIGTERM)",
        StoppedBy::Controller => "The controller asks the sidecars to stop, one after the other",
    };
    match drain.until {
        Some(until) => answer.say(format!("{by} and kills what still runs {}", when::at(until, now))),
        None => answer.say(format!("{by}, each with its grace period; then the kubelet kills what still runs")),
    }
    blocks(answer, pod, drain.sidecars.first().map(String::as_str), Some(drain.since), drain.until);
    if let Some(first) = drain.sidecars.first() {
        answer.commands.push(seen.kubectl(&format!("logs {pod} -c {first}")));
    }
}

fn hangs(answer: &mut Answer, seen: &Seen, pod: &Pod, doing: &Doing, now: DateTime<Utc>) {
    let Doing::Hangs { ended, since, running, annotated } = doing else { return };
    let (name, done, side) = (pod.name_any(), ended.join(","), running.join(", "));
    answer.is(State::Hanging, Some("PlainSidecar"));
    let (are, run) = (if ended.len() == 1 { "has" } else { "have" }, if running.len() == 1 { "runs" } else { "run" });
    answer.say(format!(
        "Container {} of Pod {name} {are} ended, {}, and {side} still {run}. Nobody stops {side}: Kubernetes waits for all \
         plain containers of a Pod",
        ended.join(", "),
        when::ago(*since, now)
    ));
    blocks(answer, &name, running.first().map(String::as_str), Some(*since), None);
    if *annotated {
        answer.say(format!(
            "The Pod has the annotation {}, but the admission policy did not move its sidecars: the policy was not there, or \
             not in effect yet, when the Pod was created. Install the policy, then delete the Job and create it again",
            labels::MAIN
        ));
        answer.commands.push("kubectl apply -k config/components/policy".into());
        return;
    }
    answer.say(format!(
        "If {side} never exits by itself, as a sidecar, the Job never completes. Either of two changes solves it, after the \
         hanging Job is deleted: one annotation on the Pod template, {}: {done} (docs/one-annotation.md), or the kind \
         SidecarJob with {side} in spec.sidecars",
        labels::MAIN
    ));
    answer.commands.push(seen.kubectl(&format!("logs {name} -c {}", running.first().map_or("", String::as_str))));
}

/// Says what failed last, with the last words of the container. `told`: the paragraph names the container and the exit
/// code already.
pub fn failure(answer: &mut Answer, told: bool, now: DateTime<Utc>) {
    let Some(failure) = answer.last_failure.clone() else { return };
    if !told {
        answer.say(format!("The last failure, {}: {}", fault::ago(&failure, now), fault::sentence(&failure)));
    }
    if let Some(signal) = failure.signal {
        answer.say(format!("Signal {signal} ended it"));
    }
    if let Some(words) = fault::last_words(&failure) {
        answer.say(format!("Its last words: \"{words}\""));
    }
    if let Some(hint) = fault::hint(&failure) {
        answer.say(hint);
    }
}

/// How many other Pods of the run go on.
pub fn others(pods: &[Pod], told: &Pod) -> Option<String> {
    let goes_on = |pod: &&Pod| {
        let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
        pod.metadata.uid != told.metadata.uid && !phase.is_some_and(seen::is_end)
    };
    match pods.iter().filter(goes_on).count() {
        0 => None,
        1 => Some("One more Pod has not ended".into()),
        n => Some(format!("{n} more Pods have not ended")),
    }
}
