//! After which exit codes does the kubelet start a container again, whatever the Pod's `restartPolicy` says?

use crate::cli::lint::node::Node;

/// How the actions of `restartPolicyRules` begin that start a container again: its own, or all of the Pod.
const RESTART: &str = "Restart";

/// Why the kubelet starts the container again after exit code 0: a clause. A container with that never ends.
pub fn after_success(container: &Node<'_>) -> Option<String> {
    let policy = container.at("restartPolicy");
    let by = match policy.is("Always") {
        true => "restartPolicy: Always",
        false => rules(container).iter().any(has_success).then_some("a rule of restartPolicyRules")?,
    };
    Some(format!("{by} starts it again each time it ends"))
}

/// What makes the kubelet start the container again after a failure: its own `restartPolicy`, or the first rule for such codes.
pub fn after_failure<'a>(container: &Node<'a>) -> Option<Node<'a>> {
    let policy = container.at("restartPolicy");
    let rule = || rules(container).into_iter().find(has_failure);
    if policy.is("OnFailure") { Some(policy) } else { rule() }
}

fn rules<'a>(container: &Node<'a>) -> Vec<Node<'a>> {
    let rules = container.at("restartPolicyRules").items().into_iter();
    rules.filter(|rule| rule.at("action").text().is_some_and(|action| action.starts_with(RESTART))).collect()
}

fn codes(rule: &Node<'_>) -> (bool, Vec<i64>) {
    let codes = rule.at("exitCodes");
    (codes.at("operator").is("In"), codes.at("values").items().iter().filter_map(Node::number).collect())
}

fn has_success(rule: &Node<'_>) -> bool {
    let (is_in, values) = codes(rule);
    rule.at("exitCodes").is_there() && values.contains(&0) == is_in
}

fn has_failure(rule: &Node<'_>) -> bool {
    let (is_in, values) = codes(rule);
    rule.at("exitCodes").is_there() && (!is_in || values.iter().any(|code| *code != 0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_policy_or_a_rule_starts_a_container_again() {
        let rule = |action: &str, operator: &str, values: Value| {
            json!({"restartPolicy": "Never", "restartPolicyRules": [
                {"action": action, "exitCodes": {"operator": operator, "values": values}}]})
        };
        // The container; again after 0; where it says so for a failure.
        let rows = [
            (json!({}), false, None),
            (json!({"restartPolicy": "Always"}), true, None),
            (json!({"restartPolicy": "OnFailure"}), false, Some("restartPolicy")),
            (rule("Restart", "In", json!([42])), false, Some("restartPolicyRules[0]")),
            (rule("RestartAllContainers", "In", json!([42])), false, Some("restartPolicyRules[0]")),
            (rule("Restart", "In", json!([0])), true, None),
            (rule("Restart", "NotIn", json!([42])), true, Some("restartPolicyRules[0]")),
            (rule("Restart", "NotIn", json!([0])), false, Some("restartPolicyRules[0]")),
            (rule("Wait", "In", json!([0, 42])), false, None),
        ];
        for (container, success, failure) in rows {
            let node = Node::root(&container);
            let at = after_failure(&node).map(|at| at.path().to_string());
            assert_eq!((after_success(&node).is_some(), at.as_deref()), (success, failure), "{container}");
        }
    }
}
