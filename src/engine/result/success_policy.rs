//! Is a rule of `spec.successPolicy` met?
//!
//! The first rule that is met decides. No rule is met before an index has succeeded.

use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::success_policy::{Rule, SuccessPolicy};

/// A sentence about the first rule that is met.
pub fn met(policy: &SuccessPolicy, succeeded: &Indexes, completions: u32) -> Option<String> {
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
    policy.0.iter().position(met).map(|n| format!("Matched rules at index {n}"))
}

#[cfg(test)]
mod tests;
