//! Every behaviour of CronJob, a sentence each, and every one that goes beyond it.
//!
//! The object is created at 00:00:30 on 1 January 2026; times are minutes since midnight. The schedule is hourly.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::api::scheduled_run;
use crate::engine::observed::Refusal;
use crate::engine::schedule::observed::status::Recent;
use crate::engine::schedule::observed::{Cron, Departed, Run};
use crate::engine::schedule::search::Search;

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

fn seconds(minutes: i64, seconds: i64) -> DateTime<Utc> {
    at(minutes) + TimeDelta::seconds(seconds)
}

/// An hourly schedule with these fields besides.
fn cron(spec: Value) -> Observed {
    let mut whole = json!({"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": {}}}});
    for (key, value) in spec.as_object().unwrap() {
        whole[key] = value.clone();
    }
    if spec.get("schedules").is_some() {
        whole.as_object_mut().unwrap().remove("schedule");
    }
    let wire = json!({
        "metadata": {"name": "c", "namespace": "ns", "uid": "u", "generation": 1, "creationTimestamp": "2026-01-01T00:00:30Z"},
        "spec": whole
    });
    let cron = Cron::from_wire(Arc::new(serde_json::from_value(wire).unwrap())).unwrap();
    let (started, backfilled, gone) = Default::default();
    Observed { cron, runs: vec![], departed: vec![], started, backfilled, gone, refusal: None, search: None }
}

/// A run for that time, which is going on.
fn run(minutes: i64) -> Run {
    let name = scheduled_run::name("c", at(minutes));
    Run {
        uid: format!("uid-{name}"),
        name,
        scheduled: Some(at(minutes)),
        manual: false,
        started_at: Some(seconds(minutes, 1)),
        ended: None,
        deleting: false,
    }
}

impl Run {
    fn ended(self, success: bool, minutes: i64) -> Self {
        Self { ended: Some((success, at(minutes))), ..self }
    }
}

impl Observed {
    fn runs(mut self, runs: impl IntoIterator<Item = Run>) -> Self {
        self.runs = runs.into_iter().collect();
        self
    }

    /// The last scheduled time, as the status has it.
    fn last(mut self, minutes: i64) -> Self {
        self.cron.status.last_schedule = Some(at(minutes));
        self
    }

    /// What is decided, as text.
    fn steps(&self, now: DateTime<Utc>) -> Vec<String> {
        decide(self, now).steps.iter().map(Step::to_string).collect()
    }

    /// Carries out whatever is decided, until nothing is left to do; the reasons of all events.
    fn settle(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..50 {
            let plan = decide(self, now);
            if plan.steps.is_empty() && plan.status.is_none() {
                return told;
            }
            for step in plan.steps {
                match step {
                    Step::Create(at) => self.runs.push(run((at - crate::engine::schedule::tests::at(0)).num_minutes())),
                    Step::Delete { run, replaced } => self.depart(&run.uid, replaced),
                    Step::LookUp(run) => drop(self.gone.insert(run.uid)),
                }
            }
            if let Some(status) = plan.status {
                self.cron.status = status;
                told.extend(plan.events.into_iter().map(|e| e.reason));
            }
        }
        panic!("it does not come to rest");
    }

    /// The shell sees it go.
    fn depart(&mut self, uid: &str, replaced: bool) {
        let gone = self.runs.extract_if(.., |run| run.uid == uid);
        self.departed.extend(gone.map(|run| Departed { run, replaced }));
        self.gone.insert(uid.to_owned());
    }

    /// Which times have runs, in minutes.
    fn times(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.runs.iter().filter_map(|r| Some((r.scheduled? - at(0)).num_minutes())).collect();
        all.sort_unstable();
        all
    }
}

#[test]
fn a_run_starts_when_its_time_has_come_and_not_before() {
    let mut seen = cron(json!({}));
    assert_eq!(seen.steps(seconds(59, 59)), [""; 0]);
    assert_eq!(decide(&seen, at(1)).wake, Some(at(60)));
    assert_eq!(seen.steps(at(60)), ["create 01T01:00"]);
    assert_eq!(seen.settle(seconds(60, 1)), [""; 0]);
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![60], Some(at(60))));
    assert_eq!((seen.cron.status.active.len(), seen.cron.status.next), (1, Some(at(120))));
    assert_eq!(seen.cron.status.next_text.as_deref(), Some("2026-01-01T02:00:00Z"));
}

#[test]
fn of_several_missed_times_the_latest_runs() {
    let mut seen = cron(json!({}));
    seen.settle(at(330));
    assert_eq!((seen.times(), seen.cron.status.missed), (vec![300], 4));
    assert_eq!(seen.cron.status.last_missed, Some(at(240)));
}

