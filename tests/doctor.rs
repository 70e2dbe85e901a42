//! `sidecarjob doctor` as a script sees it: exit codes and words, for API servers that answer well, ill or not at all.
//!
//! The API server is a few lines here: each call gets the answer of its method, path and body. No cluster.

mod scripted;

use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use scripted::Call;
use serde_json::{Value, json};

type Answer = fn(&Call) -> (u16, Value);

/// An API server, and the calls that it got.
struct Server {
    address: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    fn start(answer: Answer) -> Self {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let seen = calls.clone();
        let address = scripted::server(move |call| {
            let answered = answer(&call);
            seen.lock().expect("no panic").push(call);
            answered
        });
        Self { address, calls }
    }

    fn doctor(&self, arguments: &[&str]) -> Output {
        doctor(&self.address, arguments)
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no panic").clone()
    }
}

fn doctor(server: &str, arguments: &[&str]) -> Output {
    let folder = std::env::temp_dir().join(format!("sidecarjob-doctor-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("{}.kubeconfig", server.rsplit(':').next().unwrap_or_default()));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "me", "namespace": "ns"}}],
        "users": [{"name": "me", "user": {"token": "secret-token"}}]
    });
    std::fs::write(&file, config.to_string()).expect("a kubeconfig");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command.arg("doctor").args(arguments).env("KUBECONFIG", &file).output().expect("it runs")
}

fn says(code: u16, reason: &str, message: &str, name: &str) -> (u16, Value) {
    let details = json!({"name": name});
    let status = json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message, "details": details});
    (code, status)
}

fn list(items: Value) -> (u16, Value) {
    (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}))
}

fn version(minor: &str) -> (u16, Value) {
    let text = format!("v1.{minor}.1");
    let mut version = json!({"major": "1", "minor": minor, "gitVersion": text});
    for key in ["gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"] {
        version[key] = json!("");
    }
    (200, version)
}

/// What every test server says: of permissions yes, of a dry run the Pod as it was sent, of lists nothing.
fn empty_cluster(call: &Call) -> (u16, Value) {
    let last = call.path.rsplit('/').next().unwrap_or_default();
    match (call.method.as_str(), last) {
        ("GET", "version") => version("37"),
        ("POST", "selfsubjectreviews") => {
            let mut review = call.body.clone();
            review["metadata"] = json!({"creationTimestamp": "2026-01-01T00:10:00Z"});
            review["status"] = json!({"userInfo": {"username": "jane"}});
            (201, review)
        }
        ("POST", "selfsubjectaccessreviews" | "subjectaccessreviews") => {
            let mut review = call.body.clone();
            review["status"] = json!({"allowed": true});
            (201, review)
        }
        ("POST", "pods") => (201, call.body.clone()),
        ("GET", "v1") if call.path == "/apis/admissionregistration.k8s.io/v1" => {
            let kinds = ["mutatingadmissionpolicies", "validatingadmissionpolicies"];
            let kinds = kinds
                .map(|name| json!({"name": name, "singularName": "", "namespaced": false, "kind": "X", "verbs": []}));
            (
                200,
                json!({"kind": "APIResourceList", "groupVersion": "admissionregistration.k8s.io/v1", "resources": kinds}),
            )
        }
        ("GET", "v1beta1" | "v1alpha1") => {
            says(404, "NotFound", "the server could not find the requested resource", "")
        }
        ("GET", "ns") => (200, json!({"metadata": {"name": "ns"}})),
        ("GET", "sidecarjob-controller" | "sidecarjobs.sidecarjob.dev" | "sidecarcronjobs.sidecarjob.dev") => {
            says(404, "NotFound", "not found", last)
        }
        ("GET", _) => list(json!([])),
        _ => says(405, "MethodNotAllowed", "no", ""),
    }
}

/// The same with the Deployment of a controller.
fn with_controller(call: &Call) -> (u16, Value) {
    match call.path.ends_with("/deployments") {
        true => list(json!([{
            "metadata": {"name": "sidecarjob-controller", "namespace": "sidecarjob-system"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "controller"}]}}}
        }])),
        false => empty_cluster(call),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn an_empty_cluster_is_told_how_to_install() {
    let server = Server::start(empty_cluster);
    let ended = server.doctor(&[]);
    let said = text(&ended.stdout);
    assert_eq!(ended.status.code(), Some(1), "{said}{}", text(&ended.stderr));
    assert!(said.contains("Kubernetes v1.37.1, namespace ns, as jane"), "{said}");
    assert!(said.contains("  FAIL  SidecarJob is not installed on this cluster"), "{said}");
    assert!(said.contains("kubectl apply --server-side -k config/default"), "{said}");
    assert!(!said.contains("secret-token") && !said.contains('\x1b'), "{said}");
    assert_eq!(text(&ended.stderr), "");
}

