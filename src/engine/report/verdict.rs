//! Why did the run fail, in one sentence?
//!
//! Which container of which Pod ended how, and how often. The conditions of a SidecarJob have this sentence as their
//! message, with the reasons of a Job. The conditions of a batch/v1 Job have the messages of the built-in controller.

use crate::api::conditions::reasons;
use crate::engine::count::outcome;
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Pod, State};
use crate::engine::report::over::is_sidecarjob;
use crate::engine::report::{ends, failure};
use crate::engine::result::ending::Ending;
use crate::engine::result::retried_in_place;

/// The result with the message that the status gets. `None`: the message stays as it is, since it is stored, or is that of
/// a success, of a Job, or of the failure policy, which names Pod and container too.
pub fn with_facts(j: &Judgement) -> Option<Ending> {
    let ending = j.ending.as_ref().filter(|ending| !ending.success && !ending.stored)?;
    let message = message(j, &ending.reason).filter(|_| is_sidecarjob(&j.seen.job))?;
    Some(Ending { message, ..ending.clone() })
}

/// The facts behind a failure with this reason. `None`: they are not known, or are those of the failure policy.
pub fn message(j: &Judgement, reason: &str) -> Option<String> {
    let failure = failure::last(j).map(|last| failure::sentence(&last));
    match reason {
        reasons::BACKOFF_LIMIT_EXCEEDED => failure.map(|failure| format!("{failure}; {}", how_often(j))),
        reasons::MAX_FAILED_INDEXES_EXCEEDED | reasons::FAILED_INDEXES => {
            failure.map(|failure| format!("{}; the last failure: {failure}", failed_indexes(j)))
        }
        reasons::DEADLINE_EXCEEDED => {
            let seconds = j.seen.job.spec.active_deadline?.num_seconds();
            let begin = format!("the run was active longer than activeDeadlineSeconds ({seconds} s)");
            let last = || failure.map(|failure| format!("the last failure: {failure}"));
            let rest = still_running(j).or_else(last).map(|rest| format!("; {rest}")).unwrap_or_default();
            Some(format!("{begin}{rest}"))
        }
        _ => None,
    }
}

/// How many attempts failed; if too few for that, how often the kubelet retried inside the Pods.
fn how_often(j: &Judgement) -> String {
    let (failed, succeeded, limit) = (j.tally.failed, j.tally.succeeded, j.seen.job.spec.backoff_limit);
    if failed > limit {
        return format!("{failed} of {} attempts failed", failed.saturating_add(succeeded));
    }
    let restarts: u32 = retried_in_place(j.seen).map(|(_, c)| c.restarts).sum();
    format!("the kubelet restarted containers {restarts} times, and backoffLimit is {limit}")
}

fn failed_indexes(j: &Judgement) -> String {
    let failed = j.tally.failed_indexes.as_ref().map_or(0, |failed| failed.len());
    format!("{failed} of {} indexes failed", j.seen.job.spec.completions.unwrap_or(0))
}

/// A main container that still runs; otherwise a Pod whose main containers have not started.
fn still_running(j: &Judgement) -> Option<String> {
    let roles = &j.seen.job.spec.roles;
    let running = |pod: &&Pod| {
        let main = outcome::mains(pod, roles).find(|c| c.state == State::Running)?;
        Some(format!("container {} of Pod {} was still running", ends::name(main), pod.name))
    };
    let waiting = |pod: &&Pod| format!("the main containers of Pod {} had not started", pod.name);
    let working = j.tally.working.iter();
    working.clone().find_map(running).or_else(|| working.map(waiting).next())
}

#[cfg(test)]
mod tests;
