//! How does a test get the Go program of a folder of `tests`?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The program; Go itself sees whether anything is to be built, and go.sum pins what. Each test target has its own, so that no
/// process writes a program that another one runs.
pub fn build(folder: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(folder.to_owned()).or_insert_with(|| compile(folder)).clone()
}

fn compile(folder: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{folder}", env!("CARGO_CRATE_NAME")));
    let out = Command::new("go")
        .args(["build", "-mod=readonly", "-o", program.to_str().expect("UTF-8"), "."])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder))
        .env("GOFLAGS", "-buildvcs=false") // as tests/devcluster/prepare: what is compiled there is not compiled again
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .output()
        .expect("Go is on the PATH: install it from https://go.dev/dl");
    assert!(out.status.success(), "go build tests/{folder}: {}", String::from_utf8_lossy(&out.stderr));
    program
}
