//! What does `why` say about a SidecarJob?

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::api::SidecarJob;
use crate::api::SidecarJobStatus;
use crate::api::conditions::reasons;
use crate::api::conditions::types;
use crate::api::install;
use crate::api::labels;
use crate::cli::doing::Doing;
use crate::cli::retry;
use crate::cli::seen::Seen;
use crate::cli::stopped;
use crate::cli::when;
use crate::cli::why::answer::Answer;
use crate::cli::why::answer::State;
use crate::cli::why::answer::What;
use crate::cli::why::pod;

/// A controller that works has looked at a new object after this time.
const UNSEEN: TimeDelta = TimeDelta::seconds(10);

/// The answer about a run.
pub fn of(seen: &Seen, run: &SidecarJob, now: DateTime<Utc>) -> Answer {
    let status = run.status.clone().unwrap_or_default();
    let mut answer = Answer { last_failure: status.last_failure.clone(), ..Answer::default() };
    let told = Told { seen, run, status: &status, now };
    told.tell(&mut answer);
    answer
}

/// The message says how this container ended, as the messages of a failure do: `container work of Pod …`.
fn names_container(message: &str, name: &str) -> bool {
    message.split("container ").skip(1).any(|rest| rest.split([' ', ',', ';', ':']).next() == Some(name))
}

struct Told<'a> {
    seen: &'a Seen,
    run: &'a SidecarJob,
    status: &'a SidecarJobStatus,
    now: DateTime<Utc>,
}

