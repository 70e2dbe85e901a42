//! Which findings are switched off, by a comment on the line or above it, or by an annotation of the object?

use serde_json::Value;

use crate::api::labels;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::rules;

/// What a comment begins with: `# sidecarjob-lint: ignore NAME, NAME`.
const MARK: &str = "sidecarjob-lint: ignore ";

/// Whether the annotation of the object names the rule.
pub fn by_annotation(object: &Value, finding: &Finding) -> bool {
    annotated(object).any(|name| name == finding.rule.name)
}

fn annotated(object: &Value) -> impl Iterator<Item = &str> {
    names(object["metadata"]["annotations"][labels::LINT_IGNORE].as_str().unwrap_or_default())
}

/// Whether a comment on this line of the text, from 1, or in the lines of comments above it, names the rule.
pub fn by_comment(text: &str, line: usize, finding: &Finding) -> bool {
    let lines: Vec<&str> = text.lines().take(line).collect();
    let above = lines.iter().rev().skip(1).take_while(|line| line.trim_start().starts_with('#'));
    lines.last().into_iter().chain(above).any(|line| commented(line).any(|name| name == finding.rule.name))
}

fn commented(line: &str) -> impl Iterator<Item = &str> {
    let comment = line.split_once('#').and_then(|(_, comment)| comment.split_once(MARK));
    names(comment.map(|(_, names)| names).unwrap_or_default())
}

/// The names that are no rules: a typing error would switch off nothing in silence.
pub fn unknown(text: &str, objects: &[&Value]) -> Vec<String> {
    let all = text.lines().flat_map(commented).chain(objects.iter().flat_map(|object| annotated(object)));
    let mut unknown: Vec<String> = all.filter(|name| rules::named(name).is_none()).map(str::to_owned).collect();
    unknown.dedup();
    unknown
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t']).map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::lint::node::Node;
    use crate::cli::lint::stop::LOGS_LOST;

    fn finding() -> Finding {
        Finding::new(&LOGS_LOST, &Node::root(&json!({})), String::new(), String::new())
    }

    #[test]
    fn a_comment_on_the_line_or_above_it_switches_off_what_it_names() {
        let rows = [
            ("ttl: 0 # sidecarjob-lint: ignore logs-lost", 1, true),
            ("# sidecarjob-lint: ignore main-is-sidecar, logs-lost\nttl: 0", 2, true),
            ("# sidecarjob-lint: ignore logs-lost\n# because of that\nttl: 0", 3, true),
            ("# sidecarjob-lint: ignore logs-lost\na: 1\nttl: 0", 3, false),
            ("ttl: 0\n# sidecarjob-lint: ignore logs-lost", 1, false),
            ("ttl: 0 # sidecarjob-lint: ignore main-is-sidecar", 1, false),
            ("ttl: 0 # sidecarjob-lint: ignore", 1, false),
            ("ttl: 0", 1, false),
        ];
        for (text, line, expected) in rows {
            assert_eq!(by_comment(text, line, &finding()), expected, "{text}");
        }
    }

    #[test]
    fn an_annotation_of_the_object_switches_off_what_it_names_and_wrong_names_are_told() {
        let object = |names: &str| json!({"metadata": {"annotations": {(labels::LINT_IGNORE): names}}});
        for (names, expected) in [("logs-lost", true), ("main-is-sidecar,logs-lost", true), ("other", false)] {
            assert_eq!(by_annotation(&object(names), &finding()), expected, "{names}");
        }
        let text = "a: 1 # sidecarjob-lint: ignore logs-lots\n";
        assert_eq!(unknown(text, &[&object("logs-lost,nonsense")]), ["logs-lots", "nonsense"]);
    }
}
