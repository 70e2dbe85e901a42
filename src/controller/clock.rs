//! When did somebody set the clock? Timers count the time that passes. Schedules, deadlines, TTLs and back-offs use the
//! wall clock. If the two clocks diverge, the controller reconciles every run and every schedule.
//!
//! No timer is periodic for this. On Linux the kernel reports (`bell`) when somebody sets the clock, and when the
//! machine wakes from sleep; timers do not count the time of a sleep. On other systems, and in a sandbox that forbids
//! the report, the controller reads the clock every few seconds, once for all objects of a queue.

#[cfg(target_os = "linux")]
mod bell;
#[cfg(not(target_os = "linux"))]
mod bell {
    //! Other systems do not report that somebody set the clock.

    use std::io;

    /// A value that can't exist.
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

use std::sync::Arc;
use std::time::Duration;

use bell::Bell;
use chrono::{DateTime, TimeDelta, Utc};
use futures::Stream;
use k8s_openapi::jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;
use tracing::{info, warn};

/// What time it is; tests use a clock of their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The wall clock of the machine.
pub fn wall_clock() -> Clock {
    Arc::new(now)
}

/// The time of the wall clock. No other function of the program reads this clock.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The same time, in the type of Kubernetes' objects.
pub fn timestamp() -> Timestamp {
    Timestamp::from_microsecond(now().timestamp_micros()).unwrap_or_default()
}

/// How long the machine has been up; tests use a clock of their own.
pub type SinceBoot = Arc<dyn Fn() -> Duration + Send + Sync>;

/// How long the machine has been up, its sleep included. The Lease uses this clock, because nobody can set it. (A timer
/// of tokio does not count the sleep.) On systems other than Linux this is the monotonic clock.
pub fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let now = clock_gettime(CLOCK);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// How often the controller reads the clock if the system reports nothing. After the clock is set forward, an object
/// may be late by this time.
const PERIOD: Duration = Duration::from_secs(5);
/// A smaller difference is not a step: it may be our own delay, and is not worth a check of all objects.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// Yields an item each time that somebody set the clock. `kind` names the objects of the queue.
pub fn steps(kind: &'static str, now: Clock) -> impl Stream<Item = ()> {
    let alarm = Alarm::new(Bell::hang()); // before the clock is read, so that no step is lost in between
    watch(kind, alarm, Clocks::new(now))
}

fn watch(kind: &'static str, alarm: Alarm, clocks: Clocks) -> impl Stream<Item = ()> {
    futures::stream::unfold((alarm, clocks), move |(mut alarm, mut clocks)| async move {
        loop {
            alarm.wait().await;
            if let Some(step) = clocks.step() {
                info!("the clock was set by {}s: looking at all {kind}s", step.num_seconds());
                return Some(((), (alarm, clocks)));
            }
        }
    })
}

/// What makes the controller read the clock.
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
        warn!("this system does not report clock changes ({error}): reading the clock every {}s", PERIOD.as_secs());
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

/// Two clocks: the wall clock, and the time that passes.
struct Clocks {
    now: Clock,
    begin: Instant,
    /// The wall time at `begin`, computed from the last reading of the wall clock.
    origin: DateTime<Utc>,
}

impl Clocks {
    fn new(now: Clock) -> Self {
        Self { begin: Instant::now(), origin: now(), now }
    }

    /// By how much somebody set the clock since the last step. Several small steps add up to one.
    fn step(&mut self) -> Option<TimeDelta> {
        let passed = TimeDelta::from_std(self.begin.elapsed()).unwrap_or(TimeDelta::MAX);
        let origin = (self.now)().checked_sub_signed(passed).unwrap_or(DateTime::UNIX_EPOCH);
        let step = judge(self.origin, origin)?;
        self.origin = origin;
        Some(step)
    }
}

/// The difference, if it is large enough to be a step.
fn judge(before: DateTime<Utc>, after: DateTime<Utc>) -> Option<TimeDelta> {
    let step = after - before;
    (step.abs() > TOLERANCE).then_some(step)
}

#[cfg(test)]
mod tests;
