//! What does `why` say about a batch/v1 Job, whoever runs it?

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::batch::v1::{Job, JobCondition};
use kube::ResourceExt;

use crate::api::conditions::events;
use crate::api::conditions::reasons;
use crate::api::conditions::types;
use crate::api::labels;
use crate::cli::doing::Doing;
use crate::cli::fault;
use crate::cli::seen::Seen;
use crate::cli::seen::last_seen;
use crate::cli::when;
use crate::cli::why::answer::Answer;
use crate::cli::why::answer::State;
use crate::cli::why::answer::What;
use crate::cli::why::pod;

/// The built-in controller's first wait after a failure, and its longest.
const BACKOFF_SECONDS: i64 = 10;
const BACKOFF_MAX_SECONDS: i64 = 600;
/// An older event does not say what is the case now.
const FRESH: TimeDelta = TimeDelta::minutes(15);

/// The answer about a Job.
pub fn of(seen: &Seen, job: &Job, now: DateTime<Utc>) -> Answer {
    let mut answer = Answer { last_failure: fault::last(&seen.pods), ..Answer::default() };
    let told = Told { seen, job, now };
    told.tell(&mut answer);
    if answer.commands.is_empty() {
        answer.commands.push(seen.command(&format!("timeline job/{}", job.name_any())));
    }
    answer
}

struct Told<'a> {
    seen: &'a Seen,
    job: &'a Job,
    now: DateTime<Utc>,
}

