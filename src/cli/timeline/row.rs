//! Which spans has a timeline: for each Pod a row, for each container a lane? Pure.
//!
//! A Pod that exists gives its own spans. Of a Pod that is gone, `status.recentPods` of the SidecarJob has them.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{ContainerState, Pod};
use kube::ResourceExt;
use serde::{Serialize, Serializer};

use crate::api::SidecarJob;
use crate::api::history::ContainerRole;
use crate::api::history::ContainerSpan;
use crate::api::history::ContainerSummary;
use crate::api::history::RecentPod;
use crate::api::labels;
use crate::cli::doing;
use crate::cli::roles::Container;
use crate::cli::roles::Role;
use crate::cli::roles::all;
use crate::cli::when;

/// A time in JSON.
fn stamp<S: Serializer>(at: &Option<DateTime<Utc>>, s: S) -> Result<S::Ok, S::Error> {
    at.map(when::utc).serialize(s)
}

/// One Pod.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The Pod.
    pub name: String,
    /// Its index, with completionMode Indexed.
    pub index: Option<i32>,
    /// Its number within the run, from 0.
    pub attempt: Option<i32>,
    /// Its node.
    pub node: Option<String>,
    /// Succeeded, Failed or Ignored as the run counts it; otherwise the phase of the Pod.
    pub result: String,
    /// The Pod exists, and the spans are its own. `false`: they come from `status.recentPods`.
    pub exists: bool,
    /// When it was created; of a Pod that is gone: when its kubelet accepted it.
    #[serde(serialize_with = "stamp")]
    pub created_at: Option<DateTime<Utc>>,
    /// When its last main container ended.
    #[serde(serialize_with = "stamp")]
    pub main_finished_at: Option<DateTime<Utc>>,
    /// When its last container ended.
    #[serde(serialize_with = "stamp")]
    pub finished_at: Option<DateTime<Utc>>,
    /// From the end of the main containers to the end of the Pod, or until now, in seconds.
    pub drain_seconds: Option<i64>,
    /// The container that ended last, if it ended after the main containers.
    pub drained_by: Option<String>,
    /// Its containers: sidecars that start first, init containers, main containers, other sidecars.
    pub containers: Vec<Lane>,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// `main`, `sidecar` or `init`.
    #[serde(serialize_with = "word")]
    pub role: Role,
    /// The sidecar is native.
    pub native: bool,
    /// How often the kubelet started it again.
    pub restarts: i32,
    /// The last exit code.
    pub exit_code: Option<i32>,
    /// Why it ended, or why it does not start.
    pub reason: Option<String>,
    /// From the end of the main containers to its own end, or until now, in seconds.
    pub drain_seconds: Option<i64>,
    /// When it ran: the last two times.
    pub spans: Vec<Span>,
}

fn word<S: Serializer>(role: &Role, s: S) -> Result<S::Ok, S::Error> {
    role.word().serialize(s)
}

/// A time during which a container ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Its start.
    #[serde(serialize_with = "stamp")]
    pub started_at: Option<DateTime<Utc>>,
    /// Its end. `None`: it runs.
    #[serde(serialize_with = "stamp")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// The rows of these Pods, and of those that the status remembers, oldest first.
pub fn all_of(pods: &[Pod], run: Option<&SidecarJob>, now: DateTime<Utc>) -> Vec<Row> {
    let known = run.and_then(|run| run.status.as_ref()).map(|s| s.recent_pods.as_slice()).unwrap_or_default();
    let counted = |name: &str| known.iter().find(|recent| recent.name == name);
    let live = pods.iter().map(|pod| of_pod(pod, counted(&pod.name_any()), now));
    let exists = |recent: &&RecentPod| pods.iter().any(|pod| pod.name_any() == recent.name);
    let gone = known.iter().filter(|recent| !exists(recent)).map(|recent| of_recent(recent, run, now));
    let mut rows: Vec<Row> = live.chain(gone).collect();
    rows.sort_by(|a, b| (a.created_at, a.attempt, &a.name).cmp(&(b.created_at, b.attempt, &b.name)));
    rows
}

fn of_pod(pod: &Pod, counted: Option<&RecentPod>, now: DateTime<Utc>) -> Row {
    let phase = pod.status.as_ref().and_then(|s| s.phase.clone()).unwrap_or_default();
    let number = |key: &str, from: &std::collections::BTreeMap<String, String>| from.get(key)?.parse().ok();
    let row = Row {
        name: pod.name_any(),
        index: number(labels::COMPLETION_INDEX, pod.annotations()),
        attempt: number(labels::ATTEMPT, pod.labels()),
        node: pod.spec.as_ref().and_then(|s| s.node_name.clone()),
        result: counted.map_or(phase, |recent| format!("{:?}", recent.result)),
        exists: true,
        created_at: pod.metadata.creation_timestamp.as_ref().map(when::of),
        main_finished_at: doing::main_end(pod),
        finished_at: None,
        drain_seconds: None,
        drained_by: None,
        containers: all(pod).map(|c| lane(&c)).collect(),
    };
    with_drain(row, now)
}

