//! `convert` as a script sees it: files, folders, stdin, exit codes, and what stands on stdout and stderr.

mod piped;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Output};

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: etl
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: work # does it
        image: work:1
      - name: fluent-bit
        image: fluent/fluent-bit:3
";

const NATIVE: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: etl
spec:
  template:
    spec:
      restartPolicy: Never
      initContainers:
      - name: fluent-bit
        restartPolicy: Always
        image: fluent/fluent-bit:3
      containers:
      - name: work # does it
        image: work:1
";

/// An empty folder of the test with this name.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sidecarjob-convert-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn convert(arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    command.arg("convert").args(arguments).env("KUBECONFIG", "/nowhere/kubeconfig");
    piped::output(&mut command, stdin)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn stdin_goes_to_stdout_with_all_documents_and_one_line_for_each_job_on_stderr() {
    let other = "---\nkind: ConfigMap\ndata: {a: 'b'}\n";
    let ended = convert(&["-f", "-"], &format!("{JOB}{other}"));
    assert_eq!((ended.status.code(), out(&ended)), (Some(0), format!("{NATIVE}{other}")));
    let line = err(&ended);
    assert!(line.starts_with("stdin:1: Job etl -> native: main work; sidecar fluent-bit (sure: "), "{line}");
    assert_eq!(line.lines().count(), 1);
    let again = convert(&["-f", "-"], &out(&ended));
    assert_eq!(out(&again), out(&ended));
}

