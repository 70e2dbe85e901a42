//! The API server as the controller meets it: its calls and answers, and all that can go wrong with a single call.

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use sidecarjob::api::labels;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

use crate::cluster::{
    self, NAME, NAMESPACE, World, index, is_active, is_deleting, is_tracked, is_true, name, owner, uid,
};
use crate::rules;

/// What goes wrong.
#[derive(Default)]
pub struct Faults {
    /// One call in so many fails; 0: none.
    pub one_in: u32,
    /// While a call is under way, something else happens, once in so many; 0: never.
    pub meanwhile: u32,
    /// Pods are refused, by a quota or a policy.
    pub refuses_pods: bool,
    /// The namespace is on its way out: nothing new is taken.
    pub terminating: bool,
    /// The controller is killed at that call (before it has an effect, or after).
    pub kill_at: Option<(u32, bool)>,
    /// Which life of the controller is the present one: calls of former ones are never answered.
    pub life: u32,
    pub killed: Arc<Notify>,
}

/// Status code and body; none: no answer, ever.
type Answer = Option<(u16, Value)>;

/// A client for that life of the controller.
pub fn client(world: &Arc<Mutex<World>>, life: u32) -> kube::Client {
    let world = world.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let world = world.clone();
        async move {
            let (parts, body) = request.into_parts();
            if parts.headers.contains_key(http::header::UPGRADE) {
                let answer = lock(&world).connect(life, parts.uri.path());
                let Some((code, _)) = answer else { return std::future::pending().await };
                return Response::builder().status(code).body(Body::empty()).map_err(|e| e.to_string());
            }
            let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            let answer = lock(&world).call(life, &parts.method, parts.uri.path(), body);
            let Some((code, answer)) = answer else { return std::future::pending().await };
            let bytes = serde_json::to_vec(&answer).map_err(|e| e.to_string())?;
            Response::builder().status(code).body(Body::from(bytes)).map_err(|e| e.to_string())
        }
    });
    kube::Client::new(service, NAMESPACE)
}

/// A client whose server never answers.
pub fn silent() -> kube::Client {
    let service = tower::service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, String>>());
    kube::Client::new(service, NAMESPACE)
}

