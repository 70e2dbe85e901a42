//! What the queue drops, when it ends, and that no namespace holds up another.

use k8s_openapi::api::core::v1::ConfigMap;

use super::*;
use crate::api::SidecarJob;

#[tokio::test]
async fn without_the_watch_that_it_rests_on_no_work_goes_on() {
    let goes_on = || tokio::spawn(future::pending());
    let ended = work_with(tokio::spawn(async {}), "scheduled runs", future::pending()).await;
    assert!(ended.is_err_and(|why| why.to_string().starts_with("the watch of scheduled runs has ended")));
    let watched = goes_on();
    let handle = watched.abort_handle();
    assert!(work_with(watched, "Pods", async { Ok(()) }).await.is_ok());
    while !handle.is_finished() {
        tokio::task::yield_now().await; // a watch that nobody needs any more ends too
    }
}

#[test]
fn the_uids_of_others_are_kept_only_as_long_as_their_objects_are_there() {
    let object = |name: &str| {
        let mut job = SidecarJob::new(name, Default::default());
        job.metadata.uid = Some(format!("uid-{name}"));
        job.spec.managed_by = Some("example.com/other".into());
        Watched::from(job)
    };
    let mut others = Others::new(Metrics::default());
    let mut see = |event| {
        others.drop_from(event);
        others.uids.len()
    };
    see(Event::Init);
    see(Event::InitApply(object("a")));
    see(Event::InitApply(object("b")));
    assert_eq!(see(Event::InitDone), 2);
    assert_eq!(see(Event::Apply(object("c"))), 3);
    assert_eq!(see(Event::Delete(object("c"))), 2);
    see(Event::Init);
    see(Event::InitApply(object("b")));
    assert_eq!(see(Event::InitDone), 1, "a is gone, and nobody said so");
}

#[test]
fn a_queue_that_is_stopped_before_its_first_list_ends_at_once() {
    let (store, mut writer) = reflector::store::<ConfigMap>();
    let (stop, is_stopped) = watch::channel(false);
    let ends = || stopped_before_the_first_list(store.clone(), is_stopped.clone()).now_or_never().is_some();
    assert!(!ends(), "nobody stops it");
    stop.send_replace(true);
    assert!(ends(), "there is nothing under way");
    writer.apply_watcher_event(&Event::Init);
    writer.apply_watcher_event(&Event::InitDone);
    assert!(!ends(), "what is under way is ended by the controller");
}