impl Told<'_> {
    fn tell(&self, answer: &mut Answer) {
        let name = self.job.name_any();
        if let Some(end) = self.condition(types::COMPLETE) {
            answer.is(State::Complete, end.reason.as_deref());
            answer.say(format!("Job {name} is Complete{}", self.since(end)));
        } else if let Some(end) = self.condition(types::FAILED) {
            self.failed(answer, end);
        } else if self.job.spec.as_ref().and_then(|s| s.suspend) == Some(true) {
            answer.is(State::Suspended, Some(reasons::JOB_SUSPENDED));
            answer.say(format!("Job {name} is suspended: no Pod starts until somebody resumes it (spec.suspend)"));
            answer.commands.push(self.seen.command(&format!("resume job/{name}")));
        } else {
            self.goes_on(answer);
        }
    }

    fn condition(&self, type_: &str) -> Option<&JobCondition> {
        let conditions = self.job.status.as_ref()?.conditions.as_deref()?;
        conditions.iter().find(|c| c.type_ == type_ && c.status == "True")
    }

    fn since(&self, condition: &JobCondition) -> String {
        let since = condition.last_transition_time.as_ref().map(when::of);
        since.map_or(String::new(), |at| format!(" since {}", when::between(at, self.now)))
    }

    fn managed_by(&self) -> Option<&str> {
        let manager = self.job.spec.as_ref().and_then(|s| s.managed_by.as_deref());
        manager.filter(|manager| *manager != labels::BUILT_IN_CONTROLLER)
    }

    fn failed(&self, answer: &mut Answer, end: &JobCondition) {
        let name = self.job.name_any();
        answer.is(State::Failed, end.reason.as_deref());
        let ago = end.last_transition_time.as_ref().map_or(String::new(), |t| when::ago(when::of(t), self.now));
        let (reason, message) = (end.reason.as_deref().unwrap_or_default(), end.message.as_deref().unwrap_or_default());
        answer.say(format!("Job {name} failed {ago} ({reason}): {message}"));
        if answer.last_failure.is_some() {
            pod::failure(answer, false, self.now);
            answer.commands.extend(self.logs(answer));
            return;
        }
        match self.event(events::POD_FAILED) {
            Some(message) => answer.say(message),
            None => answer.say(
                "Its Pods are gone, and nothing else says which container failed; the status of a SidecarJob would say it",
            ),
        }
    }

    fn logs(&self, answer: &Answer) -> Option<String> {
        let failure = answer.last_failure.as_ref()?;
        let container = failure.container.as_ref().map_or(String::new(), |name| format!(" -c {name}"));
        Some(self.seen.kubectl(&format!("logs {}{container}", failure.pod_name)))
    }

    /// The message of the newest event of this reason about the Job, if it is fresh.
    fn event(&self, reason: &str) -> Option<String> {
        let about = |event: &&k8s_openapi::api::core::v1::Event| {
            event.involved_object.uid == self.job.metadata.uid && event.reason.as_deref() == Some(reason)
        };
        self.seen.events.iter().rev().find(about).and_then(|event| event.message.clone())
    }

    fn goes_on(&self, answer: &mut Answer) {
        let name = self.job.name_any();
        if let Some(at) = &self.job.metadata.deletion_timestamp {
            answer.say(format!("Somebody deleted Job {name} {}", when::ago(when::of(at), self.now)));
        }
        let met = self.condition(types::SUCCESS_CRITERIA_MET).map(|c| ("success", c));
        if let Some((word, _)) = met.or_else(|| self.condition(types::FAILURE_TARGET).map(|c| ("failure", c))) {
            answer.say(format!("The result of Job {name} is known: {word}"));
        }
        let ours = self.managed_by() == Some(labels::CONTROLLER);
        if let Some((told, doing)) = pod::first(&self.seen.pods, ours).filter(|(_, doing)| *doing != Doing::Ended) {
            pod::tell(answer, self.seen, told, &doing, self.now);
            pod::failure(answer, false, self.now);
            if let Some(words) = pod::others(&self.seen.pods, told) {
                answer.say(words);
            }
            return;
        }
        self.without_pods(answer);
    }

    fn without_pods(&self, answer: &mut Answer) {
        let name = self.job.name_any();
        if let Some(manager) = self.managed_by().filter(|manager| *manager != labels::CONTROLLER) {
            answer.is(State::Pending, Some("ManagedBy"));
            answer.say(format!("Job {name} has no Pod that runs, and is for another controller: {manager}"));
        } else if let Some(at) = self.backoff() {
            answer.is(State::Waiting, Some("BackOff"));
            answer.then(What::Attempt, at);
            answer.say(format!("Job {name} waits after a failure: the next attempt starts {}", when::at(at, self.now)));
            pod::failure(answer, false, self.now);
            answer.commands.extend(self.logs(answer));
        } else if let Some(message) = self.refused() {
            answer.is(State::Stalled, Some(reasons::POD_REFUSED));
            answer.say(format!("Job {name} gets no Pod: {message}"));
            if message.contains("exceeded quota") {
                answer.say("A quota of the namespace is used up: wait until other Pods end, or ask for a larger quota");
                answer.commands.push(self.seen.kubectl("describe resourcequota"));
            }
        } else {
            answer.is(State::Pending, None);
            answer.say(format!("Job {name} has no Pod that runs"));
            pod::failure(answer, false, self.now);
            answer.commands.push(self.seen.kubectl(&format!("describe job {name}")));
        }
    }

    /// Why the API server refused the last Pod.
    fn refused(&self) -> Option<String> {
        let about = |event: &&k8s_openapi::api::core::v1::Event| {
            event.involved_object.uid == self.job.metadata.uid
                && event.reason.as_deref() == Some(events::FAILED_CREATE)
                && last_seen(event).is_some_and(|at| self.now - at < FRESH)
        };
        self.seen.events.iter().rev().find(about).and_then(|event| event.message.clone())
    }

    /// When the controller may create the next Pod: 10 s after the first failure, doubled with each failure.
    fn backoff(&self) -> Option<DateTime<Utc>> {
        let failed = i64::from(self.job.status.as_ref().and_then(|s| s.failed).unwrap_or(0));
        let last = self.seen.pods.iter().filter_map(ended_at).max()?;
        let doubled = 1_i64 << (failed - 1).clamp(0, 10);
        let wait = TimeDelta::seconds((BACKOFF_SECONDS * doubled).min(BACKOFF_MAX_SECONDS));
        (failed > 0).then_some(last + wait).filter(|at| *at > self.now)
    }
}

/// When the last container of the Pod ended.
fn ended_at(pod: &k8s_openapi::api::core::v1::Pod) -> Option<DateTime<Utc>> {
    let ends = crate::cli::roles::all(pod).map(|c| c.ended().and_then(|end| end.finished_at.as_ref().map(when::of)));
    ends.flatten().max()
}
