//! Does the command of a container stop the sidecar beside it: by a request, or by a signal?

use crate::cli::container::Container;
use crate::cli::shell::flow::BY_NAME;
use crate::cli::shell::program::Program;
use crate::cli::shell::{Form, visit};

/// Pieces of commands that ask a sidecar to stop, the longer one before the shorter one.
const REQUESTS: [&str; 8] = [
    "/quitquitquit",
    "quitquitquit",
    "/v1.0/shutdown",
    "/agent/v1/quit",
    "/graceful_shutdown",
    ":4191/shutdown",
    "linkerd-await --shutdown",
    "scuttle",
];
/// Words of a command that sends such a request. A proxy has the path in its own arguments too, but it does not call itself.
const CALLS: [&str; 6] = ["curl", "wget", "http://", "pilot-agent request", "linkerd-await", "scuttle"];
/// Words that find the process for `kill`.
const FINDS: [&str; 3] = ["pidof", "pgrep", "ps"];

/// Programs that only say something.
const SAYS: [&str; 2] = ["echo", "printf"];

/// The text of the commands that the container may run.
pub fn said(container: &Container) -> String {
    let mut words: Vec<String> = Vec::new();
    for script in visit::scripts(&container.commands()) {
        visit::each(&script, &mut |command| {
            let Form::Simple(simple) = &command.form else { return };
            words.extend(simple.assigns.iter().map(|(_, value)| value.clone()));
            let program = Program::of(&simple.words);
            let is_other = program.script.is_some() || program.name() == "trap" || SAYS.contains(&program.name());
            words.extend(program.words.into_iter().filter(|_| !is_other));
        });
    }
    words.join(" ")
}

/// The piece of the command that asks a sidecar to stop; `None`: the command asks no sidecar.
pub fn request(container: &Container) -> Option<&'static str> {
    let script = said(container);
    let piece = REQUESTS.into_iter().find(|piece| script.contains(piece))?;
    CALLS.iter().any(|word| script.contains(word)).then_some(piece)
}

/// The program by which the command sends a signal to a process of another container. Containers see the processes of each other
/// only with `shareProcessNamespace`.
pub fn signal(container: &Container, shares_processes: bool) -> Option<&'static str> {
    let script = said(container);
    let words: Vec<&str> = script.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).collect();
    let by_name = BY_NAME.into_iter().find(|program| words.contains(program));
    let found = || words.contains(&"kill") && FINDS.iter().any(|word| words.contains(word));
    by_name.or_else(|| found().then_some("kill")).filter(|_| shares_processes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_stops_a_sidecar_by_a_request_or_by_a_signal() {
        // The script, the request in it, the signal in it.
        let rows = [
            ("work; curl -XPOST localhost:15020/quitquitquit", Some("/quitquitquit"), None),
            ("work; wget -q --post-data= http://127.0.0.1:15020/quitquitquit", Some("/quitquitquit"), None),
            ("python -c 'urlopen(\"http://127.0.0.1:9091/quitquitquit\")'", Some("/quitquitquit"), None),
            ("work; pilot-agent request POST quitquitquit", Some("quitquitquit"), None),
            ("work; curl -X POST localhost:4191/shutdown", Some(":4191/shutdown"), None),
            ("linkerd-await --shutdown -- work", Some("linkerd-await --shutdown"), None),
            ("linkerd-await -- work", None, None),
            ("envoy --drain-path /quitquitquit", None, None),
            ("work; pkill -INT fluent-bit", None, Some("pkill")),
            ("work; kill $(pidof cloud_sql_proxy)", None, Some("kill")),
            ("work & trap 'kill $!' TERM; wait", None, None),
            ("echo skill ps", None, None),
            ("# curl localhost:15020/quitquitquit\nwork", None, None),
            ("echo 'curl localhost:15020/quitquitquit; pkill x'", None, None),
            ("trap 'curl -X POST localhost:15020/quitquitquit' EXIT; work", Some("/quitquitquit"), None),
            ("sh -c 'work; pkill x'", None, Some("pkill")),
        ];
        for (script, asked, sent) in rows {
            let container = Container::of(&json!({"command": ["sh", "-c", script]}));
            assert_eq!(request(&container), asked, "{script}");
            assert_eq!(signal(&container, true), sent, "{script}");
            assert_eq!(signal(&container, false), None, "{script}");
        }
    }
}
