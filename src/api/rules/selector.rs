//! Which Pods belong to the run: when may `spec.selector` be given, and what must it match?

use serde_json::{Value, json};

use crate::api::rules::Group;
use crate::api::rules::put;
use crate::api::rules::rule;

/// The rules for the selector by itself.
pub fn bounds(selector: &mut Value) {
    put(
        selector,
        [rule((
            "(has(self.matchLabels) && size(self.matchLabels) > 0) || \
         (has(self.matchExpressions) && size(self.matchExpressions) > 0)",
            "spec.selector is empty and would match every Pod: give matchLabels or matchExpressions",
        ))],
    );
    let fields = &mut selector["properties"];
    fields["matchLabels"]["maxProperties"] = json!(64);
    fields["matchLabels"]["additionalProperties"]["maxLength"] = json!(63);
    let expressions = &mut fields["matchExpressions"];
    expressions["maxItems"] = json!(64);
    let item = &mut expressions["items"];
    put(
        item,
        [
            rule((
                "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
                "spec.selector.matchExpressions[].values is missing: the operators In and NotIn need at least one",
            )),
            rule((
                "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
                "spec.selector.matchExpressions[].values must be absent with the operators Exists and DoesNotExist",
            )),
        ],
    );
    item["properties"]["operator"]["enum"] = json!(["In", "NotIn", "Exists", "DoesNotExist"]);
    item["properties"]["key"]["maxLength"] = json!(317);
    item["properties"]["values"]["maxItems"] = json!(64);
    item["properties"]["values"]["items"]["maxLength"] = json!(63);
}

/// With manualSelector, there must be a selector.
pub const MISSING: Group = Group {
    unless: "!self.manualSelector",
    about: None,
    rules: &[(
        "has(self.selector)",
        "spec.selector is missing: with manualSelector true it must say which Pods belong to this run",
    )],
};

/// The rules for the selector together with the rest of the spec.
pub const GROUP: Group = Group {
    unless: "!has(self.selector)",
    about: Some("spec.selector needs spec.manualSelector true, and must match spec.template.metadata.labels"),
    rules: &[
        (
            "self.manualSelector",
            "spec.selector needs spec.manualSelector true: leave it out, the controller makes one, or say that it is yours",
        ),
        (
            "!has(self.selector.matchLabels) || self.selector.matchLabels.all(k, \
             has(self.template.metadata) && has(self.template.metadata.labels) && k in self.template.metadata.labels && \
             self.template.metadata.labels[k] == self.selector.matchLabels[k])",
            "spec.template.metadata.labels must have every label of spec.selector.matchLabels: otherwise no Pod would belong to \
             the run",
        ),
        (
            // `in`, because the API servers of 1.34 to 1.36 estimate `exists` and `all` so high that they reject the CRD.
            "!has(self.selector.matchExpressions) || self.selector.matchExpressions.all(e, \
             has(self.template.metadata) && has(self.template.metadata.labels) && \
             e.key in self.template.metadata.labels ? \
             (e.operator == 'Exists' || (e.operator == 'In' && has(e.values) && \
             self.template.metadata.labels[e.key] in e.values) || (e.operator == 'NotIn' && has(e.values) && \
             !(self.template.metadata.labels[e.key] in e.values))) : \
             (e.operator == 'NotIn' || e.operator == 'DoesNotExist'))",
            "spec.template.metadata.labels must be matched by spec.selector.matchExpressions: otherwise no Pod would belong to \
             the run",
        ),
    ],
};
