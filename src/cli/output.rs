//! In which form does a command print objects? As `kubectl get -o` does: a table, a wider table, JSON, YAML, or names.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::printable;

/// Output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    #[value(hide = true)]
    Text,
    /// Text for people, with more columns.
    Wide,
    /// JSON: the object, or a List.
    Json,
    /// YAML: the object, or a List.
    Yaml,
    /// RESOURCE/NAME, one on each line.
    Name,
}

/// Output format of an answer that is no object: text, JSON, YAML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Data {
    /// Text for people.
    #[default]
    #[value(hide = true)]
    Text,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Data {
    /// Writes the answer as JSON or YAML; `false`: as text, which the caller writes.
    pub fn value(self, out: &mut (impl Write + ?Sized), value: &Value) -> io::Result<bool> {
        match self {
            Self::Text => return Ok(false),
            Self::Json => printable::say_json_lines(out, value)?,
            Self::Yaml => printable::say_yaml(out, value)?,
        }
        Ok(true)
    }
}

/// Writes one object, or a List if there is a list of them.
pub fn value(out: &mut (impl Write + ?Sized), format: Format, value: &Value) -> io::Result<()> {
    match format {
        Format::Yaml => printable::say_yaml(out, value),
        _ => printable::say_json_lines(out, value),
    }
}

/// Writes objects as JSON or YAML: one as the object, several as a List, none as nothing.
pub fn values(out: &mut (impl Write + ?Sized), format: Format, mut objects: Vec<Value>) -> io::Result<()> {
    objects.iter_mut().for_each(without_managed_fields);
    match (objects.len(), objects.pop()) {
        (_, None) => Ok(()),
        (1, Some(one)) => value(out, format, &one),
        (_, Some(last)) => {
            objects.push(last);
            value(out, format, &list(objects))
        }
    }
}

/// Removes what the API server notes about the writers of each field, as kubectl does.
pub fn without_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// A `v1` List of these objects, as kubectl prints it.
pub fn list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}