#[test]
fn kubernetes_1_30_is_told_the_installation_without_the_policy() {
    let server = Server::start(|call| match call.path.as_str() {
        "/version" => version("30"),
        path if path.contains("mutatingadmissionpolic") => says(404, "NotFound", "no", ""),
        "/apis/admissionregistration.k8s.io/v1" => {
            let kind = json!({"name": "validatingadmissionpolicies", "singularName": "", "namespaced": false, "kind": "X", "verbs": []});
            (
                200,
                json!({"kind": "APIResourceList", "groupVersion": "admissionregistration.k8s.io/v1", "resources": [kind]}),
            )
        }
        _ => empty_cluster(call),
    });
    let said = text(&server.doctor(&[]).stdout);
    assert!(said.contains("MutatingAdmissionPolicy is not served: it came with Kubernetes 1.36"), "{said}");
    assert!(said.contains("-k config/without-policy") && said.contains("the controller stops containers"), "{said}");
}

#[test]
fn it_changes_nothing_and_asks_a_bounded_number_of_questions() {
    let server = Server::start(with_controller);
    server.doctor(&[]);
    let calls = server.calls();
    let writes: Vec<&Call> = calls.iter().filter(|call| call.method != "GET").collect();
    let is_harmless = |call: &&&Call| {
        call.path.ends_with("reviews") || call.path.ends_with("/pods") && call.query.contains("dryRun=All")
    };
    assert_eq!(writes.iter().filter(is_harmless).count(), writes.len(), "{writes:#?}");
    let reads = calls.iter().filter(|call| call.method == "GET").count();
    assert!(reads <= 21, "{reads} reads");
    assert!(calls.len() <= 80, "{} calls", calls.len());
    let controller =
        calls.iter().find(|call| call.path.ends_with("/subjectaccessreviews")).expect("the controller is asked about");
    assert_eq!(controller.body["spec"]["user"], "system:serviceaccount:sidecarjob-system:sidecarjob-controller");
    let nodes = calls.iter().find(|call| call.path == "/api/v1/nodes").expect("nodes are read");
    assert!(nodes.query.contains("limit=500"), "{}", nodes.query);
}

#[test]
fn without_any_permission_nothing_fails_and_each_right_is_named() {
    let server = Server::start(|call| match (call.method.as_str(), call.path.as_str()) {
        ("GET", "/version") => version("37"),
        _ => says(403, "Forbidden", "no", ""),
    });
    let ended = server.doctor(&[]);
    let said = text(&ended.stdout);
    assert_eq!(ended.status.code(), Some(0), "{said}{}", text(&ended.stderr));
    for words in [
        "not checked: needs list for nodes",
        "not checked: needs get for customresourcedefinitions",
        "not checked: needs list for deployments in namespace sidecarjob-system",
        "not checked: needs create for subjectaccessreviews",
        "not checked: needs get for leases in namespace sidecarjob-system",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("FAIL"), "{said}");
    let asked = server.calls().iter().filter(|call| call.path.ends_with("/subjectaccessreviews")).count();
    assert_eq!(asked, 1, "who may not ask about the controller asks once");
}

#[test]
fn a_right_to_create_pods_that_is_missing_sends_no_pod() {
    let server = Server::start(|call| {
        let (code, mut answer) = empty_cluster(call);
        if call.body["spec"]["resourceAttributes"]["resource"] == "pods"
            && call.path.ends_with("selfsubjectaccessreviews")
        {
            answer["status"]["allowed"] = json!(false);
        }
        (code, answer)
    });
    let said = text(&server.doctor(&[]).stdout);
    assert!(said.contains("not checked: needs create for pods (a dry run)"), "{said}");
    assert!(!server.calls().iter().any(|call| call.method == "POST" && call.path.ends_with("/pods")));
}

