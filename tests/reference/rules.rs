//! The CEL rules of the CRDs: where each is, and what the API server says if it does not hold.

use serde_json::Value;
use sidecarjob::api::crd;

fn schema(crd: impl serde::Serialize) -> Value {
    let crd = serde_json::to_value(crd).expect("JSON");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// The schema of a SidecarJob.
pub fn run_schema() -> Value {
    schema(crd::sidecarjob())
}

/// The schema of a SidecarCronJob.
pub fn schedule_schema() -> Value {
    schema(crd::sidecarcronjob())
}

/// Path and message of a rule.
pub type Rule = (String, String);

/// All rules of a SidecarJob.
pub fn of_run() -> Vec<Rule> {
    let mut rules = Vec::new();
    collect(&run_schema(), "", &mut rules);
    tidy(rules)
}

/// The same of a SidecarCronJob: its own rules, and those of the SidecarJob in its template.
pub fn of_schedule() -> (Vec<Rule>, Vec<Rule>) {
    let mut rules = Vec::new();
    collect(&schedule_schema(), "", &mut rules);
    let of_run: Vec<String> = of_run().into_iter().map(|(_, message)| message).collect();
    let own = |(_, message): &Rule| !of_run.contains(&message.replace("spec.jobTemplate.spec.", "spec."));
    tidy(rules).into_iter().partition(own)
}

/// Each message once, in the order of the schema: the first place is the field itself.
fn tidy(mut rules: Vec<Rule>) -> Vec<Rule> {
    let mut seen = std::collections::BTreeSet::new();
    rules.sort_by_key(|(path, _)| path.is_empty()); // those of the whole object come last
    rules.retain(|(_, message)| seen.insert(message.clone()));
    rules
}

fn collect(schema: &Value, path: &str, rules: &mut Vec<Rule>) {
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        match rule["messageExpression"].as_str() {
            Some(expression) => {
                rules.extend(messages(expression).into_iter().map(|message| (path.to_owned(), message)));
            }
            None => rules.push((path.to_owned(), rule["message"].as_str().expect("a message").to_owned())),
        }
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(inner, &path, rules);
    }
    if schema["items"].is_object() {
        collect(&schema["items"], &format!("{path}[]"), rules);
    }
    if schema["additionalProperties"].is_object() {
        collect(&schema["additionalProperties"], &format!("{path}.*"), rules);
    }
}

/// The messages among which an expression chooses: its texts in double quotes. The rules in it have single quotes.
fn messages(expression: &str) -> Vec<String> {
    let text = regex::Regex::new(r#"(?:\? |: |^)("(?:[^"\\]|\\.)*")"#).expect("a pattern");
    let texts = text.captures_iter(expression).map(|found| serde_json::from_str(&found[1]).expect("a text"));
    texts.collect()
}
