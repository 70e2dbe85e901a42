//! How long the next Pod waits.

use super::*;
use crate::engine::tests::fixture::{at, seconds};

fn success(s: i64) -> Outcome {
    Outcome { success: true, at: at(s) }
}

fn failure(s: i64) -> Outcome {
    Outcome { success: false, at: at(s) }
}

fn record(failures: u32, last: i64) -> Option<Backoff> {
    Some(Backoff { failures, last_failure_at: at(last) })
}

#[test]
fn failures_in_a_row_are_counted_from_the_newest_success() {
    for (what, before, new, want) in [
        ("nothing happened", None, vec![], None),
        ("a first failure", None, vec![failure(5)], record(1, 5)),
        ("one more", record(2, 5), vec![failure(9)], record(3, 9)),
        ("two at once, in any order", None, vec![failure(9), failure(5)], record(2, 9)),
        ("a success ends it", record(4, 5), vec![success(9)], None),
        ("a failure after the success counts", record(4, 5), vec![failure(12), success(9)], record(1, 12)),
        ("a failure before the success does not", None, vec![success(9), failure(5)], None),
        ("a late report of an old failure keeps the time", record(1, 9), vec![failure(5)], record(2, 9)),
    ] {
        assert_eq!(after(before, &new), want, "{what}");
    }
}

#[test]
fn the_wait_doubles_from_ten_seconds_to_ten_minutes() {
    let waits: Vec<i64> =
        (1..=9).map(|n| (until(record(n, 0), &Settings::default()).unwrap() - at(0)).num_seconds()).collect();
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
    assert_eq!(until(None, &Settings::default()), None);
    assert_eq!(until(record(u32::MAX, 0), &Settings::default()), Some(at(600)), "no overflow");
}

#[test]
fn the_settings_say_how_long() {
    let settings = Settings { backoff: seconds(1), backoff_max: seconds(3), ..Settings::default() };
    assert_eq!(until(record(1, 0), &settings), Some(at(1)));
    assert_eq!(until(record(3, 0), &settings), Some(at(3)));
}
