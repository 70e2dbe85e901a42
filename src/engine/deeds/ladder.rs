//! Whose turn is it to stop, and how is it asked?
//!
//! When the main containers are done, plain containers are stopped in ascending `stop.order`; those of one order together.
//! Each is asked by its ways, one after the other until one is heard, and then has its grace. An attempt may have to wait for
//! a place; that takes nothing of the grace.
//! The last rung needs no right but to patch Pods: the Pod's `activeDeadlineSeconds`, with which the kubelet sends TERM to
//! all at once, waits `terminationGracePeriodSeconds`, and keeps Pod and logs. It is taken when all have had their turn,
//! and at once when somebody whose turn it is can't be asked, or has waited too long for a place: then the order can't be
//! kept; and when the end of a container may make the kubelet start all of them again.
//!
//! When a turn began follows from `stopping-since` on the Pod and from the ends of containers, so it survives the controller;
//! what was tried may be forgotten with it, and asking twice does no harm. Carrying an [`Attempt`] out is
//! `controller::stop`'s part.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::recipes::Way;
use crate::engine::build::recipes::{self, Ways};
use crate::engine::observed::{Ask, Attempt, AttemptState, Container, Observed, Pod, Sidecar, Slot, State, time};

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The turn of some of them.
    Of {
        /// Whom to ask, and how; nobody, if they have been asked.
        ask: Vec<Ask>,
        /// When the first of them has had its time.
        until: DateTime<Utc>,
    },
    /// The last rung.
    AllAtOnce,
}

/// A plain container of a Pod whose result is known.
struct Member<'a> {
    container: &'a Container,
    ways: Ways,
    order: i32,
    grace: TimeDelta,
    tried: Vec<&'a Attempt>,
}

impl Member<'_> {
    fn is_running(&self) -> bool {
        self.container.state == State::Running
    }

    /// When it was started again after it had stopped as it was asked to: it has had its turn, the rest is the last rung's.
    fn came_back_at(&self, begin: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let again = self.container.restarts > 0 && !self.tried.is_empty();
        self.container.up.since.filter(|since| again && *since > begin)
    }

    /// When its time is over, if its turn began then: its grace after the last attempt. Waiting for a place and being reached
    /// take their time, which is bounded; what is not known any more counts from the beginning.
    fn grace_end(&self, begin: DateTime<Utc>) -> DateTime<Utc> {
        let last = self.tried.iter().map(|a| match a.state {
            AttemptState::Queued(since) => time::after(since, QUEUED_WITHIN + REACHED_WITHIN),
            AttemptState::UnderWay(since) => time::after(since, REACHED_WITHIN),
            AttemptState::Heard(at) | AttemptState::Failed(at) => at,
        });
        time::after(last.max().unwrap_or(begin).max(begin), self.grace)
    }

    /// When to look at it again: when it has waited too long for a place, or when its time is over.
    fn until(&self, begin: DateTime<Utc>) -> DateTime<Utc> {
        let queued = self.tried.iter().filter_map(|a| match a.state {
            AttemptState::Queued(since) => Some(time::after(since, QUEUED_WITHIN)),
            _ => None,
        });
        queued.min().unwrap_or_else(|| self.grace_end(begin))
    }

    /// When its turn was over: it had ended, or its time had. One that waits to be started again is left to the last rung.
    fn over_at(&self, begin: DateTime<Utc>) -> DateTime<Utc> {
        match self.container.state {
            State::Terminated { at: Some(at), .. } if self.container.done() => at.min(self.grace_end(begin)).max(begin),
            State::Running => self.came_back_at(begin).unwrap_or_else(|| self.grace_end(begin)),
            _ => begin,
        }
    }

    /// How to ask it now: nothing if it has been asked, `None` if no way is left, or the way has waited too long for a place.
    /// Without a way of its own: SIGTERM.
    fn ask(&self, pod: &Pod, now: DateTime<Utc>) -> Option<Option<Ask>> {
        let state = |way: &Way| self.tried.iter().find(|a| a.ask.way == *way).map(|a| a.state);
        let ways = if self.ways.list.is_empty() { vec![term()] } else { self.ways.list.clone() };
        let way = ways.into_iter().find(|way| !matches!(state(way), Some(AttemptState::Failed(_))))?;
        let ask = |way| Ask { pod: pod.to_ref(), container: self.container.name.clone(), way };
        match state(&way) {
            None => Some(Some(ask(way))),
            Some(AttemptState::Queued(since)) if time::after(since, QUEUED_WITHIN) <= now => None,
            Some(_) => Some(None),
        }
    }
}

