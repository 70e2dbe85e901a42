//! "Which command never ends": tables of scripts and programs.

use serde_json::{Value, json};

use super::*;

/// `None`: the command may end.
fn judged(container: &Value) -> Option<bool> {
    endless(&Container::of(container)).map(|endless| endless.is_sure)
}

#[test]
fn a_script_never_ends_if_it_says_so() {
    let rows = [
        ("while true; do date; sleep 1; done", Some(true)),
        ("while :\ndo date\ndone", Some(true)),
        ("trap 'echo bye; exit 0' TERM; while :; do sleep 1; done", Some(true)),
        ("trap \"exit\" TERM INT; tail -f /dev/null", Some(true)),
        ("echo up; sleep infinity", Some(true)),
        ("while true; do date 2>&1; done", Some(true)),
        ("tail -f /var/log/app.log", Some(false)),
        ("tail -n +1 -F /var/log/app.log | grep x", Some(false)),
        ("tail -f /var/log/app.log 2>&1 | tee /out", Some(false)),
        ("fluentd & while :; do sleep 1; done", Some(false)),
        ("fluentd & tail -f /var/log/app.log", Some(false)),
        ("trap 'exit 0' TERM; while true; do sleep 30 & wait $!; done", Some(false)),
        ("trap 'exit 0' TERM; sleep infinity & wait", Some(false)),
        ("stop() { exit 0; }; trap stop TERM; while true; do sleep 1; done", Some(false)),
        ("while true; do test -f /done && break; sleep 1; done", None),
        ("trap 'x' TERM; while true; do test -f /done && break; sleep 1; done", None),
        ("while true; do test -f /done && exit; sleep 1; done", None),
        ("until test -f /done; do sleep 1; done", None),
        ("while true && test ! -f /done; do sleep 1; done", None),
        ("while true; do date; done & work", None),
        ("while true; do for i in 1 2; do x; done; done & for i in 1 2; do work; done", None),
        ("tail -f /var/log/app.log & work", None),
        ("tail -f /var/log/app.log & log=$!; work; kill $log; wait", None),
        ("tail -f /var/log/app.log --pid=1", None),
        ("tail -n 5 /var/log/app-f.log", None),
        ("timeout 60 tail -f /var/log/app.log", None),
        ("timeout 60 sleep infinity", None),
        ("timeout 60 work; tail -f /var/log/app.log", Some(false)),
        ("while trueish; do sleep 1; done", None),
        ("sleep 5", None),
    ];
    for (script, expected) in rows {
        let container = json!({"name": "x", "image": "busybox", "command": ["sh", "-c", script]});
        assert_eq!(judged(&container), expected, "{script}");
    }
    let script = "timeout 60 sh -c 'while true; do sleep 1; done'";
    let is_sure = judged(&json!({"command": ["sh", "-c", script]})).unwrap_or(false);
    assert!(!is_sure, "{script}");
}

#[test]
fn a_program_never_ends_if_it_says_so() {
    let rows = [
        (json!({"command": ["sleep", "infinity"]}), Some(true)),
        (json!({"command": ["/bin/sleep"], "args": ["infinity"]}), Some(true)),
        (json!({"command": ["tail", "-f", "/dev/null"]}), Some(true)),
        (json!({"command": ["bash", "-euxc"], "args": ["while true; do sleep 1; done"]}), Some(true)),
        (json!({"command": ["tail", "-n0", "-f", "/var/log/app.log"]}), Some(false)),
        (json!({"args": ["sleep", "infinity"]}), Some(false)),
        (json!({"command": ["sleep", "60"]}), None),
        (json!({}), None),
    ];
    for (container, expected) in rows {
        assert_eq!(judged(&container), expected, "{container}");
    }
}

#[test]
fn the_piece_that_never_ends_is_told() {
    let rows = [
        ("tail -f /dev/null", "tail -f"),
        ("tail -n0 -F /x", "tail -n0 -F"),
        ("date; while  true; do x; done", "while true"),
        ("sleep inf", "sleep inf"),
        ("sleep infinity", "sleep infinity"),
    ];
    for (script, expected) in rows {
        let container = Container::of(&json!({"command": ["sh", "-c", script]}));
        assert_eq!(endless(&container).map(|endless| endless.piece).as_deref(), Some(expected), "{script}");
    }
}
