//! What people do to a run and its Pods while it goes on.

use serde_json::{Value, json};
use sidecarjob::api::Kind;

use crate::cluster::{World, has_ended, is_active, is_tracked};
use crate::server::selector_label;
use crate::spec;
use crate::world::store::{NAMESPACE, finalizers, is_deleting, name, owner, uid};

impl World {
    /// One of all things that somebody could do now.
    pub fn user(&mut self) {
        match self.dice.roll(14) {
            0 | 1 => self.suspend(),
            2 | 3 => self.scale(),
            4 | 5 => self.delete_some_pod(),
            6 => self.relabel(),
            7 => self.stray(),
            8 if self.dice.one_in(3) => self.delete_or_recreate(),
            9 => self.change_limits(),
            10 => {
                self.faults.refuses = !self.faults.refuses;
                self.tell(format!("the API server refuses Pods: {}", self.faults.refuses));
            }
            11 => self.take_owner(),
            _ => {}
        }
    }

    /// Changes the spec, as long as that is allowed.
    fn change_spec(&mut self, change: impl FnOnce(&mut Value)) {
        let Some(mut job) = self.job().cloned().filter(|job| !is_deleting(job)) else { return };
        let before = job["spec"].clone();
        change(&mut job["spec"]);
        if job["spec"] == before {
            return;
        }
        job["metadata"]["generation"] = json!(job["metadata"]["generation"].as_i64().unwrap_or(1) + 1);
        self.put_job(job);
    }

    fn suspend(&mut self) {
        if self.is_finished() {
            return;
        }
        let was = self.job().is_some_and(|job| job["spec"]["suspend"] == true);
        self.tell(format!("user: suspend {}", !was));
        self.change_spec(|spec| spec["suspend"] = json!(!was));
    }

    fn scale(&mut self) {
        let n = self.dice.roll(6);
        let elastic = self.dice.one_in(2);
        let Some(spec) = self.job().filter(|_| !self.is_finished()).map(|job| job["spec"].clone()) else {
            return;
        };
        let elastic = elastic && spec["completionMode"] == "Indexed" && spec["completions"] == spec["parallelism"];
        self.tell(format!("user: parallelism {n}{}", if elastic { ", completions too" } else { "" }));
        self.books.elastic |= elastic;
        self.change_spec(|spec| {
            spec["parallelism"] = json!(n);
            if elastic {
                spec["completions"] = json!(n);
            }
        });
    }

    fn change_limits(&mut self) {
        let (limit, deadline) = (self.dice.roll(6), 50 + self.dice.roll(200));
        let by_time = self.dice.one_in(2);
        self.tell(if by_time {
            format!("user: activeDeadlineSeconds {deadline}")
        } else {
            format!("user: backoffLimit {limit}")
        });
        self.change_spec(|spec| {
            if by_time {
                spec["activeDeadlineSeconds"] = json!(deadline);
            } else {
                spec["backoffLimit"] = json!(limit);
            }
        });
    }

    fn delete_some_pod(&mut self) {
        let names = self.names(|pod| !is_deleting(pod));
        if let Some(name) = self.dice.pick(&names).cloned() {
            self.tell(format!("user: deletes Pod {name}"));
            self.delete_pod(&name);
        }
    }

    /// A Pod gets a label that takes it out of the run, or one that brings it in.
    fn relabel(&mut self) {
        let names = self.names(is_active);
        let Some(name) = self.dice.pick(&names).cloned() else { return };
        let (label, value) = selector_label(self);
        let ours = self.pod(&name).expect("it is there")["metadata"]["labels"][label] == value;
        self.tell(format!("user: label {label} of {name}: {}", if ours { "another" } else { "ours" }));
        self.change_pod(&name, |pod| pod["metadata"]["labels"][label] = json!(if ours { "other" } else { &value }));
        let pod = self.pod(&name).cloned().expect("it is there");
        self.books.pod(uid(&pod)).doubtful = true;
    }

