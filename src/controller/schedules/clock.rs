//! Was the clock set? Timers go by the time that passes, schedules by the clock on the wall: if the two part, every
//! schedule is looked at anew.
//!
//! Nothing ticks for that. On Linux the kernel wakes us (`bell`): when the clock is set, and when the machine comes back
//! from a sleep, during which no time passes for timers. Elsewhere, and where a sandbox refuses that, the clock is looked
//! at every few seconds, for all schedules together.

#[cfg(target_os = "linux")]
mod bell;
#[cfg(not(target_os = "linux"))]
mod bell {
    //! No other system says when its clock is set.

    use std::io;

    /// Never there.
    pub enum Bell {}

    impl Bell {
        pub fn hang() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub async fn ring(&self) -> io::Result<()> {
            match *self {}
        }
    }
}

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::Stream;
use tokio::time::Instant;
use tracing::{info, warn};

use bell::Bell;

use crate::controller::context::Clock;

/// How often the clock is looked at where nobody wakes us: so late a schedule is at most when the clock is set forward.
const PERIOD: Duration = Duration::from_secs(5);
/// A difference that is no step: our own lateness, and what is not worth a look at all schedules.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// An item for each time that the clock was set.
pub fn steps(now: Clock) -> impl Stream<Item = ()> {
    let alarm = Alarm::new(Bell::hang()); // before the first look, so that nothing happens in between
    watch(alarm, Clocks::new(now))
}

fn watch(alarm: Alarm, clocks: Clocks) -> impl Stream<Item = ()> {
    futures::stream::unfold((alarm, clocks), |(mut alarm, mut clocks)| async move {
        loop {
            alarm.wait().await;
            if let Some(step) = clocks.step() {
                info!("the clock was set by {}s: looking at all schedules", step.num_seconds());
                return Some(((), (alarm, clocks)));
            }
        }
    })
}

/// What tells us to look at the clock.
enum Alarm {
    Bell(Bell),
    Period,
}

impl Alarm {
    fn new(bell: std::io::Result<Bell>) -> Self {
        match bell {
            Ok(bell) => Self::Bell(bell),
            Err(error) => Self::without(&error),
        }
    }

    fn without(error: &std::io::Error) -> Self {
        warn!("this system does not say when its clock is set ({error}): looking every {}s", PERIOD.as_secs());
        Self::Period
    }

    async fn wait(&mut self) {
        match self {
            Self::Bell(bell) => {
                if let Err(error) = bell.ring().await {
                    *self = Self::without(&error);
                }
            }
            Self::Period => tokio::time::sleep(PERIOD).await,
        }
    }
}

/// The two clocks: the one on the wall, and the time that passes.
struct Clocks {
    now: Clock,
    begin: Instant,
    /// What the wall showed at the beginning, by what it showed when it was looked at last.
    origin: DateTime<Utc>,
}

impl Clocks {
    fn new(now: Clock) -> Self {
        Self { begin: Instant::now(), origin: now(), now }
    }

    /// By how much the clock was set since the last step. Several small ones add up to one.
    fn step(&mut self) -> Option<TimeDelta> {
        let passed = TimeDelta::from_std(self.begin.elapsed()).unwrap_or(TimeDelta::MAX);
        let origin = (self.now)().checked_sub_signed(passed).unwrap_or(DateTime::UNIX_EPOCH);
        let step = judge(self.origin, origin)?;
        self.origin = origin;
        Some(step)
    }
}

/// Is this a step?
fn judge(before: DateTime<Utc>, after: DateTime<Utc>) -> Option<TimeDelta> {
    let step = after - before;
    (step.abs() > TOLERANCE).then_some(step)
}

#[cfg(test)]
mod tests;
