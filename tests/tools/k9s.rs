//! The files for k9s: k9s takes them, and the columns, labels and kinds that they name exist.

use std::fs;

use serde_json::Value;
use sidecarjob::api::{self, labels};

use crate::program;

fn file(name: &str) -> Value {
    let path = program::root().join("contrib/k9s").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_saphyr::from_str(&text).expect("YAML")
}

/// The columns of `kubectl get` for that resource, as k9s calls them.
fn columns(resource: &str) -> Vec<String> {
    let crds = api::crd::all().into_iter().map(|crd| serde_json::to_value(crd).expect("JSON"));
    let crd = crds.into_iter().find(|crd| crd["spec"]["names"]["plural"] == resource).expect("a CRD");
    let columns = crd["spec"]["versions"][0]["additionalPrinterColumns"].as_array().expect("columns").clone();
    let names = columns.iter().map(|column| column["name"].as_str().expect("a name").to_uppercase());
    names.chain(["NAMESPACE".into(), "NAME".into()]).collect()
}

#[test]
#[ignore = "needs Go: run make test"]
fn k9s_takes_the_files() {
    assert_eq!(program::unfit_for_k9s(), "", "the files do not match the schemas of k9s");
}

#[test]
fn the_views_have_columns_of_the_crds() {
    for (view, fields) in file("views.yaml")["views"].as_object().expect("views") {
        let resource = view.strip_prefix("sidecarjob.dev/v1alpha1/").expect("a resource of ours");
        let known = columns(resource);
        for column in fields["columns"].as_array().expect("columns").iter().filter_map(Value::as_str) {
            let (name, path) = column.split_once(':').map_or((column, None), |(name, path)| (name, Some(path)));
            let name = name.split('|').next().unwrap_or_default();
            assert!(path.is_some() || known.iter().any(|k| k == name), "{view}: {column} is none of {known:?}");
        }
    }
}

#[test]
fn the_jumps_select_by_labels_that_the_controller_sets() {
    let jumps = file("jumps.yaml");
    let selector = |from: &str| jumps["jumps"][format!("sidecarjob.dev/v1alpha1/{from}")]["labelSelector"].clone();
    assert_eq!(selector("sidecarjobs"), format!("{}={{{{.metadata.uid}}}}", labels::UID));
    assert_eq!(selector("sidecarcronjobs"), format!("{}={{{{.metadata.name}}}}", labels::SCHEDULE));
}

/// What k9s itself does with these keys in each list (internal/view/table.go, owner_extender.go); it loads no plugin with one.
const TAKEN: [&str; 5] = ["Shift-N", "Shift-A", "Shift-S", "Shift-O", "Shift-J"];

#[test]
fn the_plugins_are_for_resources_that_exist_and_keys_that_k9s_does_not_use() {
    let mut keys = std::collections::BTreeSet::new();
    for (name, plugin) in file("plugins.yaml")["plugins"].as_object().expect("plugins") {
        let key = plugin["shortCut"].as_str().expect("a key").to_owned();
        assert!(!TAKEN.contains(&key.as_str()) && keys.insert(key), "{name}: {}", plugin["shortCut"]);
        for scope in plugin["scopes"].as_array().expect("scopes") {
            assert!(
                ["sidecarjobs", "sidecarcronjobs"].contains(&scope.as_str().unwrap_or_default()),
                "{name}: {scope}"
            );
        }
    }
}
