//! A sidecar as users write it: when it starts, how it stops, what its failures mean.
//!
//! `kubectl explain scj.spec.sidecars` shows these comments. docs/sidecars.md says what happens in each mode.

use std::fmt;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A container that runs beside the main containers and does not decide the result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sidecar {
    /// The name of a container or init container of the template, or of a container that a webhook will inject.
    pub name: String,

    /// When the sidecar starts and what counts as up. Default: the sidecar starts before the main containers, and the
    /// main containers wait until it has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,

    /// How and in which order the sidecar stops when the main containers are done. Default: the recipe that matches the
    /// sidecar's image or name says how a managed sidecar stops. Without such a recipe, and in native mode, the sidecar
    /// gets SIGTERM. The grace period is then the Pod's terminationGracePeriodSeconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,

    /// How often the sidecar may restart while the main containers run. With one more restart the Pod fails with reason
    /// SidecarFailed. If the kubelet does not restart the sidecar (a plain container of a Pod with restartPolicy Never),
    /// an exit code other than 0 counts as one restart. Default: failures of the sidecar never fail the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<i32>,
}

/// When a sidecar starts, and what counts as up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// Before which containers the sidecar starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<StartBefore>,

    /// What the main containers wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<StartUntil>,

    /// Seconds until the sidecar must be up, counted from the moment when it can start: the Pod is on its node, and all
    /// containers before the sidecar are done or up. If the sidecar is up later than that, the Pod fails with reason
    /// SidecarStartDeadlineExceeded. The time to pull the image counts. After another native sidecar, the seconds count
    /// from the start of that sidecar. Default: no limit but the run's own deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<i32>,
}

/// Main: after the template's init containers and before the main containers (KEP-753's text of 2019). Init: before the
/// init containers, for proxies that the init containers need. Default: Main for a container; an init container keeps its
/// place. Init needs native sidecars, so the API server rejects Init with sidecarMode Managed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StartBefore {
    /// After the init containers, before the main containers.
    #[default]
    Main,
    /// Before the init containers.
    Init,
}

/// What the main containers wait for. Started (the default): the sidecar's process runs, its postStart hook has ended,
/// and its startupProbe, if it has one, has succeeded. Ready: its readinessProbe has succeeded as well. The kubelet waits
/// for startup probes only, so the controller copies the readinessProbe as startupProbe, unless the sidecar has a
/// startupProbe. Ready needs native sidecars, so the API server rejects Ready with sidecarMode Managed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StartUntil {
    /// The sidecar has started.
    #[default]
    Started,
    /// The sidecar is ready.
    Ready,
}

/// How a sidecar stops. Give at most one of http, exec, signal and recipe. They are for sidecars that the kubelet does
/// not stop by itself (managed sidecars), and each needs the permissions of its component in config/components. For a
/// native sidecar, exec becomes its preStop hook; the kubelet does not know the others, and an event SidecarLimit says
/// so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// The place of the sidecar in the stop order, ascending. The sidecars with the next number get their turn when all
    /// sidecars with this number have ended or their grace periods are over. Sidecars with the same number stop together.
    /// Default 0. The kubelet stops native sidecars one at a time, the last started first; the controller puts them into
    /// the Pod in the matching order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<i32>,

    /// Seconds that the sidecar may take, counted from the start of its turn. Then the next sidecar gets its turn. When
    /// all have had their turn, the kubelet sends SIGTERM to the remaining containers and, after the Pod's
    /// terminationGracePeriodSeconds, SIGKILL. Default: the Pod's terminationGracePeriodSeconds. The kubelet has one
    /// grace period for the whole Pod. So if it is longer than the Pod's own, a Pod with native sidecars gets the sum of
    /// these seconds as terminationGracePeriodSeconds, and a Pod with managed sidecars the longest. SIGKILL never comes
    /// before the Pod's terminationGracePeriodSeconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<i32>,

    /// Ask the sidecar to stop by an HTTP request from inside the Pod's network (port-forward), which also reaches an
    /// endpoint on the loopback address. An answer below 400 counts as success, and so does a connection that closes
    /// after the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<StopHttp>,

    /// Run a command in the sidecar's container. Exit code 0 counts as success. For a native sidecar the command becomes
    /// the preStop hook, unless the sidecar has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<StopExec>,

    /// Send this signal, for example SIGTERM, to the first process of the sidecar, from an ephemeral container in its
    /// process namespace. The sidecar's image needs no shell. One of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,

    /// Stop the sidecar as the recipe with this name says. Default, if http, exec and signal are absent too: the recipe
    /// that matches the sidecar's image or name, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
}

/// An HTTP request that makes a sidecar stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopHttp {
    /// The port on which the sidecar listens.
    pub port: u16,
    /// The path of the request, with a leading slash. Default: /quitquitquit.
    #[serde(default = "quit_path")]
    pub path: String,
    /// The method of the request: POST (the default), GET or PUT.
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
    /// The program and its arguments, without a shell.
    pub command: Vec<String>,
}
