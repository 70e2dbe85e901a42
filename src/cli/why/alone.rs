//! What does `why` say about a Pod that somebody asked about by its name? Also how it ended, and to which object it belongs.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use crate::api::conditions::types;
use crate::api::labels;
use crate::cli::doing;
use crate::cli::doing::Doing;
use crate::cli::fault;
use crate::cli::roles;
use crate::cli::roles::Container;
use crate::cli::roles::Role;
use crate::cli::seen::Seen;
use crate::cli::target::Target;
use crate::cli::why::answer::Answer;
use crate::cli::why::answer::State;
use crate::cli::why::pod as told;

/// The answer about a Pod.
pub fn of(seen: &Seen, pod: &Pod, now: DateTime<Utc>) -> Answer {
    let mut answer = Answer { last_failure: fault::last(std::slice::from_ref(pod)), ..Answer::default() };
    let doing = doing::of(pod, false);
    let status = pod.status.as_ref();
    if doing == Doing::Ended {
        ended(&mut answer, pod);
    } else {
        told::tell(&mut answer, seen, pod, &doing, now);
    }
    let has_failed = answer.last_failure.is_some();
    told::failure(&mut answer, false, now);
    if has_failed && doing == Doing::Ended {
        let container = answer.last_failure.as_ref().and_then(|f| f.container.clone());
        let container = container.map_or(String::new(), |name| format!(" -c {name}"));
        answer.commands.push(seen.kubectl(&format!("logs {}{container}", pod.name_any())));
    }
    if let Some(owner) = pod.owner_references().iter().find(|owner| owner.controller == Some(true)) {
        answer.say(format!("The Pod belongs to {} {}", owner.kind, owner.name));
        let target = format!("{}/{}", owner.kind.to_lowercase(), owner.name);
        if target.parse::<Target>().is_ok() {
            answer.commands.push(seen.command(&format!("why {target}")));
        }
    }
    if answer.message.is_empty() {
        answer.say(format!(
            "Pod {} is {}",
            pod.name_any(),
            status.and_then(|s| s.phase.as_deref()).unwrap_or("unknown")
        ));
    }
    answer
}

fn ended(answer: &mut Answer, pod: &Pod) {
    let failed = types::FAILED;
    let status = pod.status.as_ref();
    let phase = status.and_then(|s| s.phase.as_deref()).unwrap_or_default();
    let reason = status.and_then(|s| s.reason.as_deref());
    answer.is(if phase == failed { State::Failed } else { State::Complete }, reason);
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    answer.say(format!("Pod {} has ended: {phase}{reason}", pod.name_any()));
    let is_main = |c: &Container<'_>| c.role == Role::Main;
    let mains_succeeded = roles::all(pod).filter(is_main).all(|c| c.ended().is_some_and(|e| e.exit_code == 0));
    if phase == failed && mains_succeeded && pod.annotations().contains_key(labels::MODE) {
        answer.is(State::Complete, status.and_then(|s| s.reason.as_deref()));
        answer.say(
            "Its main containers succeeded: the phase says Failed because the controller stopped the sidecars by the Pod's \
             activeDeadlineSeconds, and the run counts the Pod as succeeded",
        );
    }
}
