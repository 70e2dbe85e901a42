//! How does the kernel report that somebody set the clock? Through a timer that is never due, and that the kernel
//! cancels when the clock is set.
//!
//! `TFD_TIMER_CANCEL_ON_SET` (timerfd_create(2)): a read of the timer fails with ECANCELED once after each step of the
//! clock. A resume of the machine is such a step, because the monotonic clock stood still. The timer stays armed.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A time that never comes: the kernel's time ends in the year 2262.
const NEVER: Timespec = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };

/// Rings when somebody set the clock.
pub struct Bell(AsyncFd<OwnedFd>);

impl Bell {
    /// Listens from now on. Needs the context of a tokio runtime.
    pub fn hang() -> io::Result<Self> {
        Self::hang_until(NEVER)
    }

    /// A bell that also rings at that time.
    #[allow(deprecated, reason = "tokio's newer function is unsafe; what it asks for, an OwnedFd keeps by itself")]
    pub(super) fn hang_until(it_value: Timespec) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &once)?;
        Ok(Self(AsyncFd::with_interest(timer, Interest::READABLE)?))
    }

    /// Waits for the next ring. Returns at once after a ring that nobody has waited for.
    pub async fn ring(&self) -> io::Result<()> {
        self.0.async_io(Interest::READABLE, |timer| heard(rustix::io::read(timer, &mut [0_u8; 8]))).await
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> rustix::io::Result<Timespec> {
        rustix::time::timerfd_gettime(self.0.get_ref()).map(|left| left.it_value)
    }
}

/// What the kernel's answer means. In doubt, a ring: to read the clock once more costs nothing.
pub(super) fn heard(read: Result<usize, Errno>) -> io::Result<()> {
    match read {
        Ok(_) | Err(Errno::CANCELED | Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()), // EAGAIN: no ring has come; wait again
    }
}
