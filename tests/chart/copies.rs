//! The chart's `files/` are copies of `crds/` and `config/`. `make chart` writes them anew.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::{chart, root, text};

/// From a file or folder of the project to a folder of the chart.
const COPIES: &[(&str, &str)] = &[
    ("crds", "crds"),
    ("config/admission", "checks"),
    ("config/components/policy/mutation", "mutation"),
    ("config/components/policy/validation", "validation"),
    ("config/monitoring/rules.yaml", "monitoring"),
    ("config/monitoring/dashboard.json", "monitoring"),
];

/// What kustomize makes of config/components/well-known-sidecars, since a chart can't apply a JSON patch.
const WELL_KNOWN: &str = "mutation/well-known-sidecars.yaml";

/// Each file that the chart should have, with its text.
fn wanted() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut add = |from: &Path, to: &str| {
        let name = from.file_name().and_then(|n| n.to_str()).expect("UTF-8");
        let is_kustomizes = name == "Kustomization" || name == "kustomization.yaml";
        if !is_kustomizes {
            all.insert(format!("{to}/{name}"), std::fs::read_to_string(from).expect("text"));
        }
    };
    for (from, to) in COPIES {
        let path = root().join(from);
        if path.is_file() {
            add(&path, to);
            continue;
        }
        for entry in std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{from}: {e}")) {
            add(&entry.expect("an entry").path(), to);
        }
    }
    all.insert(WELL_KNOWN.into(), well_known());
    all
}

/// The policy of config/components/policy/mutation with the patches of config/components/well-known-sidecars.
fn well_known() -> String {
    let folder = "config/components/well-known-sidecars";
    let kustomization: Value =
        serde_saphyr::from_str(&text(&format!("{folder}/kustomization.yaml"))).expect("a kustomization");
    let suffix = kustomization["nameSuffix"].as_str().expect("a suffix");
    let policies = text("config/components/policy/mutation/policy.yaml");
    let mut done = String::from("# Generated from config/components/well-known-sidecars: make chart.\n");
    for yaml in policies.split("\n---\n") {
        let mut object: Value = serde_saphyr::from_str(yaml).expect("an object");
        let name = format!("{}{suffix}", object["metadata"]["name"].as_str().expect("a name"));
        object["metadata"]["name"] = name.into();
        for patch in kustomization["patches"].as_array().expect("patches") {
            if patch["target"]["kind"] != object["kind"] {
                continue;
            }
            let of_file = patch["path"].as_str().map(|path| text(&format!("{folder}/{path}")));
            let patch = of_file.as_deref().or(patch["patch"].as_str()).expect("a patch");
            let patch: json_patch::Patch =
                serde_json::from_value(serde_saphyr::from_str(patch).expect("YAML")).expect("a JSON patch");
            json_patch::patch(&mut object, &patch).expect("it applies");
        }
        if !done.ends_with("chart.\n") {
            done += "---\n";
        }
        done += &serde_saphyr::to_string(&object).expect("YAML");
    }
    done
}

fn present() -> Vec<String> {
    let files = chart().join("files");
    let mut names = Vec::new();
    for folder in std::fs::read_dir(&files).into_iter().flatten() {
        let folder = folder.expect("an entry");
        for file in std::fs::read_dir(folder.path()).expect("a folder") {
            names.push(format!("{}/{}", folder.file_name().display(), file.expect("an entry").file_name().display()));
        }
    }
    names
}

#[test]
fn the_files_of_the_chart_are_copies_of_crds_and_config() {
    let wanted = wanted();
    let files = chart().join("files");
    if std::env::var_os("UPDATE_CHART").is_some() {
        let _ = std::fs::remove_dir_all(&files);
        for (name, text) in &wanted {
            let file = files.join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, text).expect("written");
        }
    }
    for (name, want) in &wanted {
        let have = std::fs::read_to_string(files.join(name)).unwrap_or_default();
        assert!(have == *want, "charts/sidecarjob/files/{name} is another than its source; run: make chart");
    }
    let mut present = present();
    present.sort();
    assert_eq!(present, wanted.keys().cloned().collect::<Vec<_>>(), "files without a source; run: make chart");
}
