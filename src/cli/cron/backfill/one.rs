//! What happens with one time of a backfill? The backfill starts the run unless the time ran before, waits for the run,
//! and returns its result.
//!
//! If the API server does not answer, the backfill retries with growing waits: the runs that it started go on meanwhile.
//! After a rejection it retries only a few times.

use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use kube::api::{Api, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use tokio::sync::mpsc::UnboundedSender;

use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::api::backfilled;
use crate::api::conditions::schedule;
use crate::api::conditions::types;
use crate::api::scheduled_run;
use crate::cli::cron::CronError;
use crate::cli::cron::run::Overrides;
use crate::cli::cron::run::by_hand;
use crate::cli::failure::Failure;
use crate::cli::failure::call as bounded;

/// The time ran earlier, and its SidecarJob is gone.
pub const RAN: &str = "Ran";

/// How often in a row a call may fail: about eight minutes.
const MOST_FAILURES: u32 = 20;
/// How often the API server may reject a call.
const MOST_REFUSALS: u32 = 3;
/// The first wait; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What all runs of a backfill have in common.
pub struct Backfill {
    /// The client for the API server.
    pub client: Client,
    /// The schedule, as it was when the backfill began.
    pub cron: SidecarCronJob,
    /// The overrides of the template.
    pub overrides: Overrides,
    /// The user who started the backfill.
    pub who: String,
    /// Run times again that ran earlier?
    pub again: bool,
    /// Notes to print meanwhile.
    pub notes: UnboundedSender<String>,
}

impl Backfill {
    fn runs(&self) -> Api<SidecarJob> {
        Api::namespaced(self.client.clone(), &self.cron.namespace().unwrap_or_default())
    }

    /// Starts the run of a time unless it ran, and waits for its end. Returns its name and result.
    pub async fn one(&self, at: DateTime<Utc>) -> Result<(String, String), CronError> {
        let name = scheduled_run::name(&self.cron.name_any(), at);
        let ran = !self.again && self.ran(at).await?;
        if !ran {
            self.start(at).await?;
        }
        let result = match self.end_of(&name).await? {
            Some(result) => result,
            None => self.remembered(&name).await?.unwrap_or_else(|| if ran { RAN } else { schedule::DELETED }.into()),
        };
        Ok((name, result))
    }

    /// The current schedule: another backfill may be in progress.
    async fn schedule(&self) -> Result<SidecarCronJob, CronError> {
        let crons: Api<SidecarCronJob> =
            Api::namespaced(self.client.clone(), &self.cron.namespace().unwrap_or_default());
        let name = self.cron.name_any();
        self.insist(&format!("read SidecarCronJob {name}"), || crons.get(&name)).await
    }

    async fn ran(&self, at: DateTime<Utc>) -> Result<bool, CronError> {
        let status = self.schedule().await?.status.unwrap_or_default();
        Ok(backfilled::contains(&status.backfilled, at))
    }

    /// Creates the run. If the run exists already, that is success.
    async fn start(&self, at: DateTime<Utc>) -> Result<(), CronError> {
        let run = by_hand(&self.cron, Some(at), &self.overrides, &self.who, Utc::now())?;
        let (runs, params) = (self.runs(), PostParams::default());
        let create = || async {
            match runs.create(&params, &run).await {
                Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
                other => other.map(drop),
            }
        };
        self.insist(&format!("create SidecarJob {}", run.name_any()), create).await
    }

    /// Complete or Failed; `None` if the run is gone.
    async fn end_of(&self, name: &str) -> Result<Option<String>, CronError> {
        let what = format!("watch SidecarJob {name}");
        let mut seen = pin!(watcher::watch_object(self.runs(), name).default_backoff());
        let mut failures = 0;
        while let Some(next) = seen.next().await {
            match next {
                Ok(None) => return Ok(None),
                Ok(Some(job)) => match result(&job) {
                    Some(result) => return Ok(Some(result)),
                    None => failures = 0,
                },
                Err(error) => {
                    failures += 1;
                    self.judge(failures, Failure::of_watch(&what, &error))?;
                }
            }
        }
        Ok(None)
    }

    /// What the schedule's status says about a run that is gone.
    async fn remembered(&self, name: &str) -> Result<Option<String>, CronError> {
        let status = self.schedule().await?.status.unwrap_or_default();
        let run = status.recent_runs.into_iter().find(|run| run.name == name);
        Ok(run.map(|run| run.result).filter(|result| result != schedule::ACTIVE))
    }

    /// Retries until the call succeeds, or has failed too often.
    async fn insist<T, F>(&self, what: &str, call: impl Fn() -> F) -> Result<T, CronError>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let (mut failures, mut wait) = (0, FIRST_WAIT);
        loop {
            let failure = match bounded(what, call()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            failures += 1;
            self.judge(failures, failure)?;
            tokio::time::sleep(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }

    /// Is a retry worthwhile? If so, the failure becomes a note, else an error.
    fn judge(&self, failures: u32, failure: Failure) -> Result<(), CronError> {
        if failures >= if failure.kind.is_passing() { MOST_FAILURES } else { MOST_REFUSALS } {
            return Err(failure.into());
        }
        let _ = self.notes.send(format!("{}; retrying", failure.without_advice()));
        Ok(())
    }
}

/// Complete or Failed, once the run is over.
fn result(job: &SidecarJob) -> Option<String> {
    let conditions = job.status.as_ref()?.conditions.iter();
    let mut ends =
        conditions.filter(|c| c.status == "True" && [types::COMPLETE, types::FAILED].contains(&c.type_.as_str()));
    ends.next().map(|c| c.type_.clone())
}
