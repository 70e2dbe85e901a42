//! The Go program that asks the tools' own libraries: built once, asked by lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::go_program;
use super::support::piped;

/// What the tools say of one version of an object.
#[derive(Clone, Debug, Deserialize)]
pub struct Judgement {
    /// kstatus, the original.
    pub kstatus: String,
    /// kstatus as Helm and Flux have it.
    pub helm: String,
    /// Flux with contrib/flux.
    pub flux: String,
    /// Argo CD with contrib/argocd, and what people read beside the health.
    pub argocd: String,
    pub message: String,
    /// The actions that Argo CD offers.
    pub actions: Vec<String>,
}

/// What Argo CD does for an action.
#[derive(Clone, Debug, Deserialize)]
pub struct Impact {
    pub operation: String,
    pub resource: Value,
}

/// What the tools say of each object.
pub fn judge(objects: &[Value]) -> Vec<Judgement> {
    answers(&["judge"], objects)
}

/// What Argo CD does with an object for that action.
pub fn act(action: &str, object: &Value) -> Vec<Impact> {
    answers(&["act", action], std::slice::from_ref(object)).remove(0)
}

/// The tests beside Argo CD's scripts that fail.
pub fn failing_cases() -> String {
    run(&["cases"], &[])
}

/// What k9s does not take of contrib/k9s, by its own schemas.
pub fn unfit_for_k9s() -> String {
    let schemas = module("tests/tools/k9s", "github.com/derailed/k9s").join("internal/config/json/schemas");
    run(&["k9s", schemas.to_str().expect("UTF-8")], &[])
}

/// The folder of a Go module, with the version and the sum that the files in that folder pin.
fn module(pinned_in: &str, name: &str) -> PathBuf {
    let manifest = root().join(pinned_in);
    let text = std::fs::read_to_string(manifest.join("go.mod")).expect("go.mod");
    let version = text.lines().find_map(|line| line.strip_prefix(&format!("require {name} "))).expect("its version");
    let out = Command::new("go")
        .args(["mod", "download", "-json", &format!("{name}@{version}")])
        .current_dir(manifest)
        .env("GOWORK", "off")
        .output()
        .expect("Go is on the PATH: install it from https://go.dev/dl");
    let said: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert!(out.status.success(), "go mod download {name}@{version}: {said}");
    PathBuf::from(said["Dir"].as_str().expect("a folder"))
}

fn answers<T: DeserializeOwned>(question: &[&str], objects: &[Value]) -> Vec<T> {
    let out = run(question, objects);
    let answers: Vec<T> = out.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
    assert_eq!(answers.len(), objects.len(), "an answer for each object");
    answers
}

fn run(question: &[&str], objects: &[Value]) -> String {
    let contrib = root().join("contrib");
    let mut args = vec![question[0], contrib.to_str().expect("UTF-8")];
    args.extend(&question[1..]);
    let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let out = piped::output(Command::new(go_program::build("tools")).args(args), &lines);
    assert!(out.status.success(), "tools {question:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
