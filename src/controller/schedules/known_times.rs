//! What is known of the times of each schedule? They are parsed and searched once for each version of the spec.
//!
//! All of this may get lost: then the schedule is parsed and searched again.

use std::collections::HashMap;
use std::sync::Arc;

use crate::api::SidecarCronJob;
use crate::controller::object::{Key, key};
use crate::cron::{Times, TimesError};
use crate::engine::schedule::observed::{self, Cron};
use crate::engine::schedule::search::Search;
use parking_lot::Mutex;

/// What is known, by the object.
#[derive(Debug, Default)]
pub struct KnownTimes(Mutex<HashMap<Key, Known>>);

#[derive(Debug)]
struct Known {
    /// The object with the spec of which this is known.
    of: Arc<SidecarCronJob>,
    times: Result<Arc<Times>, TimesError>,
    search: Option<Search>,
}

impl KnownTimes {
    /// The object with its times, and what was searched before. `None` if the object did not come from an API server.
    pub fn of(&self, wire: Arc<SidecarCronJob>) -> Option<(Cron, Option<Search>)> {
        let known = self.0.lock().get(&key(&*wire)).filter(|known| same_version(&known.of, &wire)).map(Known::found);
        let (times, search) = known.unwrap_or_else(|| {
            let known = Known::of(wire.clone()); // parsed without the lock: others do not wait
            let found = known.found();
            self.0.lock().insert(key(&*wire), known);
            found
        });
        Some((Cron::with_times(wire, times)?, search))
    }

    /// Keeps what was searched for this version of the object.
    pub fn keep(&self, cron: &Cron, search: Option<Search>) {
        let known = &mut *self.0.lock();
        let Some(known) = known.get_mut(&key(&*cron.wire)).filter(|known| same_version(&known.of, &cron.wire)) else {
            return;
        };
        if search.is_some() {
            known.search = search;
        }
    }

    /// Nobody knows which objects are gone.
    pub fn forget_all(&self) {
        self.0.lock().clear();
    }

    /// The object is gone.
    pub fn forget(&self, key: &Key) {
        self.0.lock().remove(key);
    }
}

impl Known {
    fn of(wire: Arc<SidecarCronJob>) -> Self {
        Self { times: observed::parse(&wire), of: wire, search: None }
    }

    fn found(&self) -> (Result<Arc<Times>, TimesError>, Option<Search>) {
        (self.times.clone(), self.search.clone())
    }
}

/// Is the spec the same? After a restore of the API server's data, one generation may have two specs.
fn same_version(a: &SidecarCronJob, b: &SidecarCronJob) -> bool {
    let version = |cron: &SidecarCronJob| (cron.metadata.uid.clone(), cron.metadata.generation);
    version(a) == version(b) && a.spec == b.spec
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cron(uid: &str, generation: i64, schedule: &str) -> Arc<SidecarCronJob> {
        let meta = json!({
            "name": "c", "namespace": "ns", "uid": uid, "generation": generation,
            "creationTimestamp": "2026-01-01T00:00:00Z"
        });
        let wire = json!({"metadata": meta, "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": {}}}}});
        Arc::new(serde_json::from_value(wire).expect("a SidecarCronJob"))
    }

    #[test]
    fn what_was_searched_is_known_until_the_spec_changes_or_the_object_goes() {
        let first = cron("u", 1, "0 * * * *");
        for (what, next, is_known) in [
            ("the same version", cron("u", 1, "0 * * * *"), true),
            ("another generation", cron("u", 2, "0 * * * *"), false),
            ("another object of that name", cron("v", 1, "0 * * * *"), false),
            ("another spec of that generation, after a restore", cron("u", 1, "1 * * * *"), false),
        ] {
            let known = KnownTimes::default();
            let (seen, search) = known.of(first.clone()).expect("it has all of its metadata");
            assert_eq!(search, None, "{what}");
            known.keep(&seen, Some(Search::GaveUp));
            known.keep(&seen, None);
            let (again, search) = known.of(next).expect("it has all of its metadata");
            assert_eq!(search.is_some(), is_known, "{what}");
            let is_the_same =
                Arc::ptr_eq(&seen.spec.times.expect("a schedule"), &again.spec.times.expect("a schedule"));
            assert_eq!(is_the_same, is_known, "{what}: parsed once");
            known.keep(&Cron::from_wire(first.clone()).expect("one"), Some(Search::GaveUp));
            known.forget(&key(&*first));
            assert_eq!(known.of(first.clone()).expect("one").1, None, "{what}: nothing is known of one that went");
        }
    }
}
