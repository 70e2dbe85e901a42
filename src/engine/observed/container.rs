//! What is seen of one container of a Pod: where it stands, what it does, and whether the kubelet starts it again?

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::engine::observed::{text, wire};
use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1 as core;

/// A container of a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Where in the spec it stands.
    pub slot: Slot,
    /// When the kubelet starts it again, where no rule matches.
    pub restart: Restart,
    /// On which exit codes the kubelet starts it again, in order: the first rule that matches counts (KEP-5307).
    pub rules: Vec<RestartRule>,
    /// How often it was started again.
    pub restarts: u32,
    /// What it does now.
    pub state: State,
    /// How it ended last: now, or before its last restart. Boxed, since most containers in view run.
    pub end: Option<Box<End>>,
    /// Whether it is up.
    pub up: Up,
    /// Why it can't start, in the kubelet's one word: `ImagePullBackOff`.
    pub cant_start: Option<String>,
    /// Its image, as it stands in the spec, cut if the name is longer than any real one.
    pub image: String,
    /// Command and arguments, as they stand in the spec.
    pub command: Digest,
}

/// Stands for a text of any length where only equality matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// Of a container's command and arguments.
    pub fn of_command(container: &core::Container) -> Self {
        Self::of(container.command.iter().chain(&container.args).flatten())
    }

    fn of<'a>(words: impl Iterator<Item = &'a String>) -> Self {
        let mut hasher = DefaultHasher::new();
        words.for_each(|word| word.hash(&mut hasher));
        Self(hasher.finish())
    }
}

/// How far a container has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Up {
    /// Since when it runs, if it does.
    pub since: Option<DateTime<Utc>>,
    /// Its startup probe has succeeded, or it has none and runs.
    pub started: bool,
    /// Its readiness probe has succeeded, or it has none and runs.
    pub ready: bool,
}

/// Where a container stands in the Pod's spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// An init container that has to end before the next starts.
    Init,
    /// An init container with `restartPolicy: Always`: a native sidecar.
    NativeSidecar,
    /// One of `spec.containers`.
    Plain,
}

/// When the kubelet starts a container again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    Never,
    /// When its exit code is not 0.
    OnFailure,
    /// Whenever it ends.
    Always,
}

/// An entry of a container's `restartPolicyRules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartRule {
    /// It matches these exit codes; otherwise all others.
    pub within: bool,
    /// The exit codes.
    pub codes: Vec<i32>,
    /// The kubelet starts all containers of the Pod again, those that are done too (KEP-5532).
    pub all_containers: bool,
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not started, or waits to start again.
    Waiting,
    /// It runs.
    Running,
    /// It ended.
    Terminated {
        /// Its exit code.
        exit: i32,
        /// When.
        at: Option<DateTime<Utc>>,
    },
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Its exit code.
    pub exit: i32,
    /// The signal that ended it, if the container runtime says so.
    pub signal: Option<i32>,
    /// The kubelet's or the container runtime's one word: `Error`, `OOMKilled`.
    pub reason: Option<Box<str>>,
    /// The end of its termination message, if its exit code is not 0: the end is where programs say what went wrong.
    pub message: Option<Box<str>>,
    /// When it had started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Container {
    /// It ended, and the kubelet does not start it again for its own sake.
    pub fn done(&self) -> bool {
        let State::Terminated { exit, .. } = self.state else { return false };
        match self.restart {
            _ if self.matched_rule().is_some() => false,
            Restart::Never => true,
            Restart::OnFailure => exit == 0,
            Restart::Always => false,
        }
    }

    /// The first of its restart rules that matches its exit code.
    pub fn matched_rule(&self) -> Option<&RestartRule> {
        let State::Terminated { exit, .. } = self.state else { return None };
        self.rules.iter().find(|rule| rule.codes.contains(&exit) == rule.within)
    }

    /// A plain container that the kubelet starts again whenever it ends: nobody can wait for its end.
    pub fn never_ends(&self) -> bool {
        self.slot == Slot::Plain && self.restart == Restart::Always
    }
}

/// The kubelet starts the container again whenever it ends. An init container is a native sidecar then (KEP-753).
pub fn restarts_always(container: &core::Container) -> bool {
    is_always(container.restart_policy.as_deref())
}

fn is_always(policy: Option<&str>) -> bool {
    policy == Some("Always")
}

