//! What is remembered of runs that are gone.

use serde_json::json;

use super::*;
use crate::api::{labels, scheduled_run};

fn time(minute: u32) -> DateTime<Utc> {
    format!("2026-01-01T00:{minute:02}:00Z").parse().expect("a time")
}

fn owner() -> Owner {
    Owner { key: ("ns".into(), "c".into()), uid: "u".into() }
}

fn name(minute: u32) -> String {
    scheduled_run::name("c", time(minute))
}

/// What there is to see at the end of the hour.
fn view(runs: &Runs, status: &Status) -> View {
    runs.of(&owner(), status, time(59))
}

fn run(minute: u32) -> SidecarJob {
    let owner = json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "name": "c", "uid": "u", "controller": true
    });
    let meta = json!({
        "name": name(minute), "namespace": "ns", "uid": format!("uid-{minute}"), "ownerReferences": [owner],
        "labels": {labels::SCHEDULE: "c"}, "resourceVersion": (minute + 1).to_string(),
        "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": time(minute).to_rfc3339()}
    });
    serde_json::from_value(json!({"metadata": meta, "spec": {"template": {}}})).expect("a SidecarJob")
}

fn read(job: SidecarJob) -> Watched<SidecarJob> {
    Watched::from(job)
}

fn minutes(runs: &Runs) -> Vec<String> {
    view(runs, &Status::default()).runs.into_iter().map(|run| run.name).collect()
}

