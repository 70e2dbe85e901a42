//! Which of the times that have come start now, by the concurrency policy? Which wait, and which never start?

use chrono::{DateTime, Utc};

use crate::api::sidecarcronjob::ConcurrencyPolicy;
use crate::engine::schedule::due::Missed;
use crate::engine::schedule::past::Past;

/// What becomes of times that have come in time, and of those in the queue.
#[derive(Default)]
pub struct Turn {
    /// Times that start now, oldest first.
    pub starts: Vec<DateTime<Utc>>,
    /// Times that wait for active runs, oldest first.
    pub queued: Vec<DateTime<Utc>>,
    /// The latest time that was started or put in the queue, up to which nothing is left to start.
    pub last: Option<DateTime<Utc>>,
    /// Times that never start.
    pub missed: Missed,
    /// The latest of the missed times that waited too long, or found no room in the queue.
    pub too_late: Option<DateTime<Utc>>,
    /// The time that does not start since a run is active (Forbid).
    pub blocked: Option<DateTime<Utc>>,
}

/// Whose turn is it? `arrived` are the times that have come in time, oldest first.
pub fn of(past: &Past, arrived: &[DateTime<Utc>]) -> Turn {
    match past.seen.cron.spec.concurrency {
        ConcurrencyPolicy::Allow | ConcurrencyPolicy::Replace => each(past, arrived),
        ConcurrencyPolicy::Forbid => one(past, arrived),
        ConcurrencyPolicy::Queue => in_line(past, arrived),
    }
}

/// Each starts, unless the time is settled. A time that could not start, and a later one did, is missed; unless somebody
/// asked for the later one: then it is still the turn of the earlier one.
fn each(past: &Past, arrived: &[DateTime<Utc>]) -> Turn {
    let in_order = arrived.iter().take_while(|at| past.is_settled(**at));
    Turn {
        last: in_order.last().copied(),
        missed: Missed::of(passed_over(past, arrived)),
        starts: arrived.iter().copied().filter(|at| !past.is_settled(*at)).collect(),
        queued: past.queued(),
        ..Turn::default()
    }
}

/// The oldest starts if nothing is active. What does not start stays due.
fn one(past: &Past, arrived: &[DateTime<Utc>]) -> Turn {
    let turn = each(past, arrived);
    let oldest = turn.starts.first().copied();
    match past.seen.blocking().next() {
        Some(_) => Turn { starts: Vec::new(), blocked: oldest, ..turn },
        None => Turn { starts: oldest.into_iter().collect(), ..turn },
    }
}

/// All wait in line, as far as there is room; the first starts if nothing is active.
fn in_line(past: &Past, arrived: &[DateTime<Utc>]) -> Turn {
    let (waiting, late): (Vec<_>, Vec<_>) =
        past.queued().into_iter().partition(|at| past.is_in_time(*at) || past.ran(*at));
    let mut line: Vec<_> = waiting.iter().copied().filter(|at| !past.is_settled(*at)).collect();
    let (settled, new): (Vec<_>, Vec<_>) = arrived.iter().copied().partition(|at| past.is_settled(*at));
    let room = past.seen.cron.spec.queue_limit.max(1).saturating_sub(line.len());
    let (joins, without_room) = new.split_at(room.min(new.len()));
    line.extend(joins);
    let over = passed_over(past, &waiting).chain(passed_over(past, &settled));
    let too_late = Missed::of(late.into_iter().chain(without_room.iter().copied()));
    Turn {
        starts: line.first().copied().filter(|_| past.seen.blocking().next().is_none()).into_iter().collect(),
        queued: line,
        last: settled.last().max(joins.last()).copied(),
        missed: Missed::of(over).and(too_late),
        too_late: too_late.last,
        blocked: None,
    }
}

fn passed_over<'a>(past: &'a Past, times: &'a [DateTime<Utc>]) -> impl Iterator<Item = DateTime<Utc>> {
    times.iter().copied().filter(|at| past.is_passed_over(*at))
}

#[cfg(test)]
mod tests;
