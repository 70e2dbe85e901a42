//! The program as a script sees it: exit codes, and what stands on stdout and stderr when an API server answers ill.
//!
//! The API server is a few lines here: each call gets the answer of its path. No cluster.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};

/// What a webhook may answer, or whoever writes a status: lines of ours, colours, and letters from right to left.
const EVIL: &str = "no\n  9.0s  \x1b[32mSidecarJob Complete\x1b[0m\rerror\u{9b}2J\u{202e}";

/// Answers each call by method and path; the address.
fn server(answer: fn(&str, &str) -> (u16, Value)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.expect("a connection"), answer));
        }
    });
    address
}

fn serve(stream: TcpStream, answer: fn(&str, &str) -> (u16, Value)) {
    let mut reader = BufReader::new(stream.try_clone().expect("a connection"));
    let mut writer = stream;
    loop {
        let mut head = String::new();
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().expect("a number");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let mut words = head.split_whitespace();
        let (code, body) = answer(words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

fn says(code: u16, reason: &str, name: Option<&str>) -> (u16, Value) {
    let details = name.map(|name| json!({"name": name}));
    (
        code,
        json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": EVIL, "details": details}),
    )
}

fn forbidden(_: &str, _: &str) -> (u16, Value) {
    says(403, "Forbidden", Some("nightly"))
}

fn unauthorized(_: &str, _: &str) -> (u16, Value) {
    says(401, "Unauthorized", None)
}

fn unknown_kind(_: &str, _: &str) -> (u16, Value) {
    (404, json!(EVIL))
}

fn not_there(_: &str, _: &str) -> (u16, Value) {
    says(404, "NotFound", Some("nightly"))
}

fn broken(_: &str, _: &str) -> (u16, Value) {
    says(500, "InternalError", None)
}

/// A SidecarCronJob whose runs are refused by a webhook, and whose schedule is no schedule.
fn refuses_runs(method: &str, path: &str) -> (u16, Value) {
    let spec = |schedule: &str| json!({"schedule": schedule, "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "main"}]}}}}});
    let cron = |schedule| json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "metadata": {"name": "nightly", "namespace": "ns", "uid": "u"}, "spec": spec(schedule)});
    match (method, path.ends_with("/nightly"), path.ends_with("/evil")) {
        ("GET", true, _) => (200, cron("0 2 * * *")),
        ("GET", _, true) => (200, cron(EVIL)),
        _ => says(422, "Invalid", Some("nightly")),
    }
}

fn sidecarjob(server: &str, arguments: &[&str]) -> Output {
    let folder = std::env::temp_dir().join(format!("sidecarjob-verbs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("{}.kubeconfig", server.rsplit(':').next().unwrap_or_default()));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "", "namespace": "ns"}}]
    });
    std::fs::write(&file, config.to_string()).expect("a kubeconfig");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    command.args(arguments).env("KUBECONFIG", file).env_remove("RUST_LOG").output().expect("it runs")
}

/// What was printed has lines of ours alone, so many at most, and nothing that a terminal obeys.
fn assert_harmless(what: &str, printed: &[u8], lines: usize) {
    let text = String::from_utf8(printed.to_vec()).expect("UTF-8");
    let obeyed = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
    assert_eq!(text.chars().filter(obeyed).collect::<String>(), "", "{what}: {text}");
    assert!(text.lines().count() <= lines, "{what}: {text}");
    assert!(!text.lines().any(|line| line.starts_with("  9.0s")), "{what}: {text}");
}

#[test]
fn each_verb_ends_with_the_code_that_its_help_has_and_one_harmless_line() {
    let from = "2026-11-24T01:00:00Z";
    let verbs: [&[&str]; 4] = [
        &["watch", "nightly"],
        &["cron", "next", "nightly"],
        &["cron", "run", "nightly"],
        &["cron", "backfill", "nightly", "--from", from],
    ];
    for (answer, code, advice) in [
        (forbidden as fn(&str, &str) -> (u16, Value), 4, "the ClusterRole view"),
        (unauthorized, 4, "log in to the cluster again"),
        (unknown_kind, 3, "sidecarjob crds"),
        (not_there, 3, "--all-namespaces"),
    ] {
        let server = server(answer);
        for verb in verbs {
            let ended = sidecarjob(&server, verb);
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(code), "{verb:?}: {said}");
            assert!(said.starts_with("error: ") && said.contains(advice), "{verb:?}: {said}");
            assert_harmless(&format!("{verb:?}"), &ended.stderr, 1);
            assert_eq!(ended.stdout, b"", "{verb:?}");
        }
    }
}

#[test]
fn a_server_with_an_error_of_its_own_is_asked_again_by_watch_and_told_once() {
    let ended = sidecarjob(&server(broken), &["watch", "nightly", "--timeout", "3s"]);
    assert_eq!(ended.status.code(), Some(124));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(said.matches("note: ").count(), 1, "{said}");
    assert_harmless("watch", &ended.stderr, 2);
    for verb in [["cron", "next", "nightly"], ["cron", "run", "nightly"]] {
        let ended = sidecarjob(&server(broken), &verb);
        assert_eq!(ended.status.code(), Some(5), "{verb:?}");
        assert_harmless(&format!("{verb:?}"), &ended.stderr, 1);
    }
}

#[test]
fn no_cluster_is_told_with_its_cause() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address"); // and closed
    for verb in [&["watch", "nightly"][..], &["cron", "next", "nightly"], &["cron", "run", "nightly"]] {
        let ended = sidecarjob(&format!("http://{gone}"), verb);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(5), "{verb:?}: {said}");
        assert!(said.contains("Connection refused"), "{verb:?}: {said}");
        let ended = sidecarjob("http://127.0.0.1:1", &[verb, &["--kubeconfig", "/nowhere"]].concat());
        assert_eq!(ended.status.code(), Some(5), "{verb:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("give --kubeconfig"), "{verb:?}");
    }
}

#[test]
fn words_of_a_webhook_and_of_an_object_are_harmless_in_cron() {
    let server = server(refuses_runs);
    let from = ["--from", "2026-11-24T01:00:00Z", "--to", "2026-11-24T03:00:00Z"];
    for (verb, code) in [
        (vec!["cron", "run", "nightly"], 5),
        ([&["cron", "backfill", "nightly"][..], &from].concat(), 5),
        (vec!["cron", "next", "evil"], 1),
        ([&["cron", "backfill", "evil"][..], &from].concat(), 1),
        (vec!["cron", "next", EVIL], 1),
        (vec!["cron", "next", "0 2 * * *", "-z", EVIL], 1),
        (vec!["cron", "next", "H H * * *", "--for", EVIL], 0),
    ] {
        let ended = sidecarjob(&server, &verb);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{verb:?}: {said}");
        assert_harmless(&format!("{verb:?}"), &ended.stderr, 5); // a backfill tries again, and says so
        assert_harmless(&format!("{verb:?}"), &ended.stdout, 5);
    }
}

#[test]
fn the_log_of_a_controller_that_is_refused_is_harmless_as_text_and_as_json() {
    for format in ["text", "json"] {
        for answer in [forbidden as fn(&str, &str) -> (u16, Value), unauthorized, unknown_kind] {
            let arguments =
                ["controller", "--leader-elect=false", "--bind-address=127.0.0.1:0", "--log-format", format];
            let ended = sidecarjob(&server(answer), &arguments);
            assert_eq!(ended.status.code(), Some(1));
            assert!(String::from_utf8_lossy(&ended.stderr).contains("SidecarJob Complete"), "the words were logged");
            assert_harmless(format, &ended.stderr, 20);
        }
    }
}

#[test]
fn help_has_the_exit_codes_and_what_the_verb_promises() {
    for (verb, promise) in [
        (&["watch"][..], "After an interruption the command prints one note"),
        (&["cron", "next"], "An expression has five fields"),
        (&["cron", "run"], "Prints the name of the SidecarJob"),
        (&["cron", "backfill"], "If you repeat an interrupted backfill, it continues where it stopped"),
    ] {
        let help = sidecarjob("http://127.0.0.1:1", &[verb, &["--help"]].concat());
        let help = String::from_utf8(help.stdout).expect("UTF-8");
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(promise), "{verb:?}: {help}");
        let codes = help.split_once("Exit codes: ").expect("they are there").1;
        for word in ["0 ", "1 ", "2 wrong usage", "3 no such Sidecar", "4 no permission", "5 no cluster"] {
            assert!(codes.contains(word), "{verb:?}: {codes}");
        }
    }
}
