//! What is in the file of `run -f`: one SidecarJob, or why is it none?

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::api;
use crate::api::GROUP;
use crate::cli::create::Name;

/// The API server takes no larger object.
const MOST_BYTES: u64 = 3 * 1024 * 1024;

/// The text of the file, or of stdin for `-`. The error is a sentence.
pub fn read(file: &Path) -> Result<String, String> {
    let shown = file.display();
    let failed = |error: std::io::Error| format!("failed to read {shown}: {error}");
    let mut bytes = Vec::new();
    let limit = MOST_BYTES + 1;
    if file == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(file).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("{shown} is larger than 3 MiB, and the API server takes no larger object"));
    }
    String::from_utf8(bytes).map_err(|_| format!("{shown} is no text: a SidecarJob is YAML or JSON in UTF-8"))
}

/// The SidecarJob in the text. The error is a sentence that names the file.
pub fn parse(text: &str, file: &str) -> Result<Value, String> {
    let mut options = serde_saphyr::Options::default();
    options.legacy_octal_numbers = true; // 0644 is what kubectl reads too
    options.with_snippet = false;
    let documents = serde_saphyr::from_multiple_with_options::<Value>(text, options);
    let documents = documents.map_err(|error| not_yaml(text, file, &error.to_string()))?;
    let mut documents = documents.into_iter().filter(|document| !document.is_null());
    let object = documents.next().ok_or_else(|| format!("{file} is empty: run creates the SidecarJob of a file"))?;
    match documents.count() {
        0 => is_sidecarjob(&object, file).map(|()| object),
        more => Err(format!(
            "{file} has {} documents, and run creates one SidecarJob: kubectl create -f {file} creates them all",
            more + 1
        )),
    }
}

fn not_yaml(text: &str, file: &str, error: &str) -> String {
    let error = error.lines().next().unwrap_or_default();
    let advice =
        if text.contains("{{") { "; the file looks like a template, which must be rendered first" } else { "" };
    format!("{file} is no YAML: {error}{advice}")
}

fn is_sidecarjob(object: &Value, file: &str) -> Result<(), String> {
    let word = |field: &str| object[field].as_str().unwrap_or_default();
    let (kind, version) = (word("kind"), word("apiVersion"));
    let job = api::Kind::SidecarJob;
    let group = version.split_once('/').map(|(group, _)| group);
    match kind {
        _ if !object.is_object() => Err(format!("{file} has no object with fields, but {}", short(object))),
        "" => Err(format!(
            "{file} has no kind: a SidecarJob begins with apiVersion: {} and kind: {}",
            job.api_version(),
            job.name()
        )),
        _ if kind == job.name() && group == Some(GROUP) => Ok(()),
        _ if kind == job.name() => Err(format!("{file} has apiVersion {version:?}: write {}", job.api_version())),
        _ if kind == api::SCHEDULE => Err(format!(
            "{file} has a {kind}: kubectl apply -f {file} creates it, and run --from sidecarcronjob/NAME then starts a run"
        )),
        _ if kind == "Job" || kind == "CronJob" => Err(format!(
            "{file} has a {kind}: kubectl create -f {file} creates it, and run --from {}/NAME makes a SidecarJob of it",
            kind.to_ascii_lowercase()
        )),
        _ => Err(format!("{file} has kind {kind:?}, and run creates SidecarJobs only")),
    }
}

fn short(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "a list",
        Value::String(_) => "one text",
        _ => "one value",
    }
}

/// The name that the file gives, or the one of the command line.
pub fn name(object: &Value, given: Option<&str>, file: &str) -> Result<Name, String> {
    let word = |field: &str| object["metadata"][field].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    match (given, word("name"), word("generateName")) {
        (Some(name), ..) => Ok(Name::Exact(name.to_owned())),
        (_, Some(name), _) => Ok(Name::Exact(name)),
        (_, _, Some(prefix)) => Ok(Name::Generated(prefix)),
        _ => Err(format!("{file} has neither metadata.name nor metadata.generateName: add one, or give NAME")),
    }
}

/// The namespace: of the command line, of the file, or of the context. Two that differ are an error.
pub fn namespace(object: &Value, asked: Option<&str>, of_context: &str, file: &str) -> Result<String, String> {
    match (asked, object["metadata"]["namespace"].as_str().filter(|own| !own.is_empty())) {
        (Some(asked), Some(own)) if asked != own => {
            Err(format!("{file} has namespace {own}, and --namespace says {asked}: choose one"))
        }
        (asked, own) => Ok(own.or(asked).unwrap_or(of_context).to_owned()),
    }
}

#[cfg(test)]
mod tests;
