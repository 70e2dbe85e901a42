//! Which container stops next, and how does the controller ask it to stop?
//!
//! When the main containers are done, the controller stops the plain containers in ascending `stop.order`; containers
//! with the same order stop together. The controller tries the ways of a container one after the other until one
//! reaches the container, which then has its grace period. An attempt may have to wait for a place; that takes nothing of
//! the grace period.
//!
//! The last rung is the Pod's `activeDeadlineSeconds`, which needs no permission but to patch Pods: the kubelet sends
//! SIGTERM to all containers at once, waits `terminationGracePeriodSeconds`, and keeps the Pod and the logs. The
//! controller takes the last rung when all containers have had their turn. It takes it at once when no way is left for
//! a container whose turn it is, or when the attempt has waited too long for a place, because the order can't be kept
//! then; and when the end of a container may make the kubelet start all containers again.
//!
//! The begin of a turn follows from `stopping-since` on the Pod and from the ends of containers, so a restarted
//! controller finds it. The attempts may get lost at a restart: to ask twice does no harm. `controller::stop` carries
//! out an [`Attempt`].

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::recipes::Way;
use crate::engine::build::recipes::{self, Ways};
use crate::engine::observed::{Ask, Attempt, AttemptState, Container, Observed, Pod, Sidecar, Slot, State, time};

/// What the controller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the turn of some containers.
    Of {
        /// The containers to ask, and how; empty if the controller has asked them all.
        ask: Vec<Ask>,
        /// When the first of these containers has had its grace period.
        until: DateTime<Utc>,
    },
    /// The last rung: the deadline of the Pod.
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

/// The attempts of all Pods, by the UID of the Pod: each Pod looks only at its own.
pub struct Attempts<'a>(BTreeMap<&'a str, Vec<&'a Attempt>>);

impl<'a> Attempts<'a> {
    /// All that the controller tried.
    pub fn of(seen: &'a Observed) -> Self {
        let mut by_pod: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
        seen.attempts.iter().for_each(|a| by_pod.entry(&a.ask.pod.uid).or_default().push(a));
        Self(by_pod)
    }

    fn on(&self, pod: &Pod) -> &[&'a Attempt] {
        self.0.get(pod.uid.as_str()).map_or(&[], Vec::as_slice)
    }
}

impl Member<'_> {
    fn is_running(&self) -> bool {
        self.container.state == State::Running
    }

    /// When the kubelet started the container again after it had stopped on request: the container has had its turn,
    /// and the last rung stops it.
    fn came_back_at(&self, begin: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let again = self.container.restarts > 0 && !self.tried.is_empty();
        self.container.up.since.filter(|since| again && *since > begin)
    }

    /// When the grace period of the container ends, if its turn began at this time. The grace period begins with the end of
    /// the last attempt; an attempt has [`QUEUED_WITHIN`] to get a place and [`REACHED_WITHIN`] to reach the container.
    /// Without a known attempt the grace period begins with the turn.
    fn grace_end(&self, begin: DateTime<Utc>) -> DateTime<Utc> {
        let last = self.tried.iter().map(|a| match a.state {
            AttemptState::Queued(since) => time::after(since, QUEUED_WITHIN + REACHED_WITHIN),
            AttemptState::UnderWay(since) => time::after(since, REACHED_WITHIN),
            AttemptState::Heard(at) | AttemptState::Failed(at) => at,
        });
        time::after(last.max().unwrap_or(begin).max(begin), self.grace)
    }

    /// When to look at the container again: when its attempt has waited too long for a place, or at the end of the grace
    /// period.
    fn until(&self, begin: DateTime<Utc>) -> DateTime<Utc> {
        let queued = self.tried.iter().filter_map(|a| match a.state {
            AttemptState::Queued(since) => Some(time::after(since, QUEUED_WITHIN)),
            _ => None,
        });
        queued.min().unwrap_or_else(|| self.grace_end(begin))
    }

    /// When the turn of the container was over: when it had ended, or its grace period had. The last rung stops a
    /// container that waits for its next start.
    fn over_at(&self, begin: DateTime<Utc>) -> DateTime<Utc> {
        match self.container.state {
            State::Terminated { at: Some(at), .. } if self.container.done() => at.min(self.grace_end(begin)).max(begin),
            State::Running => self.came_back_at(begin).unwrap_or_else(|| self.grace_end(begin)),
            _ => begin,
        }
    }

    /// How to ask the container now: `Some(None)` if the controller has asked already, `None` if no way is left, or the way has
    /// waited too long for a place. A container without a way of its own gets SIGTERM.
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

/// How long an attempt may take to reach a container.
pub const REACHED_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// How long an attempt may wait for a place. The last rung needs no place, so a Pod waits no longer than this for the
/// sidecars of others.
pub const QUEUED_WITHIN: TimeDelta = TimeDelta::seconds(120);

/// What the controller does next about this Pod, which has plain containers that still run.
pub fn turn(seen: &Observed, pod: &Pod, attempts: &Attempts, now: DateTime<Utc>) -> Turn {
    let members = members(seen, pod, attempts.on(pod));
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

fn members<'a>(seen: &'a Observed, pod: &'a Pod, attempts: &[&'a Attempt]) -> Vec<Member<'a>> {
    let plain = pod.containers.iter().filter(|c| c.slot == Slot::Plain);
    plain
        .map(|container| {
            let sidecar = Sidecar::named(&seen.job.spec.sidecars, &container.name);
            let tried = attempts.iter().copied().filter(|a| a.ask.container == container.name);
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

/// All running containers have the same turn, and need nothing but the SIGTERM that the kubelet sends too.
fn all_at_once_is_as_good(members: &[Member]) -> bool {
    let mut running = members.iter().filter(|m| m.is_running()).peekable();
    let Some(order) = running.peek().map(|m| m.order) else { return true };
    let only_term = |ways: &Ways| !ways.asked_for && ways.list.iter().all(|way| *way == term());
    running.all(|m| m.order == order && only_term(&m.ways))
}

/// A container whose end may make the kubelet start all containers again must end with its Pod, never alone.
fn could_start_all_again(pod: &Pod) -> bool {
    pod.containers.iter().any(|c| c.rules.iter().any(|rule| rule.all_containers))
}

fn term() -> Way {
    Way::Signal("SIGTERM".into())
}

#[cfg(test)]
mod tests;
