//! What works on this version of Kubernetes? Each module is a column of docs/versions.md, each version a row: `make compat`
//! runs these tests on a control plane of every version and writes the table from their results.
//!
//! No kubelet of an old version is built: `kubelet` plays one. What a version does not have, a test says by `absent`, after
//! it has seen what the API server does instead.

mod chart;
mod explain;
mod jobs;
mod kubelet;
mod kubernetes;
mod kustomize;
mod managed;
mod manifest;
mod native;
mod schedules;
mod selectors;
#[path = "../support/mod.rs"]
mod support;
mod upgrade;

use std::process::{Command, Output};

use support::{World, piped};

/// The minor version of the API server.
async fn minor(w: &World) -> u32 {
    let version = w.client.apiserver_version().await.expect("the API server tells its version");
    let digits: String = version.minor.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// The cell of that column says these words instead of `yes`: the version does not have what the column is about.
fn absent(column: &str, words: &str) {
    let Ok(folder) = std::env::var("COMPAT_CELLS") else { return };
    std::fs::write(format!("{folder}/{column}"), format!("{words}\n")).expect("the cell is written");
}

/// The folder of `config` that the documentation names for this version.
async fn folder(w: &World) -> String {
    let name = if minor(w).await >= 36 { "default" } else { "without-policy" };
    format!("{}/config/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs kubectl for the whole cluster, as an admin who names no namespace. The simulated kubelet goes on meanwhile.
fn kubectl(args: &[&str], input: &str) -> Output {
    let mut kubectl = Command::new(std::env::var("KUBECTL").unwrap_or("kubectl".into()));
    tokio::task::block_in_place(|| piped::output(kubectl.args(args), input))
}

/// A command that succeeded. What it printed.
fn succeeded(what: &str, out: &Output) -> String {
    assert!(out.status.success(), "{what}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// A command that succeeded, with no warning and nothing else that a user would have to read twice.
fn quiet(what: &str, out: &Output) -> String {
    let printed = succeeded(what, out);
    assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{what}");
    printed
}
