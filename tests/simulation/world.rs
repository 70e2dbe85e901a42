//! API server, kubelet and users, as small as they can be and still make trouble.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sidecarjob::api::SidecarJob;
use sidecarjob::engine::observed::{Container, Job, Kind, Phase, Pod, Restart, State};
use sidecarjob::engine::status::Status;

use crate::dice::Dice;

/// Everything that is so, and what was written about it.
pub struct World {
    pub now: DateTime<Utc>,
    pub job: Job,
    pub job_version: u64,
    pub pods: BTreeMap<String, (Pod, u64)>,
    pub version: u64,
    pub writes: usize,
    pub story: Vec<String>,
    /// How the main container of each Pod ended, by UID; a Pod that never ran, was lost or deleted before has failed.
    truth: BTreeMap<String, bool>,
    /// Pods that were deleted by a user or the controller before they were done: success or failure, as it comes.
    doubtful: BTreeSet<String>,
    /// Pods that were ended by scaling down or suspending: not counted.
    uncounted: BTreeSet<String>,
    plain_sidecars: bool,
}

impl World {
    pub fn new(dice: &mut Dice) -> Self {
        let mut spec = json!({
            "sidecars": [{"name": "side"}], "parallelism": 1 + dice.roll(3), "backoffLimit": dice.roll(5),
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}, {"name": "side"}]}}
        });
        if !dice.one_in(4) {
            spec["completions"] = json!(dice.roll(5));
        }
        if dice.one_in(5) {
            spec["activeDeadlineSeconds"] = json!(200);
        }
        if dice.one_in(3) {
            spec["podReplacementPolicy"] = json!("Failed");
        }
        let wire: SidecarJob = serde_json::from_value(json!({
            "metadata": {"name": "job", "namespace": "ns", "uid": "job-uid", "generation": 1}, "spec": spec
        }))
        .expect("a SidecarJob");
        let job = Job::from_wire(&wire).expect("a job");
        let story = vec![format!(
            "completions {:?}, parallelism {}, backoffLimit {}, deadline {:?}, replacement {:?}",
            job.spec.completions,
            job.spec.parallelism,
            job.spec.backoff_limit,
            job.spec.active_deadline,
            job.spec.replacement
        )];
        Self {
            now: DateTime::from_timestamp(1_767_225_600, 0).expect("a time"),
            job,
            job_version: 1,
            pods: BTreeMap::new(),
            version: 1,
            writes: 0,
            story,
            truth: BTreeMap::new(),
            doubtful: BTreeSet::new(),
            uncounted: BTreeSet::new(),
            plain_sidecars: dice.one_in(3),
        }
    }

    fn tell(&mut self, what: impl std::fmt::Display) {
        let seconds = self.now.timestamp() - 1_767_225_600;
        self.story.push(format!("{seconds:>5}s {what}"));
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
    }

    pub fn finished(&self) -> bool {
        self.job.status.is_finished()
    }

    pub fn all_pods_ended(&self) -> bool {
        self.pods.values().all(|(pod, _)| pod.ended() && !pod.tracked)
    }

    // --- the API server, as the controller meets it

    /// The Pod of that name, new or there already.
    pub fn create(&mut self, name: &str, number: u32, allowed: u32) -> (Pod, u64) {
        self.writes += 1;
        if let Some(there) = self.pods.get(name) {
            return there.clone();
        }
        let result = ["SuccessCriteriaMet", "FailureTarget"].iter().find(|c| self.job.status.conditions.is_true(c));
        assert_eq!(result, None, "a Pod is created after the result is known");
        let live = self.pods.values().filter(|(pod, _)| pod.active()).count() as u32;
        assert!(live < allowed, "{live} Pods are live, {allowed} are allowed, and one more is created");
        self.version += 1;
        let container = |name: &str, kind, restart| Container {
            name: name.into(),
            kind,
            restart,
            restarts: 0,
            state: State::Waiting,
        };
        let side =
            if self.plain_sidecars { (Kind::Plain, Restart::Never) } else { (Kind::NativeSidecar, Restart::Always) };
        let pod = Pod {
            name: name.into(),
            uid: format!("uid-{}", self.version),
            number: Some(number),
            index: None,
            index_failures: Default::default(),
            selected: true,
            created_at: self.now,
            deleting_since: None,
            tracked: true,
            scheduled: false,
            phase: Phase::Pending,
            ready_since: None,
            unready_since: None,
            started_at: None,
            deadline_seconds: None,
            conditions: Vec::new(),
            containers: vec![container("side", side.0, side.1), container("main", Kind::Plain, Restart::Never)],
        };
        self.tell(format!("Pod {name} created"));
        self.pods.insert(name.into(), (pod, self.version));
        self.pods[name].clone()
    }

    /// The Pod without the finalizer; nothing if it is gone, now or before.
    pub fn release(&mut self, name: &str, uid: &str) -> Option<(Pod, u64)> {
        self.writes += 1;
        let (pod, _) = self.pods.get(name).filter(|(pod, _)| pod.uid == uid)?;
        if pod.tracked && !self.job.status.is_listed(uid) && !self.finished() {
            self.uncounted.insert(uid.into());
        }
        self.tell(format!("Pod {name} released"));
        self.change(name, |pod| pod.tracked = false)
    }

    pub fn delete(&mut self, name: &str, uid: &str) -> Option<(Pod, u64)> {
        self.writes += 1;
        self.pods.get(name).filter(|(pod, _)| pod.uid == uid)?;
        self.delete_named(name)
    }

    fn delete_named(&mut self, name: &str) -> Option<(Pod, u64)> {
        self.tell(format!("Pod {name} deleted"));
        let now = self.now;
        let uid = self.pods[name].0.uid.clone();
        if !self.truth.contains_key(&uid) {
            self.doubtful.insert(uid);
        }
        self.change(name, |pod| {
            pod.deleting_since.get_or_insert(now);
            if !pod.scheduled {
                pod.phase = Phase::Failed; // nothing to stop: at once
            }
        })
    }

    pub fn set_deadline(&mut self, name: &str, uid: &str, seconds: i64) -> Option<(Pod, u64)> {
        self.writes += 1;
        let (pod, _) = self.pods.get(name).filter(|(pod, _)| pod.uid == uid)?;
        assert!(
            seconds >= 1 && pod.deadline_seconds.is_none_or(|d| seconds <= d),
            "the API server refuses this deadline"
        );
        self.tell(format!("Pod {name} told to stop its sidecars"));
        self.change(name, |pod| pod.deadline_seconds = Some(seconds))
    }

    /// False: a conflict.
    pub fn write_status(&mut self, status: &Status, version: u64) -> bool {
        self.writes += 1;
        if version != self.job_version {
            return false;
        }
        let old = &self.job.status;
        assert!(!old.is_finished(), "a finished job is written again");
        assert!(status.succeeded >= old.succeeded && status.failed >= old.failed, "a counter goes back");
        assert!(status.uncounted_succeeded.is_disjoint(&status.uncounted_failed), "a Pod is in both lists");
        for condition in ["SuccessCriteriaMet", "FailureTarget"] {
            assert!(
                !old.conditions.is_true(condition) || status.conditions.is_true(condition),
                "{condition} is taken back"
            );
        }
        let c = |type_| status.conditions.is_true(type_);
        assert!(!(c("SuccessCriteriaMet") && c("FailureTarget")), "both results");
        if status.is_finished() {
            assert!(status.uncounted().count() == 0 && status.counts.active == Some(0), "finished with Pods left");
        }
        let (s, f) = (status.succeeded, status.failed);
        self.tell(format!("status: succeeded {s}, failed {f}, phase {:?}", status.summary.phase));
        self.version += 1;
        (self.job.status, self.job_version) = (status.clone(), self.version);
        true
    }

    /// Changes a Pod; one that is deleted, has ended and has no finalizer goes.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Pod)) -> Option<(Pod, u64)> {
        self.version += 1;
        let version = self.version;
        let entry = self.pods.get_mut(name)?;
        change(&mut entry.0);
        entry.1 = version;
        let gone = entry.0.deleting_since.is_some() && entry.0.ended() && !entry.0.tracked;
        if gone {
            self.pods.remove(name);
            None
        } else {
            self.pods.get(name).cloned()
        }
    }

    // --- the others

    pub fn kubelet(&mut self, dice: &mut Dice) {
        let names: Vec<String> = self.pods.iter().filter(|(_, (p, _))| !p.ended()).map(|(n, _)| n.clone()).collect();
        if let Some(name) = dice.pick(&names).cloned() {
            self.kubelet_one(&name, dice);
        }
    }

    pub fn kubelet_all(&mut self, dice: &mut Dice) {
        for name in self.pods.keys().cloned().collect::<Vec<_>>() {
            if !self.pods[&name].0.ended() {
                self.kubelet_one(&name, dice);
            }
        }
    }

    /// The next thing that happens in a Pod.
    fn kubelet_one(&mut self, name: &str, dice: &mut Dice) {
        let pod = self.pods[name].0.clone();
        let now = self.now;
        let state = |c: &str| pod.containers.iter().find(|x| x.name == c).expect("there").state;
        let exits = |exit| State::Terminated { exit, at: Some(now) };
        match (state("main"), state("side")) {
            (State::Waiting, _) if pod.deleting_since.is_some() => {
                drop(self.change(name, |pod| pod.phase = Phase::Failed))
            }
            (State::Waiting, _) => drop(self.change(name, |pod| {
                (pod.scheduled, pod.phase, pod.started_at, pod.ready_since) =
                    (true, Phase::Running, Some(now), Some(now));
                pod.containers.iter_mut().for_each(|c| c.state = State::Running);
            })),
            (State::Running, _) if pod.deleting_since.is_none() && dice.one_in(4) => {
                drop(self.change(name, |pod| pod.containers[0].restarts += 1))
            }
            (State::Running, _) => {
                let exit = i32::from(dice.one_in(3) || pod.deleting_since.is_some() && dice.one_in(2));
                self.truth.insert(pod.uid.clone(), exit == 0);
                self.tell(format!("main of {name} exits {exit}"));
                self.change(name, |pod| pod.containers[1].state = exits(exit));
            }
            (State::Terminated { .. }, State::Running) => {
                let waits = self.plain_sidecars && pod.deadline_seconds.is_none() && pod.deleting_since.is_none();
                if !waits {
                    let exit = [0, 137, 143][dice.roll(3) as usize];
                    self.tell(format!("sidecar of {name} exits {exit}"));
                    self.change(name, |pod| pod.containers[0].state = exits(exit));
                }
            }
            (State::Terminated { exit, .. }, _) => {
                let failed = exit != 0 || pod.deadline_seconds.is_some();
                self.change(name, |pod| pod.phase = if failed { Phase::Failed } else { Phase::Succeeded });
            }
        }
    }

    /// A node is lost: what the Pod's containers did is not known any more.
    pub fn trouble(&mut self, dice: &mut Dice) {
        let names: Vec<String> =
            self.pods.iter().filter(|(_, (p, _))| p.scheduled && !p.ended()).map(|(n, _)| n.clone()).collect();
        let Some(name) = dice.pick(&names).cloned() else { return };
        let (uid, main) = {
            let p = &self.pods[&name].0;
            (p.uid.clone(), p.containers[1].state)
        };
        if matches!(main, State::Terminated { exit: 0, .. }) {
            self.doubtful.insert(uid); // known to the controller or not: either is right
        } else {
            self.truth.insert(uid, false);
        }
        self.tell(format!("the node of {name} is lost"));
        self.change(&name, |pod| {
            pod.phase = Phase::Failed;
            pod.containers.iter_mut().for_each(|c| c.state = State::Waiting);
        });
    }

    pub fn user(&mut self, dice: &mut Dice) {
        if self.finished() {
            return;
        }
        match dice.roll(3) {
            0 => {
                self.job.spec.suspend = !self.job.spec.suspend;
                self.tell(format!("suspend: {}", self.job.spec.suspend));
            }
            1 => {
                self.job.spec.parallelism = dice.roll(4);
                self.tell(format!("parallelism: {}", self.job.spec.parallelism));
            }
            _ => {
                let names: Vec<String> = self.pods.keys().cloned().collect();
                if let Some(name) = dice.pick(&names).cloned() {
                    self.delete_named(&name);
                }
                return;
            }
        }
        self.version += 1;
        self.job_version = self.version;
        self.job.generation += 1;
    }

    /// Nobody disturbs it any more.
    pub fn calm(&mut self) {
        if !self.finished() {
            (self.job.spec.suspend, self.job.spec.parallelism) = (false, self.job.spec.parallelism.max(1));
            self.version += 1;
            self.job_version = self.version;
            self.tell("calm");
        }
    }

    /// The counters against what was.
    pub fn check_counts(&self) {
        let counted = |success: bool| {
            self.truth
                .iter()
                .filter(|(uid, ok)| **ok == success && !self.uncounted.contains(*uid) && !self.doubtful.contains(*uid))
                .count() as u32
        };
        let doubtful = self.doubtful.iter().filter(|uid| !self.uncounted.contains(*uid)).count() as u32;
        let (s, f) = (self.job.status.succeeded, self.job.status.failed);
        let (true_s, true_f) = (counted(true), counted(false));
        assert_eq!(
            s + f,
            true_s + true_f + doubtful,
            "Pods counted: {s} + {f}; there were {true_s} + {true_f} and {doubtful} in doubt"
        );
        assert!(s >= true_s && f >= true_f, "succeeded {s}, failed {f}; there were {true_s} and {true_f}");
    }
}
