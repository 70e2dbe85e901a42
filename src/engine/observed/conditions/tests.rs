//! Conditions.

use super::*;
use crate::engine::tests::fixture::at;

#[test]
fn the_time_changes_with_the_status_and_never_otherwise() {
    let mut all = Conditions::default();
    all.set("A", true, "One", "first", at(1));
    all.set("A", true, "Two", "second", at(2));
    assert_eq!((all.true_since("A"), all.get("A").unwrap().reason.as_str()), (Some(at(1)), "Two"));
    all.set("A", false, "Three", "", at(3));
    assert_eq!((all.true_since("A"), time::from_wire(&all.get("A").unwrap().last_transition_time)), (None, at(3)));
    assert_eq!(all.0.len(), 1, "one entry for each type");
}

#[test]
fn the_condition_of_a_default_status_gets_a_time_when_it_is_first_written() {
    let mut all = Conditions::default();
    all.set("Reconciling", true, "Pending", "Waiting for controller", DateTime::UNIX_EPOCH);
    all.set("Reconciling", true, "Running", "", at(7));
    assert_eq!(all.true_since("Reconciling"), Some(at(7)));
}

#[test]
fn what_was_never_said_is_not_taken_back() {
    let mut all = Conditions::default();
    all.clear("A", "Over", "", at(1));
    assert!(all.get("A").is_none());
    all.set("A", true, "x", "", at(1));
    all.clear("A", "Over", "", at(2));
    assert!(!all.is_true("A"));
}

#[test]
fn conditions_of_others_stay_as_they_are() {
    let foreign: Condition = serde_json::from_value(serde_json::json!({
        "type": "Theirs", "status": "Unknown", "reason": "r", "message": "m", "observedGeneration": 4,
        "lastTransitionTime": "2026-01-01T00:00:00Z"
    }))
    .unwrap();
    let mut all = Conditions(vec![foreign.clone()]);
    all.set("Ours", true, "x", "", at(1));
    assert_eq!(all.get("Theirs"), Some(&foreign));
}
