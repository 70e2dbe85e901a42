//! What the API server says to the controller's calls in this world, and what must hold of each.

use http::Method;
use serde_json::{Value, json};
use sidecarjob::api::labels;

use crate::cluster::{self, NAME, PODS, World, index, is_active, is_tracked};
use crate::rules;
use crate::world::patch;
use crate::world::server::{self, Answer, Call, Parts, another, conflict, not_found, short, status};
use crate::world::store::{is_deleting, is_true, name, owner, uid};

impl server::World for World {
    fn parts(&mut self) -> Parts<'_> {
        Parts { store: &mut self.store, faults: &mut self.faults, dice: &mut self.dice }
    }

    fn tell(&mut self, what: String) {
        self.tell(what);
    }

    fn answer(&mut self, _: u32, call: &Call) -> Answer {
        let runs = matches!(call.kind.as_str(), "jobs" | "sidecarjobs");
        match (&call.method, call.kind.as_str(), call.name.as_str(), call.part.as_str()) {
            (&Method::POST, PODS, "", "") => self.create_pod(call),
            (&Method::PATCH, PODS, name, "") => self.patch_pod(name, &call.body),
            (&Method::DELETE, PODS, name, "") => self.call_delete_pod(name, &call.body),
            (&Method::PUT, _, NAME, "status") if runs => self.write_status(&call.body),
            (&Method::DELETE, _, NAME, "") if runs => self.call_delete_job(&call.body),
            (&Method::GET, PODS, ..) => server::answer(&mut self.store, call, ""),
            (&Method::GET, _, "" | NAME, "") if runs => server::answer(&mut self.store, call, ""),
            _ => {
                self.must(false, format!("a call that was never thought of: {} {}", call.method, call.path));
                not_found()
            }
        }
    }

    /// Others don't wait.
    fn meanwhile(&mut self) {
        match self.dice.roll(6) {
            0 => self.user(),
            1 => self.trouble(),
            2 => self.collect_garbage(),
            _ => self.kubelet(),
        }
    }

    fn delivered(&mut self, _: u32, call: &Call, (code, body): &Answer) {
        if call.method == Method::GET && call.name == NAME && matches!(call.kind.as_str(), "jobs" | "sidecarjobs") {
            match code {
                200 => self.looked = Some(body.clone()),
                404 => self.looked = None,
                _ => {}
            }
        }
    }

    /// A sidecar is asked to stop through `exec` or `portforward`: it does, it does not, or nobody gets so far.
    fn connect(&mut self, life: u32, path: &str) -> Option<Answer> {
        if life != self.faults.life {
            return None;
        }
        let pod = path.split('/').rev().nth(1).unwrap_or_default().to_owned();
        let outcome = self.dice.roll(5);
        self.tell(format!("controller: asks a sidecar: {} ({outcome})", short(path)));
        match outcome {
            0 => Some(status(403, "Forbidden", "no right to do so")),
            1 => Some(status(500, "InternalError", "the kubelet is not reached")),
            2 => None, // heard, and it goes on
            _ => {
                self.side_was_asked(&pod);
                None
            }
        }
    }
}

impl World {
    fn create_pod(&mut self, call: &Call) -> Answer {
        let there = self.pod(name(&call.body)).is_some();
        if let Some(refusal) = self.faults.refusal().filter(|_| !there || self.faults.terminating) {
            return refusal;
        }
        if !there {
            self.check_create(&call.body);
        }
        let mut pod = call.body.clone();
        pod["status"] = json!({"phase": "Pending"});
        let answer = server::create(&mut self.store, PODS, pod, &self.clock.stamp());
        if answer.0 == 201 {
            let truth = self.books.pod(uid(&answer.1));
            (truth.job, truth.index) = (owner(&answer.1).map(str::to_owned), index(&answer.1));
        }
        answer
    }

    /// No Pod too many, none twice, none after the end: by the run as the controller can know it, from its watch or from a
    /// look since.
    fn check_create(&mut self, pod: &Value) {
        if owner(pod) != self.job_uid() {
            return; // for an object that is gone: the collector takes it
        }
        let (Some(job), Some(known)) = (self.job().cloned(), self.known_job().cloned()) else { return };
        let result =
            ["SuccessCriteriaMet", "FailureTarget", "Complete", "Failed"].into_iter().find(|c| is_true(&job, c));
        self.must(result.is_none(), format!("a Pod is created after {result:?}"));
        let looked = self.looked.clone().filter(|looked| uid(looked) == uid(&known));
        if let Err(why) = self.may_be_created(pod, &known)
            && looked.is_none_or(|looked| self.may_be_created(pod, &looked).is_err())
        {
            self.must(false, why);
        }
        for list in ["completedIndexes", "failedIndexes"] {
            let over = rules::indexes(job["status"][list].as_str().unwrap_or_default()).unwrap_or_default();
            let i = index(pod).filter(|_| known["spec"]["completionMode"] == "Indexed");
            self.must(!i.is_some_and(|i| over.contains(&i)), format!("a Pod is created for index {i:?} of {list}"));
        }
        let before = rules::indexes(known["spec"]["completedIndexes"].as_str().unwrap_or_default()).unwrap_or_default();
        let again = index(pod).is_some_and(|i| before.contains(&i));
        self.must(!again, format!("a Pod is created for index {:?}, which succeeded in an earlier run", index(pod)));
    }

