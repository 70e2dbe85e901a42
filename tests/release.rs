//! What is released is what the pages say: the changelog and the workflows fit the program, archives have the same bytes for
//! the same input, and krew installs the plugin. `make release-test` tries the built files themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const WORKFLOWS: [&str; 2] = ["ci", "release"];

fn workflow(name: &str) -> Value {
    serde_saphyr::from_str(&text(&format!(".github/workflows/{name}.yml"))).expect("YAML")
}

/// The steps of all jobs.
fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().expect("jobs").values();
    let all: Vec<_> = jobs.flat_map(|job| job["steps"].as_array().expect("steps")).collect();
    assert!(all.len() > 3, "the steps were found");
    all
}

/// A target of the Makefile, with variables behind it.
fn target(run: &str) -> Option<&str> {
    let mut words = run.split_whitespace();
    let is_variable = |word: &str| word.split_once('=').is_some_and(|(name, _)| name.chars().all(char::is_uppercase));
    let target = words.next().filter(|word| *word == "make").and_then(|_| words.next())?;
    words.all(is_variable).then_some(target)
}

#[test]
fn each_command_of_a_workflow_is_a_target_of_the_makefile() {
    assert_eq!(target("make publish TAG=\"$TAG\""), Some("publish"));
    assert_eq!(target("make image && ls"), None);
    assert_eq!(target("cargo test"), None);
    let makefile = text("Makefile");
    let targets: BTreeSet<_> =
        makefile.lines().filter_map(|line| line.split_once(": ## ")).map(|(name, _)| name).collect();
    for name in WORKFLOWS {
        for run in steps(&workflow(name)).iter().filter_map(|step| step["run"].as_str()) {
            let target = target(run).unwrap_or_else(|| panic!("{name}.yml: `{run}` is not one make command"));
            assert!(targets.contains(target), "{name}.yml: the Makefile has no target {target}");
        }
    }
}

#[test]
fn each_action_of_a_workflow_is_pinned_by_its_commit() {
    for name in WORKFLOWS {
        let workflow = workflow(name);
        let used: Vec<_> = steps(&workflow).iter().filter_map(|step| step["uses"].as_str()).collect();
        assert!(!used.is_empty());
        for action in used {
            let commit = action.split_once('@').map(|(_, commit)| commit).unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit, "{name}.yml: {action} is not pinned by a commit");
        }
    }
}

#[test]
fn a_workflow_may_only_read_unless_a_job_publishes() {
    for name in WORKFLOWS {
        let workflow = workflow(name);
        assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}), "{name}.yml");
        for (job, what) in workflow["jobs"].as_object().expect("jobs") {
            assert!(what["permissions"].is_null() || job == "publish", "{name}.yml: {job} has permissions of its own");
        }
    }
}

#[test]
fn the_newest_version_of_the_changelog_is_that_of_the_program() {
    let changelog = text("CHANGELOG.md");
    let versions = changelog.lines().filter_map(|line| line.strip_prefix("## ["));
    let newest = versions.filter_map(|rest| rest.split_once(']')).find(|(name, _)| *name != "Unreleased");
    let (version, date) = newest.expect("a version");
    assert_eq!(version, VERSION);
    let parts: Vec<_> = date.strip_prefix(" - ").expect("a date").split('-').map(str::len).collect();
    assert_eq!(parts, [4, 2, 2], "the date of {version} is {date}");
}

#[test]
fn the_notes_of_a_release_are_what_the_changelog_says_of_its_version() {
    let notes = run(&root().join("release/notes"), &[]);
    assert!(notes.contains("### Added"), "{notes}");
    assert!(!notes.contains("\n## "), "only this version:\n{notes}");
}

#[test]
fn a_tag_of_another_version_is_refused() {
    let out = Command::new(root().join("release/check")).arg("v9.9.9").output().expect("it runs");
    assert!(!out.status.success());
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains(&format!("make release-check TAG=v{VERSION}")), "{said}");
}

