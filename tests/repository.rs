//! What a stranger gets with a clone: no link that leads out of it, no path of somebody's machine, the licence that
//! Cargo.toml names.

use std::path::{Component, Path};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Mode and path of each tracked file.
fn tracked() -> Vec<(String, String)> {
    let listed =
        Command::new("git").args(["ls-files", "--stage", "-z"]).current_dir(root()).output().expect("git runs");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    let entry = |entry: &str| {
        let (meta, path) = entry.split_once('\t').expect("a path");
        (meta.split(' ').next().unwrap_or_default().to_owned(), path.to_owned())
    };
    let all: Vec<_> = listed.split('\0').filter(|entry| !entry.is_empty()).map(entry).collect();
    assert!(all.len() > 300, "the files were found");
    all
}

/// A link that leads to another file of the repository.
fn stays_within(path: &str, target: &Path) -> bool {
    let mut depth = Path::new(path).components().count() as i64 - 1;
    target.is_relative()
        && target.components().all(|part| {
            depth += if part == Component::ParentDir { -1 } else { 1 };
            depth >= 0
        })
}

#[test]
fn no_tracked_file_is_a_link_out_of_the_tree() {
    assert!(stays_within("docs/a", Path::new("../README.md")));
    assert!(!stays_within("kubectl", Path::new("/usr/local/bin/kubectl")));
    assert!(!stays_within("docs/a", Path::new("../../b")));
    for (mode, path) in tracked() {
        if mode == "120000" {
            let target = std::fs::read_link(root().join(&path)).expect("a link");
            assert!(stays_within(&path, &target), "{path} leads to {}", target.display());
        }
    }
}

#[test]
fn no_tracked_file_names_a_path_of_somebodys_machine() {
    let homes = ["/root/", "/home/", "/Users/"];
    for (mode, path) in tracked() {
        if mode == "120000" || path == file!() {
            continue;
        }
        let Ok(bytes) = std::fs::read(root().join(&path)) else { continue }; // deleted, and not committed yet
        for home in homes {
            let found = bytes.windows(home.len()).any(|window| window == home.as_bytes());
            assert!(!found, "{path} names a path below {home}");
        }
    }
}

#[test]
fn the_licence_is_the_one_that_cargo_toml_names() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    assert!(manifest.contains("license = \"Apache-2.0\""));
    let licence = std::fs::read_to_string(root().join("LICENSE")).expect("LICENSE");
    assert!(licence.contains("Apache License") && licence.contains("Version 2.0, January 2004"));
}
