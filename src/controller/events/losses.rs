//! How does the controller report events that it did not send? A metric counts each of them, and the log has a line
//! with their number, at most one line for each half minute.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::warn;

use super::post::Told;
use crate::telemetry::{EventLoss, Metrics};

/// The log has at most one line in this time.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// The events that were not sent.
#[derive(Debug)]
pub struct Losses {
    metrics: Metrics,
    unsaid: Mutex<Unsaid>,
}

#[derive(Debug, Default)]
struct Unsaid {
    burst: usize,
    share: usize,
    failed: usize,
    last: String,
    said_at: Option<Instant>,
}

impl Losses {
    /// No events so far; these metrics count them.
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, unsaid: Mutex::default() }
    }

    /// Counts one more event.
    pub fn note(&self, told: &Told, loss: EventLoss, why: &str) {
        self.metrics.event_lost(loss);
        let mut unsaid = self.unsaid.lock();
        match loss {
            EventLoss::Burst => unsaid.burst += 1,
            EventLoss::Share => unsaid.share += 1,
            EventLoss::Failed => unsaid.failed += 1,
        }
        let name = |part: &Option<String>| part.clone().unwrap_or_default();
        unsaid.last =
            format!("{} about {}/{}: {why}", told.reason, name(&told.about.namespace), name(&told.about.name));
        say(unsaid.line());
    }

    /// Logs what is not logged yet, as often as the limit allows. Never returns.
    pub async fn say_from_time_to_time(&self) {
        loop {
            tokio::time::sleep(SAID_EVERY).await;
            say(self.unsaid.lock().line());
        }
    }

    /// Logs the rest at once.
    pub fn say_the_rest(&self) {
        let mut unsaid = self.unsaid.lock();
        unsaid.said_at = None;
        say(unsaid.line());
    }
}

fn say(line: Option<String>) {
    if let Some(line) = line {
        warn!("{line}");
    }
}

impl Unsaid {
    /// The line for the log, if a line is due now.
    fn line(&mut self) -> Option<String> {
        let all = self.burst + self.share + self.failed;
        if all == 0 || self.said_at.is_some_and(|at| at.elapsed() < SAID_EVERY) {
            return None;
        }
        let Self { burst, share, failed, last, .. } = std::mem::take(self);
        self.said_at = Some(Instant::now());
        Some(format!(
            "{all} events were not sent: {burst} were too many about one object, {share} too many of one namespace, and \
             {failed} failed; the last one was {last}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn however_many_events_are_lost_there_is_one_line_for_each_half_minute_and_all_are_counted() {
        let losses = Losses::new(Metrics::default());
        let mut lines = Vec::new();
        for n in 0..1_000 {
            let loss = [EventLoss::Burst, EventLoss::Share, EventLoss::Failed][n % 3];
            losses.note(&told("ns", "a", "X", ""), loss, "too many");
            if n == 500 {
                tokio::time::advance(SAID_EVERY).await;
                lines.extend(losses.unsaid.lock().line());
                lines.extend(losses.unsaid.lock().line());
            }
        }
        let of_500 = "500 events were not sent: 166 were too many about one object, 167 too many of one namespace, and 167 \
                      failed; the last one was X about ns/a: too many";
        assert_eq!(lines, [of_500], "the first one was said at once");
        let text = losses.metrics.encode();
        for line in ["why=\"burst\"} 334", "why=\"share\"} 333", "why=\"failed\"} 333"] {
            assert!(text.contains(&format!("sidecarjob_controller_events_dropped_total{{{line}")), "{line} in\n{text}");
        }
    }
}
