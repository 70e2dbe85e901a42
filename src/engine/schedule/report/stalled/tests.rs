//! What is said of a step that fails.

use serde_json::json;

use super::by;
use crate::engine::schedule::decide;
use crate::engine::schedule::observed::Observed;
use crate::engine::schedule::tests::fixture::{at, cron, run};

#[test]
fn a_step_that_fails_stalls_with_nothing_else_written_until_there_is_no_step_left() {
    let mut seen = cron(json!({"successfulJobsHistoryLimit": 0})).last(60).runs([run(60).ended(true, 61)]);
    seen.settle(at(62));
    let stored = seen.cron.status.clone();
    let stalled = by(&seen.cron, "failed to delete SidecarJob x: a webhook is down", at(70)).unwrap();
    let condition = stalled.conditions.when_true("Stalled").unwrap();
    assert_eq!(condition.reason, "StepFailed");
    assert!(condition.message.ends_with("a webhook is down"));
    assert_eq!((stalled.last_schedule, &stalled.recent), (stored.last_schedule, &stored.recent));
    seen.cron.status = stalled;
    assert_eq!(by(&seen.cron, &condition_message(&seen), at(80)), None, "said once");
    seen.runs.clear();
    let cleared = decide(&seen, at(81)).status.unwrap();
    assert_eq!(cleared.conditions.get("Stalled").map(|c| c.status.as_str()), Some("False"));
}

fn condition_message(seen: &Observed) -> String {
    seen.cron.status.conditions.get("Stalled").unwrap().message.clone()
}
