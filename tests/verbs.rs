//! The program as a script sees it: exit codes, and what stands on stdout and stderr when an API server answers ill.
//!
//! The API server is a few lines here: each call gets the answer of its path. No cluster.

mod scripted;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};

/// What a webhook may answer, or whoever writes a status: lines of ours, colours, and letters from right to left.
const EVIL: &str = "no\n  9.0s  \x1b[32mSidecarJob Complete\x1b[0m\rerror\u{9b}2J\u{202e}";

/// Answers each call by method and path; the address.
fn server(answer: fn(&str, &str) -> (u16, Value)) -> String {
    scripted::server(move |call| answer(&call.method, &call.url()))
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

/// A kubeconfig for this server.
fn kubeconfig(server: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("sidecarjob-verbs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("{}.kubeconfig", server.rsplit(':').next().unwrap_or_default()));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "", "namespace": "ns"}}]
    });
    std::fs::write(&file, config.to_string()).expect("a kubeconfig");
    file
}

fn sidecarjob(server: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    command.args(arguments).env("KUBECONFIG", kubeconfig(server)).env_remove("RUST_LOG").output().expect("it runs")
}

/// The verbs that act, and a line of the command for each.
const ACTING: [&[&str]; 9] = [
    &["run", "--from", "sidecarjob/nightly"],
    &["run", "--from", "sidecarcronjob/nightly"],
    &["run", "--from", "job/nightly"],
    &["run", "--from", "cronjob/nightly"],
    &["logs", "nightly"],
    &["suspend", "nightly"],
    &["resume", "sccj/nightly"],
    &["stop", "nightly"],
    &["rerun", "nightly"],
];

