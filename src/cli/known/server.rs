//! Is what runs the server of a well-known sidecar, and does it serve, or only check, print or copy something?

use std::cell::Cell;

use crate::cli::container::Container;
use crate::cli::endless::runs_for_ever;
use crate::cli::known::Likeness;
use crate::cli::shell::flow::Rules;
use crate::cli::shell::idle::is_idle;
use crate::cli::shell::program::{Program, basename};
use crate::cli::shell::visit;

/// A sidecar; the names of its program; the words with which the program does not serve, beside those of [`CHECKS`].
const SERVERS: [(&str, &[&str], &[&str]); 34] = [
    ("istio", &["pilot-agent", "envoy"], &["-v"]),
    ("linkerd", &["linkerd2-proxy", "linkerd2-proxy-run"], &["-v"]),
    ("envoy", &["envoy"], &["--mode=validate"]),
    ("cloud-sql-proxy", &["cloud-sql-proxy", "cloud_sql_proxy"], &["-v", "wait", "shutdown", "completion"]),
    ("cloud_sql_proxy v1", &["cloud_sql_proxy", "cloud-sql-proxy"], &[]),
    ("alloydb-auth-proxy", &["alloydb-auth-proxy"], &["-v", "wait", "shutdown", "completion"]),
    ("vault-agent", &["vault"], &["-exit-after-auth", "--exit-after-auth", "generate-config", "-v"]),
    ("dapr", &["daprd"], &[]),
    ("consul-dataplane", &["consul-dataplane"], &[]),
    ("kuma", &["kuma-dp"], &[]),
    ("opentelemetry-collector", &["otelcol", "otelcol-contrib", "otelcol-k8s", "awscollector"], OTEL),
    ("splunk-otel-collector", &["otelcol"], OTEL),
    ("datadog-agent", &["agent", "datadog-agent", "trace-agent", "process-agent"], &[]),
    ("fluent-bit", &["fluent-bit"], &["--dry-run", "-D", "-J", "--schema", "-d", "--daemon"]),
    ("fluentd", &["fluentd"], &["--dry-run", "-s", "--setup", "--show-plugin-config", "-d", "--daemon"]),
    ("nginx", &["nginx", "nginx-debug"], &["-t", "-T", "-tq", "-qt", "-v", "-s", "-?"]),
    ("haproxy", &["haproxy"], &["-c", "-v", "-vv", "-D"]),
    ("oauth2-proxy", &["oauth2-proxy"], &["--config-test"]),
    ("pgbouncer", &["pgbouncer"], &["-d", "--daemon"]),
    ("cloudflared", &["cloudflared"], CLOUDFLARED),
    ("filebeat", &["filebeat"], BEATS),
    ("metricbeat", &["metricbeat"], BEATS),
    ("promtail", &["promtail"], &["-check-syntax", "--check-syntax"]),
    ("grafana-agent", &["grafana-agent", "agent", "alloy"], &["fmt", "convert", "tools"]),
    ("vector", &["vector"], &["test", "graph", "list", "generate", "generate-schema", "vrl", "convert-config"]),
    ("logstash", &["logstash"], &["-t", "--config.test_and_exit"]),
    ("telegraf", &["telegraf"], &["--test", "-test", "--once", "config", "plugins", "secrets", "--sample-config"]),
    ("statsd-exporter", &["statsd_exporter", "statsd-exporter"], &["--check-config", "-v"]),
    ("jaeger-agent", &["agent-linux", "jaeger-agent"], &["env", "docs"]),
    ("xray-daemon", &["xray", "xray-daemon", "xray_daemon"], &["-v"]),
    ("cloudwatch-agent", &["start-amazon-cloudwatch-agent", "amazon-cloudwatch-agent"], &[]),
    ("docker-in-docker", &["dockerd", "dockerd-entrypoint.sh"], &["-v", "--validate"]),
    ("tailscale", &["tailscaled", "containerboot"], &["-cleanup", "--cleanup"]),
    ("socat", &["socat"], &[]),
];
const OTEL: &[&str] = &["-v", "components", "print-config", "print-initial-config", "featuregate", "completion"];
const BEATS: &[&str] = &["setup", "test", "export", "keystore", "modules", "enroll", "generate", "--once", "-once"];
const CLOUDFLARED: &[&str] = &[
    "create", "route", "list", "login", "delete", "info", "cleanup", "token", "vnet", "ingress", "diag", "ready",
    "update", "-v",
];
/// Words with which every server only checks or prints something.
const CHECKS: [&str; 8] = ["-V", "-version", "--version", "version", "-h", "-help", "--help", "validate"];
/// First arguments of servers, which an image takes for the name of its command.
const SERVES: [&str; 8] = ["agent", "server", "proxy", "sidecar", "run", "start", "serve", "tunnel"];
/// Sidecars whose program takes a command as its first argument.
const WITH_COMMANDS: [&str; 7] =
    ["istio", "vault-agent", "kuma", "cloudflared", "datadog-agent", "grafana-agent", "docker-in-docker"];
/// Programs that are no server under any name of a container.
const TOOLS: [&str; 24] = [
    "aws", "cat", "chmod", "chown", "cp", "curl", "echo", "git", "gsutil", "java", "kubectl", "ls", "mkdir", "mv",
    "node", "perl", "psql", "python", "python3", "rm", "ruby", "tar", "test", "wget",
];

