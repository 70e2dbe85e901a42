//! When does the next attempt of a run start, and which one is it?

use chrono::{DateTime, Utc};

use crate::api::SidecarJob;
use crate::cli::when;

/// The back-off of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// `attempt 2 of 3`; of a run with several Pods: `retry 1 of 2`.
    pub words: String,
    /// When it may start.
    pub at: DateTime<Utc>,
}

/// The next attempt, while the run waits for it and nothing of it runs.
pub fn next(run: &SidecarJob, now: DateTime<Utc>) -> Option<Retry> {
    let status = run.status.as_ref()?;
    let retries = status.retries.as_ref()?;
    let at = retries.next.as_ref().map(when::of).filter(|at| *at > now)?;
    let one_pod = run.spec.completions.unwrap_or(1) == 1 && run.spec.parallelism.unwrap_or(1) == 1;
    // In a run with several Pods others may run meanwhile, and "attempt" would mean all of them.
    let (word, first) = if one_pod { ("attempt", 1) } else { ("retry", 0) };
    let number = i64::from(retries.used.max(1)) + first;
    let all = retries.limit.map_or(String::new(), |limit| format!(" of {}", i64::from(limit) + first));
    Some(Retry { words: format!("{word} {number}{all}"), at })
}

impl Retry {
    /// `attempt 2 of 3 starts in 20s`.
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        format!("{} starts in {}", self.words, when::between(now, self.at))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn during_a_back_off_the_next_attempt_is_named() {
        let rows = [
            (
                json!({}),
                json!({"used": 2, "limit": 2, "next": "2026-01-01T00:00:20Z"}),
                Some("attempt 3 of 3 starts in 20s"),
            ),
            (
                json!({}),
                json!({"used": 1, "limit": 2, "next": "2026-01-01T00:00:20Z"}),
                Some("attempt 2 of 3 starts in 20s"),
            ),
            (
                json!({"completions": 5}),
                json!({"used": 1, "limit": 2, "next": "2026-01-01T00:00:20Z"}),
                Some("retry 1 of 2 starts in 20s"),
            ),
            (json!({}), json!({"used": 4, "next": "2026-01-01T00:00:20Z"}), Some("attempt 5 starts in 20s")),
            (json!({}), json!({"used": 1, "limit": 2}), None),
            (json!({}), json!({"used": 1, "limit": 2, "next": "2025-12-31T23:59:59Z"}), None),
        ];
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        for (spec, retries, expected) in rows {
            let mut run: Value =
                json!({"metadata": {"name": "etl"}, "spec": {"template": {}}, "status": {"retries": retries}});
            run["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
            let run: SidecarJob = serde_json::from_value(run).unwrap();
            let said = next(&run, now).map(|retry| retry.sentence(now));
            assert_eq!(said.as_deref(), expected, "{run:?}");
        }
    }
}
