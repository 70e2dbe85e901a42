//! Was the clock set? Timers go by the time that passes; schedules, and the deadlines, TTLs and back-offs of runs, by the
//! clock on the wall: if the two part, every run and every schedule is looked at anew.
//!
//! Nothing ticks for that. On Linux the kernel wakes us (`bell`): when the clock is set, and when the machine comes back
//! from a sleep, during which no time passes for timers. Elsewhere, and where a sandbox refuses that, the clock is looked
//! at every few seconds, for all objects of a queue together.

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

use std::sync::Arc;
use std::time::Duration;

use bell::Bell;
use chrono::{DateTime, TimeDelta, Utc};
use futures::Stream;
use k8s_openapi::jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;
use tracing::{info, warn};

/// What time it is; tests bring their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The computer's clock, the one that the program runs by.
pub fn wall_clock() -> Clock {
    Arc::new(now)
}

/// The one clock of the program.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The same, as Kubernetes' own types carry it.
pub fn timestamp() -> Timestamp {
    Timestamp::from_microsecond(now().timestamp_micros()).unwrap_or_default()
}

/// How long the machine has been up; tests bring their own.
pub type SinceBoot = Arc<dyn Fn() -> Duration + Send + Sync>;

/// How long the machine has been up, its sleep included: the clock of Leases, which nobody sets. (A timer of tokio does not
/// count the sleep.) On systems other than Linux the monotonic clock.
pub fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let now = clock_gettime(CLOCK);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// How often the clock is looked at where nobody wakes us: so late an object is at most when the clock is set forward.
const PERIOD: Duration = Duration::from_secs(5);
/// A difference that is no step: our own lateness, and what is not worth a look at all objects.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// An item for each time that the clock was set, for the queue of that kind.
pub fn steps(kind: &'static str, now: Clock) -> impl Stream<Item = ()> {
    let alarm = Alarm::new(Bell::hang()); // before the first look, so that nothing happens in between
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
