//! Which rules `spec.successPolicy` may have (KEP-3998).
//!
//! Reading a text of 64 KiB number by number costs too much in CEL. So two things are not checked here: that indexes
//! ascend strictly, and that there are as many indexes as succeededCount asks for. A run with such an error fails
//! before its first Pod (`engine::result`).

use serde_json::{Value, json};

use crate::api::rules::Group;
use crate::api::rules::counts::indexes;
use crate::api::rules::put;
use crate::api::rules::rule;

/// The rules for the policy by itself.
pub fn bounds(policy: &mut Value) {
    let rules = &mut policy["properties"]["rules"];
    rules["minItems"] = json!(1);
    rules["maxItems"] = json!(20);
    rules["description"] = json!("The first rule that is met ends the run as Complete. 1 to 20.");
    let item = &mut rules["items"];
    item["description"] =
        json!("Which indexes must have succeeded, or how many indexes, or how many of the given ones.");
    put(
        item,
        [rule((
            "has(self.succeededIndexes) || has(self.succeededCount)",
            "a rule of spec.successPolicy.rules has neither succeededIndexes nor succeededCount: give at least one",
        ))],
    );
    let fields = &mut item["properties"];
    let count = &mut fields["succeededCount"];
    count["minimum"] = json!(0);
    count["description"] = json!(
        "How many indexes must have succeeded: of succeededIndexes if given, else of all indexes. At most completions."
    );
    let indexes = &mut fields["succeededIndexes"];
    indexes["maxLength"] = json!(65_536);
    indexes["description"] = json!(
        "Indexes from 0 to completions-1, ascending, for example 1,3-5,7. With succeededCount, that many of them must have \
         succeeded; without it, all of them."
    );
    put(
        indexes,
        [rule((
            "self.matches('^([0-9]{1,10}(-[0-9]{1,10})?(,[0-9]{1,10}(-[0-9]{1,10})?)*)?$')",
            "spec.successPolicy.rules[].succeededIndexes must be numbers and ranges, separated by commas, as in 1,3-5,7",
        ))],
    );
}

/// The rules for the policy together with the rest of the spec.
pub const GROUP: Group = Group {
    unless: "!has(self.successPolicy)",
    about: Some("spec.successPolicy needs spec.completionMode Indexed, and counts and indexes within spec.completions"),
    rules: &[
        (
            "self.completionMode == 'Indexed'",
            "spec.successPolicy needs spec.completionMode Indexed: set it, or remove the policy",
        ),
        (
            concat!(
                "self.successPolicy.rules.all(r, !has(r.succeededCount) || r.succeededCount <= ",
                indexes!("self"),
                ")"
            ),
            "spec.successPolicy.rules[].succeededCount must be at most spec.completions: else it is never met",
        ),
        (
            concat!(
                "self.successPolicy.rules.all(r, !has(r.succeededIndexes) || r.succeededIndexes == '' || ",
                "int('0' + r.succeededIndexes.find('[0-9]{1,10}$')) < ",
                indexes!("self"),
                ")"
            ),
            "spec.successPolicy.rules[].succeededIndexes has an index beyond spec.completions - 1: correct it",
        ),
    ],
};
