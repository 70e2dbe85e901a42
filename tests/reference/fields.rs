//! Every field of spec and status, from the schemas of the CRDs.

use serde_json::Value;

use crate::rules::{self, Rule};
use crate::words::cell;

const HEAD: &str = "<!-- Generated from src/api. Never edited: UPDATE_REFERENCE=1 cargo test --test reference -->\n";

/// Parts that Kubernetes' own pages describe.
const ELSEWHERE: [(&str, &str); 2] = [
    ("template", "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1/"),
    ("jobTemplate.spec", "sidecarjob.md"),
];

/// The page about SidecarJobs.
pub fn sidecarjob() -> String {
    let about = "`sidecarjob.dev/v1alpha1`, short name `scj`. [sidecars.md](../sidecars.md) and [jobs.md](../jobs.md) say what\n\
                 the fields do together, [status.md](../status.md) explains the status.";
    page("SidecarJob", about, &rules::run_schema(), &rules::of_run())
}

/// The page about SidecarCronJobs.
pub fn sidecarcronjob() -> String {
    let about = "`sidecarjob.dev/v1alpha1`, short name `sccj`. [schedules.md](../schedules.md) says what the fields do\n\
                 together.";
    let (own, _) = rules::of_schedule();
    let mut page = page("SidecarCronJob", about, &rules::schedule_schema(), &own);
    page += "\nThe rules of a [SidecarJob](sidecarjob.md#rules) hold for `spec.jobTemplate.spec`, except those about changes: a \
             template may\nchange at any time.\n";
    page
}

fn page(kind: &str, about: &str, schema: &Value, rules: &[Rule]) -> String {
    let mut page = format!("{HEAD}\n# {kind}\n\n{about}\n");
    for part in ["spec", "status"] {
        let schema = &schema["properties"][part];
        page += &format!("\n## {part}\n\n| field | type | default | bounds | description |\n|---|---|---|---|---|\n");
        let mut lines = Vec::new();
        fields(schema, "", &mut lines);
        page += &lines.concat();
        if !schema["default"].is_null() {
            page += &format!("\nBefore a controller has written a status it is `{}`.\n", schema["default"]);
        }
    }
    page += "\n## Rules\n\nThe API server rejects an object that breaks one of these rules, with this message. Rules about\n\
             several fields are at `spec`, and rules about changes at the whole object.\n\n| field | message |\n|---|---|\n";
    page + &rules.iter().map(rule_line).collect::<String>()
}

fn rule_line((path, message): &Rule) -> String {
    let path = if path.is_empty() { "the whole object".to_owned() } else { format!("`{path}`") };
    format!("| {path} | {} |\n", cell(message))
}

fn fields(schema: &Value, path: &str, lines: &mut Vec<String>) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let link = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == path).map(|(_, link)| *link);
        lines.push(line(&path, field, required.contains(&name.as_str()), link));
        if link.is_none() {
            below(field, &path, lines);
        }
    }
}

/// The fields of an object, of the items of a list, and of the values of a map.
fn below(schema: &Value, path: &str, lines: &mut Vec<String>) {
    fields(schema, path, lines);
    if schema["items"].is_object() {
        below(&schema["items"], &format!("{path}[]"), lines);
    }
    if schema["additionalProperties"].is_object() {
        below(&schema["additionalProperties"], &format!("{path}.*"), lines);
    }
}

fn line(path: &str, field: &Value, required: bool, link: Option<&str>) -> String {
    let default = if field["default"].is_null() { String::new() } else { format!("`{}`", plain(&field["default"])) };
    let mut text = field["description"].as_str().unwrap_or_default().to_owned();
    if let Some(link) = link {
        text += &format!(" [Its fields]({link}).");
    }
    let cells = [type_of(field), default, bounds(field, required), text].map(|text| cell(&text));
    format!("| `{path}` | {} |\n", cells.join(" | "))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn type_of(field: &Value) -> String {
    let own = match field["type"].as_str() {
        Some("array") => return format!("list of {}", type_of(&field["items"])),
        Some("object") if field["additionalProperties"].is_object() => {
            return format!("map to {}", type_of(&field["additionalProperties"]));
        }
        Some(own) => own,
        None if field["x-kubernetes-int-or-string"] == true => "integer or string",
        None => "any",
    };
    match field["format"].as_str() {
        Some("date-time") => "time".into(),
        Some(format) => format.to_owned(),
        None => own.to_owned(),
    }
}

fn bounds(field: &Value, required: bool) -> String {
    let number = |key: &str| field[key].as_f64().map(|n| format!("{n:.0}"));
    let mut all: Vec<String> = required.then(|| "required".to_owned()).into_iter().collect();
    if let Some(values) = field["enum"].as_array() {
        let values: Vec<String> = values.iter().filter(|v| !v.is_null()).map(|v| format!("`{}`", plain(v))).collect();
        all.push(values.join(", "));
    }
    all.extend(range(number("minimum"), number("maximum"), ""));
    all.extend(range(number("minLength"), number("maxLength"), " characters"));
    all.extend(range(number("minItems"), number("maxItems"), " items"));
    all.join("; ")
}

/// The largest number of an int32 is no bound that tells anything.
fn range(least: Option<String>, most: Option<String>, unit: &str) -> Option<String> {
    let most = most.filter(|most| most != "2147483647");
    match (least, most) {
        (None, None) => None,
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
    }
}
