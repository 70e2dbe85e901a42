//! How many events about one object are told? As client-go's event correlator does it: 25 at once, and one more for each five
//! minutes. One thing is other than there: the first event of each reason is told in any case, or an object that had many
//! events would have no event that tells its end.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::post::Told;
use super::recent::Recent;

/// How many at once.
const BURST: u32 = 25;
/// After how long there is one more.
const REFILL: Duration = Duration::from_secs(300);
/// Of how many objects that is remembered. An object that is forgotten begins anew.
const REMEMBERED: usize = 8_000;

/// What was told about each object.
#[derive(Debug)]
pub struct Bursts(Mutex<Recent<String, Bucket>>);

#[derive(Debug)]
struct Bucket {
    left: u32,
    /// From when on the next refill counts.
    since: Instant,
    /// Of which reasons there was an event; reasons are words of ours, so there are few.
    reasons: Vec<String>,
}

impl Default for Bursts {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(REMEMBERED)))
    }
}

impl Bursts {
    /// Whether one more event is told about that object.
    pub fn admit(&self, told: &Told) -> bool {
        let about = &told.about;
        let key = [&about.kind, &about.name, &about.uid].map(|part| part.as_deref().unwrap_or_default()).join("/");
        let namespace = about.namespace.as_deref().unwrap_or_default();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(namespace, &key) {
            Some(bucket) => bucket.admit(&told.reason),
            None => {
                let reasons = vec![told.reason.clone()];
                all.insert(namespace, key, Bucket { left: BURST - 1, since: Instant::now(), reasons });
                true
            }
        }
    }
}

impl Bucket {
    fn admit(&mut self, reason: &str) -> bool {
        let refills = u32::try_from(self.since.elapsed().as_secs() / REFILL.as_secs()).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(refills).min(BURST);
        match self.left == BURST {
            true => self.since = Instant::now(),
            false => self.since += REFILL * refills,
        }
        let is_first = !self.reasons.iter().any(|known| known == reason);
        if is_first {
            self.reasons.push(reason.to_owned());
        }
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left || is_first
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;
    use super::*;

    /// How many of so many events are told.
    fn admitted(bursts: &Bursts, name: &str, reason: &str, n: usize) -> usize {
        (0..n).filter(|_| bursts.admit(&told("ns", name, reason, ""))).count()
    }

    #[tokio::test(start_paused = true)]
    async fn of_each_object_25_events_are_told_at_once_and_one_more_each_five_minutes() {
        let bursts = Bursts::default();
        assert_eq!(admitted(&bursts, "a", "SuccessfulCreate", 1_000), 25);
        assert_eq!(admitted(&bursts, "b", "SuccessfulCreate", 1_000), 25, "another object");
        for (what, passes, want) in [
            ("almost five minutes", REFILL - Duration::from_secs(1), 0),
            ("five minutes", Duration::from_secs(1), 1),
            ("half an hour", REFILL * 6, 6),
            ("a day", REFILL * 288, 25),
        ] {
            tokio::time::advance(passes).await;
            assert_eq!(admitted(&bursts, "a", "SuccessfulCreate", 1_000), want, "{what}");
        }
    }

    #[test]
    fn the_first_event_of_a_reason_is_told_in_any_case() {
        let bursts = Bursts::default();
        admitted(&bursts, "a", "SuccessfulCreate", 1_000);
        assert_eq!(admitted(&bursts, "a", "Completed", 10), 1);
    }
}
