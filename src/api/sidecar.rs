//! A sidecar as users write it: when it starts, how it is stopped, what its failures mean.
//!
//! The comments here are what `kubectl explain scj.spec.sidecars` shows; docs/sidecars.md tells what happens in each mode.

use std::fmt;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A container that accompanies the main containers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sidecar {
    /// The name of a container or init container of the template, or of one that a webhook will inject.
    pub name: String,

    /// When it starts and what counts as up. Absent: it is started before the main containers, which wait until it has
    /// started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,

    /// How and in which order it is stopped once the main containers are done. Absent: as the recipe says that its
    /// image or name matches if it is a managed one, else it gets SIGTERM; and the Pod's terminationGracePeriodSeconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,

    /// How often it may be started again while main containers work. Once more, and the Pod fails with reason SidecarFailed.
    /// Where nothing starts it again (a plain container of a Pod with restartPolicy Never), an exit code other than 0
    /// counts as one. Absent: its failures never fail anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<i32>,
}

/// When a sidecar starts, and what counts as up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// Before which containers it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<StartBefore>,

    /// What the main containers wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<StartUntil>,

    /// Seconds until it must be up, counted from when it can start: the Pod is on its node and all that stands before it
    /// is done or up. Later than that, and the Pod fails with reason SidecarStartDeadlineExceeded. Pulling its image
    /// counts; behind another native sidecar it counts from that one's start. Absent: no limit but the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<i32>,
}

/// Main: after the template's init containers and before the main containers (KEP-753's text of 2019). Init: before
/// the init containers, for proxies that these need. Default: Main for a container, and for an init container the
/// place where it stands. Init needs native sidecars, so is refused with sidecarMode Managed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StartBefore {
    /// After the init containers, before the main containers.
    #[default]
    Main,
    /// Before the init containers.
    Init,
}

/// What the main containers wait for. Started (the default): its process runs, its postStart hook has ended and its
/// startupProbe, if it has one, has succeeded. Ready: its readinessProbe has succeeded as well: since the kubelet
/// waits for startup probes only, the readinessProbe is taken as startupProbe too, unless there is one of its own.
/// Needs native sidecars, so Ready is refused with sidecarMode Managed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StartUntil {
    /// It has started.
    #[default]
    Started,
    /// It is ready.
    Ready,
}

/// How a sidecar is stopped. Of http, exec, signal and recipe at most one is given; they are for sidecars that the kubelet
/// does not stop by itself (managed ones), and each needs the rights of its component in config/components. A native sidecar
/// gets exec as its preStop hook; of the others, which the kubelet has no word for, an event SidecarLimit tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// Its place in the order of stopping, ascending: the next number has its turn when all of this one have ended or
    /// their grace is over. Those with the same number are stopped together. Default 0. Native sidecars are put into the
    /// Pod so that the kubelet, which stops the one that started last first and one at a time, keeps this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<i32>,

    /// Seconds that it may take from its turn. Then the next one has its turn, and when all have had theirs, what still
    /// runs gets SIGTERM and, after the Pod's terminationGracePeriodSeconds, SIGKILL. Default: the Pod's
    /// terminationGracePeriodSeconds. A Pod with native sidecars gets the sum of these as its
    /// terminationGracePeriodSeconds, if that is longer, since the kubelet knows one budget for all; a Pod with managed
    /// ones the longest. SIGKILL never comes before the Pod's terminationGracePeriodSeconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<i32>,

    /// Ask it by HTTP, from inside of the Pod's network (port-forward), so that an endpoint on the loopback address is
    /// reached. Any answer below 400, and a connection that ends after the request, count as heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<StopHttp>,

    /// Run a command in it. Exit code 0 counts as heard. A native sidecar runs it as its preStop hook, if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<StopExec>,

    /// Send this signal, SIGTERM for one, to its first process, from an ephemeral container in its process namespace.
    /// Works without a shell in its image. One of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,

    /// Stop it as the recipe of that name says. Absent, with http, exec and signal: the recipe that its image or name
    /// matches, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
}

/// An HTTP request that makes a sidecar stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopHttp {
    /// The port that it listens on.
    pub port: u16,
    /// The path, with a leading slash. Default: /quitquitquit.
    #[serde(default = "quit_path")]
    pub path: String,
    /// The method: POST (the default), GET or PUT.
    #[serde(default)]
    pub method: StopHttpMethod,
}

fn quit_path() -> String {
    "/quitquitquit".into()
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum StopHttpMethod {
    /// POST.
    #[default]
    #[serde(rename = "POST")]
    Post,
    /// GET.
    #[serde(rename = "GET")]
    Get,
    /// PUT.
    #[serde(rename = "PUT")]
    Put,
}

impl fmt::Display for StopHttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Post => "POST",
            Self::Get => "GET",
            Self::Put => "PUT",
        })
    }
}

/// A command that makes a sidecar stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopExec {
    /// The program and its arguments; no shell is put around them.
    pub command: Vec<String>,
}
