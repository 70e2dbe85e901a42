//! Is a rule of `spec.successPolicy` met?
//!
//! In order; the first that is met says so in a sentence. Nothing is met while no index has succeeded.

use k8s_openapi::api::batch::v1 as batch;

use super::indexes::Indexes;

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuccessPolicy(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    indexes: Option<String>,
    count: Option<u32>,
}

impl SuccessPolicy {
    /// From the wire.
    pub fn of(wire: &batch::SuccessPolicy) -> Self {
        let rule = |r: &batch::SuccessPolicyRule| Rule {
            indexes: r.succeeded_indexes.clone(),
            count: r.succeeded_count.and_then(|n| u32::try_from(n).ok()),
        };
        Self(wire.rules.iter().map(rule).collect())
    }

    /// The sentence that goes with the first rule that is met.
    pub fn met(&self, succeeded: &Indexes, completions: u32) -> Option<String> {
        if succeeded.is_empty() {
            return None;
        }
        let met = |rule: &Rule| match (&rule.indexes, rule.count) {
            (Some(text), count) => {
                let wanted = Indexes::parse(text, completions);
                let there = wanted.overlap(succeeded);
                !wanted.is_empty() && (there == wanted.len() || count.is_some_and(|n| there >= n))
            }
            (None, Some(n)) => succeeded.len() >= n,
            (None, None) => false,
        };
        self.0.iter().position(met).map(|n| format!("Matched rules at index {n}"))
    }
}

#[cfg(test)]
mod tests;