pub fn containers(wire: &wire::Pod) -> Vec<Container> {
    let wire::Pod { spec, status, .. } = wire;
    let of_pod = restart(spec.restart_policy.as_deref()).unwrap_or(Restart::Always);
    let init = spec.init_containers.iter().enumerate().map(|(place, c)| {
        let kind = if is_always(c.restart_policy.as_deref()) { Slot::NativeSidecar } else { Slot::Init };
        container(c, kind, of_pod, status_of(c, place, &status.init_container_statuses))
    });
    let plain = spec.containers.iter().enumerate();
    let plain =
        plain.map(|(place, c)| container(c, Slot::Plain, of_pod, status_of(c, place, &status.container_statuses)));
    init.chain(plain).collect()
}

/// By its name; a status without one (the kubelet gives it, who plays a kubelet may not) is taken by its place.
fn status_of<'a>(
    c: &wire::Container,
    place: usize,
    all: &'a [wire::ContainerStatus],
) -> Option<&'a wire::ContainerStatus> {
    all.iter().find(|s| s.name == c.name).or_else(|| all.get(place).filter(|s| s.name.is_empty()))
}

fn container(c: &wire::Container, slot: Slot, of_pod: Restart, status: Option<&wire::ContainerStatus>) -> Container {
    Container {
        name: c.name.clone(),
        slot,
        restart: restart(c.restart_policy.as_deref()).unwrap_or(of_pod),
        rules: c.restart_policy_rules.iter().filter_map(restart_rule).collect(),
        restarts: status.map_or(0, |s| u32::try_from(s.restart_count).unwrap_or(0)),
        state: status.and_then(|s| s.state.as_ref()).map_or(State::Waiting, state),
        end: status.and_then(end).map(Box::new),
        up: status.map(up).unwrap_or_default(),
        cant_start: status.and_then(cant_start),
        image: text::cut(&c.image).to_owned(),
        command: Digest::of(c.command.iter().chain(&c.args)),
    }
}

fn up(status: &wire::ContainerStatus) -> Up {
    let running = status.state.as_ref().and_then(|s| s.running.as_ref());
    Up {
        since: running.and_then(|r| r.started_at?.at()),
        started: running.is_some() && status.started.unwrap_or(false),
        ready: running.is_some() && status.ready,
    }
}

/// A container that waits for more than its turn.
fn cant_start(status: &wire::ContainerStatus) -> Option<String> {
    const GOES_ON: [&str; 3] = ["ContainerCreating", "PodInitializing", "CrashLoopBackOff"];
    let reason = status.state.as_ref()?.waiting.as_ref()?.reason.as_str();
    (!reason.is_empty() && !GOES_ON.contains(&reason)).then(|| text::cut(reason).to_owned())
}

/// How the container ended now, or before its last restart.
fn end(status: &wire::ContainerStatus) -> Option<End> {
    let terminated = |state: &Option<wire::ContainerState>| state.as_ref()?.terminated.clone();
    let ended = terminated(&status.state).or_else(|| terminated(&status.last_state))?;
    let reason = Some(text::cut_at(&ended.reason, text::WORD)).filter(|word| !word.is_empty());
    let message = Some(text::end(&ended.message)).filter(|text| ended.exit_code != 0 && !text.is_empty());
    Some(End {
        exit: ended.exit_code,
        signal: (ended.signal != 0).then_some(ended.signal),
        reason: reason.map(Into::into),
        message: message.map(Into::into),
        started_at: ended.started_at.and_then(wire::Time::at),
        finished_at: ended.finished_at.and_then(wire::Time::at),
    })
}

fn restart(word: Option<&str>) -> Option<Restart> {
    match word? {
        "Never" => Some(Restart::Never),
        "OnFailure" => Some(Restart::OnFailure),
        _ => Some(Restart::Always),
    }
}

fn restart_rule(rule: &wire::RestartRule) -> Option<RestartRule> {
    let on = rule.exit_codes.as_ref()?;
    Some(RestartRule {
        within: on.operator == "In",
        codes: on.values.clone(),
        all_containers: rule.action == "RestartAllContainers",
    })
}

fn state(state: &wire::ContainerState) -> State {
    match (&state.terminated, &state.running) {
        (Some(t), _) => State::Terminated { exit: t.exit_code, at: t.finished_at.and_then(wire::Time::at) },
        (None, Some(_)) => State::Running,
        (None, None) => State::Waiting,
    }
}
