//! Do objects wait for their turns? Then the controller puts off what can wait: events, so that the API server has more
//! time for the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// How many objects of all kinds wait for their turns; clones share the number.
#[derive(Clone, Debug, Default)]
pub struct Load(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    objects: AtomicUsize,
    none_waits: Notify,
}

impl Load {
    /// One more object waits.
    pub fn one_more(&self) {
        self.0.objects.fetch_add(1, Ordering::SeqCst);
    }

    /// One object fewer waits.
    pub fn one_fewer(&self) {
        if self.0.objects.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none_waits.notify_waiters();
        }
    }

    /// Objects wait.
    pub fn is_high(&self) -> bool {
        self.0.objects.load(Ordering::SeqCst) > 0
    }

    /// Until the last object that waits has its turn.
    pub fn over(&self) -> Notified<'_> {
        self.0.none_waits.notified()
    }
}