fn lane(c: &Container<'_>) -> Lane {
    let span = |state: &ContainerState| {
        let ended = state.terminated.as_ref();
        let running = state.running.as_ref();
        let started = ended.map_or_else(|| running?.started_at.as_ref(), |t| t.started_at.as_ref());
        let started_at = started.map(when::of);
        started_at
            .is_some()
            .then(|| Span { started_at, finished_at: ended.and_then(|t| t.finished_at.as_ref()).map(when::of) })
    };
    let states = [c.status.last_state.as_ref(), c.status.state.as_ref()];
    let end = states.iter().flatten().rev().find_map(|state| state.terminated.as_ref());
    let waiting = c.status.state.as_ref().and_then(|s| s.waiting.as_ref()?.reason.clone());
    let usual = |reason: &String| reason != "PodInitializing" && reason != "ContainerCreating";
    Lane {
        name: c.status.name.clone(),
        role: c.role,
        native: c.native,
        restarts: c.status.restart_count,
        exit_code: end.filter(|_| !c.runs()).map(|end| end.exit_code),
        reason: waiting.filter(usual).or_else(|| end.filter(|_| !c.runs())?.reason.clone()),
        drain_seconds: None,
        spans: states.iter().flatten().filter_map(|state| span(state)).collect(),
    }
}

fn of_recent(recent: &RecentPod, run: Option<&SidecarJob>, now: DateTime<Utc>) -> Row {
    let summaries = run.and_then(|run| run.status.as_ref()).map(|s| s.containers.as_slice()).unwrap_or_default();
    let ended = recent.finished_at.as_ref().map(when::of);
    let lane = |c: &ContainerSpan| lane_that_is_gone(c, summaries.iter().find(|summary| summary.name == c.name), ended);
    let mut containers: Vec<Lane> = recent.containers.iter().map(lane).collect();
    containers.sort_by_key(|lane| (lane.spans.first().and_then(|span| span.started_at), lane.role == Role::Main));
    let mains = containers.iter().filter(|lane| lane.role == Role::Main).map(|lane| lane.spans.last()?.finished_at);
    let row = Row {
        name: recent.name.clone(),
        index: recent.index,
        attempt: recent.attempt,
        node: recent.node_name.clone(),
        result: format!("{:?}", recent.result),
        exists: false,
        created_at: recent.started_at.as_ref().map(when::of),
        main_finished_at: mains.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max()),
        finished_at: None,
        drain_seconds: None,
        drained_by: None,
        containers,
    };
    with_drain(row, now)
}

/// A container of a Pod that is gone. No such container runs, whatever was seen of it last.
fn lane_that_is_gone(c: &ContainerSpan, known: Option<&ContainerSummary>, pod_ended: Option<DateTime<Utc>>) -> Lane {
    let role = match known.map(|summary| summary.role) {
        Some(ContainerRole::Sidecar) => Role::Sidecar,
        Some(ContainerRole::Init) => Role::Init,
        Some(ContainerRole::Main) | None => Role::Main,
    };
    let (started_at, finished_at) = (c.started_at.as_ref().map(when::of), c.finished_at.as_ref().map(when::of));
    let finished_at = finished_at.or(pod_ended).or(started_at);
    Lane {
        name: c.name.clone(),
        role,
        native: known.is_some_and(|summary| summary.native),
        restarts: 0,
        exit_code: c.exit_code,
        reason: c.reason.clone(),
        drain_seconds: None,
        spans: started_at.is_some().then_some(Span { started_at, finished_at }).into_iter().collect(),
    }
}

/// The row with its end, and how long it drained.
fn with_drain(mut row: Row, now: DateTime<Utc>) -> Row {
    let ends = row.containers.iter().filter_map(|lane| lane.spans.last()).map(|span| span.finished_at);
    let ends: Option<Vec<_>> = ends.collect();
    let waits = row.containers.iter().any(|lane| lane.spans.is_empty());
    let is_over = !row.exists || crate::cli::seen::is_end(&row.result) || row.main_finished_at.is_some() && !waits;
    row.finished_at = ends.filter(|_| is_over).and_then(|ends| ends.into_iter().max());
    let Some(main) = row.main_finished_at else { return row };
    let mut longest: Option<(i64, String)> = None;
    for lane in row.containers.iter_mut().filter(|lane| lane.role == Role::Sidecar) {
        let Some(span) = lane.spans.last() else { continue };
        let drain = (span.finished_at.unwrap_or(now) - main).num_seconds();
        lane.drain_seconds = (drain > 0).then_some(drain);
        if drain > 0 && longest.as_ref().is_none_or(|(most, _)| drain > *most) {
            longest = Some((drain, lane.name.clone()));
        }
    }
    (row.drain_seconds, row.drained_by) = longest.unzip();
    row
}

impl Row {
    /// How long the main containers took: from the first start to the last end, or until now.
    pub fn main_took(&self, now: DateTime<Utc>) -> Option<chrono::TimeDelta> {
        let mains = || self.containers.iter().filter(|lane| lane.role == Role::Main);
        let start = mains().filter_map(|lane| lane.spans.first()?.started_at).min()?;
        Some(self.main_finished_at.unwrap_or(now) - start)
    }

    /// The last moment of the row.
    pub fn end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.finished_at.unwrap_or(now)
    }
}
