//! `lint` as a script sees it: files, folders, stdin, objects of a cluster, exit codes, and docs/lint.md.

mod piped;
mod scripted;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};

const HANGS: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: etl
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: work
        image: w
      - name: cloud-sql-proxy
        image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1
";
const WARNS: &str = "\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: '* 2 * * *'
  jobTemplate: {spec: {template: {spec: {containers: [{name: work, image: w}]}}}}
";
const OTHER: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {x: '{{ y }}'}\n";

/// A folder of its own for a test, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sidecarjob-lint-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("below")).expect("a folder");
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.0.join(name);
        fs::write(&file, text).expect("written");
        file.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn lint(arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    piped::output(command.arg("lint").args(arguments).env("KUBECONFIG", "/nowhere/config"), stdin)
}

/// Exit code, stdout, stderr.
fn said(out: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn a_file_a_folder_and_stdin_are_read_and_the_exit_code_says_what_was_found() {
    let folder = Folder::new("read");
    let (hangs, other) = (folder.file("hangs.yaml", HANGS), folder.file("other.yaml", OTHER));
    folder.file("below/warns.yml", WARNS);
    let broken = folder.file("broken.txt", "a: [\n");
    let here = folder.0.display().to_string();
    // Arguments; exit code; words of stdout; words of stderr.
    let rows: &[(&[&str], i32, &str, &str)] = &[
        (
            &["-f", &hangs],
            1,
            "hangs.yaml:12:9: error: Job etl: container cloud-sql-proxy never ends",
            "1 error and 0 warnings in 1 object",
        ),
        (&["-f", &other], 0, "", "no Job, CronJob, SidecarJob or SidecarCronJob to look at"),
        (&["-f", &here], 1, "[sidecar-never-ends]", "in 1 object"),
        (&["-f", &here, "-R"], 1, "[schedule-every-minute]", "1 error and 1 warning in 2 objects"),
        (&["-f", "-"], 1, "stdin:5:3: warning: CronJob nightly", "0 errors and 1 warning"),
        (&["-f", "-", "--severity", "error"], 0, "stdin:5:3: warning", "1 warning"),
        (&["-f", &broken], 1, "", "broken.txt:"),
        (&["-f", "/nowhere/x.yaml"], 3, "", "/nowhere/x.yaml does not exist"),
        (&["-f", "-", "job/etl"], 2, "", "cannot be used with"),
        (&["--explain", "nonsense"], 2, "", "sidecar-never-ends"),
        (&["-R"], 2, "", "--filename"),
        (&["job/etl"], 1, "", "/nowhere/config"),
        (&["pod/etl"], 2, "", "lint does not look at Pods"),
        (&["-f", &here, "d/b.yml"], 2, "", "write -f before each file"),
    ];
    for (arguments, code, out, err) in rows {
        let (exit, stdout, stderr) = said(&lint(arguments, WARNS));
        assert_eq!(exit, Some(*code), "{arguments:?}: {stdout}{stderr}");
        assert!(stdout.contains(out) && stderr.contains(err), "{arguments:?}: {stdout}{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn a_comment_or_an_annotation_switches_a_finding_off_and_a_wrong_name_is_told() {
    let commented =
        HANGS.replace("      - name: cloud", "      # sidecarjob-lint: ignore sidecar-never-ends\n      - name: cloud");
    let annotated =
        HANGS.replace("  name: etl", "  name: etl\n  annotations: {sidecarjob.dev/lint-ignore: sidecar-never-ends}");
    let wrong = HANGS.replace("  name: etl", "  name: etl # sidecarjob-lint: ignore never-ends");
    assert_eq!(said(&lint(&["-f", "-"], &commented)).0, Some(0));
    assert_eq!(said(&lint(&["-f", "-"], &annotated)).0, Some(0));
    let (code, _, stderr) = said(&lint(&["-f", "-"], &wrong));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("\"never-ends\" is no finding"), "{stderr}");
}

#[test]
fn a_reader_that_has_enough_is_no_panic() {
    let many: String = (0..2000).map(|_| format!("---\n{HANGS}")).collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sidecarjob"))
        .args(["lint", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = thread::spawn(move || stdin.write_all(many.as_bytes()));
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    assert!(line.contains("[sidecar-never-ends]"), "{line}");
    let out = child.wait_with_output().expect("the program ends"); // stdout is closed
    writer.join().expect("no panic").expect("all is read");
    assert_eq!((out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned()), (Some(141), String::new()));
}

/// What an API server answers that has a Job that hangs and one that a CronJob owns, and lacks our kinds.
fn answer(path: &str) -> (u16, Value) {
    let mut job: Value = serde_saphyr::from_str(HANGS).expect("YAML");
    job["metadata"]["namespace"] = json!("batch");
    let mut owned = job.clone();
    owned["metadata"]["ownerReferences"] = json!([{"kind": "CronJob", "controller": true}]);
    let status = |code: u16, reason: &str| {
        (code, json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "details": {"name": "x"}}))
    };
    match path {
        "/apis/batch/v1/namespaces/batch/jobs" | "/apis/batch/v1/jobs" => {
            (200, json!({"metadata": {}, "items": [job, owned]}))
        }
        "/apis/batch/v1/namespaces/batch/jobs/etl" => (200, job),
        "/apis/batch/v1/namespaces/batch/cronjobs" | "/apis/batch/v1/cronjobs" => {
            (200, json!({"metadata": {}, "items": []}))
        }
        "/apis/batch/v1/namespaces/secret/cronjobs" => status(403, "Forbidden"),
        path if path.contains("sidecarjob.dev") => (404, json!("404 page not found")),
        _ => status(404, "NotFound"),
    }
}

#[test]
fn objects_of_a_cluster_are_named_with_their_fields_and_kinds_that_it_lacks_are_passed_over() {
    let folder = Folder::new("live");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": scripted::server(|call| answer(&call.path))}}], "users": [{"name": "x", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x", "namespace": "batch"}}]
    });
    let config = folder.file("config", &config.to_string());
    let found = "job.batch/etl -n batch: spec.template.spec.containers[1].name: error: Job etl";
    let rows: &[(&[&str], i32, &str, &str)] = &[
        (&[], 1, found, "1 error and 0 warnings in 1 object"),
        (&["-A"], 1, found, "in 1 object"),
        (&["job/etl"], 1, found, "in 1 object"),
        (&["job/other"], 3, "", "no Job other in namespace batch"),
        (&["pod/etl"], 2, "", "lint does not look at Pods"),
        (&["-n", "secret"], 1, "", "failed to list CronJobs in namespace secret"),
        (&["other"], 3, "", "error: "),
    ];
    for (arguments, code, out, err) in rows {
        let all = [*arguments, &["--kubeconfig", &config]].concat();
        let (exit, stdout, stderr) = said(&lint(&all, ""));
        assert_eq!(exit, Some(*code), "{arguments:?}: {stdout}{stderr}");
        assert!(stdout.contains(out) && stderr.contains(err), "{arguments:?}: {stdout}{stderr}");
    }
}