#[test]
fn a_folder_is_changed_in_place_and_only_the_files_that_change_are_written() {
    let folder = folder("place");
    let files = [("a.yaml", JOB), ("b.yml", "kind: ConfigMap\n"), ("c.json", "{\"kind\": \"Pod\"}"), ("d.txt", JOB)];
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("written");
    }
    fs::create_dir(folder.join("deep")).expect("a folder");
    fs::write(folder.join("deep/e.yaml"), JOB).expect("written");
    std::os::unix::fs::symlink("a.yaml", folder.join("z.yaml")).expect("a link");
    let times =
        || ["b.yml", "c.json"].map(|name| fs::metadata(folder.join(name)).and_then(|m| m.modified()).expect("a time"));
    let before = times();
    let path = folder.display().to_string();
    let ended = convert(&["-i", "-f", &path], "");
    assert_eq!((ended.status.code(), out(&ended)), (Some(0), String::new()), "{}", err(&ended));
    let text = |name: &str| fs::read_to_string(folder.join(name)).expect("a text");
    assert_eq!((text("a.yaml"), text("d.txt"), text("deep/e.yaml")), (NATIVE.into(), JOB.into(), JOB.into()));
    assert_eq!(times(), before);
    assert!(folder.join("z.yaml").is_symlink());
    let ended = convert(&["-i", "-R", "-f", &path], "");
    assert_eq!((ended.status.code(), text("deep/e.yaml")), (Some(0), NATIVE.to_owned()));
    let left: Vec<_> = fs::read_dir(&folder).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), 6, "no file is left beside: {left:?}");
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_file_of_a_folder_that_can_not_be_read_is_told_and_the_others_change() {
    let folder = folder("unreadable");
    fs::write(folder.join("a.yaml"), JOB).expect("written");
    fs::write(folder.join("latin1.yaml"), b"# gr\xf6\xdfer\n").expect("written");
    std::os::unix::fs::symlink("nowhere", folder.join(".#b.yaml")).expect("a link");
    let ended = convert(&["-i", "-f", &folder.display().to_string()], "");
    let told = err(&ended);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains(".#b.yaml:1: error: the link leads to no file\n"), "{told}");
    assert!(
        told.contains("latin1.yaml:1: error: the file is no text: a manifest is YAML or JSON in UTF-8\n"),
        "{told}"
    );
    assert_eq!(fs::read_to_string(folder.join("a.yaml")).expect("a text"), NATIVE);
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_file_that_is_changed_in_place_keeps_its_owner_and_permissions() {
    let folder = folder("owner");
    let file = folder.join("a.yaml");
    fs::write(&file, JOB).expect("written");
    let own = fs::metadata(&file).expect("metadata").uid();
    let owner = if own == 0 { 4711 } else { own }; // only root changes the files of others
    std::os::unix::fs::chown(&file, Some(owner), None).expect("an owner");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("permissions");
    let ended = convert(&["-i", "-f", &file.display().to_string()], "");
    assert_eq!(fs::read_to_string(&file).expect("a text"), NATIVE, "{}", err(&ended));
    let metadata = fs::metadata(&file).expect("metadata");
    assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (owner, 0o640));
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn several_files_are_one_stream_with_markers_between() {
    let folder = folder("several");
    let [a, b] = ["a.yaml", "b.yaml"].map(|name| folder.join(name).display().to_string());
    fs::write(&a, JOB.trim_end()).expect("written");
    fs::write(&b, format!("\u{feff}{JOB}")).expect("written");
    let ended = convert(&["-f", &a, "-f", &b], "");
    assert_eq!(out(&ended), format!("{NATIVE}---\n{NATIVE}"), "{}", err(&ended));
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn the_same_command_changes_nothing_the_second_time() {
    let unknown = JOB.replace("fluent", "other");
    for flags in [["--sidecar", "other-bit"], ["--main", "work"]] {
        let first = convert(&[&["-f", "-"], &flags[..]].concat(), &unknown);
        let second = convert(&[&["-f", "-"], &flags[..]].concat(), &out(&first));
        let code = second.status.code();
        assert_eq!((code, out(&second)), (Some(0), NATIVE.replace("fluent", "other")), "{flags:?}: {}", err(&second));
    }
}

#[test]
fn what_is_refused_stays_as_it_is_and_the_exit_code_says_so() {
    let unknown = JOB.replace("fluent/fluent-bit:3", "x").replace("fluent-bit", "ffwd");
    let rows: [(&str, &[&str], i32, &str); 12] = [
        (&unknown, &["-f", "-"], 1, "stdin:1: error: Job etl: the containers are work, ffwd, and nothing says"),
        (&unknown, &["-f", "-", "--sidecar", "ffwd"], 0, "stdin:1: Job etl -> native: "),
        (JOB, &["-f", "-", "--main", "wrok"], 1, "error: no object has a container wrok"),
        (
            JOB,
            &["-f", "-", "--to", "annotation", "--kubernetes", "v1.30.2"],
            1,
            "needs Kubernetes 1.36 or newer, and this is 1.30",
        ),
        ("kind: ConfigMap\n", &["-f", "-"], 0, "stdin: no Job and no CronJob in it"),
        ("a: [", &["-f", "-"], 1, "stdin:1: error: no YAML: "),
        (JOB, &["-f", "/nowhere.yaml"], 3, "error: /nowhere.yaml does not exist"),
        (JOB, &["-f", "https://x.example/a.yaml"], 1, "curl -fsS https://x.example/a.yaml | … -f - reads it"),
        (
            JOB,
            &["-f", "-", "--to", "native", "--kubernetes", "1.28+"],
            1,
            "needs Kubernetes 1.29 or newer, and this is 1.28",
        ),
        (JOB, &["-i", "-f", "-"], 2, "--in-place needs files, and - is stdin"),
        (JOB, &[], 2, "required arguments"),
        (JOB, &["-f", "-", "--kubernetes", "new"], 2, "write 1.32"),
    ];
    for (text, arguments, code, expected) in rows {
        let ended = convert(arguments, text);
        assert!(err(&ended).contains(expected), "{arguments:?}: {}", err(&ended));
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}");
        if code == 1 && arguments[1] == "-" && !arguments.contains(&"wrok") {
            assert_eq!(out(&ended), text, "{arguments:?}");
        }
    }
}

#[test]
fn the_report_says_of_each_object_what_a_script_asks() {
    let ended = convert(
        &["-f", "-", "-o", "json"],
        &format!("{JOB}---\n{}", JOB.replace("- name: fluent-bit\n        image: fluent/fluent-bit:3\n", "")),
    );
    let report: serde_json::Value = serde_json::from_str(&out(&ended)).expect("JSON");
    let expected = serde_json::json!({"objects": [
        {
            "file": "stdin", "line": 1, "kind": "Job", "name": "etl", "namespace": "", "to": "native", "toKind": "Job",
            "main": ["work"], "injectedBy": [], "notes": [], "changed": true, "refused": false,
            "sidecars": [{"name": "fluent-bit", "confidence": "sure", "why": "name and image are those of fluent-bit"}],
            "reason": "plain native sidecars solve this: the kubelet stops them when the main container is done"
        },
        {
            "file": "stdin", "line": 15, "kind": "Job", "name": "etl", "namespace": "", "to": null, "toKind": null,
            "main": ["work"], "injectedBy": [], "notes": [], "changed": false, "refused": false, "sidecars": [],
            "reason": "has no sidecar, so there is nothing to solve"
        }
    ]});
    assert_eq!(report, expected);
}
