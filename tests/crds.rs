//! `crds/` is what the code says, and so is the list of well-known sidecars in `config/components/well-known-sidecars`.
//! `UPDATE_CRDS=1 cargo test --test crds` (`make crds`) writes both anew.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kube::ResourceExt;
use sidecarjob::{api, cli};

const HEADER: &str = "# Generated from src/api. Never edited: UPDATE_CRDS=1 cargo test --test crds writes it anew.\n";

fn file(name: &str) -> PathBuf {
    // sidecarjobs.sidecarjob.dev.yaml, as `kubectl get crd` has the name
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crds").join(format!("{name}.yaml"))
}

#[test]
fn the_files_are_what_the_code_says() {
    for crd in api::crd::all() {
        let file = file(&crd.name_any());
        let want = format!("{HEADER}{}", cli::crds::yaml(&crd).expect("YAML"));
        if std::env::var_os("UPDATE_CRDS").is_some() {
            std::fs::write(&file, &want).expect("written");
        }
        let have = std::fs::read_to_string(&file).unwrap_or_default();
        let differs = have.lines().zip(want.lines()).position(|(a, b)| a != b);
        let line = differs.map_or("the end".into(), |n| format!("line {}", n + 1));
        assert!(
            have == want,
            "{} differs from the code at {line}; run: UPDATE_CRDS=1 cargo test --test crds",
            file.display()
        );
    }
}

#[test]
fn every_file_belongs_to_a_kind() {
    let known: Vec<PathBuf> = api::crd::all().iter().map(|crd| file(&crd.name_any())).collect();
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crds");
    for entry in std::fs::read_dir(dir).expect("crds/") {
        let path = entry.expect("an entry").path();
        assert!(known.contains(&path) || path.ends_with("Kustomization"), "{} is of no kind", path.display());
    }
}

#[test]
fn the_yaml_reads_back_as_the_same_definition() {
    for crd in api::crd::all() {
        let text = cli::crds::yaml(&crd).expect("YAML");
        let back: serde_json::Value = serde_saphyr::from_str(&text).expect("reads");
        assert_eq!(back, serde_json::to_value(&crd).expect("JSON"), "{}", crd.name_any());
    }
}

/// The recipes' containers and images as the CEL map of the optional policy: a line for each name of a container.
fn well_known() -> String {
    let mut known = BTreeMap::<String, Vec<String>>::new();
    for recipe in api::recipes::built_in().iter() {
        for name in &recipe.containers {
            let images = known.entry(name.clone()).or_default();
            images.extend(recipe.images.iter().filter(|i| !images.contains(i)).cloned().collect::<Vec<_>>());
        }
    }
    let line = |(name, images): (&String, &Vec<String>)| {
        let plain = |s: &str| s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/".contains(c));
        assert!(
            plain(name) && images.iter().all(|i| plain(i)),
            "{name}: {images:?} goes into a regular expression as it is"
        );
        assert!(!images.is_empty(), "{name}: a name alone is not enough to take a container from the work");
        format!("      '{name}': ['{}']", images.join("', '"))
    };
    known.iter().map(line).collect::<Vec<_>>().join(",\n")
}

#[test]
fn the_optional_policy_knows_the_sidecars_of_the_recipes() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/components/well-known-sidecars/choice.yaml");
    let have = std::fs::read_to_string(&file).expect("choice.yaml");
    let (before, rest) = have.split_once("      {\n").expect("the map begins");
    let (_, after) = rest.split_once("\n      }\n").expect("the map ends");
    let want = format!("{before}      {{\n{}\n      }}\n{after}", well_known());
    if std::env::var_os("UPDATE_CRDS").is_some() {
        std::fs::write(&file, &want).expect("written");
    }
    let have = std::fs::read_to_string(&file).expect("choice.yaml");
    assert!(
        have == want,
        "{} has another list than src/api/recipes.yaml; run: UPDATE_CRDS=1 cargo test --test crds",
        file.display()
    );
}
