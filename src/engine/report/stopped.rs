//! How was a sidecar stopped after the main containers were done, and how long did the stop take?

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::conditions::pod as reasons;
use crate::api::history::StopMethod;
use crate::api::recipes::Way;
use crate::engine::count::outcome;
use crate::engine::observed::{AttemptState, Container, End, Observed, Pod, Slot};
use crate::engine::report::ends;

/// How a sidecar was stopped after the main containers were done.
pub struct Stop {
    /// The controller stopped it. The kubelet stops native sidecars.
    pub by_controller: bool,
    /// How. `None`: nobody stopped it, or nobody knows how.
    pub method: Option<StopMethod>,
    /// By SIGKILL, because its grace period was over.
    pub killed: bool,
    /// Its exit code.
    pub exit: i32,
    /// From the end of the main containers to its end.
    pub took: TimeDelta,
}

impl Stop {
    /// `None`: the sidecar ended before the main containers, or still runs.
    pub fn of(seen: &Observed, pod: &Pod, c: &Container) -> Option<Self> {
        let end = ends::now(c)?;
        let done_at = outcome::of(pod, &seen.job.spec, true)?.at;
        let at = end.finished_at.filter(|at| *at >= done_at)?;
        let native = c.slot == Slot::NativeSidecar;
        let by_controller = !native && pod.marks.stopping_since.is_some_and(|since| since <= at);
        let method = match native {
            true => Some(StopMethod::Native),
            false => by_controller.then(|| method(seen, pod, c, at)).flatten(),
        };
        Some(Self { by_controller, method, killed: is_killed(end), exit: end.exit, took: at - done_at })
    }
}

/// How the controller stopped a plain container that ended at this time: by the Pod's deadline, if that had passed,
/// otherwise in the way that reached the container last. `None`: another controller asked the container.
fn method(seen: &Observed, pod: &Pod, c: &Container, at: DateTime<Utc>) -> Option<StopMethod> {
    if pod.deadline_at().is_some_and(|deadline| deadline <= at) {
        return Some(StopMethod::Deadline);
    }
    let own = seen.attempts.iter().filter(|a| a.ask.pod.uid == pod.uid && a.ask.container == c.name);
    let mut heard = own.filter(|a| matches!(a.state, AttemptState::Heard(_) | AttemptState::UnderWay(_)));
    heard.next_back().map(|a| match a.ask.way {
        Way::Http(_) => StopMethod::Http,
        Way::Exec(_) => StopMethod::Exec,
        Way::Signal(_) => StopMethod::Signal,
    })
}

/// By SIGKILL, and not by the OOM killer.
fn is_killed(end: &End) -> bool {
    end.exit == 137 && end.reason.as_deref() != Some(reasons::OOM_KILLED)
}