#[test]
fn more_than_a_hundred_missed_times_are_told_and_the_latest_runs_all_the_same() {
    let mut seen = cron(json!({"schedule": "* * * * *"}));
    assert_eq!(seen.settle(at(100)), [""; 0], "a hundred are not too many");
    let mut seen = cron(json!({"schedule": "* * * * *"}));
    assert_eq!(seen.settle(at(102)), ["TooManyMissedTimes"]);
    assert_eq!(seen.times(), [102]);
}

#[test]
fn a_time_past_its_starting_deadline_does_not_run_and_is_told_once() {
    let mut seen = cron(json!({"startingDeadlineSeconds": 60}));
    assert_eq!(seen.steps(seconds(61, 0)), ["create 01T01:00"], "in time");
    assert_eq!(seen.settle(seconds(61, 1)), ["MissSchedule"]);
    assert_eq!(seen.settle(seconds(62, 0)), [""; 0], "not again");
    assert_eq!((seen.times(), seen.cron.status.missed, seen.cron.status.last_schedule), (vec![], 1, None));
    seen.settle(at(120));
    assert_eq!(seen.times(), [120]);
}

#[test]
fn a_time_never_runs_twice() {
    for (what, seen) in [
        ("its run is active", cron(json!({})).last(60).runs([run(60)])),
        ("the last scheduled time is that", cron(json!({})).last(60)),
        ("the clock was set back", cron(json!({})).last(60 * 24)),
        ("its run is there and the status does not know: killed in between", cron(json!({})).runs([run(60)])),
        ("that run has finished meanwhile", cron(json!({})).runs([run(60).ended(true, 61)])),
    ] {
        let creates = seen.steps(at(62)).iter().filter(|s| s.starts_with("create")).count();
        assert_eq!(creates, 0, "{what}");
    }
    let mut seen = cron(json!({}));
    seen.started = BTreeSet::from([at(60)]);
    seen.settle(at(62));
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![], Some(at(60))), "seen once, and deleted since");
}

#[test]
fn suspended_nothing_starts_and_after_the_resume_the_latest_missed_time_does() {
    let mut seen = cron(json!({"suspend": true}));
    seen.settle(at(300));
    assert_eq!((seen.times(), decide(&seen, at(300)).wake, seen.cron.status.next), (vec![], None, None));
    let month = 31 * 24 * 60;
    let status = seen.cron.status;
    let mut seen = cron(json!({}));
    seen.cron.status = status;
    seen.settle(at(month + 30));
    assert_eq!((seen.times(), seen.cron.status.missed), (vec![month], 31 * 24 - 1));
}

#[test]
fn suspended_a_month_with_a_deadline_only_what_is_in_time_runs() {
    let mut seen = cron(json!({"startingDeadlineSeconds": 600}));
    seen.settle(at(31 * 24 * 60 + 30));
    assert_eq!(seen.times(), [0_i64; 0]);
}

#[test]
fn allow_lets_runs_overlap() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(120));
    assert_eq!(seen.times(), [60, 120]);
}

#[test]
fn forbid_does_not_start_beside_an_active_run_and_tells_it_once_and_does_not_move_the_last_time() {
    let mut seen = cron(json!({"concurrencyPolicy": "Forbid"})).last(60).runs([run(60)]);
    seen.settle(at(61));
    assert_eq!(seen.settle(at(120)), ["JobAlreadyActive"]);
    assert_eq!(seen.settle(at(121)), [""; 0]);
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![60], Some(at(60))));
    seen.runs = vec![run(60).ended(true, 130)];
    seen.settle(at(130));
    assert_eq!(seen.times(), [60, 120], "it starts when the active one is done");
}

#[test]
fn forbid_looks_at_scheduled_runs_only() {
    let by_hand = Run { manual: true, scheduled: None, name: "c-m1".into(), uid: "m".into(), ..run(0) };
    let mut seen = cron(json!({"concurrencyPolicy": "Forbid"})).runs([by_hand]);
    assert_eq!(seen.settle(at(60)), [""; 0], "and a run by hand is not unexpected");
    assert_eq!((seen.times(), seen.cron.status.active.len()), (vec![60], 2));
}

#[test]
fn replace_deletes_the_active_run_first() {
    let mut seen = cron(json!({"concurrencyPolicy": "Replace"})).last(60).runs([run(60)]);
    seen.settle(at(61));
    assert_eq!(seen.steps(at(120)), ["replace c-29453820"]);
    seen.settle(at(120));
    assert_eq!(seen.times(), [120]);
    let behind = cron(json!({"concurrencyPolicy": "Replace"})).runs([run(60)]);
    let plan = decide(&behind, at(120));
    let written = plan.status.map(|status| status.last_schedule);
    assert_eq!((plan.steps, written, plan.may_wait), (vec![], Some(Some(at(60))), false), "it is written down first");
    let mut deleting = cron(json!({"concurrencyPolicy": "Replace"})).last(60);
    deleting.runs = vec![Run { deleting: true, ..run(60) }];
    assert_eq!(deleting.steps(at(120)), [""; 0], "one that is on its way out is waited for");
}

