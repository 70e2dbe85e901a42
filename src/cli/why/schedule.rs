//! What does `why` say about a SidecarCronJob: when it runs next, and why it did not run?

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use crate::api::SidecarCronJob;
use crate::api::SidecarCronJobStatus;
use crate::api::conditions::reasons;
use crate::api::conditions::schedule;
use crate::api::conditions::types;
use crate::api::install;
use crate::api::sidecarcronjob::ConcurrencyPolicy;
use crate::cli::seen::Seen;
use crate::cli::when;
use crate::cli::why::answer::Answer;
use crate::cli::why::answer::State;
use crate::cli::why::answer::What;

/// A controller that works has looked at a new object after this time.
const UNSEEN: TimeDelta = TimeDelta::seconds(10);

/// The answer about a schedule.
pub fn of(seen: &Seen, cron: &SidecarCronJob, now: DateTime<Utc>) -> Answer {
    let status = cron.status.clone().unwrap_or_default();
    let mut answer = Answer::default();
    Told { seen, cron, status: &status, now }.tell(&mut answer);
    if answer.commands.is_empty() {
        answer.commands.push(seen.command(&format!("cron next {}", cron.name_any())));
    }
    answer
}

struct Told<'a> {
    seen: &'a Seen,
    cron: &'a SidecarCronJob,
    status: &'a SidecarCronJobStatus,
    now: DateTime<Utc>,
}

