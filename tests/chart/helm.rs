//! How do the tests run both Helms, and what is rendered?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

use crate::{chart, root};

/// Which Helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helm {
    Three,
    Four,
}

pub const BOTH: [Helm; 2] = [Helm::Four, Helm::Three];

/// The namespace of the tests, and of `config/`.
pub const NAMESPACE: &str = "sidecarjob-system";

static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let out = Command::new(root().join("tests/chart/prepare")).stderr(Stdio::inherit()).output().expect("it runs");
    assert!(out.status.success(), "tests/chart/prepare says above why Helm is not there");
    PathBuf::from(String::from_utf8_lossy(&out.stdout).trim())
});

/// Objects by kind, namespace and name.
pub type Objects = BTreeMap<String, Value>;

impl Helm {
    /// Runs it, on the cluster of $KUBECONFIG if it needs one.
    pub fn run(self, args: &[&str]) -> Output {
        let program = PROGRAMS.join(if self == Self::Three { "helm3" } else { "helm4" });
        Command::new(program)
            .args(args)
            .env("HELM_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("HELM_CONFIG_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("HELM_DATA_HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .output()
            .expect("Helm runs")
    }

    /// Runs it; it must succeed. What it printed.
    pub fn ok(self, args: &[&str]) -> String {
        let out = self.run(args);
        assert!(out.status.success(), "{self:?} {args:?}:\n{}{}", words(&out.stdout), words(&out.stderr));
        words(&out.stdout)
    }

    /// Runs it; it must fail. What it said.
    pub fn fails(self, args: &[&str]) -> String {
        let out = self.run(args);
        assert!(!out.status.success(), "{self:?} {args:?} succeeds:\n{}", words(&out.stdout));
        words(&out.stderr)
    }

    /// What `helm template` makes of this chart.
    pub fn template(self, chart: &Path, args: &[&str]) -> Objects {
        let chart = chart.to_str().expect("UTF-8");
        objects(&self.ok(&[&["template", "sidecarjob", chart, "--namespace", NAMESPACE], args].concat()))
    }

    /// What `helm template` makes of the chart.
    pub fn render(self, args: &[&str]) -> Objects {
        self.template(&chart(), args)
    }
}

pub fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The objects of a stream of YAML, those of Lists too. Each is there once.
pub fn objects(yaml: &str) -> Objects {
    let mut all = Objects::new();
    for text in format!("\n{yaml}").split("\n---\n").flat_map(|text| text.split("\n--- \n")) {
        let value = parsed(text);
        if value.is_null() {
            continue;
        }
        let items = value["items"].as_array().filter(|_| value["kind"] == "List").cloned();
        for object in items.unwrap_or_else(|| vec![value]) {
            let key = key(&object);
            assert!(all.insert(key.clone(), object).is_none(), "{key} is there twice");
        }
    }
    all
}

/// A document as JSON. The CRDs are the same in each answer, and take a second: they are read once.
fn parsed(text: &str) -> Value {
    static KNOWN: Mutex<BTreeMap<String, Value>> = Mutex::new(BTreeMap::new());
    if let Some(value) = KNOWN.lock().expect("not poisoned").get(text) {
        return value.clone();
    }
    let value: Value = serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    if text.len() > 100_000 {
        KNOWN.lock().expect("not poisoned").insert(text.into(), value.clone());
    }
    value
}

/// Kind, namespace and name.
fn key(object: &Value) -> String {
    let of = |field: &str| object["metadata"][field].as_str().map(|s| format!(" {s}")).unwrap_or_default();
    format!("{}{}{}", object["kind"].as_str().unwrap_or("?"), of("namespace"), of("name"))
}
