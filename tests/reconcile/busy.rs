//! What does the controller put off while other runs wait for their turns? The status that says no more than that a run has
//! begun: a run that ends meanwhile has one status write instead of two.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sidecarjob::controller::turns::{Turn, Turns};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::told::set_clock;
use super::*;

/// Another run of that namespace works, and a third one waits for its turn.
fn rush(turns: &Turns, namespace: &str) -> (Turn, UnboundedReceiver<(String, String)>) {
    let (wake, woken) = mpsc::unbounded_channel();
    let works = turns.begin(&(namespace.into(), "works".into()), &wake).expect("a place is free");
    assert!(turns.begin(&(namespace.into(), "waits".into()), &wake).is_none(), "no further place is free");
    (works, woken)
}

async fn reconciled(stage: &Stage) -> Action {
    reconcile(Arc::new(Watched::from(job(json!({}), json!(null)))), stage.ctx.clone()).await.expect("well")
}

fn sent(stage: &Stage) -> Vec<(String, Value)> {
    stage.sent.lock().expect("not poisoned").clone()
}

#[tokio::test]
async fn a_run_that_ends_while_others_wait_has_one_status_write() {
    let done = pod("a", 12, "Succeeded", Some(0));
    let free = without_finalizer(done.clone(), 14);
    let script =
        vec![on(Method::PUT, STATUS, stored(13)), on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone()))];
    let mut stage = stage(script, vec![pod("a", 11, "Pending", None)]);
    set_clock(&mut stage);
    let _rush = rush(&stage.ctx.turns, "ns");
    assert_eq!(reconciled(&stage).await, Action::requeue(Duration::from_millis(1001)), "it looks again in a second");
    assert_eq!(sent(&stage), []);
    stage.ctx.pods.observe(WatchEvent::Apply(serde_json::from_value(done).expect("a Pod")));
    reconciled(&stage).await;
    let status = &sent(&stage)[0].1["status"];
    assert_eq!((&status["phase"], &status["startTime"]), (&json!("Complete"), &json!("2026-01-01T00:00:00Z")));
}

#[tokio::test]
async fn a_run_that_goes_on_has_its_first_status_when_nobody_waits_any_more_and_after_five_seconds_in_any_case() {
    for (what, goes_on, seconds, written) in [
        ("others wait", true, 4, 0),
        ("nobody waits any more", false, 1, 1),
        ("others wait, and five seconds have passed", true, 5, 1),
    ] {
        let mut stage = stage(vec![on(Method::PUT, STATUS, stored(13))], vec![pod("a", 11, "Running", None)]);
        let passed = set_clock(&mut stage);
        let rush = rush(&stage.ctx.turns, "ns");
        reconciled(&stage).await;
        let _goes_on = goes_on.then_some(rush);
        passed.store(seconds, Ordering::SeqCst);
        reconciled(&stage).await;
        assert_eq!(sent(&stage).len(), written, "{what}");
        stage.server.abort();
    }
}

#[tokio::test]
async fn runs_that_wait_in_another_namespace_delay_no_status() {
    let stage = stage(vec![on(Method::PUT, STATUS, stored(13))], vec![pod("a", 11, "Running", None)]);
    let _rush = rush(&stage.ctx.turns, "another");
    reconciled(&stage).await;
    assert_eq!(sent(&stage).len(), 1);
}