pub fn lock(world: &Mutex<World>) -> std::sync::MutexGuard<'_, World> {
    world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl World {
    /// One call, with all that may go wrong with it.
    fn call(&mut self, life: u32, method: &Method, path: &str, body: Value) -> Answer {
        if life != self.faults.life {
            return None;
        }
        self.calls += 1;
        let kill = self.faults.kill_at.filter(|(at, _)| *at == self.calls).map(|(_, after)| after);
        if kill == Some(false) {
            return self.kill(&format!("before {method} {path}"));
        }
        if self.faults.meanwhile > 0 && self.dice.one_in(self.faults.meanwhile) {
            self.meanwhile();
        }
        let fails = self.faults.one_in > 0 && self.dice.one_in(self.faults.one_in);
        let fault = if fails { self.dice.roll(6) } else { 99 };
        let early = match fault {
            0 => Some(status(500, "InternalError", "etcd is tired")),
            1 => Some(status(429, "TooManyRequests", "later, please")),
            2 if method == Method::PUT => Some(status(409, "Conflict", "the object has been modified")),
            3 => {
                self.tell(format!("controller: {method} {path}: no answer, no effect"));
                return None;
            }
            _ => None,
        };
        let answer = early.clone().unwrap_or_else(|| self.answer(method, path, body));
        self.tell(format!("controller: {method} {}: {}", short(path), answer.0));
        if kill == Some(true) {
            return self.kill(&format!("after {method} {path}"));
        }
        match fault {
            4 => {
                self.tell("   … and the answer is lost");
                None
            }
            5 => {
                self.tell("   … and the answer is another");
                Some(status(500, "InternalError", "the connection broke"))
            }
            _ => Some(answer),
        }
    }

    /// A sidecar is asked to stop through `exec` or `portforward`: it does, it does not, or nobody gets so far.
    fn connect(&mut self, life: u32, path: &str) -> Answer {
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

    fn kill(&mut self, when: &str) -> Answer {
        self.tell(format!("the controller is killed {when}"));
        self.faults.kill_at = None;
        self.faults.life += 1;
        self.faults.killed.notify_one();
        None
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

    fn answer(&mut self, method: &Method, path: &str, body: Value) -> (u16, Value) {
        if method != Method::GET {
            self.writes += 1;
        }
        let place = format!("/namespaces/{NAMESPACE}/");
        let rest = path.split_once(&place).map(|(_, rest)| rest).unwrap_or_default();
        let parts: Vec<&str> = rest.split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["pods"]) => self.create_pod(body),
            ("GET", ["pods", name]) => self.pods.get(*name).map_or_else(not_found, |pod| (200, pod.clone())),
            ("PATCH", ["pods", name]) => self.patch_pod(name, &body),
            ("DELETE", ["pods", name]) => self.call_delete_pod(name, &body),
            ("GET", [kind @ ("jobs" | "sidecarjobs")]) => {
                let plural =
                    |job: &&Value| format!("{}s", job["kind"].as_str().unwrap_or_default().to_lowercase()) == *kind;
                let items: Vec<&Value> = self.job.iter().filter(plural).collect();
                (200, json!({"metadata": {"resourceVersion": "1"}, "items": items}))
            }
            ("GET", ["jobs" | "sidecarjobs", NAME]) => self.job.clone().map_or_else(not_found, |job| (200, job)),
            ("PUT", ["jobs" | "sidecarjobs", NAME, "status"]) => self.write_status(body),
            ("DELETE", ["jobs" | "sidecarjobs", NAME]) => self.call_delete_job(&body),
            _ => {
                self.must(false, format!("a call that was never thought of: {method} {path}"));
                not_found()
            }
        }
    }

    fn create_pod(&mut self, mut pod: Value) -> (u16, Value) {
        let name = name(&pod).to_owned();
        if self.faults.terminating {
            let mut answer = status(403, "Forbidden", "the namespace is being terminated");
            answer.1["details"] = json!({"causes": [{"reason": "NamespaceTerminating"}]});
            return answer;
        }
        if self.pods.contains_key(&name) {
            return status(409, "AlreadyExists", "a Pod of that name is there");
        }
        if self.faults.refuses_pods {
            return status(403, "Forbidden", "exceeded quota");
        }
        self.check_create(&pod);
        let uid = self.new_uid("pod");
        pod["metadata"]["uid"] = json!(uid);
        pod["metadata"]["creationTimestamp"] = json!(self.stamp());
        pod["status"] = json!({"phase": "Pending"});
        let truth = self.books.pod(&uid);
        (truth.job, truth.index) = (owner(&pod).map(str::to_owned), index(&pod));
        (201, self.put_pod(pod))
    }

    /// No Pod too many, none twice, none after the end: by the run as the controller can know it.
    fn check_create(&mut self, pod: &Value) {
        if owner(pod) != self.job_uid() {
            return; // for an object that is gone: the collector takes it
        }
        let (Some(job), Some(known)) = (self.job.clone(), self.known_job().cloned()) else { return };
        let result =
            ["SuccessCriteriaMet", "FailureTarget", "Complete", "Failed"].into_iter().find(|c| is_true(&job, c));
        self.must(result.is_none(), format!("a Pod is created after {result:?}"));
        self.must(known["spec"]["suspend"] != true, "a Pod is created for a suspended run");
        self.must(!is_deleting(&known), "a Pod is created for a run that is being deleted");
        let owned = |p: &&Value| owner(p) == owner(pod);
        let frees_late = known["spec"]["podReplacementPolicy"] == "Failed";
        let given_up: Vec<String> = self.names(|p| !frees_late && self.is_given_up(p));
        let takes = |p: &&Value| {
            !given_up.iter().any(|n| n == cluster::name(p)) && (is_active(p) || (frees_late && !cluster::has_ended(p)))
        };
        let live = self.pods.values().filter(owned).filter(takes).count() as u64;
        let allowed = known["spec"]["parallelism"].as_u64().unwrap_or(1);
        self.must(live < allowed, format!("{live} Pods are live, {allowed} are allowed, and one more is created"));
        if known["spec"]["completionMode"] != "Indexed" {
            return;
        }
        let i = index(pod);
        let twice = self.pods.values().filter(owned).filter(takes).any(|p| index(p) == i);
        self.must(!twice, format!("a second Pod is created for index {i:?}"));
        let n = known["spec"]["completions"].as_u64();
        self.must(i.is_some() && i < n, format!("a Pod is created for index {i:?} of {n:?}"));
        for list in ["completedIndexes", "failedIndexes"] {
            let over = rules::indexes(job["status"][list].as_str().unwrap_or_default()).unwrap_or_default();
            self.must(!i.is_some_and(|i| over.contains(&i)), format!("a Pod is created for index {i:?} of {list}"));
        }
    }

    /// What the shell sends: labels, finalizers, owners, a deadline; the UID as a precondition.
    fn patch_pod(&mut self, name: &str, patch: &Value) -> (u16, Value) {
        let Some(mut pod) = self.pods.get(name).cloned() else { return not_found() };
        let meta = &patch["metadata"];
        if meta["uid"].as_str().is_some_and(|wanted| wanted != uid(&pod)) {
            return status(409, "Conflict", "Precondition failed: UID in precondition");
        }
        let before = pod.clone();
        for (label, value) in meta["labels"].as_object().into_iter().flatten() {
            match (value.is_null(), pod["metadata"]["labels"].as_object_mut()) {
                (true, Some(labels)) => drop(labels.remove(label)),
                (true, None) => {}
                _ => pod["metadata"]["labels"][label] = value.clone(),
            }
        }
        for (annotation, value) in meta["annotations"].as_object().into_iter().flatten() {
            if annotation == labels::FAILED {
                self.books.pod(uid(&pod)).doubtful = true; // whatever its main containers say
            }
            pod["metadata"]["annotations"][annotation] = value.clone();
        }
        let mut kept: Vec<Value> = list(&pod["metadata"]["finalizers"]);
        kept.retain(|f| !list(&meta["$deleteFromPrimitiveList/finalizers"]).contains(f));
        let new: Vec<Value> = list(&meta["finalizers"]).into_iter().filter(|f| !kept.contains(f)).collect();
        if is_deleting(&pod) && !new.is_empty() {
            return status(
                422,
                "Invalid",
                "metadata.finalizers: no new finalizers can be added if the object is being deleted",
            );
        }
        kept.extend(new);
        pod["metadata"]["finalizers"] = json!(kept);
        let mut owners = list(&pod["metadata"]["ownerReferences"]);
        for change in list(&meta["ownerReferences"]) {
            owners.retain(|o| o["uid"] != change["uid"]);
            if change["$patch"] != "delete" {
                owners.push(change);
            }
        }
        if owners.iter().filter(|o| o["controller"] == true).count() > 1 {
            return status(
                422,
                "Invalid",
                "metadata.ownerReferences: only one reference can have controller set to true",
            );
        }
        pod["metadata"]["ownerReferences"] = json!(owners);
        if let Some(seconds) = patch["spec"]["activeDeadlineSeconds"].as_i64() {
            let old = pod["spec"]["activeDeadlineSeconds"].as_i64();
            self.must(seconds >= 1, format!("activeDeadlineSeconds of {name} is {seconds}"));
            if old.is_some_and(|old| seconds > old) {
                return status(
                    422,
                    "Invalid",
                    "spec.activeDeadlineSeconds: must be less than or equal to previous value",
                );
            }
            pod["spec"]["activeDeadlineSeconds"] = json!(seconds);
        }
        self.keep_books(&before, &pod);
        (200, self.put_pod(pod))
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

    fn call_delete_pod(&mut self, name: &str, options: &Value) -> (u16, Value) {
        let Some(pod) = self.pods.get(name) else { return not_found() };
        if options["preconditions"]["uid"].as_str().is_some_and(|wanted| wanted != uid(pod)) {
            return status(409, "Conflict", "Precondition failed: UID in precondition");
        }
        self.delete_pod(name).map_or_else(not_found, |pod| (200, pod))
    }

    fn call_delete_job(&mut self, options: &Value) -> (u16, Value) {
        let Some(job) = self.job.clone() else { return not_found() };
        if options["preconditions"]["uid"].as_str().is_some_and(|wanted| wanted != uid(&job)) {
            return status(409, "Conflict", "Precondition failed: UID in precondition");
        }
        self.must(self.is_finished(), "the controller deletes a run that is not over");
        self.delete_job("foregroundDeletion");
        (200, job)
    }

    fn write_status(&mut self, sent: Value) -> (u16, Value) {
        let Some(stored) = self.job.clone() else { return not_found() };
        if sent["metadata"]["uid"] != stored["metadata"]["uid"]
            || sent["metadata"]["resourceVersion"] != stored["metadata"]["resourceVersion"]
        {
            return status(409, "Conflict", "the object has been modified");
        }
        if let Err(why) = rules::check(self, &stored, &sent["status"]) {
            self.must(false, format!("{why}\n    from {}\n    to   {}", stored["status"], sent["status"]));
            return status(422, "Invalid", &why);
        }
        let mut job = stored;
        job["status"] = sent["status"].clone();
        self.tell(format!("   status: {}", rules::in_words(&job["status"])));
        self.put_job(job.clone());
        let stored = self.job_log.last().map(|c| (c.version, c.object.clone()));
        let (version, object) = stored.unwrap_or((0, job));
        self.known = version;
        (200, object)
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn not_found() -> (u16, Value) {
    status(404, "NotFound", "not found")
}

fn status(code: u16, reason: &str, message: &str) -> (u16, Value) {
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}),
    )
}

fn short(path: &str) -> &str {
    path.split_once("/namespaces/").map_or(path, |(_, rest)| rest)
}

/// The label that makes a Pod the run's own.
pub fn selector_label(world: &World) -> (&'static str, String) {
    let uid = world.job_uid().unwrap_or("nobody").to_owned();
    match world.kind {
        sidecarjob::api::Kind::SidecarJob => (labels::UID, uid),
        sidecarjob::api::Kind::Job => ("batch.kubernetes.io/controller-uid", uid),
    }
}