#[test]
fn what_the_controller_did_itself_is_not_told_as_missing() {
    let replace = || cron(json!({"concurrencyPolicy": "Replace"})).last(0).runs([run(60)]);
    let settled = |mut seen: Observed, now: DateTime<Utc>| {
        let told = seen.settle(now);
        let result = seen.cron.status.recent.iter().find(|old| old.name == run(60).name).map(|old| old.result.clone());
        (told.into_iter().filter(|reason| reason == "MissingJob").count(), result.unwrap_or_default())
    };
    let begun = |mut seen: Observed| {
        seen.settle(at(61));
        seen
    };
    let gone = |seen: Observed, departed: Option<Departed>| {
        let mut seen = Observed { departed: departed.into_iter().collect(), runs: vec![], ..begun(seen) };
        seen.gone.insert(run(60).uid);
        seen
    };
    let departed = |run, replaced| Some(Departed { run, replaced });
    let changed = |mut seen: Observed, suspend, deleting| {
        (seen.cron.spec.suspend, seen.cron.deleting) = (suspend, deleting);
        seen
    };
    let ended = || run(60).ended(true, 110);
    for (what, seen, want) in [
        ("it is replaced", begun(replace()), (0, "Replaced")),
        ("the one that replaced it was killed, or the next is refused", gone(replace(), None), (0, "Replaced")),
        ("somebody deleted it, as the watch has shown", gone(replace(), departed(run(60), false)), (1, "Deleted")),
        ("suspended right after", changed(gone(replace(), departed(run(60), true)), true, false), (0, "Replaced")),
        ("nobody knows, and no other starts", changed(gone(replace(), None), true, false), (1, "Deleted")),
        ("its own time to live was over", gone(replace(), departed(ended(), false)), (0, "Complete")),
        (
            "the same where runs overlap",
            gone(cron(json!({})).runs([run(60)]), departed(ended(), false)),
            (0, "Complete"),
        ),
        ("it goes with its schedule", changed(gone(replace(), None), false, true), (0, "Deleted")),
        ("somebody deleted it where runs overlap", gone(cron(json!({})).runs([run(60)]), None), (1, "Deleted")),
    ] {
        assert_eq!(settled(seen, at(120)), (want.0, want.1.to_owned()), "{what}");
    }
}

#[test]
fn a_run_by_hand_is_never_replaced() {
    let by_hand = Run { manual: true, ..run(-60) };
    let mut seen = cron(json!({"concurrencyPolicy": "Replace"})).last(60).runs([by_hand]);
    seen.backfilled = BTreeSet::from([at(-60)]);
    seen.settle(at(61));
    (seen.runs, seen.gone) = (vec![], BTreeSet::from([run(-60).uid]));
    assert_eq!(seen.settle(at(120)), ["MissingJob"], "somebody deleted it while no controller was there");
}

#[test]
fn how_a_run_ended_that_is_gone_already_is_written_down() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.runs = vec![run(60).ended(false, 62)];
    seen.depart(&run(60).uid, false);
    assert_eq!(seen.settle(at(63)), ["SawCompletedJob"]);
    let status = &seen.cron.status;
    assert_eq!((status.last_failure, status.last_result.as_deref()), (Some(at(62)), Some("Failed")));
    assert_eq!((status.active.len(), status.recent[0].finished_at), (0, Some(at(62))));
    assert!(status.knows_end_of(&seen.departed[0].run), "so the shell need not keep it");
}

#[test]
fn a_time_that_somebody_asked_for_is_written_down_before_its_run_goes_and_does_not_run_again() {
    let spec = || json!({"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": 0});
    let by_hand = |minutes, done| Run { manual: true, ..run(minutes).ended(true, done) };
    let mut seen = cron(spec()).last(60).runs([by_hand(-120, 61), by_hand(120, 62)]);
    seen.cron.status.last_success = Some(at(62)); // of another run
    assert!(!seen.steps(at(63)).iter().any(|step| step.starts_with("delete")), "first it is written down");
    seen.backfilled = BTreeSet::from([at(-120), at(120)]);
    let plan = decide(&seen, at(63));
    assert!(plan.status.is_some() && !plan.may_wait, "at once: a user may delete the run");
    seen.settle(at(63));
    assert_eq!((seen.times(), seen.cron.status.backfilled.len()), (vec![], 1), "two times are one entry");
    seen.cron.status.recent.clear(); // ten others have run
    seen.settle(at(121));
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![], Some(at(120))), "it ran already");
    assert_eq!(seen.settle(at(180)), [""; 0]);
    assert_eq!(seen.times(), [180]);
}