/// Programs by which a script learns that it may end.
const PROBES: [&str; 4] = ["curl", "inotifywait", "nc", "wget"];

/// Programs by which a script stops what it has started.
const KILLS: [&str; 3] = ["kill", "killall", "pkill"];

/// What a container runs, beside the server of a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// The server serves.
    Server,
    /// The server in the background of a script, which waits for something, stops the server and has no other work.
    Stopped,
    /// Something else, or the server only checks something.
    Other,
    /// A program that nobody knows.
    Unknown,
}

/// What a server is called, and how it is told not to serve.
struct Server<'a> {
    programs: &'a [&'a str],
    checks: &'a [&'a str],
    /// The first argument may be any word.
    takes_words: bool,
}

/// The names of the program of a well-known sidecar.
pub fn programs(likeness: &Likeness) -> &'static [&'static str] {
    SERVERS.iter().find(|(name, ..)| *name == likeness.of).map_or(&[], |(_, programs, _)| programs)
}

/// What the container runs, which looks like a sidecar, or like none.
pub fn runs(container: &Container, likeness: Option<&Likeness>) -> Runs {
    let known = likeness.and_then(|likeness| SERVERS.iter().find(|(name, ..)| *name == likeness.of));
    let own = [basename(repository(&container.image))];
    let (programs, checks) = known.map_or((&own[..], &[][..]), |(_, programs, checks)| (*programs, *checks));
    let is_surely =
        |likeness: &Likeness| likeness.by_name && likeness.by_image && !WITH_COMMANDS.contains(&likeness.of.as_str());
    let server = Server { programs, checks, takes_words: likeness.is_some_and(is_surely) };
    let words: Vec<_> = container.words().into_iter().map(Into::into).collect();
    let program = Program::of(&words);
    let name = program.name();
    let is_other = program.script.is_some() || server.is_program(name) || TOOLS.contains(&name);
    if container.command.is_empty() && !is_other && program.words.len() == words.len() {
        // The image runs its own program. If the image is another one than that of the sidecar, nobody knows which.
        let is_strange = likeness.is_some_and(|likeness| !likeness.by_image) && !container.image.is_empty();
        return match server.serves(&container.args) {
            true if is_strange => Runs::Unknown,
            true => Runs::Server,
            false => Runs::Other,
        };
    }
    let is_seen = Cell::new(false);
    let serves = |words: &[String]| {
        let is_it = server.is_served_by(words);
        is_seen.set(is_seen.get() || is_it);
        is_it
    };
    let is_stuck = runs_for_ever(container, Rules { serves: &serves, all_goes_well: true }).is_some();
    match () {
        () if is_stuck && is_seen.get() => Runs::Server,
        () if !is_stuck && is_seen.get() && server.is_alone(container) => Runs::Stopped,
        () if is_stuck || is_other || is_entrypoint(name) => Runs::Other,
        () => Runs::Unknown,
    }
}

/// The script of an image that starts its program: `/docker-entrypoint.sh`.
fn is_entrypoint(name: &str) -> bool {
    name.ends_with("entrypoint.sh") || name == "entrypoint"
}

impl Server<'_> {
    fn is_program(&self, word: &str) -> bool {
        self.programs.contains(&basename(word))
    }

    /// Whether a command with these words is the server, which serves.
    fn is_served_by(&self, words: &[String]) -> bool {
        let Some((first, arguments)) = words.split_first() else { return false };
        let is_again = |word: &String| is_entrypoint(basename(first)) && self.is_program(word);
        let behind = usize::from(arguments.first().is_some_and(is_again));
        (self.is_program(first) || is_entrypoint(basename(first))) && self.serves(&arguments[behind..])
    }

    /// Whether the scripts of the container have no other work than to run the server and to stop it.
    fn is_alone(&self, container: &Container) -> bool {
        let is_mine = |program: &Program| program.limit.is_none() && self.is_served_by(&program.words);
        let is_fit = |program: &Program| {
            let name = program.name();
            program.script.is_some() || is_idle(name) || PROBES.contains(&name) || is_mine(program)
        };
        let scripts = visit::scripts(&container.commands());
        let programs: Vec<Program> = scripts.iter().flat_map(|script| visit::programs(script)).collect();
        programs.iter().any(|program| KILLS.contains(&program.name())) && programs.iter().all(is_fit)
    }

    /// Whether a server serves with these arguments: none is a check, and they begin with an option, with a file, an address or a
    /// word that says "serve". `kv` of Vault and `istio-iptables` of Istio's image end.
    fn serves(&self, arguments: &[String]) -> bool {
        let is_check = |word: &str| CHECKS.contains(&word) || self.checks.contains(&word);
        let is_check = |word: &String| {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            is_check(word) || is_check(name) && value == "true"
        };
        let is_word =
            |word: &String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
        let serves = |word: &String| self.takes_words || !is_word(word) || SERVES.contains(&word.as_str());
        !arguments.iter().take_while(|word| *word != "run").any(is_check) && arguments.first().is_none_or(serves)
    }
}

/// The image without its tag and digest; a colon before a slash is a port.
pub fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => &image[..colon],
        _ => image,
    }
}
