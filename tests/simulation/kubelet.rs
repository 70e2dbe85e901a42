//! The nodes: Pods are scheduled, start, run, end; nodes are lost; Pods are evicted; the garbage collector follows.

use chrono::{DateTime, SecondsFormat, TimeDelta};
use serde_json::{Value, json};
use sidecarjob::api::{Kind, labels};

use crate::cluster::{Fate, World, has_ended, index, phase};
use crate::world::dice::Dice;
use crate::world::store::{finalizers, generation, is_deleting, owner, uid};

impl World {
    /// The next thing that happens in one Pod, or in every one.
    pub fn kubelet(&mut self) {
        let names = self.names(|pod| !has_ended(pod));
        if let Some(name) = self.dice.pick(&names).cloned() {
            self.kubelet_one(&name);
        }
    }

    pub fn kubelet_all(&mut self) {
        for name in self.names(|pod| !has_ended(pod)) {
            self.kubelet_one(&name);
        }
    }

    fn kubelet_one(&mut self, name: &str) {
        if self.silent.contains(name) {
            return;
        }
        let Some(pod) = self.pod(name).cloned() else { return };
        let scheduled = pod["spec"]["nodeName"].is_string();
        match (phase(&pod), is_deleting(&pod)) {
            ("Pending", true) => self.end(name, "Failed"), // the Pod collector, or the kubelet before the start
            ("Pending", false) if !scheduled => self.change_pod(name, |pod| pod["spec"]["nodeName"] = json!("node")),
            ("Pending", false) => self.begin(name),
            (_, true) => self.stop_all(name),
            _ => self.run(name, &pod),
        }
    }

    /// All containers start.
    fn begin(&mut self, name: &str) {
        let now = self.stamp();
        let ready = self.dice.one_in(2);
        self.tell(format!("Pod {name} runs"));
        self.report(name, |pod| {
            let statuses = |list: &Value| -> Vec<Value> {
                let all = list.as_array().into_iter().flatten();
                all.map(|c| json!({"name": c["name"], "ready": true, "restartCount": 0, "image": "", "imageID": "", "state": {"running": {"startedAt": now}}})).collect()
            };
            pod["status"] = json!({
                "phase": "Running", "startTime": now,
                "containerStatuses": statuses(&pod["spec"]["containers"]),
                "initContainerStatuses": statuses(&pod["spec"]["initContainers"]),
                "conditions": if ready { json!([{"type": "Ready", "status": "True", "lastTransitionTime": now}]) } else { json!([]) }
            });
        });
    }

    /// Something happens in a running Pod.
    fn run(&mut self, name: &str, pod: &Value) {
        let plain = containers(pod, "containerStatuses");
        let running: Vec<&String> =
            plain.iter().filter(|(c, exit)| self.is_main(c) && exit.is_none()).map(|(c, _)| c).collect();
        let sides_stop = self.deadline(pod).is_some_and(|at| at <= self.stamp());
        let open = self.fate == Fate::Open;
        if sides_stop && !is_stopped_by_us(pod) {
            return self.cut_off(name, "DeadlineExceeded");
        }
        if sides_stop && !running.is_empty() && self.dice.one_in(2) {
            return self.stop_all(name); // the controller fails it
        }
        if let Some(main) = running.first() {
            match self.dice.roll(5) {
                0 if open && self.restart_side(name, pod) => {}
                1 if open => self.become_ready(name, pod),
                2 if open
                    && self.has_sidecars
                    && plain.iter().any(|(c, exit)| c == "side" && exit.is_none())
                    && self.dice.one_in(4) =>
                {
                    let code = i64::from(self.dice.roll(3));
                    self.exit(name, "side", code, false); // a plain sidecar ends too early
                }
                _ => {
                    let code = self.exit_code(pod);
                    let restarts = code != 0 && pod["spec"]["restartPolicy"] == "OnFailure"
                        || code == 2 && has_a_rule_for_2(pod, main);
                    self.exit(name, &main.to_string(), code, restarts);
                }
            }
        } else if plain.iter().any(|(c, exit)| c == "side" && exit.is_none()) && !sides_stop && !self.is_alone(pod) {
            // a plain sidecar goes on until somebody stops it
        } else {
            self.stop_all(name);
        }
    }