#[test]
fn a_status_may_wait_if_all_it_tells_is_of_runs_that_go_on() {
    let queue = |seen: Observed| Observed { runs: vec![run(60)], ..seen };
    let told = cron(json!({})).last(60).runs([run(60)]);
    for (what, seen, may_wait) in [
        ("a run has started", cron(json!({})).runs([run(60)]), true),
        ("it has ended, and may go by its own time to live", cron(json!({})).runs([run(60).ended(true, 61)]), false),
        ("it is on its way out", cron(json!({})).runs([Run { deleting: true, ..run(60) }]), false),
        ("it is gone already", Observed { started: BTreeSet::from([at(60)]), ..cron(json!({})) }, false),
        ("one that the status knows of has ended", told.runs([run(60).ended(true, 65)]), false),
        ("a time is to wait in the queue", queue(cron(json!({"concurrencyPolicy": "Queue"})).last(60)), false),
        ("a time does not start", queue(cron(json!({"concurrencyPolicy": "Forbid"})).last(60)), false),
    ] {
        let now =
            if seen.runs.first().is_some_and(|run| run.ended.is_none() && seen.cron.status.last_schedule.is_some()) {
                at(121)
            } else {
                at(70)
            };
        let plan = decide(&seen, now);
        assert!(plan.steps.is_empty() && plan.status.is_some(), "{what}: {plan:?}");
        assert_eq!(plan.may_wait, may_wait, "{what}");
    }
}

#[test]
fn a_refusal_of_long_ago_wakes_nobody() {
    let mut seen = cron(json!({"suspend": true}));
    seen.refusal = Some(Refusal { message: "quota".into(), retry_at: at(61), is_blip: false });
    seen.settle(at(62));
    let plan = decide(&seen, at(62));
    assert_eq!((plan.steps, plan.status, plan.wake), (vec![], None, None));
}

#[test]
fn a_run_that_was_replaced_before_the_status_knew_of_it_is_not_missed() {
    let mut seen = cron(json!({"concurrencyPolicy": "Replace"}));
    seen.started = BTreeSet::from([at(60)]);
    seen.runs = vec![run(120)];
    seen.settle(at(121));
    let status = &seen.cron.status;
    assert_eq!((status.last_schedule, status.missed, status.last_missed), (Some(at(120)), 0, None));
}

#[test]
fn a_finished_run_leaves_active_and_is_told_and_its_time_is_kept() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.runs = vec![run(60).ended(true, 65)];
    assert_eq!(seen.settle(at(65)), ["SawCompletedJob"]);
    let status = &seen.cron.status;
    assert_eq!((status.active.len(), status.last_success, status.last_failure), (0, Some(at(65)), None));
    assert_eq!(status.last_result.as_deref(), Some("Complete"));
    assert_eq!((status.recent[0].result.as_str(), status.recent[0].finished_at), ("Complete", Some(at(65))));
    seen.runs.push(run(120).ended(false, 125));
    seen.settle(at(126));
    assert_eq!((seen.cron.status.last_failure, seen.cron.status.last_success), (Some(at(125)), Some(at(65))));
    assert_eq!(seen.cron.status.last_result.as_deref(), Some("Failed"));
}

#[test]
fn that_a_run_has_begun_is_written_with_what_comes_next_and_costs_no_write() {
    let waiting = |minutes| Run { started_at: None, ..run(minutes) };
    let mut seen = cron(json!({})).last(60).runs([waiting(0), waiting(60)]);
    seen.settle(at(61));
    seen.runs = vec![run(0), run(60)];
    assert_eq!(decide(&seen, at(62)).status, None, "nothing is to be written");
    seen.runs = vec![run(0), run(60).ended(true, 63)];
    seen.settle(at(63));
    let started: Vec<_> = seen.cron.status.recent.iter().map(|run| run.started_at).collect();
    assert_eq!(started, [Some(seconds(60, 1)), Some(seconds(0, 1))], "with the end of one");
}