/// What the command prints, if it succeeds.
fn run(program: &Path, args: &[&str]) -> String {
    let out =
        Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{} {args:?}: {said}", program.display());
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// Go in release/, which has the program that packs, and actionlint.
fn go(args: &[&str]) -> String {
    go_in("release", args)
}

fn go_in(folder: &str, args: &[&str]) -> String {
    let out = Command::new("go")
        .args(args)
        .current_dir(root().join(folder))
        .env("GOWORK", "off")
        .env("GOFLAGS", "-buildvcs=false")
        .output()
        .expect("go runs: install Go 1.24 or newer");
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "go {args:?}: {said}{}", String::from_utf8_lossy(&out.stderr));
    said.into_owned()
}

#[test]
#[ignore = "needs Go: run make test"]
fn actionlint_finds_nothing_in_the_workflows() {
    let files = WORKFLOWS.map(|name| root().join(format!(".github/workflows/{name}.yml")));
    let files = files.each_ref().map(|file| file.to_str().expect("UTF-8"));
    go(&[&["tool", "actionlint", "-no-color", "-shellcheck=", "-pyflakes="], &files[..]].concat());
}

#[test]
#[ignore = "needs Go: run make test"]
fn an_image_of_the_same_input_has_the_same_bytes_and_a_registry_takes_it() {
    let said = go(&["test", "./..."]);
    assert!(said.contains("ok") && !said.contains("no tests to run"), "{said}");
}

/// An archive of the plugin, made by `release pack`, whose program is a script.
fn plugin(folder: &Path, platform: &str) -> PathBuf {
    let program = folder.join("program");
    fs::write(&program, "#!/bin/sh\necho plugin $1\n").expect("written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, executable).expect("executable");
    let archive = folder.join(format!("kubectl-sidecarjob-{VERSION}-{platform}.tar.gz"));
    let program = format!("kubectl-sidecarjob={}", program.display());
    let licence = format!("LICENSE={}", root().join("LICENSE").display());
    let out = archive.to_str().expect("UTF-8");
    go(&["run", ".", "pack", "-out", out, "-created", "1700000000", &program, &licence]);
    archive
}

#[test]
#[ignore = "needs Go: run make test"]
fn krew_takes_the_manifest_and_installs_the_plugin() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("krew");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let platforms = ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"];
    let archives = platforms.map(|platform| plugin(&folder, platform));
    let again = fs::read(&archives[0]).expect("read");
    assert_eq!(again, fs::read(&archives[1]).expect("read"), "the same input gives the same bytes");

    let manifest = folder.join("sidecarjob.yaml");
    let (file, within) = (manifest.to_str().expect("UTF-8"), folder.to_str().expect("UTF-8"));
    let url = "https://example.com/sidecarjob";
    go(&["run", ".", "krew", "-out", file, "-version", VERSION, "-homepage", url, "-url", url, within]);
    go_in("release/krew-module", &["tool", "validate-krew-manifest", "-manifest", file, "-skip-install"]);
    for platform in platforms {
        let name = format!("{url}/kubectl-sidecarjob-{VERSION}-{platform}.tar.gz");
        assert!(fs::read_to_string(&manifest).expect("read").contains(&name), "{platform} is in the manifest");
    }

    let arch = if cfg!(target_arch = "aarch64") { "linux-arm64" } else { "linux-amd64" };
    let archive = archives.iter().find(|archive| archive.to_string_lossy().contains(arch)).expect("an archive");
    let krew = folder.join("krew root");
    let args = [file, archive.to_str().expect("UTF-8"), krew.to_str().expect("UTF-8")];
    run(&root().join("release/krew-install"), &args);
    assert_eq!(run(&krew.join("bin/kubectl-sidecarjob"), &["works"]), "plugin works\n");
    assert!(krew.join("store/sidecarjob").join(format!("v{VERSION}/LICENSE")).exists(), "with its licence");
}
