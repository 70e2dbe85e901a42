//! The chart's values, schema, README and version say the same as each other and as the program.

use serde_json::Value;

use crate::{chart, text};

/// One value: its path, its default, what its comment says.
struct Described {
    path: String,
    default: String,
    text: String,
}

/// The values of values.yaml with the comments above them. A key without a default of its own (a table) is no value.
fn described() -> Vec<Described> {
    let yaml = text("charts/sidecarjob/values.yaml");
    let all: Value = serde_saphyr::from_str(&yaml).expect("values.yaml");
    let mut found = Vec::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut comment = Vec::new();
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim().to_owned());
            continue;
        }
        let key = line.split_once(':').map(|(key, _)| key).filter(|key| !key.starts_with('-'));
        let text = std::mem::take(&mut comment).join(" ");
        let Some(key) = key else { continue };
        path.retain(|(outer, _)| *outer < indent);
        path.push((indent, key.to_owned()));
        let names: Vec<_> = path.iter().map(|(_, key)| key.as_str()).collect();
        let pointer = format!("/{}", names.join("/"));
        let default = all.pointer(&pointer).unwrap_or_else(|| panic!("{pointer} is in values.yaml"));
        found.push(Described { path: names.join("."), default: default.to_string(), text });
    }
    found
}

const BEGIN: &str = "<!-- values: make chart -->\n";
const END: &str = "<!-- end of values -->\n";

/// The table of README.md. What has a comment is a row; what is inside such a row has none.
fn table() -> String {
    let mut rows = String::from("| value | default | meaning |\n|---|---|---|\n");
    for value in described() {
        let is_table = value.default.starts_with('{') && value.default.len() > 80;
        let default = if is_table { "see values.yaml".into() } else { format!("`{}`", value.default) };
        if !value.text.is_empty() && !is_group(&value) {
            rows += &format!("| `{}` | {default} | {} |\n", value.path, value.text);
        }
    }
    rows
}

/// A key whose comment speaks of all below it.
fn is_group(value: &Described) -> bool {
    described().iter().any(|inner| inner.path.starts_with(&format!("{}.", value.path)) && !inner.text.is_empty())
}

#[test]
fn the_readme_has_each_value_with_its_default_and_its_comment() {
    let file = chart().join("README.md");
    let have = std::fs::read_to_string(&file).expect("README.md");
    let (before, rest) = have.split_once(BEGIN).expect("the values begin");
    let (_, after) = rest.split_once(END).expect("the values end");
    let want = format!("{before}{BEGIN}\n{}\n{END}{after}", table());
    if std::env::var_os("UPDATE_CHART").is_some() {
        std::fs::write(&file, &want).expect("written");
    }
    let have = std::fs::read_to_string(&file).expect("README.md");
    assert!(have == want, "charts/sidecarjob/README.md is older than values.yaml; run: make chart");
}

#[test]
fn each_value_has_a_comment_and_a_place_in_the_schema() {
    let schema: Value = serde_json::from_str(&text("charts/sidecarjob/values.schema.json")).expect("JSON");
    let described = described();
    assert!(described.len() > 60, "the values were found");
    for value in &described {
        let pointer: String = value.path.split('.').map(|key| format!("/properties/{key}")).collect();
        let told = described.iter().any(|other| {
            let outer = other.path == value.path || value.path.starts_with(&format!("{}.", other.path));
            outer && !other.text.is_empty()
        });
        let tells = described.iter().any(|o| o.path.starts_with(&format!("{}.", value.path)) && !o.text.is_empty());
        assert!(told || tells, "{} has no comment in values.yaml", value.path);
        let outer = described.iter().any(|o| value.path.starts_with(&format!("{}.", o.path)) && !is_group(o));
        assert!(outer || schema.pointer(&pointer).is_some(), "{} is not in values.schema.json", value.path);
    }
    let mut left = vec![(String::new(), &schema)];
    while let Some((path, node)) = left.pop() {
        for (key, inner) in node["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let known = described.iter().any(|value| value.path == path);
            let of_an_item = path == "global"; // what a parent chart gives to all its charts
            assert!(known || of_an_item, "{path} is in values.schema.json and not in values.yaml");
            left.push((path, inner));
        }
    }
}

#[test]
fn the_chart_has_the_version_of_the_program() {
    let chart: Value = serde_saphyr::from_str(&text("charts/sidecarjob/Chart.yaml")).expect("Chart.yaml");
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    let crds: Value =
        serde_saphyr::from_str(chart["annotations"]["artifacthub.io/crds"].as_str().expect("text")).expect("YAML");
    let named: Vec<_> = crds.as_array().expect("a list").iter().map(|crd| crd["name"].as_str()).collect();
    let all = sidecarjob::api::crd::all();
    let names: Vec<_> = all.iter().map(|crd| crd.metadata.name.as_deref()).collect();
    assert_eq!(named, names);
}

#[test]
fn the_schema_takes_recipes_in_the_format_of_the_built_in_ones() {
    let schema: Value = serde_json::from_str(&text("charts/sidecarjob/values.schema.json")).expect("JSON");
    let recipe = &schema["properties"]["recipes"]["items"];
    let built_in: Vec<Value> = serde_saphyr::from_str(&text("src/api/recipes.yaml")).expect("recipes.yaml");
    assert!(built_in.len() > 10);
    for one in built_in {
        for key in one.as_object().expect("fields").keys() {
            assert!(recipe["properties"][key].is_object(), "{}: {key} is not in values.schema.json", one["name"]);
        }
        for key in recipe["required"].as_array().expect("required").iter().filter_map(Value::as_str) {
            assert!(!one[key].is_null(), "{}: values.schema.json requires {key}", one["name"]);
        }
    }
}
