//! What a Lease means to a candidate called "me".

use k8s_openapi::jiff::Timestamp;

use super::*;

const WALL: i64 = 1_800_000_000;

fn wall(seconds: i64) -> MicroTime {
    MicroTime(Timestamp::from_second(seconds).expect("a time"))
}

fn record(holder: &str, duration: i32, transitions: i32) -> LeaseSpec {
    LeaseSpec {
        holder_identity: Some(holder.into()),
        lease_duration_seconds: Some(duration),
        acquire_time: Some(wall(5)),
        renew_time: Some(wall(7)),
        lease_transitions: Some(transitions),
        ..LeaseSpec::default()
    }
}

fn lease(version: &str, spec: Option<LeaseSpec>) -> Lease {
    let metadata = ObjectMeta {
        name: Some(LEASE.into()),
        uid: Some("uid".into()),
        resource_version: Some(version.into()),
        ..ObjectMeta::default()
    };
    Lease { metadata, spec }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What "me" does `after` seconds, in words.
fn todo(seen: &Seen, now: u64) -> String {
    match seen.todo("me", at(now), wall(WALL)) {
        Todo::Read => "read".into(),
        Todo::Wait { holder, until } => format!("wait for {holder} until {}", until.as_secs()),
        Todo::Write(lease) => {
            let spec = lease.spec.expect("a record");
            let verb = if lease.metadata.resource_version.is_some() { "replace" } else { "create" };
            assert_eq!(spec.holder_identity.as_deref(), Some("me"));
            assert_eq!((spec.lease_duration_seconds, spec.renew_time), (Some(15), Some(wall(WALL))));
            let is_new = spec.acquire_time == Some(wall(WALL));
            let acquired = if is_new { "acquired now" } else { "acquired before" };
            format!("{verb}, {acquired}, transitions {}", spec.lease_transitions.unwrap_or(-1))
        }
    }
}

#[test]
fn a_candidate_takes_renews_or_waits_as_client_go_does() {
    for (what, lease_seen, now, want) in [
        ("there is no Lease", None, 100, "create, acquired now, transitions 0"),
        ("it has no record", Some(lease("1", None)), 100, "replace, acquired now, transitions 0"),
        ("it was given back", Some(lease("1", Some(record("", 1, 3)))), 100, "replace, acquired now, transitions 4"),
        ("it is ours", Some(lease("1", Some(record("me", 15, 3)))), 100, "replace, acquired before, transitions 3"),
        (
            "it is ours, of long ago",
            Some(lease("1", Some(record("me", 15, 3)))),
            999,
            "replace, acquired before, transitions 3",
        ),
        ("another one has it", Some(lease("1", Some(record("you", 15, 3)))), 100, "wait for you until 115"),
        ("the other is silent", Some(lease("1", Some(record("you", 15, 3)))), 114, "wait for you until 115"),
        (
            "the other was silent",
            Some(lease("1", Some(record("you", 15, 3)))),
            115,
            "replace, acquired now, transitions 4",
        ),
        ("the other may be so for longer", Some(lease("1", Some(record("you", 60, 3)))), 159, "wait for you until 160"),
        (
            "its record never counts",
            Some(lease("1", Some(record("you", -1, 3)))),
            100,
            "replace, acquired now, transitions 4",
        ),
    ] {
        let mut seen = Seen::default();
        assert_eq!(todo(&seen, 100), "read", "nothing is known");
        seen.saw(lease_seen, at(100)); // the record's own times are of 1970
        assert_eq!(todo(&seen, now), want, "{what}");
        seen.forget();
        assert_eq!(todo(&seen, now), "read", "{what}: forgotten");
    }
}

#[test]
fn another_holders_time_counts_from_the_last_change_of_its_record() {
    let mut seen = Seen::default();
    seen.saw(Some(lease("1", Some(record("you", 15, 0)))), at(100));
    seen.saw(Some(lease("2", Some(record("you", 15, 0)))), at(110)); // an annotation, for example
    assert_eq!(todo(&seen, 114), "wait for you until 115");
    let renewed = LeaseSpec { renew_time: Some(wall(8)), ..record("you", 15, 0) };
    seen.saw(Some(lease("3", Some(renewed))), at(114));
    assert_eq!(todo(&seen, 116), "wait for you until 129");
}

#[test]
fn a_lease_that_somebody_deletes_has_its_holder_until_the_record_runs_out() {
    let mut seen = Seen::default();
    seen.saw(Some(lease("1", Some(record("you", 15, 2)))), at(100));
    seen.saw(None, at(101));
    assert_eq!(todo(&seen, 114), "wait for you until 115");
    assert_eq!(todo(&seen, 115), "create, acquired now, transitions 3");
    seen.saw(Some(lease("9", Some(record("me", 15, 3)))), at(115));
    seen.saw(None, at(116));
    assert_eq!(todo(&seen, 117), "create, acquired before, transitions 3", "our own");
}

#[test]
fn a_watch_that_is_late_changes_nothing() {
    let mut seen = Seen::default();
    seen.saw(Some(lease("7", Some(record("", 1, 0)))), at(100));
    seen.heard(Some(lease("6", Some(record("you", 15, 0)))), at(101));
    assert_eq!(todo(&seen, 101), "replace, acquired now, transitions 1");
    seen.heard(Some(lease("8", Some(record("you", 15, 1)))), at(102));
    assert_eq!(todo(&seen, 102), "wait for you until 117");
    let mut other = lease("3", Some(record("", 1, 0))); // deleted and made again, in a restored cluster
    other.metadata.uid = Some("another".into());
    seen.heard(Some(other), at(103));
    assert_eq!(todo(&seen, 103), "replace, acquired now, transitions 1");
}

#[test]
fn only_the_holder_gives_the_lease_back_and_as_client_go_does() {
    let mut seen = Seen::default();
    assert_eq!(seen.released("me", wall(WALL)), None);
    seen.saw(Some(lease("1", Some(record("you", 15, 2)))), at(100));
    assert_eq!(seen.released("me", wall(WALL)), None);
    seen.saw(Some(lease("2", Some(record("me", 15, 3)))), at(100));
    let spec = LeaseSpec { acquire_time: Some(wall(WALL)), renew_time: Some(wall(WALL)), ..record("", 1, 3) };
    assert_eq!(seen.released("me", wall(WALL)), Some(lease("2", Some(spec))));
}

#[test]
fn a_holder_has_stopped_before_the_others_may_take_the_lease() {
    assert!(RENEW_DEADLINE + at(5) <= LEASE_DURATION);
    assert!(RETRY_PERIOD * 4 < RENEW_DEADLINE, "some renewals may fail");
}
