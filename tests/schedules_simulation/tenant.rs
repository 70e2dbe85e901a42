//! What a tenant may write who wants to mislead the controller: all metadata of the runs in the own namespace.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sidecarjob::api::{labels, scheduled_run};

use crate::cluster::{NAME, RUNS, World, has_ended};
use crate::world::store::owner;

/// What was forged, which the books must know.
#[derive(Default)]
pub struct Forged {
    /// Names of runs that a tenant made or changed.
    pub runs: BTreeSet<String>,
    /// By the UID of the schedule: names of runs that a tenant gave to the schedule. Their times have run, as if somebody had
    /// asked for them.
    pub given: BTreeSet<(String, String)>,
}

impl World {
    /// One forgery.
    pub fn forge(&mut self) {
        match self.dice.roll(8) {
            0..=1 => self.make_a_run(),
            2 => self.copy_a_run(),
            3 => self.change_a_run("the scheduled time", |world, run| {
                let text = world.some_text_of_a_time();
                run["metadata"]["annotations"][labels::SCHEDULED_TIMESTAMP] = text;
            }),
            4 => self.change_a_run("the mark of a run by hand", |_, run| {
                let mark = &mut run["metadata"]["annotations"][labels::INSTANTIATE];
                *mark = if mark.is_null() { json!(labels::MANUAL) } else { json!(null) };
            }),
            5 => self.change_a_run("the owner", |world, run| run["metadata"]["ownerReferences"] = world.some_owner()),
            6 => self.change_a_run("the label", |_, run| {
                let labels = &mut run["metadata"]["labels"];
                *labels = if is_labelled(labels) { json!({}) } else { json!({labels::SCHEDULE: NAME}) };
            }),
            _ => self.change_a_run("what it forged, back again,", |world, run| {
                run["metadata"]["ownerReferences"] = world.owner_of(&world.uid());
                run["metadata"]["labels"] = json!({labels::SCHEDULE: NAME});
            }),
        }
    }

    fn change_a_run(&mut self, what: &str, change: impl FnOnce(&mut Self, &mut Value)) {
        let names = self.names(|_| true);
        let Some(name) = self.dice.pick(&names).cloned() else { return };
        let Some(mut run) = self.store.get(RUNS, &name).cloned() else { return };
        change(self, &mut run);
        self.tell(format!("a tenant changes {what} of {name}: {}", run["metadata"]));
        self.forge_run(&name, run);
    }

    fn forge_run(&mut self, name: &str, mut run: Value) {
        if let Some(all) = run["metadata"]["annotations"].as_object_mut() {
            all.retain(|_, text| text.is_string()); // an API server keeps no annotation without a text
        }
        if let Some(uid) = owner(&run) {
            self.forged.given.insert((uid.to_owned(), name.to_owned()));
        }
        self.forged.runs.insert(name.to_owned());
        self.store.put(RUNS, run);
    }

    /// Under a name of its own: no time is believed of it.
    fn copy_a_run(&mut self) {
        let names = self.names(|_| true);
        let Some(mut run) = self.dice.pick(&names).and_then(|name| self.store.get(RUNS, name)).cloned() else { return };
        let name = format!("copy-{}", self.dice.roll(10));
        if self.store.get(RUNS, &name).is_none() && !has_ended(&run) {
            (run["metadata"]["name"], run["metadata"]["uid"]) = (json!(name), json!(self.store.new_uid("copy")));
            self.tell(format!("a tenant copies a run as {name}"));
            self.forge_run(&name, run);
        }
    }

    /// Under the name of a time that has come or is to come.
    fn make_a_run(&mut self) {
        let at = self.some_time();
        let name = scheduled_run::name(NAME, at);
        if self.store.get(RUNS, &name).is_some() {
            return;
        }
        let run = scheduled_run::run(&self.cron().wire, name.clone(), Some(at));
        let mut run = serde_json::to_value(run).expect("JSON");
        run["metadata"]["uid"] = json!(self.store.new_uid("forged"));
        match self.dice.roll(6) {
            0 => run["metadata"]["ownerReferences"] = self.some_owner(),
            1 => run["metadata"]["annotations"][labels::SCHEDULED_TIMESTAMP] = self.some_text_of_a_time(),
            2 => run["metadata"]["annotations"][labels::INSTANTIATE] = json!(labels::MANUAL),
            3 => run["metadata"]["labels"] = json!({}),
            _ => {}
        }
        self.tell(format!("a tenant makes {name}: {}", run["metadata"]));
        self.forge_run(&name, run);
    }

    /// Of a minute, up to a day before or after now.
    fn some_time(&mut self) -> DateTime<Utc> {
        let minutes = [3, 70, 1_440][self.dice.roll(3) as usize];
        let at = self.clock.now() + TimeDelta::minutes(i64::from(self.dice.roll(2 * minutes)) - i64::from(minutes));
        DateTime::from_timestamp(at.timestamp().div_euclid(60) * 60, 0).expect("a time")
    }

    fn some_text_of_a_time(&mut self) -> Value {
        match self.dice.roll(4) {
            0 => json!(null),
            1 => json!("soon"),
            2 => json!("2099-01-01T00:00:00Z"),
            _ => json!(self.some_time().to_rfc3339()),
        }
    }

    fn owner_of(&self, uid: &str) -> Value {
        let (api_version, kind) = ("sidecarjob.dev/v1alpha1", "SidecarCronJob");
        json!([{"apiVersion": api_version, "kind": kind, "name": NAME, "uid": uid, "controller": true}])
    }

    /// None, another schedule, or this one with something wrong.
    fn some_owner(&mut self) -> Value {
        let mut owner = self.owner_of(&self.uid());
        match self.dice.roll(4) {
            0 => return json!([]),
            1 => owner[0]["name"] = json!("another"),
            2 => owner[0]["uid"] = json!("another"),
            _ => owner[0]["controller"] = json!(false),
        }
        owner
    }
}

/// The watch of runs shows those with this label.
pub fn is_labelled(labels: &Value) -> bool {
    labels.get(labels::SCHEDULE).is_some()
}
