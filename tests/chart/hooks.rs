//! What does Helm wait for, and does a failed run fail the release? Four ways to bring a run, with both Helms.

use std::path::Path;

use crate::helm::{BOTH, Helm, NAMESPACE, words};
use crate::life::{image, kubectl, nothing_is_installed, restricted_namespace, try_kubectl};
use crate::{Folder, chart, root, text};

/// How a chart brings its run.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The hook of contrib/helm: a Job that runs the program.
    HookThatRuns,
    /// A hook of kind SidecarJob.
    HookOfOurKind,
    /// A hook of kind Job, which our controller runs.
    HookOfManagedJob,
    /// No hook: an object of the release, and --wait.
    Object,
}

/// A release that is installed: what Helm says of it, and the state of its run when Helm returns.
struct Row {
    way: Way,
    helms: &'static [Helm],
    main: &'static str,
    succeeds: bool,
    phase: &'static [&'static str],
}

const NAMESPACES: [&str; 4] = [NAMESPACE, "apps", "apps-client", "apps-server"];
const UNFINISHED: &[&str] = &["", "Pending", "Running"];

const ROWS: &[Row] = &[
    Row { way: Way::HookThatRuns, helms: &BOTH, main: "echo migrated", succeeds: true, phase: &["Complete"] },
    Row { way: Way::HookThatRuns, helms: &BOTH, main: "exit 3", succeeds: false, phase: &["Failed"] },
    Row { way: Way::HookOfOurKind, helms: &BOTH, main: "sleep 1000", succeeds: true, phase: UNFINISHED },
    Row { way: Way::HookOfManagedJob, helms: &BOTH, main: "exit 3", succeeds: false, phase: &["1"] },
    Row { way: Way::Object, helms: &[Helm::Four], main: "sleep 1", succeeds: true, phase: &["Complete"] },
    Row { way: Way::Object, helms: &[Helm::Four], main: "exit 3", succeeds: false, phase: &["Failed"] },
    Row { way: Way::Object, helms: &[Helm::Three], main: "sleep 1000", succeeds: true, phase: UNFINISHED },
];

const HOOK: &str = "{helm.sh/hook: pre-install}";

