//! Which field holds a template that nobody has rendered?
//!
//! In quotes, `{{ … }}` is a text for YAML. In most fields of a Job it has no meaning for Kubernetes, so the chart was not
//! rendered. In others it is data for another program: arguments (`docker inspect -f '{{.State}}'`), values of env, and
//! annotations (Vault's `{{ with secret … }}`).

use serde_json::Value;

use crate::api::{injectors, labels};
use crate::cli::manifest::{Fault, Object, Path, Step, has_template};
use crate::cli::workload::Kind;

/// Fields of a container, of a probe and of a hook that are for the program in the container.
const COMMAND: &str = "command";
const ARGS: &str = "args";
/// Maps whose values are for the driver of a volume.
const FOR_DRIVERS: [&str; 2] = ["options", "volumeAttributes"];
/// The part of an object that controllers write.
const STATUS: &str = "status";
const ANNOTATIONS: &str = "annotations";

/// The kind of an object of which a template tells the version: `apiVersion: "{{ … }}"`.
pub fn kind_of(object: &Object<'_>) -> Option<Kind> {
    let of_kind = |kind: &Kind| kind.name() == object.kind() && has_template(object.api_version());
    Kind::of(object.api_version(), object.kind()).or_else(|| Kind::ALL.into_iter().find(of_kind))
}

/// What is wrong with an object of which a template tells the kind, if its version is that of Jobs.
pub fn hidden_kind(object: &Object<'_>) -> Option<Fault> {
    let is_batch = object.api_version().starts_with("batch/") && has_template(object.kind());
    let (path, what) = is_batch.then(|| unrendered(object)).flatten()?;
    Some(object.fault(&path, what))
}

/// The first field with a template that must be rendered, and the sentence.
pub fn unrendered(object: &Object<'_>) -> Option<(Path, String)> {
    let mut found = Vec::new();
    walk(object.value, &Path::default(), &mut found);
    let first = found.into_iter().min_by_key(|path| object.line(path))?;
    let what = format!("{first} has a template ({{{{), which must be rendered first, for example by helm template");
    Some((first, what))
}

fn walk(value: &Value, path: &Path, found: &mut Vec<Path>) {
    match value {
        Value::String(text) if has_template(text) => found.push(path.clone()),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| walk(item, &path.then(at), found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let field = path.then(key.as_str());
                if has_template(key) {
                    found.push(field);
                } else if !is_data(path, key) {
                    walk(value, &field, found);
                }
            }
        }
        _ => {}
    }
}

/// Whether braces in this field of the map at `path` are data.
fn is_data(path: &Path, key: &str) -> bool {
    match path.last() {
        None => key == STATUS,
        Some(Step::Key(map)) if map == ANNOTATIONS => !is_read(key),
        Some(Step::Key(map)) => map == "exec" && key == COMMAND || FOR_DRIVERS.contains(&map.as_str()),
        Some(Step::Index(_)) if is_in(path, "env") => key == "value",
        Some(Step::Index(_)) => [COMMAND, ARGS].contains(&key),
    }
}

/// Whether the item at `path` is one of the list `name`.
fn is_in(path: &Path, name: &str) -> bool {
    matches!(path.iter().rev().nth(1), Some(Step::Key(list)) if list == name)
}

/// The annotations that decide what convert does.
fn is_read(annotation: &str) -> bool {
    let marks = injectors::ALL.iter().flat_map(|injector| injector.marks).map(|mark| mark.key);
    [labels::MAIN, labels::SIDECARS].into_iter().chain(marks).any(|read| read == annotation)
}