impl Told<'_> {
    fn tell(&self, answer: &mut Answer) {
        let is_over = match (self.condition(types::COMPLETE), self.condition(types::FAILED)) {
            (Some(end), _) => self.complete(answer, end),
            (_, Some(end)) => self.failed(answer, end),
            _ => false,
        };
        if !is_over {
            self.goes_on(answer);
        }
        self.told_besides(answer, is_over);
        if answer.commands.is_empty() {
            answer.commands.push(self.seen.command(&format!("timeline {}", self.name())));
        }
    }

    fn name(&self) -> String {
        self.run.name_any()
    }

    fn condition(&self, type_: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|c| c.type_ == type_ && c.status == "True")
    }

    fn since(&self, condition: &Condition) -> String {
        when::ago(when::of(&condition.last_transition_time), self.now)
    }

    fn complete(&self, answer: &mut Answer, end: &Condition) -> bool {
        answer.is(State::Complete, Some(&end.reason));
        let took = self.status.duration.as_ref().map_or(String::new(), |took| format!(" after {took}"));
        let count = self.status.completions.as_ref().map_or(String::new(), |count| format!(", {count} completions"));
        answer.say(format!("SidecarJob {} is Complete since {}{took}{count}", self.name(), self.age(end)));
        if let Some(failed) = self.status.failed.filter(|n| *n > 0) {
            answer.say(format!("{failed} of its Pods failed before"));
            pod::failure(answer, false, self.now);
        }
        true
    }

    fn age(&self, condition: &Condition) -> String {
        when::between(when::of(&condition.last_transition_time), self.now)
    }

    fn failed(&self, answer: &mut Answer, end: &Condition) -> bool {
        answer.is(State::Failed, Some(&end.reason));
        answer.say(format!("SidecarJob {} failed {} ({}): {}", self.name(), self.since(end), end.reason, end.message));
        self.stopped(answer);
        let failure = answer.last_failure.as_ref();
        let told = failure.and_then(|f| f.container.as_ref()).is_some_and(|name| names_container(&end.message, name));
        pod::failure(answer, told, self.now);
        answer.commands.push(self.seen.command(&format!("logs {}", self.name())));
        answer.commands.push(self.seen.command(&format!("timeline {}", self.name())));
        let some = self.status.failed_indexes.as_ref().is_some_and(|indexes| !indexes.is_empty());
        let only = if some { " --failed-indexes" } else { "" };
        answer.commands.push(self.seen.command(&format!("rerun {}{only}", self.name())));
        true
    }

    /// Somebody ended the run by `stop`.
    fn stopped(&self, answer: &mut Answer) {
        if let Some(by) = stopped::by(self.run, self.now) {
            answer.say(format!("Stopped by {by} (kubectl sidecarjob stop)"));
        }
    }

    fn goes_on(&self, answer: &mut Answer) {
        if let Some(at) = &self.run.metadata.deletion_timestamp {
            answer.is(State::Terminating, None);
            answer.say(format!("Somebody deleted SidecarJob {} {}", self.name(), when::ago(when::of(at), self.now)));
            let holds: Vec<_> = self.run.metadata.finalizers.iter().flatten().cloned().collect();
            if !holds.is_empty() {
                answer.say(format!("It waits for its finalizers: {}", holds.join(", ")));
            }
            return self.pods(answer);
        }
        if self.unseen(answer) || self.suspended(answer) {
            return;
        }
        match self.condition(types::STALLED) {
            Some(stalled) => self.stalled(answer, stalled),
            None => self.moves(answer),
        }
    }

    /// No controller has looked at the run.
    fn unseen(&self, answer: &mut Answer) -> bool {
        if let Some(manager) = self.run.spec.managed_by.as_deref().filter(|manager| *manager != labels::CONTROLLER) {
            answer.is(State::Pending, Some("ManagedBy"));
            answer.say(format!("SidecarJob {} is for another controller: spec.managedBy is {manager}", self.name()));
            return true;
        }
        let created = self.run.metadata.creation_timestamp.as_ref().map_or(self.now, when::of);
        // The API server stores 0 until a controller writes: the default of the CRD.
        if self.status.observed_generation.is_some_and(|n| n > 0) || self.now - created < UNSEEN {
            return false;
        }
        answer.is(State::Pending, Some(reasons::PENDING));
        answer.say(format!(
            "No controller has looked at SidecarJob {}, which was created {}. Is the controller of SidecarJobs there, and \
             does it run?",
            self.name(),
            when::ago(created, self.now)
        ));
        answer.commands.push(self.seen.command("version"));
        answer.commands.push(format!("kubectl get pods -n {}", install::NAMESPACE));
        true
    }

    fn suspended(&self, answer: &mut Answer) -> bool {
        if self.run.spec.suspend != Some(true) {
            return false;
        }
        answer.is(State::Suspended, Some(reasons::JOB_SUSPENDED));
        let since = self.condition(types::SUSPENDED).map_or(String::new(), |c| format!(" since {}", self.age(c)));
        answer.say(format!(
            "SidecarJob {} is suspended{since}: no Pod starts until somebody resumes it (spec.suspend)",
            self.name()
        ));
        self.pods(answer);
        answer.is(State::Suspended, Some(reasons::JOB_SUSPENDED));
        answer.commands = vec![self.seen.command(&format!("resume {}", self.name()))];
        true
    }

    fn stalled(&self, answer: &mut Answer, stalled: &Condition) {
        answer.say(format!(
            "SidecarJob {} needs help since {} ({}): {}",
            self.name(),
            self.age(stalled),
            stalled.reason,
            stalled.message
        ));
        answer.say("The controller tries again at least once a minute");
        if stalled.message.contains("exceeded quota") {
            answer.say("A quota of the namespace is used up: wait until other Pods end, or ask for a larger quota");
            answer.commands.push(self.seen.kubectl("describe resourcequota"));
        }
        answer.is(State::Stalled, Some(&stalled.reason));
    }

    /// The result may be known already, a retry may wait, Pods may run.
    fn moves(&self, answer: &mut Answer) {
        let met = self.condition(types::SUCCESS_CRITERIA_MET).map(|c| ("success", c));
        let result = met.or_else(|| self.condition(types::FAILURE_TARGET).map(|c| ("failure", c)));
        if let Some((word, result)) = result {
            answer.say(format!("The result of SidecarJob {} is known: {word} ({})", self.name(), result.message));
            self.pods(answer);
            return answer.is(State::Stopping, answer.reason.clone().as_deref().or(Some(&result.reason)));
        }
        let retry = retry::next(self.run, self.now).filter(|_| self.status.active.unwrap_or(0) == 0);
        if let Some(retry) = retry {
            answer.is(State::Waiting, Some("BackOff"));
            answer.then(What::Attempt, retry.at);
            answer.say(format!(
                "SidecarJob {} waits after a failure: {}, {}",
                self.name(),
                retry.sentence(self.now),
                when::at(retry.at, self.now).split(" (").next().unwrap_or_default()
            ));
            pod::failure(answer, false, self.now);
            answer.commands.push(self.seen.command(&format!("logs {}", self.name())));
            return;
        }
        self.pods(answer);
        if answer.message.is_empty() {
            answer.is(State::Pending, self.status.reason.as_deref());
            answer.say(format!("SidecarJob {} has no Pod yet", self.name()));
        }
        if answer.last_failure.is_some() {
            pod::failure(answer, false, self.now);
        }
        if let Some(count) = self.status.completions.as_ref().filter(|_| self.run.spec.completions.unwrap_or(1) > 1) {
            answer.say(format!("So far {count} completions"));
        }
        self.deadline(answer);
    }

    fn deadline(&self, answer: &mut Answer) {
        let start = self.status.start_time.as_ref().map(when::of);
        let span = self.run.spec.active_deadline_seconds.and_then(TimeDelta::try_seconds);
        if let Some(at) = start.zip(span).and_then(|(start, span)| start.checked_add_signed(span)) {
            answer.say(format!("spec.activeDeadlineSeconds ends the run {}", when::at(at, self.now)));
        }
    }

    fn pods(&self, answer: &mut Answer) {
        let found = pod::first(&self.seen.pods, true).filter(|(_, doing)| *doing != Doing::Ended);
        if let Some((told, doing)) = &found {
            pod::tell(answer, self.seen, told, doing, self.now);
            self.start_deadline(answer, doing);
        }
        // The controller knows more than the Pod: the deadline of the spec, a kubelet that is silent.
        if let Some(waiting) = self.condition(types::WAITING) {
            let is_new = found.is_none() || waiting.reason == reasons::KUBELET_SILENT;
            let bound = ["The run waits until ", "Nothing bounds this wait"];
            let bound = bound.iter().find_map(|words| waiting.message.find(words));
            match bound {
                _ if is_new => {
                    answer.say(&waiting.message);
                    answer.is(State::Waiting, Some(&waiting.reason));
                }
                Some(from) => answer.say(&waiting.message[from..]),
                None => {}
            }
        }
        if let Some(words) = found.and_then(|(told, _)| pod::others(&self.seen.pods, told)) {
            answer.say(words);
        }
    }

    /// Until when the main containers wait for a sidecar, if the spec bounds that.
    fn start_deadline(&self, answer: &mut Answer, doing: &Doing) {
        let Doing::SidecarNotUp { sidecar, since: Some(since) } = doing else { return };
        let spec = self.run.spec.sidecars.iter().find(|spec| spec.name == *sidecar);
        let seconds = spec.and_then(|spec| spec.start.as_ref()?.deadline_seconds);
        let until = seconds.and_then(|s| since.checked_add_signed(TimeDelta::try_seconds(i64::from(s))?));
        if let Some(until) = until {
            answer.say(format!("The Pod fails {} (start.deadlineSeconds)", when::at(until, self.now)));
            if let Some(blocked) = &mut answer.blocked_by {
                blocked.until = Some(when::utc(until));
            }
        }
    }

    /// What is true whatever the state.
    fn told_besides(&self, answer: &mut Answer, is_over: bool) {
        if !is_over {
            self.stopped(answer);
        }
        for type_ in [types::SIDECAR_MISSING, types::POD_CHANGED] {
            if let Some(condition) = self.condition(type_).filter(|_| !is_over) {
                answer.say(format!("{type_}: {}", condition.message));
            }
        }
    }
}
