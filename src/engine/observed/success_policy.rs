//! What does `spec.successPolicy` say?

use k8s_openapi::api::batch::v1 as batch;

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuccessPolicy(pub Vec<Rule>);

/// One rule of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `succeededIndexes`: all these indexes must have succeeded, or `count` of them.
    pub indexes: Option<String>,
    /// `succeededCount`: this many indexes must have succeeded.
    pub count: Option<u32>,
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
}
