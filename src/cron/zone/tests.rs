//! Which zone does a name mean, and which local time does a zone have?

use super::*;

#[test]
fn names_are_taken_as_the_api_server_takes_them() {
    for name in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT", "Factory", "GMT-0"] {
        assert_eq!(Zone::parse(name).map(|z| z.name()), Ok(name));
    }
    for (name, why) in [
        ("", "the time zone is empty"),
        ("Local", "not an explicit time zone"),
        ("LOCAL", "not an explicit time zone"),
        ("utc", "write UTC"),
        ("america/new_york", "write America/New_York"),
        ("Etc/Unknown", "unknown time zone"),
        ("Europe/../Europe/Berlin", "unknown time zone"),
        ("/Europe/Berlin", "unknown time zone"),
        (" UTC", "unknown time zone"),
        ("posix/UTC", "unknown time zone"),
        ("+01:00", "unknown time zone"),
    ] {
        let error = Zone::parse(name).unwrap_err().to_string();
        assert!(error.contains(why), "{name:?}: {error}");
    }
}

fn wall(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

fn utc(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().unwrap().timestamp()
}

#[test]
fn a_time_that_is_left_out_is_first_there_after_the_gap() {
    let zone = Zone::parse("America/New_York").unwrap();
    assert_eq!(zone.first(wall("2027-03-14T02:30:00")), Some(utc("2027-03-14T07:00:00Z")));
    assert!(zone.is_left_out(wall("2027-03-14T02:30:00")) && !zone.is_left_out(wall("2027-03-14T03:00:00")));
    let samoa = Zone::parse("Pacific/Apia").unwrap();
    assert_eq!(samoa.first(wall("2011-12-30T12:00:00")), Some(utc("2011-12-30T10:00:00Z")), "a day that never was");
}

#[test]
fn a_time_that_is_there_twice_is_first_there_before_the_change() {
    let zone = Zone::parse("America/New_York").unwrap();
    assert_eq!(zone.first(wall("2026-11-01T01:30:00")), Some(utc("2026-11-01T05:30:00Z")));
    assert!(zone.is_twice(wall("2026-11-01T01:30:00")) && !zone.is_twice(wall("2026-11-01T02:30:00")));
}

#[test]
fn times_are_printed_with_the_offset_of_the_zone() {
    let at = DateTime::from_timestamp(utc("2026-11-24T01:00:00Z"), 0).unwrap();
    assert_eq!(Zone::parse("Europe/Berlin").unwrap().rfc3339(at), "2026-11-24T02:00:00+01:00");
    assert_eq!(Zone::UTC.rfc3339(at), "2026-11-24T01:00:00Z");
}

#[test]
fn no_zone_changes_its_clock_twice_within_one_step_of_the_search() {
    const STEP: i64 = 12 * 3_600;
    let mut changes = 0;
    for zone in Zone::all() {
        let offset = |unix: i64| zone.wall(unix).map(|wall| wall.and_utc().timestamp() - unix);
        let (mut last, mut before) = (None, offset(utc("2000-01-01T00:00:00Z")));
        for unix in (utc("2000-01-01T00:00:00Z")..utc("2030-01-01T00:00:00Z")).step_by(STEP as usize) {
            let now = offset(unix);
            if now != before {
                let apart = last.map_or(i64::MAX, |last| unix - last);
                assert!(apart > crate::cron::next::DAYS_AHEAD as i64 * 86_400, "{zone} at {unix}");
                (last, before, changes) = (Some(unix), now, changes + 1);
            }
        }
    }
    assert!(changes > 10_000, "the changes were found");
}
