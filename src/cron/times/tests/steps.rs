//! How many steps do searches take, and are their times the same as those of a search that skips nothing?

use super::*;
use crate::cron::next;
use crate::cron::zone::Zone;

/// Fifteen calendars that never fire, and one that fires in every minute, all of which are excluded.
fn attack() -> Times {
    let never: Vec<String> = (0..15).map(|n| format!("{n} 0 31 2,4,6,9,11 *")).collect();
    let schedules: Vec<&str> = std::iter::once("* * * * *").chain(never.iter().map(String::as_str)).collect();
    times(&schedules, &["0-29 * * * *", "30-59 * * * *"], Some("Africa/Casablanca"))
}

/// Sixteen schedules that each fire in nearly every minute.
fn many(minute: impl Fn(u32) -> String) -> Vec<String> {
    (0..16).map(minute).collect()
}

fn of(schedules: &[String], exclude: &[&str], zone: &str, dst: Dst) -> Times {
    Times::parse(schedules, exclude, Some(zone), dst, "ns/name").unwrap()
}

/// The steps of one decision: it searches the times of two years, the latest 101 of these times, and the next time.
fn steps(times: &Times, budget: u32) -> (Result<usize, Spent>, u32) {
    let (anchor, now) = (at("2025-03-01T00:00:00Z"), at("2027-03-01T00:00:00Z"));
    let mut budget = Budget::of(budget);
    let pending = times.pending(anchor, now, 101, &mut budget);
    let next = pending.and_then(|pending| Ok((pending, times.next_after(anchor, now, &mut budget)?)));
    (next.map(|(pending, _)| pending.count), budget.taken())
}

#[test]
fn what_can_never_fire_takes_no_step() {
    assert_eq!(steps(&attack(), budget::OF_A_DECISION), (Ok(0), 0));
}

#[test]
fn what_users_write_fits_the_budget_many_times() {
    let list = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (what, schedules, exclude, most) in [
        ("each minute", list(&["* * * * *"]), &[][..], 6_000),
        ("each day", list(&["0 2 * * *"]), &[], 12_000),
        ("each minute of working hours", list(&["* * * * *"]), &["* 0-7,18-23 * * *", "* * * * 0,6"], 8_000),
        ("each minute but 16 holidays", list(&["* * * * *"]), &["* * 1 1 *", "* * 24-26 12 *", "* * 1 5 *"], 8_000),
        ("every other minute by exclusion", list(&["* * * * *"]), &["*/2 * * * *"], 14_000),
        ("16 schedules a day", many(|n| format!("{n} {n} * * *")), &[], 12_000),
        ("29 February", list(&["0 0 29 2 *"]), &[], 3_000),
    ] {
        let (found, taken) = steps(&of(&schedules, exclude, "Europe/Berlin", Dst::CronJob), budget::OF_A_DECISION);
        assert!(found.is_ok() && taken < most, "{what}: {taken} steps, {found:?}");
    }
}

/// The worst schedules that we found. Most fit the budget; the search of the last one uses up the budget.
#[test]
fn the_worst_schedules_end_with_the_budget() {
    let nearly_all = &["* * * 1,3-12 *", "* * 1-28 2 *", "* * * * 0-5"];
    let zone = "Africa/Casablanca";
    for (what, times, fits) in [
        (
            "16 schedules in nearly every minute",
            of(&many(|n| format!("{n}-59 * * * *")), &[], zone, Dst::CronJob),
            true,
        ),
        (
            "16 schedules by each of which a local time runs once",
            of(&many(|n| format!("*/{} 0-22 * * *", n + 1)), &["7 * * * *"], zone, Dst::RunOnce),
            true,
        ),
        (
            "16 schedules on 31 January, if it is a Saturday, that are searched in other months too",
            of(&many(|n| format!("{n} 0 31 1,2,4,6,9,11 *")), &["* * * * 0-5"], zone, Dst::CronJob),
            true,
        ),
        ("@every that is excluded each time", times(&["@every 24h"], &["0-29 0 * * *"], None), true),
        ("each minute of a 29 February that is a Saturday", times(&["* * * * *"], nearly_all, Some(zone)), true),
        ("the same by 16 schedules", of(&many(|n| format!("{n}-59 * * * *")), nearly_all, zone, Dst::CronJob), false),
    ] {
        let (found, taken) = steps(&times, budget::OF_A_DECISION);
        assert_eq!((found.is_ok(), taken <= budget::OF_A_DECISION), (fits, true), "{what}: {taken} steps, {found:?}");
    }
}

#[test]
fn a_count_that_takes_too_many_steps_ends_and_the_latest_times_are_found() {
    let busy = of(&many(|n| format!("{n}-59 * * * *")), &[], "Africa/Casablanca", Dst::CronJob);
    let (anchor, now) = (at("2025-03-01T00:00:00Z"), at("2027-03-01T00:00:30Z"));
    let found = busy.pending(anchor, now, 2, &mut Budget::of(10_000)).unwrap();
    assert!(found.more && (50..1_000).contains(&found.count), "{found:?}");
    assert_eq!(found.latest, [at("2027-02-28T23:59:00Z"), at("2027-03-01T00:00:00Z")]);
}

/// A search that skips nothing: it searches each schedule again for each time, and each excluded minute on its own.
fn plain(times: &Times, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut at = from;
    for _ in 0..100_000 {
        let next = times.calendars().filter_map(|c| next::after(c, times.zone, at, &mut plenty()).unwrap());
        at = next.min()?;
        let wall = times.zone.wall(at.timestamp())?;
        let minute = |c: &&Calendar| {
            crate::cron::next::after(c, Zone::UTC, wall.and_utc() - TimeDelta::seconds(1), &mut plenty()).unwrap()
                == Some(wall.and_utc())
        };
        if !times.exclude.iter().any(|c| minute(&c)) {
            return Some(at);
        }
    }
    None
}

#[test]
fn no_time_is_passed_over_or_added() {
    let mut dice = 7_u64;
    let mut roll = |n: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % n
    };
    let schedules =
        ["* * * * *", "*/7 * * * *", "30 1-3 * * *", "0 2 * * *", "15 */5 * * *", "59 23 * * 0", "0 0 1 * *"];
    let excluded =
        ["0-29 * * * *", "30-59 * * * *", "* 0-5 * * *", "* 1-2 * * 0", "*/3 2 * * *", "* * * * 1-3", "* 12-23 * * *"];
    let zones =
        ["UTC", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Europe/Berlin", "America/Santiago"];
    // Half a day before and after clock changes of these zones, and elsewhere.
    let begins = [
        "2027-03-14T00:00:00Z",
        "2026-11-01T00:00:00Z",
        "2027-04-03T10:00:00Z",
        "2026-02-14T22:00:00Z",
        "2026-09-06T00:00:00Z",
    ];
    for n in 0..400 {
        let some = |all: &[&'static str], n: u64, roll: &mut dyn FnMut(u64) -> u64| {
            (0..n).map(|_| all[roll(all.len() as u64) as usize]).collect::<Vec<_>>()
        };
        let (all, out) = (some(&schedules, 1 + n % 3, &mut roll), some(&excluded, n % 4, &mut roll));
        let zone = zones[roll(6) as usize];
        let times = times(&all, &out, Some(zone));
        let mut from = at(begins[roll(5) as usize]) + TimeDelta::minutes(roll(2_000) as i64 - 1_000);
        for _ in 0..5 {
            let found = next(&times, from);
            assert_eq!(found, plain(&times, from), "{all:?} without {out:?} in {zone} after {from}");
            let Some(found) = found else { break };
            from = found;
        }
    }
}