#[test]
fn an_active_run_that_is_gone_is_looked_for_before_it_is_called_missing() {
    let mut seen = cron(json!({"concurrencyPolicy": "Forbid"})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.runs.clear();
    assert_eq!(seen.steps(at(120)), ["look up c-29453820"], "before anything is started");
    assert_eq!(seen.settle(at(90)), ["MissingJob"]);
    assert_eq!((seen.cron.status.active.len(), seen.cron.status.recent[0].result.as_str()), (0, "Deleted"));
}

#[test]
fn a_run_of_ours_that_nobody_scheduled_is_unexpected_and_told_once() {
    let stray = Run { scheduled: None, name: "c-stray".into(), ..run(1) };
    let mut seen = cron(json!({})).runs([stray]);
    assert_eq!(seen.settle(at(2)), ["UnexpectedJob"]);
    assert_eq!(seen.settle(at(3)), [""; 0]);
}

#[test]
fn history_goes_by_outcome_oldest_first_and_only_what_is_written_down() {
    let ends = |n: i64| run(60 * n).ended(n % 2 == 0, 60 * n + 5);
    let mut seen = cron(json!({})).last(600).runs((1..=10).map(ends));
    assert_eq!(seen.steps(at(606)), [""; 0], "first the ends are written down");
    seen.settle(at(606));
    assert_eq!(seen.times(), [360, 480, 540, 600], "three that succeeded, one that failed");
    for (limit, want) in [(json!({"successfulJobsHistoryLimit": 0}), 0), (json!({"successfulJobsHistoryLimit": 9}), 1)]
    {
        let mut seen = cron(limit).last(60).runs([run(60).ended(true, 61)]);
        seen.settle(at(62));
        assert_eq!((seen.runs.len(), seen.cron.status.last_success), (want, Some(at(61))));
    }
    let unstarted = Run { started_at: None, ..run(60).ended(false, 65) };
    let mut seen = cron(json!({})).last(120).runs([unstarted, run(120).ended(false, 121)]);
    seen.settle(at(126));
    assert_eq!(seen.times(), [60], "one without a start goes last");
}

#[test]
fn a_run_that_can_not_be_deleted_holds_up_neither_a_start_nor_the_status() {
    let ended = [run(0).ended(true, 1), run(60).ended(true, 61)];
    let mut seen = cron(json!({"successfulJobsHistoryLimit": 1})).last(0).runs(ended.clone());
    seen.cron.status = decide(&seen, at(62)).status.expect("the ends are written down");
    assert!(seen.steps(at(62))[0].starts_with("delete"), "{:?}", seen.steps(at(62)));
    assert!(seen.steps(at(120))[0].starts_with("create"), "{:?}", seen.steps(at(120)));
    let seen = seen.runs(ended.into_iter().chain([run(120)]));
    let plan = decide(&seen, at(121));
    assert_eq!((plan.steps.len(), plan.status.map(|s| s.last_schedule)), (0, Some(Some(at(120)))));
}

#[test]
fn ttls_go_by_outcome() {
    let spec = json!({"ttlSecondsAfterSuccess": 600, "ttlSecondsAfterFailure": 0, "schedule": "0 0 1 1 *"});
    let mut seen = cron(spec).last(60).runs([run(50).ended(true, 61), run(60).ended(false, 61)]);
    seen.settle(at(62));
    assert_eq!(seen.times(), [50]);
    assert_eq!(decide(&seen, at(62)).wake, Some(at(71)));
    seen.settle(at(71));
    assert_eq!(seen.times(), [0_i64; 0]);
}

#[test]
fn a_schedule_that_can_not_run_is_stalled_with_the_reason() {
    for (spec, reason, words) in [
        (json!({"schedule": "0 24 * * *"}), "UnparseableSchedule", "hour: \"24\" ends above 23"),
        (json!({"schedule": "0 0 31 2 *"}), "InvalidSchedule", "no time within five years"),
        (json!({"timeZone": "europe/berlin"}), "UnknownTimeZone", "write Europe/Berlin"),
        (json!({"schedule": "TZ=UTC 0 0 * * *"}), "UnsupportedSchedule", "set timeZone"),
        (json!({"exclude": ["x"]}), "UnparseableSchedule", "exclude \"x\""),
    ] {
        let mut seen = cron(spec);
        assert_eq!(seen.settle(at(600)), [reason]);
        let stalled = seen.cron.status.conditions.when_true("Stalled").unwrap().clone();
        assert!(stalled.reason == reason && stalled.message.contains(words), "{}", stalled.message);
        assert!(!seen.cron.status.conditions.is_true("Ready") && seen.runs.is_empty());
        let status = seen.cron.status;
        let mut mended = cron(json!({}));
        mended.cron.status = status;
        mended.settle(at(601));
        let conditions = &mended.cron.status.conditions;
        assert!(conditions.is_true("Ready") && !conditions.is_true("Stalled"), "{reason} is over");
    }
}

/// Each minute of each 29 February that is a Saturday, by sixteen schedules.
fn too_complex() -> Value {
    let schedules: Vec<String> = (0..16).map(|n| format!("{n}-59 * * * *")).collect();
    json!({"schedules": schedules, "exclude": ["* * * 1,3-12 *", "* * 1-28 2 *", "* * * * 0-5"], "timeZone": "Africa/Casablanca"})
}

#[test]
fn a_schedule_that_is_too_complex_rests_until_its_spec_changes() {
    let mut seen = cron(too_complex());
    let plan = decide(&seen, at(600));
    assert_eq!((&plan.search, &plan.steps, plan.wake), (&Some(Search::GaveUp), &vec![], None));
    assert_eq!(seen.settle(at(600)), ["ScheduleTooComplex"]);
    let stalled = seen.cron.status.conditions.when_true("Stalled").unwrap().clone();
    assert!(stalled.reason == "ScheduleTooComplex" && stalled.message.contains("exclude fewer times"), "{stalled:?}");
    seen.search = plan.search;
    let again = decide(&seen, at(601));
    assert_eq!((again.status, again.events, again.search), (None, vec![], Some(Search::GaveUp)), "it is known");
    let mut mended = cron(json!({}));
    mended.cron.status = seen.cron.status;
    mended.settle(at(601));
    assert_eq!((mended.times(), mended.cron.status.conditions.is_true("Stalled")), (vec![600], false));
}

#[test]
fn of_a_schedule_that_rests_runs_are_still_reported_and_deleted() {
    let mut spec = too_complex();
    spec["successfulJobsHistoryLimit"] = json!(0);
    let mut seen = cron(spec).last(60).runs([run(60).ended(true, 65)]);
    seen.search = Some(Search::GaveUp);
    seen.settle(at(600));
    assert_eq!((seen.times(), seen.cron.status.last_success), (vec![], Some(at(65))));
    assert_eq!((seen.cron.status.last_schedule, seen.cron.status.missed), (Some(at(60)), 0), "no time is lost");
}

#[test]
fn every_counts_from_the_last_run_or_the_creation() {
    let mut seen = cron(json!({"schedule": "@every 90m"}));
    assert_eq!(decide(&seen, at(1)).wake, Some(seconds(90, 30)));
    seen.settle(seconds(90, 30));
    assert_eq!(seen.cron.status.next, Some(seconds(180, 30)));
    let changed = cron(json!({"schedule": "@every 10m"})).last(60);
    assert_eq!(decide(&changed, at(61)).wake, Some(at(70)), "a changed schedule counts at once");
}

#[test]
fn a_period_shorter_than_a_minute_is_told_once_and_runs_once_a_minute() {
    let mut seen = cron(json!({"schedule": "@every 5s"}));
    assert_eq!(seen.settle(seconds(0, 31)), ["PeriodTooShort"]);
    let ready = seen.cron.status.conditions.when_true("Ready").unwrap();
    assert_eq!(ready.message, "@every 5s runs once a minute at most: a run has the name of its minute");
    for second in 31..150 {
        assert_eq!(seen.settle(seconds(0, second)), [""; 0], "{second}");
    }
    let minutes: BTreeSet<String> = seen.runs.iter().map(|run| run.name.clone()).collect();
    assert_eq!((minutes.len(), seen.runs.len()), (3, 3), "in each of three minutes one");
    assert_eq!(cron(json!({"schedule": "@every 60s"})).settle(at(1)), [""; 0], "that is a minute");
}

#[test]
fn a_schedule_that_is_being_deleted_only_has_its_status_kept() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.cron.deleting = true;
    seen.runs = vec![run(60).ended(true, 61)];
    assert_eq!(seen.steps(at(300)), [""; 0]);
    assert_eq!(seen.settle(at(300)), ["SawCompletedJob"]);
    assert_eq!(seen.times(), [60]);
}

