//! Was the clock set? Timers go by the time that passes, schedules by the clock on the wall: if the two part, every
//! schedule is looked at anew. One look at the clock each few seconds, for all schedules together, and no API call.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures::Stream;
use tracing::info;

/// How often the clock is looked at: a schedule is late by so much at most when the clock is set forward.
const PERIOD: Duration = Duration::from_secs(5);
/// A difference that is no step: an NTP client's slow correction, and our own lateness.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// An item for each time that the clock was set.
pub fn steps(now: fn() -> DateTime<Utc>) -> impl Stream<Item = ()> {
    futures::stream::unfold((now(), Instant::now()), move |(mut wall, mut begin)| async move {
        loop {
            tokio::time::sleep(PERIOD).await;
            let passed = TimeDelta::from_std(begin.elapsed()).unwrap_or(TimeDelta::MAX);
            let step = now() - wall - passed;
            (wall, begin) = (now(), Instant::now());
            if step.abs() > TOLERANCE {
                info!("the clock was set by {}s: looking at all schedules", step.num_seconds());
                return Some(((), (wall, begin)));
            }
        }
    })
}
