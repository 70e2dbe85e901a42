//! Which scheduled times ran because somebody asked for them? `sidecarjob cron backfill` uses this record when somebody
//! repeats it, and the schedule uses it when such a time comes.
//!
//! Only the controller writes the record (`status.backfilled`), before it deletes such a run. Times at equal distances
//! are one entry, so a month of hours needs no more space than one hour.

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// More spans than the times of any one backfill, however irregular they are.
const MAX_SPANS: usize = 1_000;
/// More than a week of minutes. If there are more times or spans, the record drops the oldest times.
const MAX_TIMES: usize = 10_000;

/// Scheduled times at equal distances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// The first time.
    pub from: Time,
    /// The last time.
    pub to: Time,
    /// How many times there are, both ends included.
    pub times: i32,
}

impl Span {
    fn of(from: i64, to: i64, times: i32) -> Self {
        let time = |second| Time(Timestamp::from_second(second).unwrap_or_default());
        Self { from: time(from), to: time(to), times }
    }

    /// How many seconds are between two times; 0 if there is only one.
    fn step(&self) -> i64 {
        let between = i64::from(self.times) - 1;
        if between > 0 { (self.to.0.as_second() - self.from.0.as_second()).max(0) / between } else { 0 }
    }

    fn contains(&self, second: i64) -> bool {
        let (from, to, step) = (self.from.0.as_second(), self.to.0.as_second(), self.step());
        second == from || (step > 0 && (from..=to).contains(&second) && (second - from) % step == 0)
    }

    fn seconds(&self) -> impl Iterator<Item = i64> {
        let (from, step) = (self.from.0.as_second(), self.step());
        let times = if step > 0 { i64::from(self.times).min(MAX_TIMES as i64) } else { 1 };
        (0..times).map(move |n| from + n * step)
    }
}

/// Is this time in the record?
pub fn contains(all: &[Span], at: DateTime<Utc>) -> bool {
    all.iter().any(|span| span.contains(at.timestamp()))
}

/// Is this time in the record, or was it there before the record dropped it?
pub fn is_settled(all: &[Span], at: DateTime<Utc>) -> bool {
    let times: i64 = all.iter().map(|span| i64::from(span.times)).sum();
    let full = all.len() >= MAX_SPANS || times >= MAX_TIMES as i64;
    contains(all, at) || (full && all.first().is_some_and(|oldest| at.timestamp() < oldest.from.0.as_second()))
}

/// The record with these times added.
pub fn with(all: &[Span], new: impl IntoIterator<Item = DateTime<Utc>>) -> Vec<Span> {
    let mut fresh = new.into_iter().filter(|at| !contains(all, *at)).map(|at| at.timestamp()).peekable();
    if fresh.peek().is_none() {
        return all.to_vec();
    }
    let mut seconds: Vec<i64> = all.iter().flat_map(Span::seconds).chain(fresh).collect();
    seconds.sort_unstable();
    seconds.dedup();
    let mut spans = spans(&seconds[seconds.len().saturating_sub(MAX_TIMES)..]);
    spans.drain(..spans.len().saturating_sub(MAX_SPANS));
    spans
}

/// Joins ascending times to as few spans as possible: a span goes on as long as the distance stays the same.
fn spans(seconds: &[i64]) -> Vec<Span> {
    let mut spans: Vec<(i64, i64, i32)> = Vec::new();
    let mut step = 0;
    for second in seconds {
        match spans.last_mut() {
            Some((_, to, times)) if *times == 1 || *second - *to == step => {
                (step, *to, *times) = (*second - *to, *second, *times + 1);
            }
            _ => spans.push((*second, *second, 1)),
        }
    }
    spans.into_iter().map(|(from, to, times)| Span::of(from, to, times)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + minute * 60, 0).unwrap()
    }

    fn record(minutes: impl IntoIterator<Item = i64>) -> Vec<Span> {
        with(&[], minutes.into_iter().map(at))
    }

    #[test]
    fn times_at_equal_distances_are_one_entry_whatever_their_order() {
        let hours = record((0..100).map(|hour| hour * 60));
        assert_eq!(
            serde_json::to_value(&hours).unwrap(),
            serde_json::json!([
                {"from": "2026-01-01T00:00:00Z", "to": "2026-01-05T03:00:00Z", "times": 100}
            ])
        );
        let mut one_by_one = Vec::new();
        for hour in (0..100).step_by(2).chain((1..100).step_by(2)) {
            one_by_one = with(&one_by_one, [at(hour * 60)]);
        }
        assert_eq!(one_by_one, hours);
        let with_a_gap = record((0..5).chain(9..12));
        assert_eq!(with_a_gap.iter().map(|span| span.times).collect::<Vec<_>>(), [5, 3]);
    }

    #[test]
    fn what_is_in_it_is_known_to_the_minute_and_nothing_else() {
        let irregular: Vec<i64> = (0..300).filter(|n| n % 7 != 0 && n % 5 != 3).collect();
        let record = record(irregular.clone());
        for minute in -10..310 {
            assert_eq!(contains(&record, at(minute)), irregular.contains(&minute), "{minute}");
        }
        assert_eq!(with(&record, irregular.iter().map(|n| at(*n))), record, "said twice, it changes nothing");
    }

    #[test]
    fn it_is_bounded_and_the_oldest_go_first() {
        let two_a_day = |days: i64| (0..days).flat_map(|day| [day * 1440 + 9 * 60, day * 1440 + 17 * 60]);
        let irregular = record(two_a_day(1_500));
        assert_eq!(irregular.len(), 1_000, "any backfill of 1000 times has room");
        assert!(!contains(&irregular, at(9 * 60)) && is_settled(&irregular, at(9 * 60)), "it was in it");
        assert!(!is_settled(&irregular, at(1_499 * 1440 + 600)), "that one never was");
        let minutes = record(0..20_000);
        assert_eq!(minutes, [Span::of(at(10_000).timestamp(), at(19_999).timestamp(), 10_000)]);
        assert!(!is_settled(&record(5..10), at(1)), "there is room");
    }

    #[test]
    fn what_makes_no_sense_is_one_time() {
        for times in [-3, 0, 1, i32::MAX] {
            let odd = [Span::of(60, 0, times)];
            assert!(contains(&odd, DateTime::from_timestamp(60, 0).unwrap()));
            assert!(!contains(&odd, DateTime::from_timestamp(0, 0).unwrap()));
        }
        let many = [Span::of(0, i64::from(i32::MAX) - 1, i32::MAX)];
        assert!(
            with(&many, [DateTime::UNIX_EPOCH - chrono::TimeDelta::minutes(1)])
                .iter()
                .map(|span| span.times)
                .sum::<i32>()
                <= 10_000
        );
    }
}
