//! How long may a call take? The time in which it waits for a place among the calls in flight (`in_flight`) does not count.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// While a call waits, its time is looked at no more often than this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The time that the innermost `within` has waited.
    static WAITED: Arc<Waited>;
}

/// The work, if it is done within that time, which begins with the first poll. `None`: it was not.
///
/// The work is boxed before it is a part of another future: a future of kube's client takes some 5 kB, and each future around it
/// would have room for it twice, also while there is no call.
pub fn within<T>(bound: Duration, work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    let waited = Arc::new(Waited::default());
    let mut work = Box::pin(WAITED.scope(waited.clone(), work));
    async move {
        let begin = Instant::now();
        loop {
            let left = bound.saturating_sub(begin.elapsed().saturating_sub(waited.so_far()));
            if left.is_zero() {
                return None;
            }
            // Never longer than what is left, except while it waits: then what is left may be next to nothing for long.
            let look = if waited.goes_on() { left.max(LOOK_AGAIN) } else { left };
            if let Ok(done) = tokio::time::timeout(look, &mut work).await {
                return Some(done);
            }
        }
    }
}

/// Waits, outside the time of the call that this is a part of.
pub async fn outside<T>(wait: impl Future<Output = T>) -> T {
    let Ok(waited) = WAITED.try_with(Arc::clone) else { return wait.await };
    let _ends = waited.begin();
    wait.await
}

/// How long was waited. Parts of one call may wait at the same time.
#[derive(Default)]
struct Waited(Mutex<Waits>);

#[derive(Default)]
struct Waits {
    going_on: usize,
    since: Option<Instant>,
    over: Duration,
}

impl Waited {
    fn so_far(&self) -> Duration {
        let waits = self.0.lock();
        waits.over + waits.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    fn goes_on(&self) -> bool {
        self.0.lock().going_on > 0
    }

    fn begin(self: &Arc<Self>) -> WaitEnds {
        let mut waits = self.0.lock();
        waits.going_on += 1;
        waits.since.get_or_insert_with(Instant::now);
        WaitEnds(self.clone())
    }
}

/// The wait is over when this is dropped.
struct WaitEnds(Arc<Waited>);

impl Drop for WaitEnds {
    fn drop(&mut self) {
        let mut waits = self.0.0.lock();
        waits.going_on -= 1;
        if waits.going_on == 0
            && let Some(since) = waits.since.take()
        {
            waits.over += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const BOUND: Duration = Duration::from_secs(40);

    #[tokio::test(start_paused = true)]
    async fn only_the_time_outside_a_wait_counts() {
        let work = |before: u64, wait: u64, after: u64| async move {
            sleep(Duration::from_secs(before)).await;
            outside(sleep(Duration::from_secs(wait))).await;
            sleep(Duration::from_secs(after)).await;
        };
        for (what, (before, wait, after), in_time) in [
            ("it is quick", (0, 0, 39), true),
            ("it takes too long", (0, 0, 41), false),
            ("it waits for an hour and is quick", (0, 3600, 39), true),
            ("it waits for an hour and takes too long", (0, 3600, 42), false),
            ("both parts count", (20, 3600, 22), false),
            ("little time is left while it waits", (39, 3600, 0), true),
        ] {
            assert_eq!(within(BOUND, work(before, wait, after)).await.is_some(), in_time, "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn parts_that_wait_at_the_same_time_count_once() {
        let wait = || outside(sleep(Duration::from_secs(100)));
        let work = async {
            tokio::join!(wait(), wait());
            sleep(Duration::from_secs(41)).await;
        };
        assert!(within(BOUND, work).await.is_none(), "41 seconds were no wait");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_bound_a_wait_is_a_wait() {
        outside(sleep(Duration::from_secs(1))).await;
    }
}