#[test]
fn a_refused_run_stalls_and_is_tried_again_at_its_time() {
    let mut seen = cron(json!({}));
    seen.refusal = Some(Refusal { message: "exceeded quota".into(), retry_at: at(61), is_blip: false });
    assert_eq!(seen.steps(at(60)), [""; 0]);
    let plan = decide(&seen, at(60));
    assert_eq!(plan.wake, Some(at(61)));
    let stalled = plan.status.unwrap().conditions.when_true("Stalled").cloned().unwrap();
    assert_eq!((stalled.reason.as_str(), stalled.message.as_str()), ("JobRefused", "exceeded quota"));
    assert_eq!(seen.steps(at(61)), ["create 01T01:00"]);
}

#[test]
fn a_run_that_may_be_taken_at_the_next_try_waits_for_that_and_nobody_is_told() {
    let mut seen = cron(json!({}));
    seen.refusal = Some(Refusal { message: "a webhook is down".into(), retry_at: at(61), is_blip: true });
    let plan = decide(&seen, at(60));
    assert_eq!((seen.steps(at(60)), plan.wake), (vec![], Some(at(61))));
    assert!(!plan.status.unwrap().conditions.is_true("Stalled"));
}

#[test]
fn a_step_that_fails_stalls_with_nothing_else_written_until_there_is_no_step_left() {
    let mut seen = cron(json!({"successfulJobsHistoryLimit": 0})).last(60).runs([run(60).ended(true, 61)]);
    seen.settle(at(62));
    let stored = seen.cron.status.clone();
    let stalled = report::stalled::by(&seen.cron, "failed to delete SidecarJob x: a webhook is down", at(70)).unwrap();
    let condition = stalled.conditions.when_true("Stalled").unwrap();
    assert_eq!(condition.reason, "StepFailed");
    assert!(condition.message.ends_with("a webhook is down"));
    assert_eq!((stalled.last_schedule, &stalled.recent), (stored.last_schedule, &stored.recent));
    seen.cron.status = stalled;
    assert_eq!(report::stalled::by(&seen.cron, &condition_message(&seen), at(80)), None, "said once");
    seen.runs.clear();
    let cleared = decide(&seen, at(81)).status.unwrap();
    assert_eq!(cleared.conditions.get("Stalled").map(|c| c.status.as_str()), Some("False"));
}

