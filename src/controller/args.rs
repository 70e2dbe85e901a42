//! What can the controller be told? Flags, each with its environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use clap::{ArgAction, Parser, ValueEnum};

use crate::engine::observed::Settings;
use crate::telemetry::PerObject;

/// Runs the controller until it gets SIGTERM or SIGINT.
///
/// Finds the cluster by --kubeconfig, $KUBECONFIG, the ServiceAccount of its Pod or ~/.kube/config, in this order.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Kubeconfig file; plain http:// servers are fine
    #[arg(long, env = "SIDECARJOB_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Reconcile this namespace only; may be given several times [default: all namespaces]
    #[arg(long, env = "SIDECARJOB_NAMESPACE", value_name = "NAME", value_delimiter = ',')]
    pub namespace: Vec<String>,

    /// Work only while holding the Lease, so that several controllers may run and one works
    #[arg(long, env = "SIDECARJOB_LEADER_ELECT", default_value_t = true, action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub leader_elect: bool,

    /// Namespace of the Lease
    #[arg(long, env = "SIDECARJOB_LEADER_ELECT_NAMESPACE", default_value = "sidecarjob-system", value_name = "NAME")]
    pub leader_elect_namespace: String,

    /// How many SidecarJobs are worked on at once, and as many Jobs and SidecarCronJobs; one namespace alone has half of them
    #[arg(long, env = "SIDECARJOB_CONCURRENT_SYNCS", default_value_t = 64, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrent_syncs: u16,

    /// Address of /metrics, /livez and /readyz
    #[arg(long, env = "SIDECARJOB_BIND_ADDRESS", default_value = "0.0.0.0:8080", value_name = "ADDRESS:PORT")]
    pub bind_address: SocketAddr,

    /// Whether /metrics has series of each SidecarJob and SidecarCronJob; auto: as long as there are at most 5000 of them
    #[arg(long, env = "SIDECARJOB_PER_OBJECT_METRICS", default_value = "auto", value_name = "MODE")]
    pub per_object_metrics: PerObject,

    /// Wait before a Pod is replaced after the first failure; doubles with each failure in a row
    #[arg(long, env = "SIDECARJOB_POD_FAILURE_BACKOFF", default_value = "10s", value_name = "DURATION",
          value_parser = humantime::parse_duration)]
    pub pod_failure_backoff: Duration,

    /// The longest such wait
    #[arg(long, env = "SIDECARJOB_POD_FAILURE_BACKOFF_MAX", default_value = "10m", value_name = "DURATION",
          value_parser = humantime::parse_duration)]
    pub pod_failure_backoff_max: Duration,

    /// How long what is not urgent waits for what comes next: a status that tells only people something new (Pods got
    /// ready), and the replacement of Pods that somebody deletes
    #[arg(long, env = "SIDECARJOB_SYNC_BATCH_PERIOD", default_value = "1s", value_name = "DURATION",
          value_parser = humantime::parse_duration)]
    pub sync_batch_period: Duration,

    /// Image with `sidecarjob signal`, for ephemeral containers that signal sidecars [default: the controller's own]
    #[arg(long, env = "SIDECARJOB_STOP_SIGNAL_IMAGE", value_name = "IMAGE")]
    pub stop_signal_image: Option<String>,

    /// File with recipes that are added to the built-in ones; need not exist. Read at the start
    #[arg(long, env = "SIDECARJOB_RECIPES", default_value = "/etc/sidecarjob/recipes.yaml", value_name = "FILE")]
    pub recipes: PathBuf,

    /// Most UIDs in status.uncountedTerminatedPods
    #[arg(long, env = "SIDECARJOB_MAX_UNCOUNTED_PODS", default_value_t = 500, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub max_uncounted_pods: u16,

    /// Most Pods created or deleted for a SidecarJob before looking again
    #[arg(long, env = "SIDECARJOB_MAX_POD_CREATE_DELETE_PER_SYNC", default_value_t = 500, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub max_pod_create_delete_per_sync: u16,

    /// Form of the log lines; $RUST_LOG chooses what is logged
    #[arg(long, env = "SIDECARJOB_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// One JSON object a line.
    Json,
}

impl Args {
    /// What the engine keeps to.
    pub fn settings(&self, native_sidecars: bool) -> Settings {
        Settings {
            backoff: span(self.pod_failure_backoff),
            backoff_max: span(self.pod_failure_backoff_max),
            max_uncounted: self.max_uncounted_pods.into(),
            max_pods_per_sync: self.max_pod_create_delete_per_sync.into(),
            native_sidecars,
            ..Settings::default()
        }
    }
}

/// As the engine counts; a span beyond all bounds is the longest there is.
pub fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::MOST_OBJECTS;

    fn args(line: &str) -> Args {
        Args::parse_from(std::iter::once("controller").chain(line.split_whitespace()))
    }

    #[test]
    fn the_defaults_are_those_of_the_built_in_job_controller() {
        assert_eq!(args("").settings(true), Settings::default());
    }

    #[test]
    fn leader_election_is_on_and_can_be_turned_off() {
        assert!(args("").leader_elect);
        assert!(args("--leader-elect").leader_elect);
        assert!(!args("--leader-elect=false").leader_elect);
    }

    #[test]
    fn durations_have_units() {
        let settings = args("--pod-failure-backoff 250ms --pod-failure-backoff-max 1m").settings(true);
        assert_eq!(settings.backoff, TimeDelta::milliseconds(250));
        assert_eq!(settings.backoff_max, TimeDelta::minutes(1));
    }

    #[test]
    fn a_namespace_may_be_given_several_times_or_as_a_list() {
        assert_eq!(args("--namespace a --namespace b").namespace, ["a", "b"]);
        assert_eq!(args("--namespace a,b").namespace, ["a", "b"]);
    }

    #[test]
    fn the_series_of_each_object_are_on_as_long_as_there_are_few() {
        for (line, objects, want) in [
            ("", 5_000, (true, false)),
            ("", 5_001, (false, true)),
            ("--per-object-metrics on", 5_001, (true, false)),
            ("--per-object-metrics=off", 1, (false, false)),
        ] {
            assert_eq!(args(line).per_object_metrics.decide(objects), want, "{line}: {objects}");
        }
        assert_eq!(MOST_OBJECTS, 5_000, "as the help of the flag says");
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "--concurrent-syncs 0",
            "--pod-failure-backoff 10",
            "--log-format xml",
            "--per-object-metrics few",
            "--bind-address here",
        ] {
            let words = std::iter::once("controller").chain(line.split_whitespace());
            assert!(Args::try_parse_from(words).is_err(), "{line} was taken");
        }
    }
}
