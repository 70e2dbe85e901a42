//! How does a command print times and durations? A duration is printed as kubectl prints an age, a time in UTC.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// The time of a Kubernetes object, in whole seconds.
pub fn of(time: &Time) -> DateTime<Utc> {
    DateTime::from_timestamp(time.0.as_second(), 0).unwrap_or_default()
}

/// The time in UTC: `2026-11-27T01:00:51Z`.
pub fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// How long it is from `from` to `to`, as kubectl prints an age: `41s`, `2m10s`, `3h20m`, `5d`. A negative duration is `0s`.
pub fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    short(to - from)
}

/// A duration as kubectl prints an age.
pub fn short(duration: TimeDelta) -> String {
    let s = duration.num_seconds().max(0);
    let two = |first: i64, unit: &str, second: i64, smaller: &str| match second {
        0 => format!("{first}{unit}"),
        _ => format!("{first}{unit}{second}{smaller}"),
    };
    match s {
        ..120 => format!("{s}s"),
        120..600 => two(s / MINUTE, "m", s % MINUTE, "s"),
        600..10_800 => format!("{}m", s / MINUTE),
        10_800..28_800 => two(s / HOUR, "h", s % HOUR / MINUTE, "m"),
        28_800..172_800 => format!("{}h", s / HOUR),
        172_800..691_200 => two(s / DAY, "d", s % DAY / HOUR, "h"),
        691_200..63_072_000 => format!("{}d", s / DAY),
        _ => two(s / YEAR, "y", s % YEAR / DAY, "d"),
    }
}

/// So many seconds, as kubectl prints an age. A number that is out of all bounds is the longest duration.
pub fn seconds(seconds: i64) -> String {
    short(TimeDelta::try_seconds(seconds.max(0)).unwrap_or(TimeDelta::MAX))
}

/// A time in the past, for a sentence: `3m ago`.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ago", between(at, now))
}

/// A time in the future, for a sentence: `at 2026-11-27T01:00:51Z (in 20s)`.
pub fn at(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match at > now {
        true => format!("at {} (in {})", utc(at), between(now, at)),
        false => format!("at {}", utc(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_as_kubectl_prints_an_age() {
        let rows = [
            (i64::MIN, "0s"),
            (-5, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (130, "2m10s"),
            (3_601, "60m"),
            (3 * HOUR, "3h"),
            (3 * HOUR + 20 * MINUTE, "3h20m"),
            (9 * HOUR + 59 * MINUTE, "9h"),
            (2 * DAY + HOUR, "2d1h"),
            (30 * DAY, "30d"),
            (3 * YEAR + 2 * DAY, "3y2d"),
        ];
        for (seconds, expected) in rows {
            assert_eq!(self::seconds(seconds), expected, "{seconds}");
        }
        assert!(self::seconds(i64::MAX).contains('y'), "the longest duration is one of years");
    }

    #[test]
    fn a_time_that_has_passed_is_not_in_the_future() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        assert_eq!(at(now + TimeDelta::seconds(20), now), "at 2026-01-01T00:00:20Z (in 20s)");
        assert_eq!(at(now, now), "at 2026-01-01T00:00:00Z");
        assert_eq!(ago(now - TimeDelta::seconds(20), now), "20s ago");
    }
}