fn condition_message(seen: &Observed) -> String {
    seen.cron.status.conditions.get("Stalled").unwrap().message.clone()
}

// --- beyond CronJob

#[test]
fn queue_runs_one_after_another_in_order_and_has_a_bound() {
    let mut seen = cron(json!({"concurrencyPolicy": "Queue", "queueLimit": 2})).last(60).runs([run(60)]);
    seen.settle(at(61));
    assert_eq!(seen.settle(at(120)), ["JobQueued"]);
    seen.settle(at(180));
    assert_eq!(seen.cron.status.queued, [at(120), at(180)]);
    assert_eq!(seen.settle(at(240)), ["MissSchedule"], "there is no room for a third");
    assert_eq!((seen.times(), seen.cron.status.missed), (vec![60], 1));
    for (done, want) in [(60, vec![60, 120]), (120, vec![60, 120, 180])] {
        seen.runs =
            seen.runs.into_iter().map(|r| if r.scheduled == Some(at(done)) { r.ended(true, 250) } else { r }).collect();
        seen.settle(at(250));
        assert_eq!(seen.times(), want);
    }
    assert_eq!((seen.cron.status.queued.len(), seen.cron.status.last_schedule), (0, Some(at(180))));
}

#[test]
fn a_queued_time_does_not_wait_beyond_its_deadline() {
    let spec = json!({"concurrencyPolicy": "Queue", "startingDeadlineSeconds": 600});
    let mut seen = cron(spec).last(60).runs([run(60)]);
    seen.settle(at(120));
    assert_eq!(decide(&seen, at(121)).wake, Some(seconds(130, 1)));
    assert_eq!(seen.settle(seconds(130, 1)), ["MissSchedule"]);
    assert_eq!((seen.cron.status.queued.len(), seen.cron.status.missed), (0, 1));
}

#[test]
fn of_missed_times_that_all_run_one_that_could_not_start_is_missed_when_a_later_one_did() {
    let mut seen = cron(json!({"catchUp": "All"}));
    (seen.runs, seen.started) = (vec![run(120)], BTreeSet::from([at(120)]));
    seen.settle(at(121));
    let status = &seen.cron.status;
    assert_eq!((status.last_schedule, status.missed, status.last_missed), (Some(at(120)), 1, Some(at(60))));
}

#[test]
fn catch_up_all_runs_each_missed_time_up_to_its_limit() {
    let mut seen = cron(json!({"catchUp": "All", "catchUpLimit": 3}));
    seen.settle(at(330));
    assert_eq!((seen.times(), seen.cron.status.missed), (vec![180, 240, 300], 2));
    let mut one_by_one = cron(json!({"catchUp": "All", "catchUpLimit": 3, "concurrencyPolicy": "Forbid"}));
    one_by_one.settle(at(330));
    assert_eq!((one_by_one.times(), one_by_one.cron.status.missed), (vec![180], 2));
    one_by_one.runs = vec![run(180).ended(true, 331)];
    one_by_one.settle(at(331));
    assert_eq!((one_by_one.times(), one_by_one.cron.status.missed), (vec![180, 240], 2));
}

#[test]
fn jitter_starts_each_run_later_and_keeps_its_time() {
    let mut seen = cron(json!({"jitterSeconds": 600}));
    let jitter = seen.cron.spec.jitter;
    assert!(jitter > TimeDelta::zero() && jitter <= TimeDelta::minutes(10));
    assert_eq!(seen.steps(at(60) + jitter - TimeDelta::seconds(1)), [""; 0]);
    assert_eq!(decide(&seen, at(60)).wake, Some(at(60) + jitter));
    seen.settle(at(60) + jitter);
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![60], Some(at(60))));
}

