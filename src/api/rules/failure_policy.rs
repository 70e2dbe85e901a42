//! Which rules `spec.podFailurePolicy` may have (KEP-3329).

use serde_json::{Value, json};

use crate::api::rules::Group;
use crate::api::rules::Rule;
use crate::api::rules::default;
use crate::api::rules::put;
use crate::api::rules::rule;

/// The rules for the policy by itself. Its descriptions are the Job's own, but shorter, and true for sidecars.
pub fn bounds(policy: &mut Value) {
    let rules = &mut policy["properties"]["rules"];
    rules["maxItems"] = json!(20);
    rules["description"] =
        json!("The first matching rule decides. If no rule matches, the failure counts. At most 20.");
    let item = &mut rules["items"];
    item["description"] = json!("What the rule matches, by either onExitCodes or onPodConditions, and its action.");
    put(item, [rule(BOTH), rule(NEITHER)]);
    let fields = &mut item["properties"];
    fields["action"]["enum"] = json!(["FailJob", "FailIndex", "Ignore", "Count"]);
    fields["action"]["description"] = json!(
        "FailJob: the run is Failed, and the controller stops its Pods. FailIndex: the Pod's index is failed, without \
         further retries; needs backoffLimitPerIndex. Ignore: the controller replaces the Pod and does not count it. \
         Count: the failure counts, as without a policy."
    );
    exit_codes(&mut fields["onExitCodes"]);
    conditions(&mut fields["onPodConditions"]);
}

const BOTH: Rule = (
    "!has(self.onExitCodes) || !has(self.onPodConditions) || size(self.onPodConditions) == 0",
    "a rule of spec.podFailurePolicy.rules has both onExitCodes and onPodConditions: make two rules of it",
);

const NEITHER: Rule = (
    "has(self.onExitCodes) || (has(self.onPodConditions) && size(self.onPodConditions) > 0)",
    "a rule of spec.podFailurePolicy.rules has neither onExitCodes nor onPodConditions: give one of them",
);

fn exit_codes(on: &mut Value) {
    put(
        on,
        [rule((
            "self.operator != 'In' || !(0 in self.values)",
            "spec.podFailurePolicy.rules[].onExitCodes.values has 0 with the operator In: 0 is no failure, remove it",
        ))],
    );
    let fields = &mut on["properties"];
    fields["containerName"]["maxLength"] = json!(63);
    fields["containerName"]["description"] =
        json!("The name of a container, init container or sidecar. Default: all containers that are not sidecars.");
    fields["operator"]["enum"] = json!(["In", "NotIn"]);
    fields["operator"]["description"] =
        json!("In: a container failed with one of the values. NotIn: a container failed with another value.");
    let values = &mut fields["values"];
    values["description"] = json!("1 to 255 exit codes, ascending, without duplicates. 0 never matches.");
    values["minItems"] = json!(1);
    values["maxItems"] = json!(255);
    values["x-kubernetes-list-type"] = json!("set");
    put(
        values,
        [rule(("self.isSorted()", "spec.podFailurePolicy.rules[].onExitCodes.values must be ascending: sort them"))],
    );
}

fn conditions(on: &mut Value) {
    on["maxItems"] = json!(20);
    on["description"] = json!("The rule matches if the Pod has one of these conditions. At most 20.");
    let fields = &mut on["items"]["properties"];
    default(&mut fields["status"], "True");
    fields["status"]["enum"] = json!(["True", "False", "Unknown"]);
    fields["status"]["description"] = json!("The status that the condition must have. Default True.");
    fields["type"]["description"] = json!("The type of the condition, for example DisruptionTarget.");
    fields["type"]["maxLength"] = json!(317);
    put(
        &mut fields["type"],
        [rule((
            r"self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$')",
            "spec.podFailurePolicy.rules[].onPodConditions[].type must be a name, as in DisruptionTarget or example.com/Broken",
        ))],
    );
}

/// The rules for the policy together with the rest of the spec. The policy can name a container that a webhook will
/// inject if the container is in `spec.sidecars`.
pub const GROUP: Group = Group {
    unless: "!has(self.podFailurePolicy)",
    about: Some("spec.podFailurePolicy does not fit the rest of the spec: see its rules in kubectl explain"),
    rules: &[
        (
            "!has(self.template.spec.restartPolicy) || self.template.spec.restartPolicy != 'OnFailure'",
            "spec.template.spec.restartPolicy must be Never with spec.podFailurePolicy: a container that restarts does not \
             fail its Pod",
        ),
        (
            "!has(self.podReplacementPolicy) || self.podReplacementPolicy == 'Failed'",
            "spec.podReplacementPolicy must be Failed, or absent, with spec.podFailurePolicy: only a Pod that has ended can be \
             judged",
        ),
        (
            "has(self.backoffLimitPerIndex) || self.podFailurePolicy.rules.all(r, r.action != 'FailIndex')",
            "spec.podFailurePolicy.rules has the action FailIndex, which needs spec.backoffLimitPerIndex: set it",
        ),
        (
            "self.podFailurePolicy.rules.all(r, !has(r.onExitCodes) || !has(r.onExitCodes.containerName) || \
             self.template.spec.containers.exists(c, c.name == r.onExitCodes.containerName) || \
             (has(self.template.spec.initContainers) && \
             self.template.spec.initContainers.exists(c, c.name == r.onExitCodes.containerName)) || \
             (has(self.sidecars) && self.sidecars.exists(s, s.name == r.onExitCodes.containerName)))",
            "spec.podFailurePolicy.rules[].onExitCodes.containerName is no container or init container of the template and \
             not in spec.sidecars: correct it",
        ),
    ],
};
