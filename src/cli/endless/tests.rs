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

#[test]
fn only_what_surely_runs_makes_a_script_endless() {
    let rows = [
        ("while true; do nc -z db 5432 && exec ./migrate; sleep 1; done", None),
        ("f() { while true; do nc -z db 1 && return; sleep 1; done; }; f; ./migrate", None),
        ("f() { while true; do sleep 1; done; }; f; ./migrate", Some(true)),
        ("f() { while true; do sleep 1; done; }; ./migrate", None),
        ("tail -f /x | grep -m1 done", None),
        ("tail -f /x | head", None),
        ("tail -f /x | sed /x/q", None),
        ("tail -f /x | while read l; do echo $l; done", Some(false)),
        ("tail -f /x | while read l; do echo $l; break; done", None),
        ("while true; do date; done | tee /log", Some(true)),
        ("while true; do date; done | ./reader", None),
        ("(./work; kill $$) & sleep infinity", None),
        ("(./work; pkill tail) & tail -F /log", None),
        ("S=$$; while true; do ./step && kill $S; sleep 1; done", None),
        ("timeout 3600 sh -c \"while true; do sleep 1; done\"", None),
        ("echo \"use tail -f log\"; ./work", None),
        ("migrate || sleep infinity", None),
        ("[ -n \"$DEBUG\" ] && sleep infinity", None),
        ("if [ -n \"$DEBUG\" ]; then sleep infinity; fi; prepare", None),
        ("if a; then sleep infinity; else tail -f /dev/null; fi", Some(true)),
        ("a && sleep infinity || sleep infinity", Some(true)),
        ("true && sleep infinity", Some(true)),
        ("case $x in a) sleep infinity;; *) tail -f /dev/null;; esac", Some(true)),
        ("case $x in a) sleep infinity;; esac", None),
        ("exit; sleep infinity", None),
        ("exec ./work; sleep infinity", None),
        ("./setup || exit 1; sleep infinity", Some(false)),
        ("[ -f /done ] && exit 0; sleep infinity", None),
        ("cat > loop.sh <<E\nwhile true; do sleep 1; done\nE\nwork", None),
        ("# never write: while true; do sleep 1; done\nwork", None),
        ("kubectl run d --image=busybox -- sleep infinity", None),
        ("while true; do curl --connect-timeout 5 http://x; done", Some(true)),
        ("while true; do curl 'http://x?a=1&b=2'; sleep 1; done", Some(true)),
        ("while true; do echo break; sleep 1; done", Some(true)),
        ("while true; do for x in a b; do break; done; sleep 1; done", Some(true)),
        ("while true; do for x in a b; do break 2; done; sleep 1; done", None),
        ("while true; do continue; exit; done", Some(true)),
        ("while true; do (exit 1); done", Some(true)),
        ("while true; do test -f /done && kill $$; sleep 1; done", None),
        ("exec sleep infinity", Some(true)),
        ("nohup sleep infinity", Some(true)),
        ("exec tini -- sleep infinity", Some(true)),
        ("tail -n+1 -F /var/log/1.log", Some(false)),
        ("tail --follow=name /var/log/1.log", Some(false)),
        ("trap : TERM INT; sleep infinity & wait", Some(false)),
        ("trap : TERM INT; sleep infinity & p=$!; work; wait $p", Some(false)),
        ("sleep infinity & p=$!; ./work & w=$!; wait $w; kill $p", None),
        ("sleep infinity & ./work", None),
        ("for ((;;)); do sleep 1; done", Some(true)),
        ("for ((i=0;i<3;i++)); do sleep 1; done", None),
        ("while [ true ]; do sleep 1; done", Some(true)),
        ("while [ 1 ]; do sleep 1; done", Some(true)),
        ("while [ \"$x\" ]; do sleep 1; done", None),
        ("while [[ 1 -eq 1 ]]; do x; done", Some(true)),
        ("while ((1)); do x; done", Some(true)),
        ("while sleep 5; do x; done", Some(true)),
        ("until false; do x; done", Some(true)),
        ("while ! false; do x; done", Some(true)),
        ("while true; do 'x", None),
    ];
    for (script, expected) in rows {
        let container = json!({"name": "x", "image": "busybox", "command": ["sh", "-c", script]});
        assert_eq!(judged(&container), expected, "{script}");
    }
}

#[test]
fn a_shell_is_found_behind_other_programs_and_options() {
    let endless = "while true; do sleep 30; done;";
    let rows = [
        (json!({"command": ["/bin/sh", "-c", "--"], "args": [endless]}), Some(true)),
        (json!({"command": ["sh", "-ce", endless]}), Some(true)),
        (json!({"command": ["/usr/bin/env", "bash", "-c", endless]}), Some(true)),
        (json!({"command": ["tini", "--", "sleep", "infinity"]}), Some(true)),
        (json!({"command": ["/usr/bin/dumb-init"], "args": ["sh", "-c", endless]}), Some(true)),
        (json!({"command": ["sh", "-c", "sh -c 'exec sleep infinity'"]}), Some(true)),
        (json!({"command": ["timeout", "60", "sh", "-c", endless]}), None),
        (json!({"command": ["sh", "loop.sh", endless]}), None),
        (json!({"command": ["sh", "-c"]}), None),
    ];
    for (container, expected) in rows {
        assert_eq!(judged(&container), expected, "{container}");
    }
}