#[test]
fn several_schedules_and_exclusions_are_one() {
    let mut seen = cron(json!({"schedules": ["30 * * * *", "0 3 * * *"], "exclude": ["30 1 * * *"]}));
    for minute in (0..200).step_by(10) {
        seen.settle(at(minute));
    }
    assert_eq!(
        (seen.times(), seen.cron.status.schedule.as_deref()),
        (vec![30, 150, 180], Some("30 * * * *; 0 3 * * *"))
    );
}

#[test]
fn run_once_runs_once_where_cronjob_skips_or_doubles() {
    let day = |policy: &str, schedule: &str, zone_day: i64| {
        let mut seen = cron(json!({"schedule": schedule, "timeZone": "America/New_York", "dstPolicy": policy}));
        seen.cron.created_at = at(zone_day * 1440);
        let mut times = Vec::new();
        for quarter in 0..(30 * 4) {
            seen.settle(at(zone_day * 1440 + quarter * 15));
            times = seen.times();
        }
        times.len()
    };
    let (march_8, november_1) = (66, 304);
    assert_eq!((day("CronJob", "30 2 * * *", march_8), day("RunOnce", "30 2 * * *", march_8)), (0, 1));
    assert_eq!((day("CronJob", "30 1 * * *", november_1), day("RunOnce", "30 1 * * *", november_1)), (2, 1));
}

#[test]
fn the_clock_that_was_set_back_is_told_and_nothing_runs_again() {
    let mut seen = cron(json!({})).last(600);
    seen.settle(at(300));
    let ready = seen.cron.status.conditions.when_true("Ready").unwrap();
    assert!(ready.message.contains("2026-01-01T10:00:00Z has run already and is in the future"), "{}", ready.message);
    assert_eq!((seen.times(), seen.cron.status.next), (vec![], Some(at(660))));
}

/// A run with the name of a time in 2099, as anybody can create it.
fn far_ahead() -> Run {
    run(73 * 365 * 24 * 60)
}

#[test]
fn a_run_for_a_time_to_come_ends_no_schedule() {
    for policy in ["Allow", "Forbid", "Replace", "Queue"] {
        for (what, ahead) in [
            ("it has ended", far_ahead().ended(true, 30)),
            ("it is active", far_ahead()),
            ("it is gone", Run { deleting: true, ..far_ahead() }),
        ] {
            let mut seen = cron(json!({"concurrencyPolicy": policy}));
            seen.started = BTreeSet::from([ahead.scheduled.unwrap()]);
            let blocks = ahead.ended.is_none() && matches!(policy, "Forbid" | "Queue") && !ahead.deleting;
            seen.runs = if ahead.deleting { vec![] } else { vec![ahead] };
            seen.settle(at(60));
            if blocks {
                assert!(seen.cron.status.last_schedule <= Some(at(60)), "{policy}, {what}");
                seen.runs = vec![far_ahead().ended(true, 61)];
                seen.settle(at(62));
            }
            let last = seen.cron.status.last_schedule;
            assert!(
                seen.times().contains(&60) && last == Some(at(60)),
                "{policy}, {what}: {:?} {last:?}",
                seen.times()
            );
            assert_eq!(seen.cron.status.next, Some(at(120)), "{policy}, {what}");
        }
    }
}

#[test]
fn a_status_with_times_that_lie_far_ahead_is_healed() {
    let far = far_ahead().scheduled;
    let recent = |minutes| Recent {
        name: run(minutes).name,
        scheduled: Some(at(minutes)),
        started_at: Some(at(minutes)),
        finished_at: Some(at(minutes + 1)),
        result: "Complete".into(),
    };
    for (what, recent, missed) in [("the last runs are remembered", vec![recent(600)], 2), ("nothing is", vec![], 12)] {
        let mut seen = cron(json!({"concurrencyPolicy": "Queue"}));
        let status = &mut seen.cron.status;
        (status.last_schedule, status.last_missed, status.recent) = (far, far, recent);
        status.queued = far.into_iter().collect();
        seen.settle(at(780));
        let status = &seen.cron.status;
        let last = (status.last_schedule, status.last_missed, status.missed);
        assert_eq!(last, (Some(at(780)), Some(at(720)), missed), "{what}");
        assert_eq!((seen.times(), status.queued.len(), status.next), (vec![780], 0, Some(at(840))), "{what}");
    }
}

#[test]
fn recent_runs_are_bounded_and_newest_first() {
    let mut seen = cron(json!({"successfulJobsHistoryLimit": 2}));
    for hour in 1..=20 {
        seen.settle(at(hour * 60));
        seen.runs =
            seen.runs.into_iter().map(|r| if r.ended.is_none() { r.ended(true, hour * 60 + 5) } else { r }).collect();
        seen.settle(at(hour * 60 + 5));
    }
    let recent = &seen.cron.status.recent;
    assert_eq!((recent.len(), recent[0].scheduled, seen.runs.len()), (10, Some(at(1200)), 2));
}
