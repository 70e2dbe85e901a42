//! The kernel's word that the clock was set: a timer that is never due, and that is cancelled then.
//!
//! `TFD_TIMER_CANCEL_ON_SET` (timerfd_create(2)): a read of the timer fails with ECANCELED once for each time that the
//! clock made a step. A resume of the machine is one, since the monotonic clock stood still. The timer stays armed.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Beyond the end of the kernel's time, in the year 2262.
const NEVER: Timespec = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };

/// Rings when the clock was set.
pub struct Bell(AsyncFd<OwnedFd>);

impl Bell {
    /// Hears everything from now on. In the context of a runtime only.
    pub fn hang() -> io::Result<Self> {
        Self::hang_until(NEVER)
    }

    /// Rings at that time too.
    #[allow(deprecated, reason = "tokio's newer function is unsafe; what it asks for, an OwnedFd keeps by itself")]
    pub(super) fn hang_until(it_value: Timespec) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &once)?;
        Ok(Self(AsyncFd::with_interest(timer, Interest::READABLE)?))
    }

    /// The next ring, or one that nobody has waited for.
    pub async fn ring(&self) -> io::Result<()> {
        self.0.async_io(Interest::READABLE, |timer| heard(rustix::io::read(timer, &mut [0_u8; 8]))).await
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> rustix::io::Result<Timespec> {
        rustix::time::timerfd_gettime(self.0.get_ref()).map(|left| left.it_value)
    }
}

/// What the kernel says. When in doubt, the clock is looked at: that costs nothing.
pub(super) fn heard(read: Result<usize, Errno>) -> io::Result<()> {
    match read {
        Ok(_) | Err(Errno::CANCELED | Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()), // EAGAIN: the ring was for nobody, and is waited for anew
    }
}
