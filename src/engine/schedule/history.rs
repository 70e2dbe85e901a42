//! Which finished runs go?
//!
//! By outcome: the oldest beyond the limit, and those whose time to live is over. Only runs whose end the status has
//! already, so that nothing is forgotten that was never written down.

use chrono::{DateTime, Utc};

use crate::engine::observed::time;
use crate::engine::schedule::observed::{Keep, Observed, Run};
use crate::engine::schedule::plan::Step;

/// Runs to delete.
pub fn clean_up(seen: &Observed, now: DateTime<Utc>) -> Vec<Step> {
    let spec = &seen.cron.spec;
    let both = [(true, &spec.succeeded), (false, &spec.failed)];
    both.into_iter().flat_map(|(success, keep)| of_outcome(seen, success, keep, now)).collect()
}

fn of_outcome(seen: &Observed, success: bool, keep: &Keep, now: DateTime<Utc>) -> Vec<Step> {
    let mut runs: Vec<&Run> = finished(seen, success).collect();
    runs.sort_by_key(|run| (run.started_at.is_none(), run.started_at, &run.name));
    let surplus = runs.len().saturating_sub(keep.limit);
    let over = |run: &Run| ends(run, keep).is_some_and(|at| at <= now);
    let gone = runs.iter().enumerate().filter(|(n, run)| *n < surplus || over(run)).map(|(_, run)| run);
    let written = seen.cron.status.written();
    gone.filter(|run| written.has_end_of(run)).map(|run| Step::Delete { run: run.to_ref(), replaced: false }).collect()
}

/// Finished runs that nobody deletes yet.
fn finished(seen: &Observed, success: bool) -> impl Iterator<Item = &Run> {
    seen.runs.iter().filter(move |run| !run.deleting && run.ended.is_some_and(|(s, _)| s == success))
}

fn ends(run: &Run, keep: &Keep) -> Option<DateTime<Utc>> {
    Some(time::after(run.ended?.1, keep.ttl?))
}

/// When the next time to live is over.
pub fn wake(seen: &Observed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let spec = &seen.cron.spec;
    let of = |success, keep| finished(seen, success).filter_map(|run| ends(run, keep)).filter(|at| *at > now).min();
    of(true, &spec.succeeded).into_iter().chain(of(false, &spec.failed)).min()
}

#[cfg(test)]
mod tests;