/// The longest time that an attempt may be under way.
pub const REACHED_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// The longest time that an attempt may wait for a place. The last rung needs no place, so a Pod waits no longer than this
/// for those of others.
pub const QUEUED_WITHIN: TimeDelta = TimeDelta::seconds(120);

/// What is due for that Pod, some of whose plain containers go on.
pub fn turn(seen: &Observed, pod: &Pod, now: DateTime<Utc>) -> Turn {
    let members = members(seen, pod);
    if all_at_once_is_as_good(&members) || could_start_all_again(pod) {
        return Turn::AllAtOnce;
    }
    let mut groups: BTreeMap<i32, Vec<&Member>> = BTreeMap::new();
    members.iter().for_each(|m| groups.entry(m.order).or_default().push(m));
    let mut begin = pod.marks.stopping_since.unwrap_or(time::whole_seconds(now));
    for group in groups.values() {
        let is_open = |m: &&&Member| m.is_running() && m.came_back_at(begin).is_none() && now < m.grace_end(begin);
        let open: Vec<_> = group.iter().filter(is_open).collect();
        let Some(until) = open.iter().map(|m| m.until(begin)).min() else {
            begin = group.iter().map(|m| m.over_at(begin)).max().unwrap_or(begin);
            continue;
        };
        let asked: Option<Vec<_>> = open.iter().map(|m| m.ask(pod, now)).collect();
        return match asked {
            Some(asked) => Turn::Of { ask: asked.into_iter().flatten().collect(), until },
            None => Turn::AllAtOnce,
        };
    }
    Turn::AllAtOnce
}

fn members<'a>(seen: &'a Observed, pod: &'a Pod) -> Vec<Member<'a>> {
    let plain = pod.containers.iter().filter(|c| c.slot == Slot::Plain);
    plain
        .map(|container| {
            let sidecar = Sidecar::named(&seen.job.spec.sidecars, &container.name);
            let tried = seen.attempts.iter().filter(|a| a.ask.pod.uid == pod.uid && a.ask.container == container.name);
            Member {
                container,
                ways: recipes::ways(container, sidecar, &seen.settings.recipes),
                order: sidecar.map_or(0, |s| s.order),
                grace: sidecar.and_then(|s| s.grace).unwrap_or(pod.grace),
                tried: tried.collect(),
            }
        })
        .collect()
}

/// One turn for all that still run, and nothing that the kubelet's own TERM would not do.
fn all_at_once_is_as_good(members: &[Member]) -> bool {
    let mut running = members.iter().filter(|m| m.is_running()).peekable();
    let Some(order) = running.peek().map(|m| m.order) else { return true };
    let only_term = |ways: &Ways| !ways.asked_for && ways.list.iter().all(|way| *way == term());
    running.all(|m| m.order == order && only_term(&m.ways))
}

/// A container whose end may make the kubelet start all containers again is ended with its Pod, never alone.
fn could_start_all_again(pod: &Pod) -> bool {
    pod.containers.iter().any(|c| c.rules.iter().any(|rule| rule.all_containers))
}

fn term() -> Way {
    Way::Signal("SIGTERM".into())
}

#[cfg(test)]
mod tests;