#[test]
fn what_webhooks_do_to_the_pod_of_the_dry_run_is_told() {
    let server = Server::start(|call| match (call.method.as_str(), call.path.ends_with("/pods")) {
        ("POST", true) => {
            let mut pod = call.body.clone();
            let proxy = json!({"name": "proxy", "image": "p"});
            pod["spec"]["containers"].as_array_mut().expect("containers").push(proxy);
            pod["spec"]["initContainers"][0].as_object_mut().expect("a sidecar").remove("restartPolicy");
            (201, pod)
        }
        _ => empty_cluster(call),
    });
    let ended = server.doctor(&["-o", "json"]);
    let report: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    assert_eq!(report["mode"], "Managed");
    let said = report.to_string();
    assert!(said.contains("a webhook strips restartPolicy: Always"), "{said}");
}

#[test]
fn words_of_admission_and_a_webhook_without_dry_run_are_told() {
    let refused: Answer = |call| match (call.method.as_str(), call.path.ends_with("/pods")) {
        ("POST", true) => says(403, "Forbidden", "exceeded quota: small\n  ok    forged \x1b[2J", "sidecarjob-doctor"),
        _ => empty_cluster(call),
    };
    let said = text(&Server::start(refused).doctor(&[]).stdout);
    assert!(said.contains("FAIL  the API server rejects a Pod with a sidecar: exceeded quota: small\\n"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
    let no_dry_run: Answer = |call| match (call.method.as_str(), call.path.ends_with("/pods")) {
        ("POST", true) => says(400, "BadRequest", "admission webhook \"x\" does not support dry run", ""),
        _ => empty_cluster(call),
    };
    let said = text(&Server::start(no_dry_run).doctor(&[]).stdout);
    assert!(said.contains("not checked: failed to create a Pod in a dry run: admission webhook"), "{said}");
}

#[test]
fn a_server_that_is_down_rejects_or_never_answers_is_one_finding() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address"); // and closed
    let ended = doctor(&format!("http://{gone}"), &[]);
    let said = text(&ended.stdout);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("Connection refused (os error 111); nothing else was checked"), "{said}");
    assert!(said.ends_with("1 check fails.\n"), "{said}");
    let rejects = Server::start(|_| says(401, "Unauthorized", "Unauthorized", ""));
    let ended = rejects.doctor(&[]);
    assert_eq!((ended.status.code(), rejects.calls().len()), (Some(1), 1));
    assert!(text(&ended.stdout).contains("Unauthorized"));
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port"); // takes connections, and never answers
    let ended = doctor(&format!("http://{}", silent.local_addr().expect("an address")), &["--timeout", "200ms"]);
    let said = text(&ended.stdout);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("no answer within --timeout"), "{said}");
}

#[test]
fn a_server_with_errors_or_nonsense_in_its_answers_is_no_panic() {
    let broken: Answer = |call| match call.path.as_str() {
        "/version" => version("37"),
        _ => (200, json!({"items": "nonsense", "kind": 5})),
    };
    let ended = Server::start(broken).doctor(&[]);
    assert_eq!(ended.status.code(), Some(0), "{}{}", text(&ended.stdout), text(&ended.stderr));
    assert!(!text(&ended.stderr).contains("panicked"));
    assert!(text(&ended.stdout).contains("not checked"));
}

#[test]
fn wrong_usage_and_a_missing_kubeconfig_have_their_codes() {
    let nowhere = "http://127.0.0.1:1";
    for (arguments, code, words) in [
        (&["--bogus"][..], 2, "--bogus"),
        (&["-o", "wide"], 2, "wide"),
        (&["--timeout", "-5s"], 2, "-5s"),
        (&["--context", "nowhere"], 1, "nowhere"),
        (&["--kubeconfig", "/nowhere"], 1, "give --kubeconfig"),
    ] {
        let ended = doctor(nowhere, arguments);
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn no_color_wins_over_a_forced_colour() {
    let server = Server::start(empty_cluster);
    let config = doctor(&server.address, &[]); // writes the kubeconfig
    assert!(!text(&config.stdout).contains('\x1b'), "no colour in a pipe");
    let port = server.address.rsplit(':').next().expect("a port");
    let file = std::env::temp_dir().join(format!("sidecarjob-doctor-{}/{port}.kubeconfig", std::process::id()));
    let coloured = |no_color: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
        command.arg("doctor").env("KUBECONFIG", &file).env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR");
        no_color.map(|value| command.env("NO_COLOR", value));
        text(&command.output().expect("it runs").stdout).contains('\x1b')
    };
    assert!(coloured(None), "CLICOLOR_FORCE colours a pipe, so the test can fail");
    assert!(!coloured(Some("1")), "NO_COLOR turns colours off");
}
