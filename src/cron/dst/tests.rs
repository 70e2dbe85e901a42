//! What does a clock change do to the times of a schedule?

use super::*;
use crate::cron::Expression;
use crate::cron::expression::Kind;

fn calendar(text: &str) -> Calendar {
    match Expression::parse(text).unwrap().kind {
        Kind::Calendar(calendar) => calendar,
        Kind::Every(_) => panic!("a calendar"),
    }
}

fn plenty() -> Budget {
    Budget::of(100_000)
}

fn once(text: &str, zone: &str, from: &str, n: usize) -> Vec<String> {
    let (calendar, zone) = (calendar(text), Zone::parse(zone).unwrap());
    let next = |at| run_once_after(&calendar, zone, at, &mut plenty()).unwrap();
    let first = next(from.parse().unwrap());
    std::iter::successors(first, |at| next(*at)).take(n).map(|at| zone.rfc3339(at)).collect()
}

#[test]
fn run_once_runs_what_is_left_out_at_the_first_instant_after() {
    for (text, zone, from, want) in [
        ("30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", "2027-03-14T03:00:00-04:00"),
        ("0,15,30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", "2027-03-14T03:00:00-04:00"),
        ("@daily", "America/Santiago", "2026-09-05T12:00:00Z", "2026-09-06T01:00:00-03:00"),
        ("10 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-04T02:30:00+11:00"),
        ("0 12 * * *", "Pacific/Apia", "2011-12-30T09:59:00Z", "2011-12-31T00:00:00+14:00"),
    ] {
        assert_eq!(once(text, zone, from, 1), [want], "{text} in {zone}");
    }
    assert_eq!(
        once("0,15,30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", 2)[1],
        "2027-03-15T02:00:00-04:00",
        "several times of one gap are one run"
    );
}

#[test]
fn run_once_runs_what_is_there_twice_the_first_time() {
    assert_eq!(
        once("30 1 * * *", "America/New_York", "2026-11-01T00:00:00-04:00", 2),
        ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"]
    );
    assert_eq!(
        once("30 1 * * *", "America/New_York", "2026-11-01T01:10:00-05:00", 1),
        ["2026-11-02T01:30:00-05:00"],
        "asked in the second hour"
    );
}

#[test]
fn run_once_changes_nothing_for_hourly_schedules_or_zones_without_clock_changes() {
    for (text, zone) in [("*/20 * * * *", "America/New_York"), ("0 2 * * *", "UTC"), ("0 2 * * *", "Asia/Tokyo")] {
        let (c, z) = (calendar(text), Zone::parse(zone).unwrap());
        let mut at: DateTime<Utc> = "2026-10-30T00:00:00Z".parse().unwrap();
        for _ in 0..300 {
            let next = run_once_after(&c, z, at, &mut plenty()).unwrap();
            assert_eq!(Ok(next), next::after(&c, z, at, &mut plenty()), "{text} in {zone} after {at}");
            at = next.unwrap();
        }
    }
}

#[test]
fn changes_are_told() {
    let told = |text, from: &str, to: &str| {
        let zone = Zone::parse("America/New_York").unwrap();
        changes(&calendar(text), zone, (from.parse().unwrap(), to.parse().unwrap()), 10, &mut plenty()).unwrap()
    };
    let (year, end) = ("2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z");
    assert_eq!(told("30 2 * * *", year, end), [Change::LeftOut("2027-03-14T02:30:00".parse().unwrap())]);
    assert_eq!(told("30 1 * * *", year, end), [Change::Twice("2026-11-01T06:30:00Z".parse().unwrap())]);
    assert_eq!(told("30 3 * * *", year, end), []);
    assert_eq!(told("30 * * * *", year, end), [], "every hour: nothing that anybody would miss");
}
