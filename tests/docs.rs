//! The pages name tests, files and words: each of them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below these folders with that ending.
fn files(folders: &[&str], ending: &str) -> Vec<PathBuf> {
    let mut left: Vec<PathBuf> = folders.iter().map(|f| root().join(f)).collect();
    let mut found = Vec::new();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found
}

/// The names of all tests of the project.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in files(&["src", "tests"], "rs") {
        let text = fs::read_to_string(&file).expect("text");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test && !line.starts_with("//")) else {
                continue;
            };
            names.extend(rest.split(['(', '<']).next().map(str::to_owned));
            is_test = false;
        }
    }
    assert!(names.len() > 200, "the tests were found");
    names
}

/// What stands between backticks in a table's last cell.
fn named(line: &str) -> Vec<&str> {
    let Some(cell) = line.trim().trim_end_matches('|').rsplit('|').next().filter(|_| line.starts_with('|')) else {
        return Vec::new();
    };
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_tests_that_the_pages_name_exist() {
    let tests = tests();
    let is_name = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let mut missing = Vec::new();
    let mut seen = 0;
    for file in files(&["docs"], "md") {
        let text = fs::read_to_string(&file).expect("text");
        // The tables of this page name metrics; the last one names tests.
        let text = text
            .split_once("## What proves it")
            .filter(|_| file.ends_with("metrics.md"))
            .map_or(&*text, |(_, last)| last);
        for name in text.lines().flat_map(named).filter(is_name) {
            seen += 1;
            if !tests.contains(name) {
                missing.push(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(seen > 80, "the tables were found: {seen}");
    assert_eq!(missing, [""; 0], "a page names a test that is not there");
}

#[test]
fn the_links_between_the_pages_lead_somewhere() {
    let mut broken = Vec::new();
    let tops = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|f| root().join(f));
    for file in files(&["docs"], "md").into_iter().chain(tops) {
        let text = fs::read_to_string(&file).expect("text");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let inside = !path.is_empty() && !path.contains("://");
            if inside && !file.parent().expect("a folder").join(path).exists() {
                broken.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert_eq!(broken, [""; 0], "a link leads nowhere");
}

/// The minor version that a go.mod requires of Kubernetes, as 1.37.
fn kubernetes_of(go_mod: &Path) -> String {
    let text = fs::read_to_string(go_mod).expect("text");
    let version = text.split_once("k8s.io/kubernetes v").expect("it requires Kubernetes").1;
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

#[test]
fn the_page_of_versions_has_a_row_of_results_for_each_version_that_make_compat_tries() {
    let mut tried = files(&["tests/compat/controlplane"], "mod");
    tried.retain(|file| !file.ends_with("go.mod"));
    tried.push(root().join("tests/devcluster/programs/go.mod"));
    let mut tried: Vec<_> = tried.iter().map(|file| kubernetes_of(file)).collect();
    tried.sort();
    let page = fs::read_to_string(root().join("docs/versions.md")).expect("the page");
    let table = page.split_once("<!-- made by make compat -->").and_then(|(_, rest)| rest.split_once("<!-- end -->"));
    let rows: Vec<_> = table.expect("the markers are there").0.trim().lines().skip(2).collect();
    let versions: Vec<_> = rows.iter().filter_map(|row| row.split('|').nth(1)).map(str::trim).collect();
    assert_eq!(versions, tried, "run make compat");
    for row in rows {
        assert!(!row.contains("| no:"), "the page says what does not work: {row}");
        assert!(!row.contains("not tried"), "run make compat: {row}");
    }
}
