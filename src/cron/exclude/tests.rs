//! Until when are times excluded?

use chrono::{DateTime, Utc};

use super::*;
use crate::cron::Expression;

fn calendars(texts: &[&str]) -> Vec<Calendar> {
    texts.iter().map(|text| Expression::parse(text).unwrap().kind.minutes()).collect()
}

fn utc(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().unwrap().timestamp()
}

#[test]
fn what_is_excluded_is_passed_as_far_as_it_goes() {
    let (berlin, new_york) = ("Europe/Berlin", "America/New_York");
    for (what, exclude, zone, from, want) in [
        ("nothing is excluded", &["0 3 * * *"][..], "UTC", "2026-01-01T02:00:00Z", None),
        ("a minute", &["5 * * * *"], "UTC", "2026-01-01T02:05:07Z", Some("2026-01-01T02:05:59Z")),
        ("minutes in a row", &["5-9 * * * *"], "UTC", "2026-01-01T02:05:00Z", Some("2026-01-01T02:09:59Z")),
        ("a night", &["* 0-5 * * *"], berlin, "2026-01-01T00:30:00Z", Some("2026-01-01T04:59:59Z")),
        ("the rest of a day", &["* 20-23 * * *"], "UTC", "2026-01-01T21:00:00Z", Some("2026-01-01T23:59:59Z")),
        (
            "a day by two halves of each hour",
            &["0-29 * * * *", "30-59 * * * *"],
            "UTC",
            "2026-01-01T09:00:00Z",
            Some("2026-01-01T23:59:59Z"),
        ),
        (
            "a day by two halves of the day",
            &["* 0-11 * * *", "* 12-23 * * *"],
            "UTC",
            "2026-01-01T09:00:00Z",
            Some("2026-01-01T23:59:59Z"),
        ),
        ("a day of 23 hours", &["* * * * *"], berlin, "2027-03-28T00:30:00Z", Some("2027-03-28T21:59:59Z")),
        (
            "a night in which the clocks go forward, up to the hour before",
            &["* 0-5 * * *"],
            new_york,
            "2027-03-14T05:10:00Z",
            Some("2027-03-14T05:59:59Z"),
        ),
        (
            "the hour that is there twice, the first time",
            &["30-59 1 * * *"],
            new_york,
            "2026-11-01T05:40:00Z",
            Some("2026-11-01T05:40:00Z"),
        ),
    ] {
        let (all, mut budget) = (calendars(exclude), Budget::of(1_000));
        let until = Exclusions::new(&all, Zone::parse(zone).unwrap()).until(utc(from), &mut budget).unwrap();
        assert_eq!(until, want.map(utc), "{what}");
    }
}

#[test]
fn exclusions_that_leave_nothing_are_seen_without_a_search() {
    for (what, schedules, exclude, leave) in [
        ("nothing is excluded", &["0 2 * * *"][..], &[][..], true),
        ("other times are excluded", &["0 2 * * *"], &["1 2 * * *", "0 3 * * *"], true),
        ("it excludes itself", &["0 2 * * *"], &["0 2 * * *"], false),
        ("two halves exclude all", &["* * * * *"], &["0-29 * * * *", "30-59 * * * *"], false),
        ("all but one minute of a year", &["* * * * *"], &["1-59 * * * *", "* 1-23 * * *", "* * 2-31 * *"], true),
        ("all but 29 February", &["0 0 * * *"], &["* * * 1,3-12 *", "* * 1-28 2 *"], true),
        ("one of two schedules is left", &["0 2 * * *", "0 3 * * *"], &["* 0-2 * * *"], true),
        ("there is no schedule", &[], &["0 2 * * *"], false),
    ] {
        assert_eq!(super::leave(&calendars(exclude), &calendars(schedules)), leave, "{what}");
    }
}