#[test]
fn times_of_runs_that_are_gone_are_kept_until_the_status_knows_of_them_and_the_latest_for_good() {
    let runs = Runs::default();
    [1, 2, 3].iter().for_each(|minute| runs.wrote(&run(*minute)));
    [1, 2, 3].iter().for_each(|minute| runs.gone(&format!("uid-{minute}")));
    let times = |known: Option<u32>| {
        let status = Status { last_schedule: known.map(time), queued: vec![time(2)], ..Status::default() };
        let View { runs, started, .. } = view(&runs, &status);
        assert_eq!(runs, []);
        started.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(times(None), [time(1), time(2), time(3)]);
    assert_eq!(times(Some(1)), [time(2), time(3)]);
    assert_eq!(times(Some(3)), [time(2), time(3)], "one that is in the queue is not known to have run");
    assert_eq!(times(Some(9)), [time(2), time(3)], "a watch may show its like again");
}
fn with(run: SidecarJob, more: serde_json::Value) -> SidecarJob {
    let mut wire = serde_json::to_value(run).expect("JSON");
    for (pointer, value) in more.as_object().expect("an object") {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        wire.pointer_mut(parent).expect("it is there")[key] = value.clone();
    }
    serde_json::from_value(wire).expect("a SidecarJob")
}

fn complete(run: SidecarJob) -> SidecarJob {
    let end = json!({"type": "Complete", "status": "True", "reason": "", "message": "", "lastTransitionTime": time(9).to_rfc3339()});
    with(run, json!({"/status": {"conditions": [end]}, "/metadata/resourceVersion": "99"}))
}

fn guard(run: SidecarJob) -> Watched<SidecarJob> {
    Watched::from(run)
}

#[test]
fn a_run_that_is_gone_is_kept_as_it_was_last_until_the_status_knows_what_became_of_it() {
    let runs = Runs::default();
    [1, 2, 3, 4].iter().for_each(|minute| drop(runs.observe(Event::Apply(guard(run(*minute))))));
    runs.observe(Event::Delete(guard(complete(run(1)))));
    runs.replaces(&owner(), "uid-2");
    runs.gone("uid-2");
    runs.observe(Event::Init);
    runs.observe(Event::InitApply(guard(run(4))));
    runs.observe(Event::InitDone);
    let active = |minutes: &[u32]| {
        let of = |minute: &u32| Run::from_wire(&run(*minute)).map(|run| run.to_ref());
        minutes.iter().filter_map(of).collect()
    };
    let seen = |status: &Status| {
        let departed = view(&runs, status).departed.into_iter();
        departed.map(|d| (d.run.name, d.run.ended.is_some(), d.replaced)).collect::<Vec<_>>()
    };
    let of = |minute, ended, replaced| (name(minute), ended, replaced);
    let all = [of(1, true, false), of(2, false, true), of(3, false, false)];
    let status = Status { active: active(&[1, 2, 3, 4]), last_schedule: Some(time(4)), ..Status::default() };
    assert_eq!(seen(&status), all);
    let status = Status { active: active(&[2, 4]), ..status };
    assert_eq!(seen(&status), all[..2], "the end of the first is not written down yet");
    assert_eq!(seen(&Status { last_success: Some(time(9)), active: active(&[4]), ..status }), []);
}

#[test]
fn a_time_for_which_somebody_asked_is_kept_until_the_record_has_it() {
    let runs = Runs::default();
    let mut asked = run(5);
    asked.metadata.annotations.get_or_insert_default().insert(labels::INSTANTIATE.into(), labels::MANUAL.into());
    runs.observe(Event::Apply(guard(asked)));
    runs.gone("uid-5");
    let seen = view(&runs, &Status::default());
    assert_eq!((seen.backfilled, seen.started), (BTreeSet::from([time(5)]), BTreeSet::new()), "no run of the schedule");
    let status = Status { backfilled: backfilled::with(&[], [time(5)]), ..Status::default() };
    assert_eq!(view(&runs, &status).backfilled, BTreeSet::new());
}

#[test]
fn of_a_schedule_that_is_gone_nothing_is_kept_once_its_runs_are_gone() {
    let kept = |runs: &Runs| runs.0.lock().by_owner.len();
    let key: Key = ("ns".into(), "c".into());
    let runs = Runs::default();
    runs.observe(Event::Apply(read(run(1))));
    runs.owner_is_gone(&("ns".into(), "another".into()));
    runs.observe(Event::Delete(read(run(1))));
    assert_eq!(kept(&runs), 1, "a schedule that is there keeps the time of its latest run");
    runs.owner_is_gone(&key);
    assert_eq!(kept(&runs), 0);

    runs.observe(Event::Apply(read(run(2))));
    runs.owner_is_gone(&key);
    assert_eq!(kept(&runs), 1, "a run of it is still there");
    runs.observe(Event::Delete(read(run(2))));
    assert_eq!(kept(&runs), 0);

    runs.observe(Event::Apply(read(run(3))));
    runs.owner_is_gone(&key);
    runs.observe(Event::Init);
    runs.observe(Event::InitDone);
    assert_eq!(kept(&runs), 0, "nobody said that the run is gone, the new list does not have it");
}

#[test]
fn a_new_list_is_believed_also_where_its_versions_are_lower_but_not_against_what_was_written_since() {
    let runs = Runs::default();
    let version = |job: SidecarJob, version: u64| {
        let mut job = job;
        job.metadata.resource_version = Some(version.to_string());
        job
    };
    let done = |mut job: SidecarJob| {
        job.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
        job
    };
    let is_going = |runs: &Runs| view(runs, &Status::default()).runs.iter().any(|run| run.deleting);
    runs.wrote(&done(version(run(1), 900)));
    runs.wrote(&version(run(2), 901));
    runs.gone("uid-2");
    runs.observe(Event::Apply(read(version(run(1), 30))));
    assert!(is_going(&runs), "an event that is older than what we know is no news");

    runs.observe(Event::Init);
    runs.wrote(&version(run(3), 35));
    runs.gone("uid-3");
    for restored in [run(1), run(2), run(3)] {
        runs.observe(Event::InitApply(read(version(restored, 30))));
    }
    runs.observe(Event::InitDone);
    assert!(!is_going(&runs), "it is as the list has it");
    assert_eq!(minutes(&runs), [name(1), name(2)], "c-3 was deleted after the list had begun");
}

#[test]
fn a_run_whose_owner_is_taken_away_is_gone_for_its_schedule() {
    let runs = Runs::default();
    runs.observe(Event::Apply(read(run(1))));
    let mut ownerless = run(1);
    ownerless.metadata.owner_references = None;
    ownerless.metadata.resource_version = Some("99".into());
    assert_eq!(runs.observe(Event::Apply(read(ownerless.clone()))), [("ns".to_owned(), "c".to_owned())], "news");
    assert_eq!(minutes(&runs), [""; 0], "it does not count as active for ever");
    assert_eq!(runs.observe(Event::Delete(read(ownerless))), [], "its deletion is nothing to the schedule");
}

#[test]
fn a_run_that_leaves_its_schedule_is_in_view_again_when_it_comes_back() {
    let at_version =
        |job: SidecarJob, version: u32| with(job, json!({"/metadata/resourceVersion": version.to_string()}));
    let (label, owner) = (json!({"/metadata/labels": {}}), json!({"/metadata/ownerReferences": []}));
    for (what, change) in [("its label", label), ("its owner", owner)] {
        let left = at_version(with(run(1), change), 50);
        let runs = Runs::default();
        let see = |event: Event<SidecarJob>| {
            let event = match event {
                Event::Apply(job) => Event::Apply(guard(job)),
                Event::Delete(job) => Event::Delete(guard(job)),
                _ => Event::InitDone,
            };
            runs.observe(event);
            minutes(&runs).len()
        };
        assert_eq!(see(Event::Apply(run(1))), 1);
        assert_eq!(see(Event::Delete(left.clone())), 0, "{what} is taken away: the watch says that it is gone");
        runs.left(&left);
        assert_eq!(runs.gone_of(&self::owner(), ["uid-1"].into_iter()).len(), 1, "{what}: nobody looks it up again");
        assert_eq!(see(Event::Apply(at_version(run(1), 40))), 0, "{what}: that is older");
        runs.wrote(&left);
        assert_eq!((minutes(&runs).len(), runs.has("uid-1")), (0, false), "{what}: nobody would say how it ended");
        assert_eq!(see(Event::Apply(at_version(run(1), 60))), 1, "{what} is given back");
        assert_eq!(see(Event::Delete(at_version(run(1), 70))), 0);
        assert_eq!(see(Event::Apply(at_version(run(1), 80))), 0, "{what}: now it is gone for good");
    }
}

#[test]
fn a_run_that_names_its_owner_wrongly_is_no_run_of_the_schedule() {
    let runs = Runs::default();
    for (what, change) in [
        ("from another namespace", json!({"/metadata/namespace": "another"})),
        ("by another name", json!({"/metadata/ownerReferences/0/name": "another"})),
        ("by another UID", json!({"/metadata/ownerReferences/0/uid": "another"})),
        ("of another group", json!({"/metadata/ownerReferences/0/apiVersion": "sidecarjob.dev.example.com/v1"})),
        ("not as the controller", json!({"/metadata/ownerReferences/0/controller": false})),
    ] {
        runs.observe(Event::Apply(guard(with(run(1), change))));
        assert_eq!(view(&runs, &Status::default()), View::default(), "{what}");
        runs.observe(Event::Delete(guard(run(1))));
        *runs.0.lock() = State::default();
    }
}

#[test]
fn a_run_that_somebody_gives_to_another_schedule_leaves_the_first_one() {
    let runs = Runs::default();
    runs.observe(Event::Apply(guard(run(1))));
    let given = with(run(1), json!({"/metadata/ownerReferences/0/name": "d", "/metadata/resourceVersion": "99"}));
    let both = [("ns".to_owned(), "c".to_owned()), ("ns".to_owned(), "d".to_owned())];
    assert_eq!(runs.observe(Event::Apply(guard(given.clone()))), both, "both schedules look again");
    let of_other = |runs: &Runs| runs.of(&Owner { key: both[1].clone(), ..owner() }, &Status::default(), time(59)).runs;
    assert_eq!((minutes(&runs).len(), of_other(&runs).len()), (0, 1));
    assert_eq!(runs.gone_of(&owner(), ["uid-1"].into_iter()).len(), 1, "it is gone for the first one");
    runs.observe(Event::Delete(guard(given)));
    assert_eq!((minutes(&runs).len(), of_other(&runs).len()), (0, 0));
}

#[test]
fn a_time_to_come_takes_the_place_of_no_other_time_and_is_not_kept_for_ever() {
    let runs = Runs::default();
    let far = |minute| time(minute) + chrono::TimeDelta::days(3);
    let mut ahead = run(9);
    ahead.metadata.name = Some(scheduled_run::name("c", far(9)));
    ahead.metadata.annotations = Some([(labels::SCHEDULED_TIMESTAMP.to_owned(), far(9).to_rfc3339())].into());
    for job in [run(1), run(2), ahead] {
        runs.wrote(&job);
    }
    let status = Status { last_schedule: Some(time(2)), ..Status::default() };
    assert_eq!(view(&runs, &status).started, BTreeSet::from([time(2)]));
}
