//! How do the times of the wire become the engine's times? Kubernetes' types have jiff's times, the engine has
//! chrono's.
//!
//! No other file converts times. The wire has whole seconds: a time is rounded down before it is written, so that a
//! round trip does not change it.

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// A wire time as the engine's. A time outside of chrono's range (years beyond 262,000) reads as the epoch.
pub fn from_wire(time: &Time) -> DateTime<Utc> {
    DateTime::from_timestamp(time.0.as_second(), 0).unwrap_or_default()
}

/// An engine time as the wire's, in whole seconds.
pub fn to_wire(time: DateTime<Utc>) -> Time {
    Time(k8s_openapi::jiff::Timestamp::from_second(time.timestamp()).unwrap_or_default())
}

/// A time in an annotation (RFC 3339). `None` if the text is not a time.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

/// A time for an annotation, in whole seconds.
pub fn format(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `now` in whole seconds, as the API server stores it.
pub fn whole_seconds(now: DateTime<Utc>) -> DateTime<Utc> {
    now.trunc_subsecs(0)
}

/// A number of seconds as a span. A number that is too large gives the longest span, about 292 million years.
pub fn seconds(n: i64) -> TimeDelta {
    TimeDelta::try_seconds(n).unwrap_or(TimeDelta::MAX)
}

/// `at + span`, or the last possible time.
pub fn after(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `a + b`, or the longest span.
pub fn sum(a: TimeDelta, b: TimeDelta) -> TimeDelta {
    a.checked_add(&b).unwrap_or(TimeDelta::MAX)
}

/// `at - span`, or `at` if the difference is before the first possible time: a deletion may have any grace period.
pub fn before(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    at.checked_sub_signed(span).unwrap_or(at)
}

/// A span as kubectl prints a duration: `42s`, `2m31s`, `1h5m`, `2d3h`.
pub fn human(span: TimeDelta) -> String {
    let s = span.num_seconds().max(0);
    let pair = |a: i64, unit: &str, b: i64, small: &str| {
        if b == 0 { format!("{a}{unit}") } else { format!("{a}{unit}{b}{small}") }
    };
    match s {
        0..120 => format!("{s}s"),
        120..3_600 => pair(s / 60, "m", s % 60, "s"),
        3_600..172_800 => pair(s / 3_600, "h", s % 3_600 / 60, "m"),
        _ => pair(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}
