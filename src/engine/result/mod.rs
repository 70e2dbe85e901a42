//! Is the result known?
//!
//! The first rule that gives an answer decides. The stored result comes first, so a result never changes. If one sync
//! finds a failure and a success, the failure decides.

pub mod deadline;
pub mod ending;
pub mod given_up;
pub mod success_policy;

use chrono::{DateTime, Utc};
use ending::Ending;

use crate::api::conditions::{messages, reasons, types};
use crate::engine::count::outcome;
use crate::engine::count::tally::Tally;
use crate::engine::observed::success_policy::Problem;
use crate::engine::observed::{Container, Observed, Pod, Slot};

type Rule = fn(&Observed, &Tally, DateTime<Utc>) -> Option<Ending>;

/// The rules, in order.
const RULES: [Rule; 10] = [
    |seen, _, _| recorded(seen, types::SUCCESS_CRITERIA_MET, true), // a success stays
    |seen, _, _| recorded(seen, types::FAILURE_TARGET, false),      // a failure stays
    |seen, _, _| begins_with_a_wrong_policy(seen),                  // the success policy can't be met
    |_, tally, _| failed_by_policy(tally),                          // a Pod's failure fails the run
    |seen, tally, _| backoff_limit_exceeded(seen, tally),           // too many Pods failed
    |seen, _, now| deadline::passed(seen, now),                     // the run took too long
    |seen, tally, _| too_many_failed_indexes(seen, tally),          // too many indexes failed
    |seen, tally, _| all_done_with_failures(seen, tally),           // all indexes are done, some failed
    |seen, tally, _| success_policy_met(seen, tally),               // some successes are enough
    |seen, tally, _| completions_reached(seen, tally),              // enough Pods succeeded
];

/// The result of the run, or `None` while the result is not known.
pub fn judge(seen: &Observed, tally: &Tally, now: DateTime<Utc>) -> Option<Ending> {
    RULES.iter().find_map(|rule| rule(seen, tally, now))
}

/// The result that the stored status has.
fn recorded(seen: &Observed, type_: &str, success: bool) -> Option<Ending> {
    let c = seen.job.status.conditions.when_true(type_)?;
    Some(Ending { success, reason: c.reason.clone(), message: c.message.clone(), stored: true })
}

/// Of a Job, the API server rejects such a policy. A run that has begun under an older version of the controller goes on: the
/// rules that can be met apply.
fn begins_with_a_wrong_policy(seen: &Observed) -> Option<Ending> {
    let (spec, status) = (&seen.job.spec, &seen.job.status);
    let has_begun = status.start_time.is_some() || status.succeeded + status.failed > 0 || seen.own_pods().len() > 0;
    let (rule, problem) = spec.success_policy.as_ref().filter(|_| !has_begun)?.problem()?;
    let rule = format!("spec.successPolicy.rules[{rule}]");
    let why = match problem {
        Problem::NotAscending { number } => {
            format!("{rule}.succeededIndexes must ascend, and {number} is not greater than the number before")
        }
        Problem::TooFewIndexes { indexes } => {
            format!("{rule}.succeededCount is greater than the number of succeededIndexes, which is {indexes}")
        }
    };
    Some(Ending::failure(reasons::INVALID_SUCCESS_POLICY, &format!("{why}: correct it in a new SidecarJob")))
}

fn failed_by_policy(tally: &Tally) -> Option<Ending> {
    tally.fail_job.as_ref().map(|message| Ending::failure(reasons::POD_FAILURE_POLICY, message))
}

fn too_many_failed_indexes(seen: &Observed, tally: &Tally) -> Option<Ending> {
    let (failed, limit) = (tally.failed_indexes.as_ref()?.len(), seen.job.spec.max_failed_indexes?);
    let (reason, message) = (reasons::MAX_FAILED_INDEXES_EXCEEDED, messages::MAX_FAILED_INDEXES_EXCEEDED);
    (failed > limit).then(|| Ending::failure(reason, message))
}

fn all_done_with_failures(seen: &Observed, tally: &Tally) -> Option<Ending> {
    let failed = tally.failed_indexes.as_ref().filter(|failed| !failed.is_empty())?;
    let done = failed.len() + tally.completed.len() >= seen.job.spec.completions?;
    done.then(|| Ending::failure(reasons::FAILED_INDEXES, messages::FAILED_INDEXES))
}

fn success_policy_met(seen: &Observed, tally: &Tally) -> Option<Ending> {
    let spec = &seen.job.spec;
    let message = success_policy::met(spec.success_policy.as_ref()?, &tally.completed, spec.completions?)?;
    Some(Ending::success(reasons::SUCCESS_POLICY, &message))
}

fn backoff_limit_exceeded(seen: &Observed, tally: &Tally) -> Option<Ending> {
    let limit = seen.job.spec.backoff_limit;
    let too_many = tally.failed > limit || too_many_restarts(seen, limit);
    too_many.then(|| Ending::failure(reasons::BACKOFF_LIMIT_EXCEEDED, messages::BACKOFF_LIMIT_EXCEEDED))
}

fn too_many_restarts(seen: &Observed, limit: u32) -> bool {
    let restarts: u32 = retried_in_place(seen).map(|(_, c)| c.restarts).sum();
    if limit == 0 { restarts > 0 } else { restarts >= limit }
}

/// The containers whose restarts count, with their Pods. With OnFailure the kubelet retries inside the Pod: restarts of
/// main and init containers count while the result of the Pod is not known. Restarts of sidecars never count; a batch/v1
/// Job counts them.
pub fn retried_in_place(seen: &Observed) -> impl Iterator<Item = (&Pod, &Container)> {
    let (spec, status) = (&seen.job.spec, &seen.job.status);
    let is_open = move |pod: &&Pod| {
        let is_success = || outcome::of(pod, spec, false).is_some_and(|o| o.success);
        !pod.ended() && !status.uncounted_succeeded.contains(&pod.uid) && !is_success()
    };
    let pods = seen.own_pods().filter(move |_| spec.restarts_on_failure).filter(is_open);
    pods.flat_map(move |pod| {
        let init = pod.containers.iter().filter(|c| c.slot == Slot::Init);
        outcome::mains(pod, &spec.roles).chain(init).map(move |c| (pod, c))
    })
}

/// Enough Pods succeeded, and no Pod still works. For a work queue one success is enough.
fn completions_reached(seen: &Observed, tally: &Tally) -> Option<Ending> {
    let enough = match seen.job.spec.completions {
        Some(wanted) => tally.succeeded >= wanted,
        None => tally.succeeded > 0,
    };
    let over = tally.working.is_empty() && !tally.record.more;
    (enough && over).then(|| Ending::success(reasons::COMPLETIONS_REACHED, messages::COMPLETIONS_REACHED))
}

#[cfg(test)]
mod tests;
