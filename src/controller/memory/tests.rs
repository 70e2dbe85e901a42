//! What does the controller remember between reconciles, and what must it not remember?

use super::*;
use crate::api::SidecarJob;

fn job(uid: &str, version: u64) -> Arc<SidecarJob> {
    let mut job = SidecarJob::new("job", Default::default());
    job.metadata.namespace = Some("ns".into());
    job.metadata.uid = Some(uid.into());
    job.metadata.resource_version = Some(version.to_string());
    Arc::new(job)
}

fn the_key() -> Key {
    ("ns".into(), "job".into())
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn our_own_write_is_seen_until_the_watch_has_caught_up() {
    let memory = Memory::<SidecarJob>::default();
    memory.wrote(job("a", 5));
    assert_eq!(version(&*memory.newest(job("a", 4))), 5);
    assert_eq!(version(&*memory.newest(job("a", 5))), 5);
    for (shown, is_news, newest) in [(4, false, 5), (5, false, 4), (6, true, 4)] {
        let event = Event::Apply(SidecarJob::clone(&job("a", shown)));
        assert_eq!(memory.view_took_in(&event), is_news, "the watch shows {shown}");
        assert_eq!(version(&*memory.newest(job("a", 4))), newest, "once caught up, the watch alone counts");
    }
    memory.wrote(job("a", 7));
    assert!(memory.view_took_in(&Event::Apply(SidecarJob::clone(&job("a", 9)))), "somebody changed it since");
    assert_eq!(version(&*memory.newest(job("a", 9))), 9);
}

#[test]
fn nothing_carries_over_to_another_object_of_the_same_name() {
    let memory = Memory::<SidecarJob>::default();
    memory.wrote(job("a", 2));
    memory.newest(job("a", 2));
    memory.refused(&the_key(), "no".into(), at(0), false);
    memory.failed(&the_key(), false);
    assert_eq!(memory.newest(job("b", 3)).metadata.uid.as_deref(), Some("b"));
    assert_eq!(memory.refusal(&the_key(), at(100)), None);
    assert_eq!(memory.failed(&the_key(), false), 1);
}

#[test]
fn a_refusal_is_remembered_by_the_next_look_at_the_same_object() {
    let memory = Memory::<SidecarJob>::default();
    memory.refused(&the_key(), "no".into(), at(0), false);
    memory.newest(job("a", 1));
    assert!(memory.refusal(&the_key(), at(100)).is_some());
    memory.newest(job("b", 2));
    assert_eq!(memory.refusal(&the_key(), at(100)), None);
}

#[test]
fn each_refusal_in_a_row_waits_longer_and_a_pod_that_is_taken_ends_it() {
    let memory = Memory::<SidecarJob>::default();
    let mut waits = Vec::new();
    for _ in 0..8 {
        memory.refused(&the_key(), "quota".into(), at(100), false);
        waits.push((memory.refusal(&the_key(), at(100)).unwrap().retry_at - at(100)).num_seconds());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    memory.accepted(&the_key());
    assert_eq!(memory.refusal(&the_key(), at(100)), None);
}

#[test]
fn only_a_first_failure_is_a_blip_and_never_a_rejection() {
    for (what, tries, want) in [
        ("something was down", vec![true], true),
        ("twice", vec![true, true], false),
        ("a refusal", vec![false], false),
        ("down after a refusal", vec![false, true], false),
    ] {
        let memory = Memory::<SidecarJob>::default();
        tries.into_iter().for_each(|may_pass| memory.refused(&the_key(), "words".into(), at(100), may_pass));
        assert_eq!(memory.refusal(&the_key(), at(100)).unwrap().is_blip, want, "{what}");
        memory.accepted(&the_key());
        memory.refused(&the_key(), "words".into(), at(100), true);
        assert!(memory.refusal(&the_key(), at(100)).unwrap().is_blip, "{what}: a Pod was taken in between");
    }
}

#[test]
fn no_wait_grows_when_the_clock_is_set_back() {
    let memory = Memory::<SidecarJob>::default();
    memory.refused(&the_key(), "quota".into(), at(10_000), false);
    memory.vanished(&the_key(), at(10_000));
    memory.held_since(&the_key(), at(10_000));
    assert_eq!(memory.refusal(&the_key(), at(100)).unwrap().retry_at, at(101));
    assert_eq!(memory.creations_held(&the_key(), at(100), TimeDelta::seconds(1)), Some(at(101)));
    assert_eq!(memory.creations_held(&the_key(), at(101), TimeDelta::seconds(1)), None, "and it is over");
    assert_eq!(memory.held_since(&the_key(), at(100)), at(100));
    assert_eq!(memory.refusal(&the_key(), at(9_000)).unwrap().retry_at, at(101), "and time goes on");
}

#[test]
fn a_list_that_began_after_our_last_write_wins_even_with_lower_versions() {
    let memory = Memory::<SidecarJob>::default();
    memory.wrote(job("a", 900));
    assert_eq!(version(&*memory.newest(job("a", 30))), 900, "an event of the watch can be late");
    let _ = memory.view_took_in::<SidecarJob>(&Event::Init);
    assert_eq!(version(&*memory.newest(job("a", 30))), 900, "the list is not there yet");
    let _ = memory.view_took_in::<SidecarJob>(&Event::InitDone);
    assert_eq!(version(&*memory.newest(job("a", 30))), 30);

    let _ = memory.view_took_in::<SidecarJob>(&Event::Init);
    memory.wrote(job("a", 31));
    let _ = memory.view_took_in::<SidecarJob>(&Event::InitDone);
    assert_eq!(version(&*memory.newest(job("a", 30))), 31, "what was written since the list began it may not know of");
}

#[test]
fn conflicts_and_other_failures_are_counted_each_for_itself() {
    let memory = Memory::<SidecarJob>::default();
    assert_eq!((memory.failed(&the_key(), true), memory.failed(&the_key(), false)), (1, 1));
    assert_eq!((memory.failed(&the_key(), true), memory.failures(&the_key(), false)), (2, 1));
    memory.succeeded(&the_key());
    assert_eq!((memory.failures(&the_key(), true), memory.failures(&the_key(), false)), (0, 0));
}

#[test]
fn failures_are_counted_until_one_reconcile_goes_well() {
    let memory = Memory::<SidecarJob>::default();
    assert_eq!((memory.failed(&the_key(), false), memory.failed(&the_key(), false)), (1, 2));
    memory.succeeded(&the_key());
    assert_eq!(memory.failed(&the_key(), false), 1);
}

#[test]
fn nothing_is_kept_of_a_job_that_is_quiet() {
    let memory = Memory::<SidecarJob>::default();
    for shown_first in [true, false] {
        memory.wrote(job("a", 5));
        let show = || assert!(!memory.view_took_in(&Event::Apply(SidecarJob::clone(&job("a", 5)))));
        if shown_first {
            show();
        }
        memory.newest(job("a", 5));
        memory.succeeded(&the_key());
        if !shown_first {
            show();
        }
        assert!(memory.entries.lock().is_empty(), "shown before the end of the reconcile: {shown_first}");
    }
}

#[test]
fn a_status_is_held_from_the_first_time_until_something_is_written() {
    let memory = Memory::<SidecarJob>::default();
    assert_eq!(memory.held_since(&the_key(), at(5)), at(5));
    assert_eq!(memory.held_since(&the_key(), at(6)), at(5));
    memory.wrote(job("a", 9));
    assert_eq!(memory.held_since(&the_key(), at(7)), at(7));
}

#[test]
fn a_pod_that_may_have_been_created_is_remembered_until_that_is_clear() {
    let memory = Memory::<SidecarJob>::default();
    memory.unclear(&the_key(), "job-abcde".into());
    memory.succeeded(&the_key());
    assert_eq!(memory.all_unclear(&the_key()).into_iter().collect::<Vec<_>>(), ["job-abcde"]);
    memory.cleared(&the_key(), "job-abcde");
    assert!(memory.all_unclear(&the_key()).is_empty());
}

#[test]
fn after_a_pod_vanished_creations_wait_for_the_period_and_no_longer_however_many_follow() {
    let memory = Memory::<SidecarJob>::default();
    let period = TimeDelta::seconds(1);
    assert_eq!(memory.creations_held(&the_key(), at(5), period), None);
    memory.vanished(&the_key(), at(5));
    memory.vanished(&the_key(), at(6));
    memory.succeeded(&the_key()); // a reconcile without steps does not end the wait
    assert_eq!(memory.creations_held(&the_key(), at(5), period), Some(at(6)));
    assert_eq!(memory.creations_held(&the_key(), at(6), period), None, "it is over");
    memory.vanished(&the_key(), at(9));
    assert_eq!(memory.creations_held(&the_key(), at(9), period), Some(at(10)), "the next one counts anew");
}