    /// A Pod that nobody owns and that the selector matches.
    fn stray(&mut self) {
        if self.faults.terminating {
            return;
        }
        let uid = self.store.new_uid("stray");
        let (label, value) = selector_label(self);
        self.tell(format!("user: creates Pod {uid}, which nobody owns"));
        let labels: Value = [(label.to_owned(), json!(value))].into_iter().collect::<serde_json::Map<_, _>>().into();
        let pod = json!({
            "metadata": {"name": uid, "namespace": NAMESPACE, "uid": uid, "creationTimestamp": self.stamp(), "labels": labels},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]},
            "status": {"phase": "Pending"}
        });
        let truth = self.books.pod(&uid);
        (truth.uncounted, truth.doubtful) = (true, true);
        self.put_pod(pod);
    }

    /// Somebody takes the owner from a Pod.
    fn take_owner(&mut self) {
        let names = self.names(|pod| is_active(pod) && owner(pod).is_some());
        let Some(name) = self.dice.pick(&names).cloned() else { return };
        let of = uid(self.pod(&name).expect("it is there")).to_owned();
        if self.books.is_listed(&of) {
            return;
        }
        self.tell(format!("user: takes the owner from {name}"));
        self.change_pod(&name, |pod| pod["metadata"]["ownerReferences"] = json!([]));
        let truth = self.books.pod(&of);
        (truth.doubtful, truth.uncounted) = (true, true);
    }

    fn delete_or_recreate(&mut self) {
        if self.job().is_none() {
            return self.create_job();
        }
        let how = ["", "foregroundDeletion", "orphan"][self.dice.roll(3) as usize];
        self.delete_job(how);
    }

    /// By the user, or by the controller when its time to live is over.
    pub fn delete_job(&mut self, finalizer: &str) {
        let Some(mut job) = self.job().cloned().filter(|job| !is_deleting(job)) else { return };
        let how = if finalizer.is_empty() { "in the background" } else { finalizer };
        self.tell(format!("the object is deleted: {how}"));
        job["metadata"]["deletionTimestamp"] = json!(self.stamp());
        if !finalizer.is_empty() {
            let all: Vec<&str> = finalizers(&job).into_iter().chain([finalizer]).collect();
            job["metadata"]["finalizers"] = json!(all);
        }
        self.put_job(job);
    }

    /// The object, with a spec of chance.
    pub fn create_job(&mut self) {
        let spec = spec::random(&mut self.dice);
        self.create_job_of(spec);
    }

    pub fn create_job_of(&mut self, mut spec: Value) {
        let uid = self.store.new_uid("run");
        self.tell(format!("user: creates {}", spec::in_words(self.kind, &spec)));
        self.has_sidecars = spec["sidecars"].is_array();
        self.books.elastic = false;
        if self.kind == Kind::Job && spec["completions"].is_null() && spec["parallelism"].is_null() {
            spec["completions"] = json!(1);
        }
        let object = spec::object(self.kind, &uid, &self.stamp(), spec);
        self.put_job(object);
    }

    /// Nobody disturbs it any more: what stands in the way of an end is taken away.
    pub fn calm(&mut self) {
        self.tell("calm: no trouble from here on");
        self.faults.end();
        if self.faults.terminating {
            self.delete_job("");
        }
        if self.is_finished() {
            return;
        }
        self.change_spec(|spec| {
            if spec["suspend"] == true {
                spec["suspend"] = json!(false);
            }
            if spec["parallelism"] == 0 && spec["completions"] != 0 {
                spec["parallelism"] = json!(1);
            }
        });
    }

    /// All that hold Pods back that the controller should have let go.
    pub fn leftovers(&self) -> Vec<String> {
        self.names(is_tracked)
    }

    pub fn all_ended(&self) -> bool {
        self.pods().all(|pod| has_ended(pod) || self.silent.contains(name(pod)))
    }
}