/// A SidecarJob or a managed Job, with these annotations.
fn run(head: &str, annotations: &str, spec: &str) -> String {
    format!(
        r#"
{head}
metadata:
  name: {{{{ .Release.Name }}}}-migrate-1
  annotations: {annotations}
spec:
  {spec}
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
      - {{name: migrate, image: "busybox:1.37", command: [sh, -c, {{{{ .Values.migrate | quote }}}}]}}
      - {{name: proxy, image: "busybox:1.37", command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.2; done"]}}
"#
    )
}

const OURS: &str = "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarJob";
const SIDECARS: &str = "sidecars: [{name: proxy}]";

fn template(way: Way) -> String {
    match way {
        Way::HookThatRuns => text("contrib/helm/hook.yaml"),
        Way::HookOfOurKind => run(OURS, HOOK, SIDECARS),
        Way::Object => run(OURS, "{}", SIDECARS),
        Way::HookOfManagedJob => run(
            "apiVersion: batch/v1\nkind: Job",
            "{helm.sh/hook: pre-install, sidecarjob.dev/sidecars: proxy}",
            "managedBy: sidecarjob.dev/controller",
        ),
    }
}

fn write_chart(folder: &Path, row: &Row) {
    let image = std::env::var("SIDECARJOB_IMAGE").expect("an image");
    std::fs::create_dir_all(folder.join("templates")).expect("a folder");
    std::fs::write(folder.join("Chart.yaml"), "{apiVersion: v2, name: app, version: 1.0.0}").expect("written");
    let values = serde_json::json!({"migrate": row.main, "sidecarjob": {"image": image}});
    std::fs::write(folder.join("values.yaml"), values.to_string()).expect("written");
    std::fs::write(folder.join("templates/run.yaml"), template(row.way)).expect("written");
}

/// Installs the chart of the row. What was otherwise than the row says.
fn wrong(n: usize, row: &Row, helm: Helm) -> Option<String> {
    let folder = Folder::new();
    write_chart(&folder.0, row);
    let release = format!("app-{n}-{}", if helm == Helm::Three { 3 } else { 4 });
    let chart = folder.0.to_str().expect("UTF-8");
    let out = helm.run(&["install", &release, chart, "-n", "apps", "--wait", "--timeout=120s"]);
    let (resource, field) = match row.way {
        Way::HookOfManagedJob => ("job", "{.status.failed}"),
        _ => ("scj", "{.status.phase}"),
    };
    let field = format!("jsonpath={field}");
    let phase = kubectl(&["-n", "apps", "get", resource, &format!("{release}-migrate-1"), "-o", &field]);
    let said = format!("{}{}", words(&out.stdout), words(&out.stderr));
    let right = out.status.success() == row.succeeds && row.phase.contains(&phase.as_str());
    eprintln!("{helm:?} {:?} {}: succeeds {}, the run is {phase:?}", row.way, row.main, out.status.success());
    (!right).then(|| format!("{helm:?} {:?} {}: the run is {phase:?}, and Helm said:\n{said}", row.way, row.main))
}

/// Manifests, and what is true when the controller has done its work with them.
const SAMPLES: &[(&str, &str)] = &[
    ("config/samples/cleanup-cluster.yaml", "scj/cleanup-cluster condition=Finished"),
    ("config/samples/nightly.yaml", "sccj/nightly condition=Ready"),
];

/// What GitOps tools would see as a difference, once the controller has worked: they apply and compare on the client or on the
/// server.
fn drift(namespace: &str, way: &[&str]) -> Vec<String> {
    kubectl(&["create", "namespace", namespace]);
    let differs = |(file, done): &(&str, &str)| {
        let file = root().join(file);
        let file = file.to_str().expect("UTF-8");
        let (object, condition) = done.split_once(' ').expect("two words");
        let with = |verb: &'static str| [&["-n", namespace, verb, "-f", file][..], way].concat();
        kubectl(&with("apply"));
        kubectl(&["-n", namespace, "wait", object, "--for", condition, "--timeout=120s"]);
        try_kubectl(&with("diff")).is_none().then(|| format!("kubectl {:?} shows a difference", with("diff")))
    };
    SAMPLES.iter().filter_map(differs).collect()
}

#[test]
#[ignore = "needs a cluster: run make test"]
fn by_helm_a_failed_run_fails_the_release_in_the_ways_that_the_page_names() {
    nothing_is_installed(&NAMESPACES);
    restricted_namespace(NAMESPACE);
    kubectl(&["create", "namespace", "apps"]);
    let (chart, image) = (chart(), image());
    let chart = chart.to_str().expect("UTF-8");
    Helm::Four.ok(&["install", "sidecarjob", chart, "-n", NAMESPACE, &image, "--wait", "--timeout=180s"]);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let on_client = scope.spawn(|| drift("apps-client", &[]));
        let on_server = scope.spawn(|| drift("apps-server", &["--server-side"]));
        let of = |(n, row): (usize, &'static Row)| row.helms.iter().map(move |helm| (n, row, *helm));
        let all = ROWS.iter().enumerate().flat_map(of);
        let all: Vec<_> = all.map(|(n, row, helm)| scope.spawn(move || wrong(n, row, helm))).collect();
        let of_rows = all.into_iter().filter_map(|one| one.join().expect("no panic"));
        let of_samples = [on_client, on_server].into_iter().flat_map(|one| one.join().expect("no panic"));
        of_rows.chain(of_samples).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let log = kubectl(&["-n", "apps", "logs", "job/app-0-4-migrate"]);
    assert!(log.contains("migrated\n"), "the hook shows the log of the run: {log}");
    try_kubectl(&["delete", "sccj", "--all", "--all-namespaces", "--timeout=120s"]);
    try_kubectl(&["delete", "--all-namespaces", "scj", "--all", "--cascade=foreground", "--timeout=120s"]);
    Helm::Four.ok(&["uninstall", "sidecarjob", "-n", NAMESPACE, "--wait", "--timeout=180s"]);
    nothing_is_installed(&NAMESPACES);
}