#[test]
fn explain_prints_the_page_of_docs_lint_md() {
    let docs = fs::read_to_string(page()).expect("docs/lint.md");
    for name in sidecarjob::cli::lint::names() {
        let (code, page, _) = said(&lint(&["--explain", name], ""));
        assert!(code == Some(0) && page.starts_with(&format!("## {name}\n")), "{page}");
        let is_there = |line: &&str| line.contains("docs/") || docs.contains(*line);
        assert_eq!(page.lines().find(|line| !is_there(line)), None, "docs/lint.md has the page of {name}, with links");
        assert!(!page.contains("]("), "a link leads nowhere here: {page}");
    }
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint.md")
}

/// What stands in docs/lint.md before the part that comes from the program.
const GENERATED: &str =
    "<!-- The rest of this page comes from src/cli/lint: UPDATE_LINT=1 cargo test --test lint_program -->\n\n";

#[test]
fn docs_lint_md_has_what_the_program_says() {
    let text = fs::read_to_string(page()).expect("docs/lint.md");
    let (head, pages) = text.split_once(GENERATED).expect("the line before the generated part");
    if std::env::var_os("UPDATE_LINT").is_some() {
        fs::write(page(), format!("{head}{GENERATED}{}", sidecarjob::cli::lint::pages())).expect("written");
        return;
    }
    assert!(pages == sidecarjob::cli::lint::pages(), "docs/lint.md is not what the program says: UPDATE_LINT=1");
}
