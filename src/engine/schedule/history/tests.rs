//! Which finished runs go.

use serde_json::json;

use crate::engine::schedule::decide;
use crate::engine::schedule::observed::Run;
use crate::engine::schedule::tests::fixture::{at, cron, run};

#[test]
fn history_goes_by_outcome_oldest_first_and_only_what_is_written_down() {
    let ends = |n: i64| run(60 * n).ended(n % 2 == 0, 60 * n + 5);
    let mut seen = cron(json!({})).last(600).runs((1..=10).map(ends));
    assert_eq!(seen.steps(at(606)), [""; 0], "first the ends are written down");
    seen.settle(at(606));
    assert_eq!(seen.times(), [360, 480, 540, 600], "three that succeeded, one that failed");
    for (limit, want) in [(json!({"successfulJobsHistoryLimit": 0}), 0), (json!({"successfulJobsHistoryLimit": 9}), 1)]
    {
        let mut seen = cron(limit).last(60).runs([run(60).ended(true, 61)]);
        seen.settle(at(62));
        assert_eq!((seen.runs.len(), seen.cron.status.last_success), (want, Some(at(61))));
    }
    let unstarted = Run { started_at: None, ..run(60).ended(false, 65) };
    let mut seen = cron(json!({})).last(120).runs([unstarted, run(120).ended(false, 121)]);
    seen.settle(at(126));
    assert_eq!(seen.times(), [60], "one without a start goes last");
}

#[test]
fn ttls_go_by_outcome() {
    let spec = json!({"ttlSecondsAfterSuccess": 600, "ttlSecondsAfterFailure": 0, "schedule": "0 0 1 1 *"});
    let mut seen = cron(spec).last(60).runs([run(50).ended(true, 61), run(60).ended(false, 61)]);
    seen.settle(at(62));
    assert_eq!(seen.times(), [50]);
    assert_eq!(decide(&seen, at(62)).wake, Some(at(71)));
    seen.settle(at(71));
    assert_eq!(seen.times(), [0_i64; 0]);
}
