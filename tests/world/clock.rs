//! What time is it in this world? Tokio's paused clock says how much time has passed, and people may set the clock on the
//! wall besides.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// When each world begins.
pub const BEGIN: i64 = 1_767_225_600;

/// The clock on the wall; its copies show the same time.
#[derive(Clone)]
pub struct Clock {
    start: Instant,
    /// By how many seconds it was set, in sum.
    set: Arc<AtomicI64>,
}

impl Clock {
    /// Starts now. In the context of a runtime whose clock is paused.
    pub fn start() -> Self {
        Self::start_at(BEGIN)
    }

    /// The same, at that second.
    pub fn start_at(second: i64) -> Self {
        Self { start: Instant::now(), set: Arc::new(AtomicI64::new(second - BEGIN)) }
    }

    pub fn now(&self) -> DateTime<Utc> {
        let begin = DateTime::from_timestamp(BEGIN, 0).expect("a time");
        let set = TimeDelta::seconds(self.set.load(Ordering::SeqCst));
        begin + TimeDelta::from_std(self.start.elapsed()).expect("a span") + set
    }

    /// People set it, forward or back.
    pub fn set(&self, seconds: i64) {
        self.set.fetch_add(seconds, Ordering::SeqCst);
    }

    /// How many seconds have passed, however the clock was set.
    pub fn elapsed(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// As on the wire.
    pub fn stamp(&self) -> String {
        stamp(self.now())
    }

    /// As the controller asks it.
    pub fn of_controller(&self) -> sidecarjob::controller::clock::Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

/// A time as on the wire.
pub fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