    /// A plain sidecar ends as it was asked to; if nothing else runs the Pod has ended.
    pub fn side_was_asked(&mut self, name: &str) {
        let Some(pod) = self.pod(name).cloned() else { return };
        let going_on: Vec<String> =
            containers(&pod, "containerStatuses").into_iter().filter(|(_, exit)| exit.is_none()).map(|c| c.0).collect();
        if phase(&pod) == "Running" && going_on.iter().any(|c| c == "side") {
            self.exit(name, "side", 0, false);
            if going_on.len() == 1 {
                self.stop_all(name);
            }
        }
    }

    /// Its result is one of those that decide.
    fn is_main(&self, container: &str) -> bool {
        container != "side" || !self.has_sidecars
    }

    /// Nobody is there who would stop its sidecar.
    fn is_alone(&self, pod: &Value) -> bool {
        owner(pod).is_none() || owner(pod) != self.job_uid()
    }

    fn restart_side(&mut self, name: &str, pod: &Value) -> bool {
        let native = !containers(pod, "initContainerStatuses").is_empty();
        if native {
            self.change_pod(name, |pod| {
                let n = pod["status"]["initContainerStatuses"][0]["restartCount"].as_i64().unwrap_or(0);
                pod["status"]["initContainerStatuses"][0]["restartCount"] = json!(n + 1);
            });
        }
        native
    }

    fn become_ready(&mut self, name: &str, pod: &Value) {
        if pod["status"]["conditions"].as_array().is_some_and(Vec::is_empty) {
            let now = self.stamp();
            self.change_pod(name, |pod| {
                pod["status"]["conditions"] = json!([{"type": "Ready", "status": "True", "lastTransitionTime": now}]);
            });
        }
    }

    fn exit_code(&mut self, pod: &Value) -> i64 {
        match self.fate {
            Fate::Open => [0, 0, 0, 1, 2, 3][self.dice.roll(6) as usize],
            Fate::Fixed(seed) => fixed(seed, pod),
            Fate::Good => 0,
        }
    }

    /// The kubelet writes the status, of the Pod as the kubelet knows it.
    fn report(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        self.change_pod(name, |pod| {
            change(pod);
            pod["status"]["observedGeneration"] = json!(generation(pod));
        });
    }

    /// A container ends; one that the kubelet starts again keeps running, with one restart more.
    fn exit(&mut self, name: &str, container: &str, code: i64, restarts: bool) {
        let now = self.stamp();
        self.tell(format!("{container} of {name} exits {code}{}", if restarts { " and is started again" } else { "" }));
        self.report(name, |pod| {
            let status = status_of(pod, container);
            if restarts {
                status["restartCount"] = json!(status["restartCount"].as_i64().unwrap_or(0) + 1);
            } else {
                let begin = status["state"]["running"]["startedAt"].take();
                status["state"] = json!({"terminated": {"exitCode": code, "startedAt": begin, "finishedAt": now}});
            }
        });
        let Some(pod) = self.pod(name).cloned() else { return };
        if let Some(success) = self.mains_done(&pod) {
            self.books.ended(uid(&pod), success);
        }
    }

    /// Whether the main containers succeeded, once all of them have ended for good.
    fn mains_done(&self, pod: &Value) -> Option<bool> {
        let all = containers(pod, "containerStatuses");
        let mains: Vec<Option<i64>> = all.into_iter().filter(|(c, _)| self.is_main(c)).map(|(_, exit)| exit).collect();
        if mains.is_empty() || mains.contains(&None) {
            return None;
        }
        Some(mains.iter().all(|exit| *exit == Some(0)))
    }

