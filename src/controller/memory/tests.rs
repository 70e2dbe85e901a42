//! What is remembered between reconciles, and what must not be.

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
    assert_eq!(version(&*memory.newest(job("a", 4))), 4, "once caught up, the watch alone counts");
}

#[test]
fn nothing_carries_over_to_another_object_of_the_same_name() {
    let memory = Memory::<SidecarJob>::default();
    memory.wrote(job("a", 2));
    memory.newest(job("a", 2));
    memory.refused(&the_key(), "no".into(), at(0));
    memory.failed(&the_key());
    assert_eq!(memory.newest(job("b", 3)).metadata.uid.as_deref(), Some("b"));
    assert_eq!(memory.refusal(&the_key()), None);
    assert_eq!(memory.failed(&the_key()), 1);
}

#[test]
fn a_refusal_is_remembered_by_the_next_look_at_the_same_object() {
    let memory = Memory::<SidecarJob>::default();
    memory.refused(&the_key(), "no".into(), at(0));
    memory.newest(job("a", 1));
    assert!(memory.refusal(&the_key()).is_some());
    memory.newest(job("b", 2));
    assert_eq!(memory.refusal(&the_key()), None);
}

#[test]
fn each_refusal_in_a_row_waits_longer_and_a_pod_that_is_taken_ends_it() {
    let memory = Memory::<SidecarJob>::default();
    let mut waits = Vec::new();
    for _ in 0..8 {
        memory.refused(&the_key(), "quota".into(), at(100));
        waits.push((memory.refusal(&the_key()).unwrap().retry_at - at(100)).num_seconds());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    memory.accepted(&the_key());
    assert_eq!(memory.refusal(&the_key()), None);
}

#[test]
fn failures_are_counted_until_one_reconcile_goes_well() {
    let memory = Memory::<SidecarJob>::default();
    assert_eq!((memory.failed(&the_key()), memory.failed(&the_key())), (1, 2));
    memory.succeeded(&the_key());
    assert_eq!(memory.failed(&the_key()), 1);
}

#[test]
fn nothing_is_kept_of_a_job_that_is_quiet() {
    let memory = Memory::<SidecarJob>::default();
    memory.wrote(job("a", 5));
    memory.newest(job("a", 5));
    memory.succeeded(&the_key());
    assert!(memory.lock().is_empty());
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
    assert_eq!(memory.creations_held(&the_key(), at(5), period), Some(at(6)));
    assert_eq!(memory.creations_held(&the_key(), at(6), period), None, "it is over");
    memory.vanished(&the_key(), at(9));
    assert_eq!(memory.creations_held(&the_key(), at(9), period), Some(at(10)), "the next one counts anew");
}
