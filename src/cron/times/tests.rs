//! How do several expressions, exclusions, a zone and a rule for clock changes act as one schedule?

use super::*;

mod steps;

const NONE: [&str; 0] = [];

fn times(schedules: &[&str], exclude: &[&str], zone: Option<&str>) -> Times {
    Times::parse(schedules, exclude, zone, Dst::CronJob, "ns/name").unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// More steps than any of these tests takes.
fn plenty() -> Budget {
    Budget::of(budget::OF_A_DECISION)
}

fn next(times: &Times, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    times.next(from, &mut plenty()).unwrap()
}

fn pending(times: &Times, anchor: DateTime<Utc>, now: DateTime<Utc>, keep: usize) -> Pending {
    times.pending(anchor, now, keep, &mut plenty()).unwrap()
}

fn list(times: &Times, from: &str, n: usize) -> Vec<String> {
    let first = next(times, at(from));
    std::iter::successors(first, |at| next(times, *at)).take(n).map(|at| times.zone().rfc3339(at)).collect()
}

#[test]
fn several_schedules_are_one_and_a_time_of_two_is_one_time() {
    let all = times(&["0 8 * * *", "0 8,20 * * *"], &NONE, None);
    assert_eq!(
        list(&all, "2026-01-01T00:00:00Z", 3),
        ["2026-01-01T08:00:00Z", "2026-01-01T20:00:00Z", "2026-01-02T08:00:00Z"]
    );
}

#[test]
fn excluded_times_are_left_out_in_the_zone() {
    let all = times(&["0 2 * * *"], &["* * 25 12 *", "* * * * SAT,SUN"], Some("Europe/Berlin"));
    assert_eq!(
        list(&all, "2026-12-23T12:00:00Z", 2),
        ["2026-12-24T02:00:00+01:00", "2026-12-28T02:00:00+01:00"],
        "the 25th is a Friday, then comes a weekend"
    );
    let minutely = times(&["* * * * *"], &["* * * 2-12 *"], None);
    assert_eq!(list(&minutely, "2026-01-31T23:59:00Z", 1), ["2027-01-01T00:00:00Z"], "days are skipped as a whole");
    let odd = times(&["*/10 * * * *"], &["10-49 * * * *"], None);
    assert_eq!(list(&odd, "2026-01-01T00:00:00Z", 2), ["2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"]);
}

#[test]
fn a_schedule_that_excludes_itself_never_fires_and_says_so_soon() {
    for (schedule, exclude) in [("* * * * *", "* * * * *"), ("0 2 * * *", "0 2 * * *"), ("@every 1m", "* * * * *")] {
        assert_eq!(next(&times(&[schedule], &[exclude], None), at("2026-01-01T00:00:00Z")), None, "{schedule}");
    }
}

#[test]
fn what_has_come_due() {
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T03:00:00Z"));
    let hourly = times(&["0 * * * *"], &NONE, None);
    assert_eq!(pending(&hourly, from, at("2026-01-01T00:59:59Z"), 5), Pending::default());
    let due = pending(&hourly, from, to, 2);
    assert_eq!((due.count, due.more), (3, false), "the very second counts");
    assert_eq!(due.latest, [at("2026-01-01T02:00:00Z"), to]);
}

#[test]
fn of_very_many_times_the_latest_are_found_without_looking_at_all() {
    let minutely = times(&["* * * * *"], &["* 1-2 * * *"], Some("America/New_York"));
    let now = at("2026-07-01T00:00:30Z");
    let due = pending(&minutely, at("2021-01-01T00:00:00Z"), now, 3);
    assert_eq!((due.count, due.more), (1_000, true));
    let minutes = |m: i64| at("2026-07-01T00:00:00Z") - TimeDelta::minutes(m);
    assert_eq!(due.latest, [minutes(2), minutes(1), minutes(0)]);
}

#[test]
fn every_counts_from_the_anchor() {
    let every = times(&["@every 7m"], &NONE, None);
    let anchor = at("2026-01-01T00:00:30Z");
    assert_eq!(next(&every, anchor), Some(at("2026-01-01T00:07:30Z")));
    let due = pending(&every, anchor, at("2026-01-01T00:30:00Z"), 1);
    assert_eq!((due.count, due.latest), (4, vec![at("2026-01-01T00:28:30Z")]));
    let years = pending(&every, anchor, at("2036-01-01T00:00:30Z"), 1);
    assert_eq!((years.latest[0] - anchor).num_seconds() % 420, 0, "also after ten years");
    assert!(at("2036-01-01T00:00:30Z") - years.latest[0] < TimeDelta::minutes(7));
}

#[test]
fn what_can_not_be_read_says_which_and_why() {
    let refused = |schedules: &[&str], exclude: &[&str], zone| {
        Times::parse(schedules, exclude, zone, Dst::CronJob, "ns/name").unwrap_err().to_string()
    };
    for (error, want) in [
        (refused(&["0 24 * * *"], &NONE, None), "schedule \"0 24 * * *\": hour: \"24\" ends above 23"),
        (refused(&["0 2 * * *"], &["@every 1h"], None), "exclude \"@every 1h\": only five fields"),
        (refused(&["TZ=UTC 0 2 * * *"], &NONE, None), "TZ and CRON_TZ can't be used"),
        (refused(&["0 2 * * *"], &NONE, Some("utc")), "unknown time zone \"utc\""),
        (refused(&["0 2 * * *", "@every 1h"], &NONE, None), "\"@every 1h\": @every counts from the last run"),
    ] {
        assert!(error.contains(want), "{error}");
    }
}