impl Told<'_> {
    fn tell(&self, answer: &mut Answer) {
        let name = self.cron.name_any();
        let created = self.cron.metadata.creation_timestamp.as_ref().map_or(self.now, when::of);
        if self.status.observed_generation.is_none_or(|n| n == 0) && self.now - created >= UNSEEN {
            answer.is(State::Pending, Some(reasons::PENDING));
            answer.say(format!(
                "No controller has looked at SidecarCronJob {name}, which was created {}: no run starts. Is the controller of \
                 SidecarCronJobs there, and does it run?",
                when::ago(created, self.now)
            ));
            answer.commands.push(self.seen.command("version"));
            answer.commands.push(format!("kubectl get pods -n {}", install::NAMESPACE));
            return;
        }
        if self.cron.spec.suspend == Some(true) {
            answer.is(State::Suspended, Some(schedule::SUSPENDED));
            answer.say(format!(
                "SidecarCronJob {name} is suspended: no run starts until somebody resumes it (spec.suspend)"
            ));
            answer.commands.push(self.seen.command(&format!("resume sccj/{name}")));
        } else if let Some(stalled) = self.condition(types::STALLED) {
            answer.is(State::Stalled, Some(&stalled.reason));
            answer.say(format!(
                "SidecarCronJob {name} starts no run since {} ({}): {}",
                when::between(when::of(&stalled.last_transition_time), self.now),
                stalled.reason,
                stalled.message
            ));
            answer.commands.push(self.seen.kubectl(&format!("edit sccj {name}")));
        } else {
            self.next(answer, &name);
        }
        self.waits(answer);
        self.missed(answer);
        self.last(answer);
    }

    fn condition(&self, type_: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|c| c.type_ == type_ && c.status == "True")
    }

    fn next(&self, answer: &mut Answer, name: &str) {
        answer.is(State::Scheduled, Some(schedule::SCHEDULED));
        let schedule = self.status.schedule.as_ref().or(self.cron.spec.schedule.as_ref());
        let schedule = schedule.map_or(String::new(), |s| format!(" ({s})"));
        let Some(at) = self.status.next_schedule_time.as_ref().map(when::of) else {
            answer.say(format!("SidecarCronJob {name}{schedule} has no next time"));
            return;
        };
        answer.then(What::Run, at);
        let zone = self.cron.spec.time_zone.as_deref().unwrap_or("UTC");
        let local = self.status.next.clone().unwrap_or_else(|| when::utc(at));
        if at <= self.now {
            answer.say(format!("SidecarCronJob {name}{schedule} is due since {}", when::between(at, self.now)));
            return;
        }
        let local = if local.contains(zone) { local } else { format!("{local} {zone}") };
        answer.say(format!("SidecarCronJob {name}{schedule} runs next at {local}, in {}", when::between(self.now, at)));
    }

    /// Active runs, and times that wait for them.
    fn waits(&self, answer: &mut Answer) {
        let active: Vec<&str> = self.status.active.iter().map(|run| run.name.as_str()).collect();
        let Some(first) = active.first() else { return };
        let names = active.join(", ");
        let (word, verb) = if active.len() == 1 { ("run", "is") } else { ("runs", "are") };
        answer.say(format!("The {word} {names} {verb} active"));
        let policy = self.cron.spec.concurrency_policy.unwrap_or_default();
        match (policy, self.status.queued.len()) {
            (_, queued @ 1..) => answer.say(format!(
                "{queued} scheduled times wait for it (concurrencyPolicy Queue), the oldest of {}",
                self.status.queued.first().map_or(String::new(), |at| when::utc(when::of(at)))
            )),
            (ConcurrencyPolicy::Forbid, _) => {
                answer.say("No other run starts before it is done (concurrencyPolicy Forbid)");
            }
            (ConcurrencyPolicy::Replace, _) => {
                answer.say("The next run replaces it (concurrencyPolicy Replace)");
            }
            (ConcurrencyPolicy::Allow | ConcurrencyPolicy::Queue, _) => {}
        }
        answer.commands.push(self.seen.command(&format!("why {first}")));
    }

    /// Times that passed without a run, and what the events say of them.
    fn missed(&self, answer: &mut Answer) {
        let Some(last) = self.status.last_missed_time.as_ref().map(when::of) else { return };
        let count = self.status.missed_runs.unwrap_or(1).max(1);
        let (word, have) = if count == 1 { ("scheduled time", "has") } else { ("scheduled times", "have") };
        answer.say(format!("{count} {word} {have} passed without a run, the last one {}", when::ago(last, self.now)));
        let why = [schedule::JOB_ALREADY_ACTIVE, schedule::MISS_SCHEDULE, schedule::TOO_MANY_MISSED_TIMES];
        let about = |event: &&k8s_openapi::api::core::v1::Event| {
            event.involved_object.uid == self.cron.metadata.uid
                && event.reason.as_deref().is_some_and(|reason| why.contains(&reason))
        };
        if let Some(event) = self.seen.events.iter().rev().find(about) {
            let (reason, message) = (event.reason.as_deref(), event.message.as_deref());
            answer.say(format!("{}: {}", reason.unwrap_or_default(), message.unwrap_or_default()));
        }
        if let Some(seconds) = self.cron.spec.starting_deadline_seconds {
            answer.say(format!("A time that can't start within {seconds}s is missed (spec.startingDeadlineSeconds)"));
        }
    }

    /// The last run that is over.
    fn last(&self, answer: &mut Answer) {
        let Some(run) = self.status.recent_runs.iter().find(|run| run.result != schedule::ACTIVE) else {
            if self.status.last_schedule_time.is_none() {
                answer.say("It has not run yet");
            }
            return;
        };
        let ago =
            run.finish_time.as_ref().map_or(String::new(), |at| format!(" {}", when::ago(when::of(at), self.now)));
        answer.say(format!("The last run, {}, ended{ago}: {}", run.name, run.result));
        let failed = run.result == types::FAILED;
        let kept = self.seen.runs.iter().find(|kept| kept.name_any() == run.name);
        if !failed {
            return;
        }
        let failure = kept.and_then(|kept| kept.status.as_ref()?.last_failure.clone());
        if let Some(failure) = failure {
            answer.last_failure = Some(failure);
            crate::cli::why::pod::failure(answer, false, self.now);
        }
        if kept.is_some() {
            answer.commands.push(self.seen.command(&format!("why {}", run.name)));
        }
    }
}
