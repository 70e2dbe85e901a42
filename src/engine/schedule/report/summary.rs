//! What do people read of the recent runs: how long did the last one take, and how many succeeded?
//!
//! Both follow from the list of recent runs, so they change only when the list does.

use crate::api::conditions::types;
use crate::engine::observed::time;
use crate::engine::schedule::observed::status::Recent;

/// How long the run took that finished last. `None`: no run has finished, or the last one had not started.
pub fn last_duration(recent: &[Recent]) -> Option<String> {
    let (last, end) = finished(recent).filter_map(|run| Some((run, run.finished_at?))).max_by_key(|(_, end)| *end)?;
    Some(time::human(end - last.started_at?))
}

/// How many of the finished runs succeeded: `9/10`. `None`: no run has finished.
pub fn success_rate(recent: &[Recent]) -> Option<String> {
    let all = finished(recent).count();
    let succeeded = finished(recent).filter(|run| run.result == types::COMPLETE).count();
    (all > 0).then(|| format!("{succeeded}/{all}"))
}

/// The runs that came to their end: those that were replaced or deleted did not.
fn finished(recent: &[Recent]) -> impl Iterator<Item = &Recent> {
    recent.iter().filter(|run| [types::COMPLETE, types::FAILED].contains(&run.result.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::schedule::tests::fixture::seconds;

    /// A run of such a result that started at this minute, and ended so many seconds later.
    fn run(minute: i64, result: &str, took: Option<i64>) -> Recent {
        Recent {
            name: format!("run-{minute}"),
            scheduled: None,
            started_at: Some(seconds(minute, 0)),
            finished_at: took.map(|took| seconds(minute, took)),
            result: result.into(),
        }
    }

    #[test]
    fn the_last_finished_run_has_its_duration_and_all_finished_ones_their_rate() {
        let never_started = Recent { started_at: None, ..run(9, "Failed", Some(5)) };
        for (what, recent, duration, rate) in [
            ("no run", vec![], None, None),
            ("one goes on", vec![run(1, "Active", None)], None, None),
            ("one succeeded", vec![run(1, "Complete", Some(151))], Some("2m31s"), Some("1/1")),
            (
                "the newest goes on, and an older one took longest",
                vec![run(99, "Active", None), run(50, "Failed", Some(7)), run(1, "Complete", Some(400))],
                Some("7s"),
                Some("1/2"),
            ),
            (
                "some were replaced or deleted",
                vec![run(9, "Replaced", Some(3)), run(5, "Complete", Some(7)), run(1, "Deleted", Some(4))],
                Some("7s"),
                Some("1/1"),
            ),
            ("the last one never started", vec![never_started, run(1, "Complete", Some(7))], None, Some("1/2")),
        ] {
            let told = (last_duration(&recent), success_rate(&recent));
            assert_eq!((told.0.as_deref(), told.1.as_deref()), (duration, rate), "{what}");
        }
    }
}