    /// When its deadline passes, whoever set that.
    fn deadline(&self, pod: &Value) -> Option<String> {
        let seconds = pod["spec"]["activeDeadlineSeconds"].as_i64()?;
        let start = DateTime::parse_from_rfc3339(pod["status"]["startTime"].as_str()?).ok()?;
        Some((start + TimeDelta::seconds(seconds)).to_utc().to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    /// Somebody else than the controller ends the Pod, whatever its main containers make of that. The kubelet tells of
    /// it when all is over. It can't be told whether main containers that were done already were cut off, unless there is
    /// a time to compare with.
    fn cut_off(&mut self, name: &str, reason: &str) {
        self.tell(format!("Pod {name} is cut off: {reason}"));
        let Some(pod) = self.pod(name).cloned() else { return };
        let deadline = self.deadline(&pod).filter(|_| reason == "DeadlineExceeded");
        match (self.mains_done(&pod), deadline) {
            (None, _) => self.books.ended(uid(&pod), false),
            (Some(_), Some(at)) if self.has_sidecars && last_end(&pod) < Some(at.clone()) => {}
            (Some(_), _) => self.books.pod(uid(&pod)).doubtful = true,
        }
        let now = self.stamp();
        let codes = [0, 0, 143].map(|code| json!({"terminated": {"exitCode": code, "finishedAt": now}}));
        let code = codes[self.dice.roll(3) as usize].clone();
        self.report(name, |pod| {
            for list in ["containerStatuses", "initContainerStatuses"] {
                let all = pod["status"][list].as_array_mut().into_iter().flatten();
                all.filter(|c| c["state"]["running"].is_object()).for_each(|c| c["state"] = code.clone());
            }
            pod["status"]["reason"] = json!(reason);
            pod["status"]["phase"] = json!("Failed"); // in one report: it tells nothing before all is over
        });
        self.end(name, "Failed");
    }

    /// What still runs gets TERM, and the Pod ends.
    fn stop_all(&mut self, name: &str) {
        let Some(pod) = self.pod(name).cloned() else { return };
        for (container, exit) in
            containers(&pod, "containerStatuses").into_iter().chain(containers(&pod, "initContainerStatuses"))
        {
            if exit.is_none() {
                let code = [0, 143, 143][self.dice.roll(3) as usize];
                self.exit(name, &container, code, false);
            }
        }
        let Some(pod) = self.pod(name).cloned() else { return };
        let all_zero = containers(&pod, "containerStatuses").iter().all(|(_, exit)| *exit == Some(0));
        let by_deadline = self.deadline(&pod).is_some_and(|at| at <= self.stamp());
        if by_deadline {
            self.change_pod(name, |pod| pod["status"]["reason"] = json!("DeadlineExceeded"));
        }
        self.end(name, if all_zero && !by_deadline { "Succeeded" } else { "Failed" });
    }

    /// The Pod's last word.
    pub fn end(&mut self, name: &str, phase: &str) {
        self.tell(format!("Pod {name} is {phase}"));
        let Some(uid) = self.pod(name).map(|pod| uid(pod).to_owned()) else { return };
        self.books.ended(&uid, phase == "Succeeded");
        self.report(name, |pod| {
            pod["status"]["phase"] = json!(phase);
            if let Some(conditions) = pod["status"]["conditions"].as_array_mut() {
                conditions.retain(|c| c["type"] != "Ready");
            }
        });
        if self.pod(name).is_some_and(is_deleting) && self.dice.one_in(2) {
            self.delete_for_good(name);
        }
    }

    /// The kubelet says that nothing is left to wait for: when the deletion began is not known any more.
    fn delete_for_good(&mut self, name: &str) {
        let now = self.stamp();
        self.change_pod(name, |pod| {
            pod["metadata"]["deletionTimestamp"] = json!(now);
            pod["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        });
    }

    /// A node is lost, a Pod is evicted, or a Pod's phase flips.
    pub fn trouble(&mut self) {
        let names = self.names(|pod| pod["spec"]["nodeName"].is_string());
        let Some(name) = self.dice.pick(&names).cloned() else { return };
        let pod = self.pod(&name).cloned().expect("it is there");
        match (has_ended(&pod), self.dice.roll(5)) {
            (true, 0) if phase(&pod) == "Failed" => self.flip(&name, &pod),
            (true, _) => {}
            (false, 0) => self.evict(&name),
            (false, 1) if phase(&pod) == "Running" && !is_deleting(&pod) => {
                self.disrupt(&name);
                self.cut_off(&name, "Evicted");
            }
            (false, 1) => {}
            (false, 2) if self.drains(&pod) => self.fall_silent(&name),
            (false, _) => self.lose(&name, &pod),
        }
    }

    /// Its main containers are done, and nobody takes it from a run that may end without it.
    fn drains(&self, pod: &Value) -> bool {
        let of_the_run = owner(pod).is_some() && owner(pod) == self.job_uid();
        of_the_run && self.has_sidecars && !is_deleting(pod) && self.mains_done(pod).is_some()
    }

    /// Its node is lost, and nobody says so.
    fn fall_silent(&mut self, name: &str) {
        self.tell(format!("the kubelet of {name} is silent"));
        self.silent.insert(name.to_owned());
    }

    /// The nodes of silent Pods are removed, where a run may not end without it: Kubernetes' Pod collector ends these Pods.
    pub fn remove_lost_nodes(&mut self) {
        let waits = self.kind == Kind::Job
            || self.job().is_none_or(|job| is_deleting(job) || job["spec"]["podReplacementPolicy"] == "Failed");
        let owned = |pod: &Value| owner(pod).is_some() && owner(pod) == self.job_uid() && !is_deleting(pod);
        let names: Vec<String> =
            self.silent.iter().filter(|name| waits || !self.pod(name).is_some_and(owned)).cloned().collect();
        for name in names {
            self.silent.remove(&name);
            if let Some(pod) = self.pod(&name).cloned().filter(|pod| !has_ended(pod)) {
                self.lose(&name, &pod);
            }
        }
    }

    /// The kubelet should have ended it a minute ago, so its place may be taken.
    pub fn is_given_up(&self, pod: &Value) -> bool {
        let at = |time: &Value| time.as_str()?.parse::<chrono::DateTime<chrono::Utc>>().ok();
        let plain = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
        let ends: Option<Vec<_>> = plain.map(|c| at(&c["state"]["terminated"]["finishedAt"])).collect();
        let done = ends.and_then(|ends| ends.into_iter().max());
        let deadline = pod["spec"]["activeDeadlineSeconds"].as_i64().map(chrono::TimeDelta::seconds);
        let deadline = at(&pod["status"]["startTime"]).zip(deadline).map(|(start, span)| start + span);
        let grace = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
        let since = done.into_iter().chain(deadline).min();
        since.is_some_and(|since| since + chrono::TimeDelta::seconds(grace + 60) <= self.now())
    }

    /// What its containers did is not known any more.
    fn lose(&mut self, name: &str, pod: &Value) {
        self.tell(format!("the node of {name} is lost"));
        self.books.pod(uid(pod)).doubtful = true;
        self.disrupt(name);
        self.end(name, "Failed");
        self.delete_pod(name);
    }

    fn evict(&mut self, name: &str) {
        self.tell(format!("Pod {name} is evicted"));
        self.disrupt(name);
        self.delete_pod(name);
    }

    fn disrupt(&mut self, name: &str) {
        self.change_pod(name, |pod| {
            let all = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let more = json!({"type": "DisruptionTarget", "status": "True"});
            pod["status"]["conditions"] = json!(all.into_iter().chain([more]).collect::<Vec<_>>());
        });
    }

    /// An old kubelet says Failed first and Succeeded later.
    fn flip(&mut self, name: &str, pod: &Value) {
        if is_deleting(pod) {
            return;
        }
        self.tell(format!("Pod {name} flips from Failed to Succeeded"));
        self.books.pod(uid(pod)).doubtful = true;
        self.change_pod(name, |pod| pod["status"]["phase"] = json!("Succeeded"));
    }

    /// The garbage collector: Pods of owners that are gone; owners that wait for their Pods.
    pub fn collect_garbage(&mut self) {
        let alive = self.job_uid().map(str::to_owned);
        for name in self.names(|pod| owner(pod).is_some() && owner(pod) != alive.as_deref() && !is_deleting(pod)) {
            self.delete_pod(&name);
        }
        let Some(job) = self.job().cloned().filter(is_deleting) else { return };
        let waits_for = |f: &str| finalizers(&job).contains(&f);
        let owned = self.names(|pod| owner(pod) == Some(uid(&job)));
        if waits_for("orphan") {
            for name in owned {
                self.tell(format!("the owner of {name} is taken away"));
                self.change_pod(&name, |pod| pod["metadata"]["ownerReferences"] = json!([]));
                self.forget(&name);
            }
            self.let_go(job);
        } else if owned.is_empty() {
            self.let_go(job);
        } else {
            for name in owned {
                if !is_deleting(self.pod(&name).expect("it is there")) {
                    self.delete_pod(&name);
                }
            }
        }
    }

    /// A Pod that is nobody's counts for nobody.
    pub fn forget(&mut self, name: &str) {
        if let Some(uid) = self.pod(name).map(|pod| uid(pod).to_owned()) {
            self.books.pod(&uid).uncounted = true;
        }
    }

    fn let_go(&mut self, mut job: Value) {
        job["metadata"]["finalizers"] = json!([]);
        self.put_job(job);
    }
}

/// The exit code that Pods of that place have in every telling.
fn fixed(seed: u64, pod: &Value) -> i64 {
    let label = |name: &str| pod["metadata"]["labels"][name].as_str().unwrap_or("x").to_owned();
    let failures = pod["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"].as_str();
    let place = match (index(pod), failures) {
        (Some(index), Some(failures)) => format!("{index}/{failures}"),
        _ => label("sidecarjob.dev/attempt"),
    };
    let mut dice =
        Dice::new(place.bytes().fold(seed ^ 0x5eed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)));
    dice.roll(7);
    [0, 0, 1, 2][dice.roll(4) as usize]
}

fn is_stopped_by_us(pod: &Value) -> bool {
    pod["metadata"]["annotations"][labels::STOPPING_SINCE].is_string()
}

/// The kubelet starts the container again when it exits with 2.
fn has_a_rule_for_2(pod: &Value, container: &str) -> bool {
    let mut all = pod["spec"]["containers"].as_array().into_iter().flatten();
    all.any(|c| c["name"] == container && c["restartPolicyRules"].is_array())
}

/// When the last of its containers ended that have.
fn last_end(pod: &Value) -> Option<String> {
    let all = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    all.filter_map(|c| c["state"]["terminated"]["finishedAt"].as_str().map(str::to_owned)).max()
}

/// Name and exit code of each container in that list.
fn containers(pod: &Value, list: &str) -> Vec<(String, Option<i64>)> {
    let all = pod["status"][list].as_array().into_iter().flatten();
    all.map(|c| (c["name"].as_str().unwrap_or_default().to_owned(), c["state"]["terminated"]["exitCode"].as_i64()))
        .collect()
}

fn status_of<'a>(pod: &'a mut Value, container: &str) -> &'a mut Value {
    let list = ["containerStatuses", "initContainerStatuses"]
        .into_iter()
        .find(|list| pod["status"][*list].as_array().into_iter().flatten().any(|c| c["name"] == container))
        .expect("a container");
    let all = pod["status"][list].as_array_mut().expect("a list");
    all.iter_mut().find(|c| c["name"] == container).expect("a container")
}
