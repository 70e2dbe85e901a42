//! How does a report look as SARIF 2.1.0, with all that GitHub's code scanning shows?

use serde_json::{Value, json};

use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::report::{Located, Place, Report};
use crate::cli::lint::rules;

/// The schema, as the standard names it.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The whole log.
pub fn log(report: &Report) -> Value {
    let rules: Vec<Value> = rules::ALL.iter().map(|one| rule(one)).collect();
    let results: Vec<Value> = report.found.iter().map(result).collect();
    let notifications: Vec<Value> =
        report.unreadable.iter().map(|text| json!({"level": "error", "message": {"text": text}})).collect();
    let driver = json!({
        "name": "sidecarjob lint", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules
    });
    json!({
        "$schema": SCHEMA, "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results,
            "invocations": [{
                "executionSuccessful": report.unreadable.is_empty(), "toolExecutionNotifications": notifications
            }]
        }]
    })
}

fn rule(rule: &Rule) -> Value {
    let page = rules::page_alone(rule);
    json!({
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.title},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": rule.severity.word()},
        "properties": {
            "tags": ["kubernetes", "job"], "precision": "high",
            "problem.severity": if rule.severity == Severity::Error { "error" } else { "warning" }
        }
    })
}

fn result(located: &Located) -> Value {
    let finding = &located.finding;
    let index = rules::ALL.iter().position(|rule| *rule == finding.rule);
    let mut location = json!({
        "logicalLocations": [{"fullyQualifiedName": format!("{}/{}.{}", located.namespace, located.object, finding.path)}]
    });
    let file = match &located.place {
        Place::File { name, line, column } => {
            location["physicalLocation"] = json!({
                "artifactLocation": {"uri": uri(name)}, "region": {"startLine": line, "startColumn": column}
            });
            uri(name)
        }
        Place::Cluster => String::new(),
    };
    json!({
        "ruleId": finding.rule.name, "ruleIndex": index, "level": finding.rule.severity.word(),
        "message": {"text": format!("{}. Fix: {}.", finding.message, finding.fix)},
        "locations": [location],
        // The same finding after an edit elsewhere in the file is the same alert.
        "partialFingerprints": {
            "objectField/v1": format!("{}|{file}|{}/{}|{}", finding.rule.name, located.namespace, located.object, finding.path)
        }
    })
}

/// The file as a URI, relative if the file was given so.
fn uri(file: &str) -> String {
    let file = file.strip_prefix("./").unwrap_or(file);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/');
    let path: String = file.bytes().fold(String::new(), |text, byte| match is_plain(byte) {
        true => text + &char::from(byte).to_string(),
        false => format!("{text}%{byte:02X}"),
    });
    if file.starts_with('/') { format!("file://{path}") } else { path }
}
