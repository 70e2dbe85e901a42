//! `crds/` is what the code says. `UPDATE_CRDS=1 cargo test --test crds` writes it anew.

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
        assert!(known.contains(&path) || path.ends_with("kustomization.yaml"), "{} is of no kind", path.display());
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
