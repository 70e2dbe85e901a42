//! How many events about one object does the controller send? As client-go's event correlator: 25 at once, and one more
//! for each five minutes. One difference: the controller always sends the first event of each reason. Otherwise an
//! object with many events might have no event about its end.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::post::Told;
use super::recent::Recent;

/// How many events at once.
const BURST: u32 = 25;
/// After this time, one more event.
const REFILL: Duration = Duration::from_secs(300);
/// For how many objects the controller remembers its events. A forgotten object begins anew.
const REMEMBERED: usize = 8_000;

/// What was sent about each object.
#[derive(Debug)]
pub struct Bursts(Mutex<Recent<String, Bucket>>);

#[derive(Debug)]
struct Bucket {
    left: u32,
    /// The next refill counts from here.
    since: Instant,
    /// The reasons of the events so far. Reasons are words of ours, so there are few.
    reasons: Vec<String>,
}

impl Default for Bursts {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(REMEMBERED)))
    }
}

impl Bursts {
    /// Whether the controller sends one more event about that object.
    pub fn admit(&self, told: &Told) -> bool {
        let about = &told.about;
        let key = [&about.kind, &about.name, &about.uid].map(|part| part.as_deref().unwrap_or_default()).join("/");
        let namespace = about.namespace.as_deref().unwrap_or_default();
        let mut all = self.0.lock();
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

    /// How many of `n` events the controller sends.
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
