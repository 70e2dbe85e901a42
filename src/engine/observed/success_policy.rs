//! What does `spec.successPolicy` say, and can its rules be met?

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
    /// Why the rule is not one that the API server accepts of a Job. CEL rules can't find these errors.
    pub problem: Option<Problem>,
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Each number of `succeededIndexes` must be greater than the number before.
    NotAscending {
        /// The first number that is not greater than the one before.
        number: u32,
    },
    /// `succeededCount` asks for more indexes than `succeededIndexes` has.
    TooFewIndexes {
        /// How many indexes there are.
        indexes: u64,
    },
}

impl SuccessPolicy {
    /// From the wire.
    pub fn of(wire: &batch::SuccessPolicy) -> Self {
        let rule = |r: &batch::SuccessPolicyRule| {
            let count = r.succeeded_count.and_then(|n| u32::try_from(n).ok());
            let problem = r.succeeded_indexes.as_deref().and_then(|text| problem(text, count));
            Rule { indexes: r.succeeded_indexes.clone(), count, problem }
        };
        Self(wire.rules.iter().map(rule).collect())
    }

    /// The first rule that is wrong, by its number, and why. A run that begins with such a policy fails.
    pub fn problem(&self) -> Option<(usize, Problem)> {
        self.0.iter().enumerate().find_map(|(number, rule)| Some((number, rule.problem?)))
    }
}

fn problem(indexes: &str, count: Option<u32>) -> Option<Problem> {
    let mut before = None;
    let mut total = 0_u64;
    for range in indexes.split(',').filter(|range| !range.is_empty()) {
        let mut first = None;
        for number in range.split('-').filter_map(|number| number.parse::<u32>().ok()) {
            if before.is_some_and(|before| before >= number) {
                return Some(Problem::NotAscending { number });
            }
            before = Some(number);
            total += first.map_or(1, |first: u32| u64::from(number - first));
            first = Some(number);
        }
    }
    count.filter(|count| u64::from(*count) > total).map(|_| Problem::TooFewIndexes { indexes: total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_wrong_where_a_jobs_is_refused() {
        let rows = [
            ("ascending indexes and ranges", "0,2-4,7", None, None),
            ("a rule without indexes", "", None, None),
            ("indexes that descend", "3,1", None, Some(Problem::NotAscending { number: 1 })),
            ("an index twice", "1,1", None, Some(Problem::NotAscending { number: 1 })),
            ("a range that descends", "4-2", None, Some(Problem::NotAscending { number: 2 })),
            ("a range of one", "2-2", None, Some(Problem::NotAscending { number: 2 })),
            ("a range that begins in the one before", "0-3,3-5", None, Some(Problem::NotAscending { number: 3 })),
            ("a count of all indexes", "0,2-4", Some(4), None),
            ("a count of one more", "0,2-4", Some(5), Some(Problem::TooFewIndexes { indexes: 4 })),
        ];
        for (case, indexes, count, expected) in rows {
            let rule = batch::SuccessPolicyRule {
                succeeded_indexes: (!indexes.is_empty()).then(|| indexes.into()),
                succeeded_count: count,
            };
            let policy = SuccessPolicy::of(&batch::SuccessPolicy { rules: vec![rule] });
            assert_eq!(policy.problem(), expected.map(|problem| (0, problem)), "{case}");
        }
    }
}