    /// By that view of the run.
    fn may_be_created(&self, pod: &Value, known: &Value) -> Result<(), String> {
        let no = |refuses: bool, why: String| if refuses { Err(why) } else { Ok(()) };
        no(known["spec"]["suspend"] == true, "a Pod is created for a suspended run".into())?;
        no(is_deleting(known), "a Pod is created for a run that is being deleted".into())?;
        let owned = |p: &&Value| owner(p) == owner(pod);
        let frees_late = known["spec"]["podReplacementPolicy"] == "Failed";
        let given_up: Vec<String> = self.names(|p| !frees_late && self.is_given_up(p));
        let takes = |p: &&Value| {
            !given_up.iter().any(|n| n == name(p)) && (is_active(p) || (frees_late && !cluster::has_ended(p)))
        };
        let live = self.pods().filter(owned).filter(takes).count() as u64;
        let allowed = known["spec"]["parallelism"].as_u64().unwrap_or(1);
        no(live >= allowed, format!("{live} Pods are live, {allowed} are allowed, and one more is created"))?;
        if known["spec"]["completionMode"] != "Indexed" {
            return Ok(());
        }
        let i = index(pod);
        let twice = self.pods().filter(owned).filter(takes).any(|p| index(p) == i);
        no(twice, format!("a second Pod is created for index {i:?}"))?;
        let n = known["spec"]["completions"].as_u64();
        no(i.is_none() || i >= n, format!("a Pod is created for index {i:?} of {n:?}"))
    }

    fn patch_pod(&mut self, name: &str, patch: &Value) -> Answer {
        let Some(before) = self.pod(name).cloned() else { return not_found() };
        let after = match patch::strategic(&before, patch) {
            Ok(after) => after,
            Err(refused) => return refused,
        };
        let deadline = patch["spec"]["activeDeadlineSeconds"].as_i64();
        self.must(deadline.is_none_or(|s| s >= 1), format!("activeDeadlineSeconds of {name} is {deadline:?}"));
        if !patch["metadata"]["annotations"][labels::FAILED].is_null() {
            self.books.pod(uid(&before)).doubtful = true; // whatever its main containers say
        }
        self.keep_books(&before, &after);
        (200, self.put_pod(after))
    }

    /// What a patch means for the counts.
    fn keep_books(&mut self, before: &Value, after: &Value) {
        let uid = uid(before);
        let listed = self.books.is_listed(uid);
        if is_tracked(before) && !is_tracked(after) && !listed && !self.is_finished() {
            self.books.pod(uid).uncounted = true;
        }
        if owner(before) != owner(after) {
            let truth = self.books.pod(uid);
            match owner(after) {
                Some(owner) => {
                    (truth.job, truth.uncounted) = (Some(owner.to_owned()), false);
                    truth.doubtful = true;
                }
                None => truth.uncounted = !listed,
            }
        }
    }

    fn call_delete_pod(&mut self, name: &str, options: &Value) -> Answer {
        let Some(pod) = self.pod(name) else { return not_found() };
        if let Some(conflict) = another(pod, &options["preconditions"]["uid"]) {
            return conflict;
        }
        self.delete_pod(name).map_or_else(not_found, |pod| (200, pod))
    }

    fn call_delete_job(&mut self, options: &Value) -> Answer {
        let Some(job) = self.job().cloned() else { return not_found() };
        if let Some(conflict) = another(&job, &options["preconditions"]["uid"]) {
            return conflict;
        }
        self.must(self.is_finished(), "the controller deletes a run that is not over");
        self.delete_job("foregroundDeletion");
        (200, job)
    }

    fn write_status(&mut self, sent: &Value) -> Answer {
        let Some(mut job) = self.job().cloned() else { return not_found() };
        if let Some(conflict) = conflict(&job, sent) {
            return conflict;
        }
        if let Err(why) = rules::check(self, &job, &sent["status"]) {
            self.must(false, format!("{why}\n    from {}\n    to   {}", job["status"], sent["status"]));
            return status(422, "Invalid", &why);
        }
        job["status"] = sent["status"].clone();
        self.tell(format!("   status: {}", rules::in_words(&job["status"])));
        let stored = self.put_job(job);
        self.known = self.store.version();
        (200, stored)
    }
}

/// The label that makes a Pod the run's own.
pub fn selector_label(world: &World) -> (&'static str, String) {
    let uid = world.job_uid().unwrap_or("nobody").to_owned();
    match world.kind {
        sidecarjob::api::Kind::SidecarJob => (labels::UID, uid),
        sidecarjob::api::Kind::Job => ("batch.kubernetes.io/controller-uid", uid),
    }
}
