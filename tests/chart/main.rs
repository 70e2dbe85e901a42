//! Is the Helm chart what kustomize installs, does it render what its values say, and do runs survive its whole life?
//!
//! `copies` and `values` need nothing, `templates` and `kustomize` need both Helms (`tests/chart/prepare` builds them from Go
//! modules), `life` and `hooks` a real cluster. Their controller looks at all namespaces, so these tests run after all others,
//! one after the other: `tests/run` knows them by the words `by_helm` in their names.

mod copies;
mod helm;
mod hooks;
mod kustomize;
mod life;
mod life_with_others;
mod package;
mod rows;
mod templates;
mod values;

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn chart() -> PathBuf {
    root().join("charts/sidecarjob")
}

/// The text of a file of the project.
fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A folder of the test's own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("chart-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// A copy of the chart in the folder, for a test that changes it.
    fn chart(&self) -> PathBuf {
        let to = self.0.join("sidecarjob");
        copy(&chart(), &to);
        to
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("copied");
        }
    }
}
