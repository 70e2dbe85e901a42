//! Where are the tools, and what does config/monitoring say?

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::piped;

/// The folder with prometheus, promtool and the operator's CRDs.
pub static TOOLS: LazyLock<PathBuf> = LazyLock::new(|| {
    let out = Command::new(root().join("tests/monitoring/prepare")).stderr(Stdio::inherit()).output().expect("it runs");
    assert!(out.status.success(), "tests/monitoring/prepare says above why the tools are not there");
    PathBuf::from(String::from_utf8_lossy(&out.stdout).trim())
});

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of the test's own, empty.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("monitoring-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A YAML file of the project, as JSON.
pub fn yaml(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The rules of config/monitoring, as Prometheus reads them. `change` is called for each alert.
pub fn rules(change: impl Fn(&mut Value)) -> Value {
    let mut spec = yaml("config/monitoring/rules.yaml")["spec"].clone();
    let groups = spec["groups"].as_array_mut().expect("groups");
    groups.iter_mut().flat_map(|group| group["rules"].as_array_mut().expect("rules")).for_each(change);
    spec
}

/// Runs promtool, with that on stdin.
pub fn promtool(args: &[&str], input: &str) -> Output {
    piped::output(Command::new(TOOLS.join("promtool")).args(args), input)
}

/// What it printed, on both ways.
pub fn words(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}
