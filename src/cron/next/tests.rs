//! When does a calendar fire next? `tests/cron_oracle.rs` has the whole comparison with the original.

use super::*;
use crate::cron::Expression;
use crate::cron::expression::Kind;

fn calendar(text: &str) -> Calendar {
    match Expression::parse(text).unwrap().kind {
        Kind::Calendar(calendar) => calendar,
        Kind::Every(_) => panic!("a calendar"),
    }
}

fn next(calendar: &Calendar, zone: Zone, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    after(calendar, zone, from, &mut Budget::of(20_000)).unwrap()
}

/// The next `n` times after `from`, in the zone.
fn times(text: &str, zone: &str, from: &str, n: usize) -> Vec<String> {
    let (calendar, zone) = (calendar(text), Zone::parse(zone).unwrap());
    let first = next(&calendar, zone, from.parse().unwrap());
    std::iter::successors(first, |at| next(&calendar, zone, *at)).take(n).map(|at| zone.rfc3339(at)).collect()
}

#[test]
fn times_follow_each_other() {
    for (text, from, want) in [
        ("*/15 * * * *", "2026-01-01T00:01:30Z", "2026-01-01T00:15:00Z"),
        ("0 0 * * *", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 * * *", "2025-12-31T23:59:59.5Z", "2026-01-01T00:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
        ("0 12 * * MON-FRI", "2026-11-27T12:00:00Z", "2026-11-30T12:00:00Z"),
        ("0 0 13 * 5", "2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z"),
    ] {
        assert_eq!(times(text, "UTC", from, 1), [want], "{text}");
    }
}

#[test]
fn what_can_never_be_ends_after_five_years() {
    for text in ["0 0 31 2 *", "0 0 30 2 *", ", * * * *", "* , * * *", "* * , * *", "* * * , *", "0 0 31 4,6,9,11 *"] {
        assert_eq!(times(text, "UTC", "2026-01-01T00:00:00Z", 1), [""; 0], "{text}");
    }
    assert_eq!(times("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1), [""; 0], "2100 has no 29 February");
}

#[test]
fn a_time_that_is_left_out_is_skipped_that_day() {
    let from = "2027-03-13T12:00:00Z";
    assert_eq!(
        times("30 2 * * *", "America/New_York", from, 2),
        ["2027-03-15T02:30:00-04:00", "2027-03-16T02:30:00-04:00"]
    );
}

#[test]
fn a_time_that_is_there_twice_fires_twice() {
    let from = "2026-11-01T00:00:00-04:00";
    assert_eq!(
        times("30 1 * * *", "America/New_York", from, 3),
        ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"]
    );
}

#[test]
fn a_midnight_that_is_left_out_is_skipped() {
    assert_eq!(
        times("@daily", "America/Santiago", "2026-09-05T12:00:00Z", 2),
        ["2026-09-07T00:00:00-03:00", "2026-09-08T00:00:00-03:00"]
    );
}

#[test]
fn half_an_hour_of_lord_howe() {
    let all = times("0 2 * * *", "Australia/Lord_Howe", "2027-04-02T00:00:00Z", 3);
    assert_eq!(all, ["2027-04-03T02:00:00+11:00", "2027-04-05T02:00:00+10:30", "2027-04-06T02:00:00+10:30"]);
}

#[test]
fn the_ends_of_the_calendar_are_no_trouble() {
    let every_minute = calendar("* * * * *");
    assert_eq!(next(&every_minute, Zone::UTC, DateTime::<Utc>::MAX_UTC), None);
    assert!(next(&every_minute, Zone::UTC, DateTime::<Utc>::MIN_UTC).is_some());
}
