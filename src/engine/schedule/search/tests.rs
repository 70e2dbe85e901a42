//! When a search is needed, and what it costs.

use super::*;
use crate::cron::{Dst, budget};

fn at(minute: i64) -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

fn hourly() -> Times {
    Times::parse(&["0 * * * *"], &[""; 0], None, Dst::CronJob, "ns/c").unwrap()
}

fn span(until: i64) -> Span {
    Span { after: at(0), until: at(until), keep: 2 }
}

/// What is found, and in how many steps.
fn find_in(times: &Times, known: Option<&Search>, span: Span) -> (Result<Found, Spent>, u32) {
    let mut budget = Budget::of(budget::OF_A_DECISION);
    (find(times, known, span, &mut budget), budget.taken())
}

#[test]
fn what_was_found_holds_until_the_next_time_comes() {
    let times = hourly();
    let found = find_in(&times, None, span(130)).0.unwrap();
    assert_eq!((found.pending.count, found.next), (2, Some(at(180))));
    let known = Search::Found(found);
    for (what, span, is_known) in [
        ("at the same time", span(130), true),
        ("a second before the next time", Span { until: at(180) - TimeDelta::seconds(1), ..span(130) }, true),
        ("at the next time", span(180), false),
        ("the clock was set back", span(129), false),
        ("a run was started meanwhile", Span { after: at(60), ..span(130) }, false),
        ("more times are wanted", Span { keep: 3, ..span(130) }, false),
    ] {
        let (again, steps) = find_in(&times, Some(&known), span);
        let said = |found: Result<Found, Spent>| found.map(|found| (found.pending, found.next));
        assert_eq!((steps == 0, said(again)), (is_known, said(find_in(&times, None, span).0)), "{what}");
    }
}

#[test]
fn that_there_is_no_next_time_is_searched_once_a_day() {
    let leap_day = Times::parse(&["0 0 29 2 *"], &[""; 0], None, Dst::CronJob, "ns/c").unwrap();
    let until: DateTime<Utc> = "2096-03-01T00:00:00Z".parse().unwrap();
    let span = |days| Span { after: until, until: until + TimeDelta::days(days), keep: 2 };
    let known = Search::Found(find_in(&leap_day, None, span(0)).0.unwrap());
    let steps = |days| find_in(&leap_day, Some(&known), span(days)).1;
    assert_eq!((steps(0), steps(1) > 0), (0, true));
}

#[test]
fn a_search_that_was_given_up_is_not_repeated() {
    assert_eq!(find_in(&hourly(), Some(&Search::GaveUp), span(130)), (Err(Spent), 0));
}