/// A file of the test, with this text.
fn file(name: &str, text: &[u8]) -> String {
    let folder = std::env::temp_dir().join(format!("sidecarjob-verbs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(name);
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

const MANIFEST: &str = "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarJob\nmetadata: {name: nightly}\nspec: {}\n";

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
        (vec!["cron", "next", "-5 * * * *"], 1),
        (vec!["cron", "next", ""], 1),
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

/// A namespace with one SidecarJob that failed, its events, and no Pod; `halves` is a Pod without its status.
fn one_of_each(method: &str, path: &str) -> (u16, Value) {
    let list = |items: Value| {
        (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}))
    };
    let run = || {
        json!({
            "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
            "metadata": {"name": "nightly", "namespace": "ns", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"manager": "kubectl"}]},
            "spec": {"template": {}, "ofANewerVersion": 5},
            "status": {"observedGeneration": 1, "phase": "Failed",
                "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": EVIL, "lastTransitionTime": "2026-01-01T00:01:00Z"}],
                "lastFailure": {"text": EVIL, "podName": "nightly-x", "container": "work", "exitCode": 3, "time": "2026-01-01T00:01:00Z", "message": EVIL},
                "recentPods": [{"name": EVIL, "result": "Failed", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:01:00Z",
                    "containers": [{"name": EVIL, "startedAt": "2026-01-01T00:00:10Z", "finishedAt": "2026-01-01T00:01:00Z", "exitCode": 3, "reason": EVIL}]}]}
        })
    };
    let path = path.split('?').next().unwrap_or_default();
    match (method, path.rsplit('/').next().unwrap_or_default()) {
        ("GET", "nightly") if path.contains("sidecarjobs") => (200, run()),
        ("GET", "sidecarjobs") => list(json!([run()])),
        ("GET", "events") => list(
            json!([{"metadata": {}, "involvedObject": {"kind": "SidecarJob", "name": EVIL}, "type": EVIL, "reason": EVIL, "message": EVIL}]),
        ),
        ("GET", "sidecarcronjobs" | "pods") => list(json!([])),
        ("GET", "weekly") if path.contains("sidecarcronjobs") => {
            (200, json!({"metadata": {"name": "weekly"}, "spec": {"jobTemplate": {"spec": {"template": {}}}}}))
        }
        ("GET", "weekly") => says(404, "NotFound", Some("weekly")),
        ("GET", "halves") => (200, json!({"metadata": {"name": "halves"}})),
        ("GET", "version") => (
            200,
            json!({"major": "1", "minor": "37", "gitVersion": EVIL, "gitCommit": "", "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}),
        ),
        _ => says(403, "Forbidden", None),
    }
}

/// The verbs that tell, about one run.
const TELL: [&[&str]; 4] = [&["list"], &["describe", "nightly"], &["why", "nightly"], &["timeline", "nightly"]];

#[test]
fn the_verbs_that_tell_end_with_one_sentence_and_the_code_of_each_failure() {
    for (answer, code, advice) in [
        (forbidden as fn(&str, &str) -> (u16, Value), 1, "a cluster admin binds"),
        (unauthorized, 1, "log in to the cluster again"),
        (unknown_kind, 3, "sidecarjob crds"),
        (broken, 1, "kubectl get --raw /readyz"),
    ] {
        let server = server(answer);
        for verb in TELL {
            let ended = sidecarjob(&server, verb);
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(code), "{verb:?}: {said}");
            assert!(said.starts_with("error: ") && said.contains(advice), "{verb:?}: {said}");
            assert_harmless(&format!("{verb:?}"), &ended.stderr, 1);
            assert_eq!(ended.stdout, b"", "{verb:?}");
        }
    }
    let missing = server(not_there);
    for verb in [["describe", "nightly"], ["why", "sccj/nightly"], ["timeline", "job/nightly"], ["why", "pod/nightly"]]
    {
        let ended = sidecarjob(&missing, &verb);
        assert_eq!(ended.status.code(), Some(3), "{verb:?}");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(
            said.contains("nightly in namespace ns; kubectl ") && said.contains("--all-namespaces"),
            "{verb:?}: {said}"
        );
    }
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address"); // and closed
    for verb in [TELL[0], TELL[1], TELL[2], TELL[3], &["version"]] {
        let ended = sidecarjob(&format!("http://{gone}"), verb);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code() == Some(1) && said.contains("Connection refused"), "{verb:?}: {said}");
        let ended = sidecarjob("http://127.0.0.1:1", &[verb, &["--context", "nowhere"]].concat());
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code() == Some(1) && said.contains("nowhere"), "{verb:?}: {said}");
    }
}

#[test]
fn the_verbs_that_tell_answer_in_each_form_and_what_others_wrote_is_harmless() {
    let server = server(one_of_each);
    for verb in TELL {
        for format in [&[][..], &["-o", "json"], &["-o", "yaml"]] {
            let arguments = [verb, format].concat();
            let ended = sidecarjob(&server, &arguments);
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {said}");
            assert!(!ended.stdout.is_empty(), "{arguments:?}");
            assert_harmless(&format!("{arguments:?}"), &ended.stdout, 200);
            assert_harmless(&format!("{arguments:?}"), &ended.stderr, 2);
            if format.contains(&"json") {
                serde_json::from_slice::<Value>(&ended.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            }
        }
    }
    let why = sidecarjob(&server, &["why", "nightly", "-o", "json"]);
    let why: Value = serde_json::from_slice(&why.stdout).expect("JSON");
    assert_eq!((&why["state"], &why["lastFailure"]["exitCode"]), (&json!("Failed"), &json!(3)));
    for (line, path) in
        [(&["list", "--runs", "-o", "json"][..], "/items/0"), (&["describe", "nightly", "-o", "json"], "")]
    {
        let printed: Value = serde_json::from_slice(&sidecarjob(&server, line).stdout).expect("JSON");
        let object = printed.pointer(path).expect("an object");
        assert_eq!(object["spec"]["ofANewerVersion"], 5, "{line:?}: as the API server gave it");
        assert_eq!(object["metadata"]["managedFields"], Value::Null, "{line:?}");
    }
    let names = sidecarjob(&server, &["list", "-o", "name"]);
    assert_eq!(String::from_utf8_lossy(&names.stdout), "sidecarjob.sidecarjob.dev/nightly\n");
    let version = sidecarjob(&server, &["version"]);
    assert_eq!(version.status.code(), Some(0), "what can't be read is a note");
    assert!(
        String::from_utf8_lossy(&version.stdout)
            .contains("the fields of sidecarjobs.sidecarjob.dev can't be compared: ")
    );
    assert_harmless("version", &version.stdout, 6);
}

/// How many calls `counted` got.
static CALLS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// A controller in the namespace `jobs` and one in `sidecarjob-system`.
fn two_controllers(_: &str, path: &str) -> (u16, Value) {
    let deployment = |namespace: &str| {
        json!({
            "metadata": {"name": format!("{namespace}-controller"), "namespace": namespace}, "status": {"readyReplicas": 1},
            "spec": {"replicas": 1, "selector": {}, "template": {"spec": {"containers": [
                {"name": "mesh", "image": "mesh:9.9.9"}, {"name": "controller", "image": format!("c:{}", env!("CARGO_PKG_VERSION"))}
            ]}}}
        })
    };
    let list = |items: &[Value]| {
        (200, json!({"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": {}, "items": items}))
    };
    assert!(!path.contains("/deployments") || path.contains("labelSelector=app.kubernetes.io"), "{path}");
    match path.split('?').next().unwrap_or_default() {
        "/apis/apps/v1/deployments" => list(&[deployment("jobs"), deployment("sidecarjob-system")]),
        "/apis/apps/v1/namespaces/sidecarjob-system/deployments" => list(&[deployment("sidecarjob-system")]),
        _ => one_of_each("GET", path),
    }
}

/// As `two_controllers`, for a user who may not list Deployments of all namespaces.
fn two_controllers_and_few_rights(method: &str, path: &str) -> (u16, Value) {
    match path.split('?').next().unwrap_or_default() {
        "/apis/apps/v1/deployments" => says(403, "Forbidden", None),
        _ => two_controllers(method, path),
    }
}

#[test]
fn version_finds_the_controller_in_whatever_namespace_the_user_may_see() {
    for (answer, expected) in [
        (two_controllers as fn(&str, &str) -> (u16, Value), &["jobs", "sidecarjob-system"][..]),
        (two_controllers_and_few_rights, &["sidecarjob-system"]),
    ] {
        let ended = sidecarjob(&server(answer), &["version", "-o", "json"]);
        let found: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        let controllers = found["controllers"].as_array().expect("a list").iter();
        let namespaces: Vec<_> = controllers.filter_map(|one| one["namespace"].as_str()).collect();
        assert_eq!(namespaces, expected, "{found}");
        let image = format!("c:{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(found["controllers"][0]["image"], image, "the one of the controller, not of the mesh");
    }
    let nobody = sidecarjob(&server(forbidden), &["version"]);
    assert_eq!(nobody.status.code(), Some(1), "not even the version of the API server may be read");
}

fn counted(method: &str, path: &str) -> (u16, Value) {
    CALLS.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    one_of_each(method, path)
}

#[test]
fn describe_as_json_reads_the_object_once_and_nothing_else() {
    let server = server(counted);
    let ended = sidecarjob(&server, &["describe", "nightly", "-o", "json"]);
    assert_eq!((ended.status.code(), CALLS.load(std::sync::atomic::Ordering::SeqCst)), (Some(0), 1));
    let ended = sidecarjob(&server, &["describe", "weekly", "-o", "yaml"]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(3) && said.contains("write sccj/weekly"), "{said}");
}

/// A run that goes on, a run that is Complete, and a schedule; changes are taken.
fn changes(method: &str, path: &str) -> (u16, Value) {
    let path = path.split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let done = json!([{"type": "Complete", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:01:00Z"}]);
    let object = |name: &str| {
        let conditions = if name == "done" { done.clone() } else { json!([]) };
        json!({
            "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
            "metadata": {"name": name, "namespace": "ns", "uid": name, "managedFields": [{}]},
            "spec": {"template": {}, "jobTemplate": {"spec": {"template": {}}}, "schedule": "0 2 * * *"},
            "status": {"conditions": conditions}
        })
    };
    match (method, name) {
        ("GET", "sidecarjobs") => (
            200,
            json!({"metadata": {"resourceVersion": "1"}, "kind": "List", "apiVersion": "v1", "items": [object("done")]}),
        ),
        ("GET" | "PATCH", "goes" | "goes-too" | "done" | "nightly") => (200, object(name)),
        ("POST", "sidecarjobs") => (201, object("nightly-m1")),
        _ => says(404, "NotFound", Some(name)),
    }
}

#[test]
fn the_verbs_that_change_or_wait_print_names_or_objects() {
    let server = server(changes);
    for (verb, resource) in [
        (&["stop", "goes"][..], "sidecarjob.sidecarjob.dev/goes"),
        (&["suspend", "goes"], "sidecarjob.sidecarjob.dev/goes"),
        (&["resume", "sccj/nightly"], "sidecarcronjob.sidecarjob.dev/nightly"),
        (&["wait", "done"], "sidecarjob.sidecarjob.dev/done"),
        (&["cron", "run", "nightly"], "sidecarjob.sidecarjob.dev/nightly-m1"),
    ] {
        let name = sidecarjob(&server, &[verb, &["-o", "name"]].concat());
        let said = String::from_utf8_lossy(&name.stderr).into_owned();
        assert_eq!(String::from_utf8_lossy(&name.stdout), format!("{resource}\n"), "{verb:?}: {said}");
        let object = sidecarjob(&server, &[verb, &["-o", "json"]].concat());
        let object: Value = serde_json::from_slice(&object.stdout).unwrap_or_else(|error| panic!("{verb:?}: {error}"));
        assert!(resource.ends_with(object["metadata"]["name"].as_str().expect("a name")), "{verb:?}: {object}");
        assert_eq!(object["metadata"]["managedFields"], Value::Null, "{verb:?}");
    }
    let two = sidecarjob(&server, &["suspend", "goes", "done", "goes-too", "-o", "yaml"]);
    let said = String::from_utf8_lossy(&two.stderr).into_owned();
    assert!(two.status.code() == Some(1) && said.contains("is Complete already"), "{said}");
    let list = String::from_utf8_lossy(&two.stdout).into_owned();
    assert!(list.contains("kind: List") && list.contains("goes-too"), "what was done is told: {list}");
}

#[test]
fn a_half_written_object_and_a_kind_without_pods_are_no_panic() {
    let server = server(one_of_each);
    for (verb, code, words) in [
        (&["why", "pod/halves"][..], 0, ""),
        (&["timeline", "pod/halves"], 0, ""),
        (&["describe", "pod/halves"], 0, ""),
        (&["why", "cronjob/x"], 1, "a CronJob has no Pods of its own"),
        (
            &["why", "weekly"],
            3,
            "no SidecarJob weekly in namespace ns, but there is a SidecarCronJob weekly: write sccj/weekly",
        ),
        (&["why", "deployment/x"], 2, "unknown kind"),
        (&["why"], 2, "required"),
        (&["list", "--runs", "--schedules"], 2, "cannot be used with"),
    ] {
        let ended = sidecarjob(&server, verb);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{verb:?}: {said}");
        assert!(said.contains(words) && !said.contains("panicked"), "{verb:?}: {said}");
    }
}

#[test]
fn a_value_that_begins_with_a_hyphen_is_a_value() {
    let nowhere = "http://127.0.0.1:1";
    for (arguments, code, words) in [
        (&["cron", "next", "-5 * * * *"][..], 1, "error: minute: "),
        (&["cron", "next", "-n", "batch", "0 2 * * *", "--count", "1"], 0, ""),
        (&["cron", "next", "0 2 * * *", "-z", "-05:00"], 1, "-05:00"),
        (&["cron", "next", "0 2 * * *", "--count", "-1"], 2, "-1"),
        (&["why", "etl", "--context", "-x"], 1, "-x"),
        (&["watch", "etl", "--timeout", "-5s"], 2, "-5s"),
        (&["why", "--bogus"], 2, "--bogus"),
    ] {
        let ended = sidecarjob(nowhere, arguments);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

/// What a shell offers for the last word of a line: the words typed, and the lines expected.
const WORDS: [(&[&str], &str); 7] = [
    (&["ti"], "timeline"),
    (&["why", "ni"], "nightly"),
    (&["why", "scj/"], "scj/nightly"),
    (&["watch", "n"], "nightly"),
    (&["why", "x", "-o", "j"], "json"),
    (&["why", "x", "--context", "t"], "test"),
    (&["cron", "run", "n"], ""), // there is no schedule
];

/// The program as a shell finds it.
fn path() -> String {
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_sidecarjob")).parent().expect("a folder");
    format!("{}:{}", own.display(), std::env::var("PATH").unwrap_or_default())
}

/// Runs the shell, and compares the first word of each line that it printed: zsh and fish print what a word means, too.
fn assert_offers(shell: &mut Command, config: &std::path::Path, separator: char, words: &[&str], expected: &str) {
    let ended = shell.env("PATH", path()).env("KUBECONFIG", config).output().expect("the shell runs");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let offered: Vec<&str> = text.lines().map(|line| line.split(separator).next().unwrap_or_default()).collect();
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(offered.join(" "), expected, "{words:?}: {text}{err}");
}

#[test]
fn bash_completes_verbs_options_and_names_of_objects() {
    // The words of the line, and the word to complete is the last one. What bash would offer is in COMPREPLY.
    let script = "source <(sidecarjob completion bash); \
        COMP_WORDS=(sidecarjob \"$@\"); COMP_CWORD=$#; COMP_TYPE=9; \
        _clap_complete_sidecarjob sidecarjob \"${COMP_WORDS[COMP_CWORD]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let config = kubeconfig(&server(one_of_each));
    for (words, expected) in WORDS {
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", script, "bash"]).args(words);
        assert_offers(&mut bash, &config, '\t', words, expected);
    }
}

#[test]
#[ignore = "takes zsh and fish from Debian's archive: run make test"]
fn zsh_and_fish_complete_verbs_options_and_names_of_objects() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shells");
    let shells = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("shells");
    let got = Command::new(format!("{here}/get")).arg(&shells).status().expect("tests/shells/get runs");
    assert!(got.success(), "tests/shells/get failed; it says above what it needs");
    let config = kubeconfig(&server(one_of_each));
    let libraries =
        ["usr/lib", "lib"].map(|lib| shells.join(lib).join(format!("{}-linux-gnu", std::env::consts::ARCH)));
    let libraries = std::env::join_paths(libraries).expect("a path");
    for (words, expected) in WORDS {
        let mut zsh = Command::new(shells.join("bin/zsh"));
        zsh.arg("-f").arg(format!("{here}/zsh")).args(words).env("LD_LIBRARY_PATH", &libraries);
        assert_offers(&mut zsh, &config, ':', words, expected);
        let mut fish = Command::new(shells.join("usr/bin/fish"));
        let script = "sidecarjob completion fish | source; complete -C \"$argv\"";
        fish.args(["--no-config", "-c", script, "sidecarjob"]).args(words).env("LD_LIBRARY_PATH", &libraries);
        assert_offers(&mut fish, &config, '\t', words, expected);
    }
}

#[test]
fn kubectl_asks_the_program_under_another_name() {
    let link = std::env::temp_dir().join(format!("sidecarjob-verbs-{}", std::process::id()));
    std::fs::create_dir_all(&link).expect("a folder");
    let link = link.join("kubectl_complete-sidecarjob");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sidecarjob"), &link).expect("a link");
    let config = kubeconfig(&server(one_of_each));
    for (words, expected) in WORDS {
        let mut asked = Command::new(&link);
        let expected = format!("{expected} :4");
        assert_offers(asked.args(words), &config, '\t', words, expected.trim_start());
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

#[test]
fn each_acting_verb_ends_with_the_code_that_its_help_has_and_one_harmless_line() {
    for (answer, code, advice) in [
        (forbidden as fn(&str, &str) -> (u16, Value), 1, "edit also allows starting runs"),
        (unauthorized, 1, "log in to the cluster again"),
        (unknown_kind, 3, "sidecarjob crds"),
        (not_there, 3, "--all-namespaces"),
    ] {
        let server = server(answer);
        for verb in ACTING {
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
fn a_create_that_is_refused_says_why_and_prints_nothing() {
    let manifest = file("refused.yaml", MANIFEST.as_bytes());
    for (answer, code, advice) in [
        (forbidden as fn(&str, &str) -> (u16, Value), 1, "edit also allows starting runs"),
        (unauthorized, 1, "log in to the cluster again"),
        (unknown_kind, 3, "sidecarjob crds"),
        (refuses_runs, 1, "correct what the API server rejects"),
    ] {
        let ended = sidecarjob(&server(answer), &["run", "-f", &manifest, "--wait"]);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert!(said.starts_with("error: failed to create SidecarJob nightly: ") && said.contains(advice), "{said}");
        assert_harmless("run", &ended.stderr, 1);
        assert_eq!(ended.stdout, b"");
    }
}

/// A server that must not be asked: each call is a failure that the test would see.
fn never_asked(method: &str, path: &str) -> (u16, Value) {
    (500, json!({"kind": "Status", "code": 500, "message": format!("{method} {path} was asked")}))
}

#[test]
fn a_file_that_is_no_sidecarjob_is_one_sentence_and_nothing_is_asked_for() {
    let large = [MANIFEST.as_bytes(), &vec![b'#'; 10 << 20]].concat();
    for (name, text, said) in [
        ("two.yaml", format!("{MANIFEST}---\n{MANIFEST}").into_bytes(), "has 2 documents"),
        ("job.yaml", b"apiVersion: batch/v1\nkind: Job\n".to_vec(), "run --from job/NAME"),
        ("template.yaml", b"metadata: {name: {{ .Values.name }}}".to_vec(), "which must be rendered first"),
        ("half.yaml", MANIFEST.as_bytes()[..MANIFEST.len() - 2].to_vec(), "is no YAML"),
        ("large.yaml", large, "is larger than 3 MiB"),
        (
            "evil.yaml",
            json!({"kind": EVIL.replace('\u{9b}', "")}).to_string().into_bytes(),
            "run creates SidecarJobs only",
        ),
        ("binary.yaml", vec![0xff, 0, 0xfe], "is no text"),
        ("nameless.yaml", MANIFEST.replace("{name: nightly}", "{}").into_bytes(), "or give NAME"),
    ] {
        let ended = sidecarjob(&server(never_asked), &["run", "-f", &file(name, &text)]);
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{name}: {told}");
        assert!(told.contains(said) && told.contains(name), "{name}: {told}");
        assert_harmless(name, &ended.stderr, 1);
        assert_eq!(ended.stdout, b"", "{name}");
    }
    let ended = sidecarjob(&server(never_asked), &["run", "-f", "/nowhere/etl.yaml"]);
    assert!(String::from_utf8_lossy(&ended.stderr).contains("failed to read /nowhere/etl.yaml: No such file"));
}

#[test]
fn a_dry_run_of_the_client_asks_nobody_and_prints_the_object() {
    let manifest = file("dry.yaml", MANIFEST.as_bytes());
    let dry = |format: &str| {
        let line = ["run", "-f", &manifest, "--dry-run=client", "-o", format, "other"];
        let ended = sidecarjob(&server(never_asked), &line);
        assert_eq!((ended.status.code(), ended.stderr), (Some(0), vec![]), "{format}");
        String::from_utf8(ended.stdout).expect("UTF-8")
    };
    assert_eq!(dry("text"), "sidecarjob.sidecarjob.dev/other created (dry run)\n");
    assert_eq!(dry("name"), "sidecarjob.sidecarjob.dev/other\n");
    let object: Value = serde_json::from_str(&dry("json")).expect("JSON");
    assert_eq!((&object["metadata"]["name"], &object["spec"]), (&json!("other"), &json!({})));
    assert_eq!(object["metadata"]["namespace"], "ns", "as the kubeconfig says");
    let nowhere = ["run", "-f", &manifest, "--dry-run=client", "-o", "json", "--kubeconfig", "/nowhere"];
    let object: Value = serde_json::from_slice(&sidecarjob("http://127.0.0.1:1", &nowhere).stdout).expect("JSON");
    assert_eq!(object["metadata"]["namespace"], Value::Null, "nobody knows the namespace");
    assert_eq!(serde_saphyr::from_str::<Value>(&dry("yaml")).expect("YAML")["kind"], "SidecarJob");
}

#[test]
fn a_server_that_is_down_and_a_kubeconfig_without_context_are_one_sentence() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address"); // and closed
    let kubeconfig = file("no-context.kubeconfig", b"apiVersion: v1\nkind: Config\n");
    for verb in [&ACTING[..], &[&["wait", "nightly"]]].concat() {
        let ended = sidecarjob(&format!("http://{gone}"), verb);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{verb:?}: {said}");
        assert!(said.contains("Connection refused") && said.contains("cluster-info"), "{verb:?}: {said}");
        assert_harmless(&format!("{verb:?}"), &ended.stderr, 1);
        let ended = sidecarjob("http://127.0.0.1:1", &[verb, &["--kubeconfig", &kubeconfig]].concat());
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{verb:?}: {said}");
        assert!(said.contains("has no current-context; give --context"), "{verb:?}: {said}");
        assert_harmless(&format!("{verb:?}"), &ended.stderr, 1);
    }
}

#[test]
fn words_that_make_no_sense_together_are_wrong_usage() {
    for line in [
        &["run"][..],
        &["run", "-f", "a", "--from", "job/b"],
        &["run", "--from", "deployment/web"],
        &["run", "-f", "a", "--dry-run=client", "--wait"],
        &["run", "-f", "a", "--logs", "-o", "json"],
        &["run", "-f", "a", "--timeout", "soon"],
        &["run", "-f", "a", "--timeout", "1s"],
        &["run", "-f", "a", "A b"],
        &["rerun", "etl", "--timeout", "1s"],
        &["watch", ""],
        &["why", "a b"],
        &["why", "done?x"],
        &["cron", "run", ""],
        &["cron", "backfill", "Nightly", "--from", "2026-11-24T01:00:00Z"],
        &["cron", "next", "--bogus"],
        &["wait"],
        &["wait", "etl", "--for=complete"],
        &["logs", "etl", "--tail=-1"],
        &["logs", "etl", "--previous", "--follow"],
        &["suspend"],
        &["stop", "a/b/c"],
    ] {
        let ended = sidecarjob("http://127.0.0.1:1", line);
        assert_eq!(ended.status.code(), Some(2), "{line:?}: {}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(ended.stdout, b"", "{line:?}");
    }
}

/// A run that has failed; a create is stored and has failed at once.
fn fails(method: &str, path: &str) -> (u16, Value) {
    let condition = json!({"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": EVIL,
        "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let run = json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "spec": {"template": {}},
        "metadata": {"name": "nightly", "namespace": "ns", "uid": "u", "resourceVersion": "2"},
        "status": {"conditions": [condition]}});
    match method {
        "POST" if path.contains("selfsubjectreviews") => (201, json!({"status": {"userInfo": {"username": "ann"}}})),
        "POST" => (201, run),
        _ if path.contains("/nightly") => (200, run),
        _ => (
            200,
            json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "2"},
                          "items": if path.contains("/pods") || path.contains("other") { vec![] } else { vec![run] }}),
        ),
    }
}

#[test]
fn a_run_that_fails_is_told_on_stderr_with_exit_code_1() {
    let manifest = file("fails.yaml", MANIFEST.as_bytes());
    let server = server(fails);
    for (line, out) in [
        (&["run", "-f", &manifest, "--wait"][..], "sidecarjob.sidecarjob.dev/nightly created\n"),
        (&["run", "-f", &manifest, "--wait", "-o", "name"], "sidecarjob.sidecarjob.dev/nightly\n"),
        (&["run", "-f", &manifest, "--logs"], ""),
        (&["wait", "nightly", "--timeout", "60s"], ""),
    ] {
        let ended = sidecarjob(&server, line);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{line:?}: {said}");
        assert!(said.contains("SidecarJob nightly Failed: BackoffLimitExceeded: no\\n"), "{line:?}: {said}");
        assert_harmless(&format!("{line:?}"), &ended.stderr, 2);
        assert_eq!(String::from_utf8_lossy(&ended.stdout), out, "{line:?}");
    }
    for (line, said) in [
        (["suspend", "nightly"], "a run that is over can't be suspended; kubectl sidecarjob rerun nightly"),
        (["stop", "nightly"], "is Failed already: there is nothing to stop"),
    ] {
        let ended = sidecarjob(&server, &line);
        assert_eq!(ended.status.code(), Some(1), "{line:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains(said), "{line:?}");
    }
}

/// A run that never ends: its watch is silent.
fn goes_on(method: &str, path: &str) -> (u16, Value) {
    while path.contains("watch=") {
        thread::park();
    }
    let (code, answer) = fails(method, path);
    let text = answer.to_string().replace("\"Failed\"", "\"Running\"");
    (code, serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_wait_ends_with_its_time_or_with_a_signal() {
    let server = server(goes_on);
    let ended = sidecarjob(&server, &["wait", "nightly", "--timeout", "1s", "-n", "batch"]);
    assert_eq!(ended.status.code(), Some(124));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("within 1s; the run goes on: kubectl sidecarjob why nightly -n batch"), "{said}");
    let ended = sidecarjob(&server, &["wait", "other", "nightly", "--timeout", "3s"]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.starts_with("error: no SidecarJob other") && said.contains("why nightly"), "{said}");
    let own = file("own.yaml", MANIFEST.replace("{name: nightly}", "{name: nightly, namespace: own}").as_bytes());
    let ended = sidecarjob(&server, &["run", "-f", &own, "--wait", "--timeout", "1s", "-n", "", "--context", ""]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("kubectl sidecarjob why nightly -n own"), "{said}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sidecarjob"))
        .args(["run", "-f", &file("signal.yaml", MANIFEST.as_bytes()), "--wait"])
        .env("KUBECONFIG", kubeconfig(&server))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line"); // it waits now
    assert_eq!(line, "sidecarjob.sidecarjob.dev/nightly created\n");
    let id = rustix::process::Pid::from_raw(child.id().try_into().expect("a number")).expect("an ID");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("signalled");
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(143), "an exit code of its own, as the first process of a container needs");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("SIGTERM ended this command; what it started"));
}

#[test]
fn help_of_the_acting_verbs_has_their_exit_codes() {
    for verb in ["run", "wait", "logs", "suspend", "resume", "stop", "rerun"] {
        let help = sidecarjob("http://127.0.0.1:1", &[verb, "--help"]);
        let help = String::from_utf8(help.stdout).expect("UTF-8");
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let codes = help.split_once("Exit codes: ").expect("they are there").1;
        assert!(
            ["0 ", "1 ", "2 wrong usage", "3 not found"].iter().all(|word| codes.contains(word)),
            "{verb}: {codes}"
        );
    }
}
