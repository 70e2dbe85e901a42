//! What the API server refuses in a status (validation of batch/v1 Jobs), and what must be true of it besides.

use std::collections::BTreeSet;

use serde_json::Value;
use sidecarjob::api::Kind;

use crate::cluster::World;
use crate::world::store::{is_true, uid};

/// Both; for either kind, since both go through one engine.
pub fn check(world: &mut World, stored: &Value, new: &Value) -> Result<(), String> {
    let mut written = stored.clone();
    written["status"] = new.clone();
    let (old, new) = (Job(stored), Job(&written));
    refused(&old, &new)?;
    if old.is("Complete") || old.is("Failed") {
        return only_the_generation(stored, &written);
    }
    containers(world, &old, &new)?;
    if serde_json::to_string(&new.0["status"]).map_or(0, |text| text.len()) >= 1 << 20 {
        return Err("the status is too large".into());
    }
    counted(world, &old, &new)
}

/// After the end a write says that the status describes a newer spec too, and nothing else.
fn only_the_generation(stored: &Value, written: &Value) -> Result<(), String> {
    let (old, new) = (&stored["status"], &written["status"]);
    let mut same = new.clone();
    same["observedGeneration"] = old["observedGeneration"].clone();
    let is_newer = new["observedGeneration"] == stored["metadata"]["generation"] && same != *new;
    if is_newer && same == *old { Ok(()) } else { Err("a finished run is written again".into()) }
}

/// A run, for short questions.
struct Job<'a>(&'a Value);

impl Job<'_> {
    fn n(&self, field: &str) -> i64 {
        self.0["status"][field].as_i64().unwrap_or(0)
    }

    fn is(&self, condition: &str) -> bool {
        is_true(self.0, condition)
    }

    fn list(&self, field: &str) -> BTreeSet<String> {
        let all = self.0["status"]["uncountedTerminatedPods"][field].as_array().into_iter().flatten();
        all.filter_map(|uid| uid.as_str().map(str::to_owned)).collect()
    }

    /// The Pods that are counted and may still have the finalizer.
    fn counted(&self) -> BTreeSet<String> {
        let all = self.0["status"]["countedTerminatedPods"].as_array().into_iter().flatten();
        all.filter_map(|uid| uid.as_str().map(str::to_owned)).collect()
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0["status"][field].as_str()
    }

    fn indexed(&self) -> bool {
        self.0["spec"]["completionMode"] == "Indexed"
    }

    fn suspended(&self) -> bool {
        self.0["spec"]["suspend"] == true
    }
}

fn refused(old: &Job, new: &Job) -> Result<(), String> {
    let no = |refuses: bool, why: &str| if refuses { Err(why.to_owned()) } else { Ok(()) };
    for field in ["active", "ready", "terminating", "succeeded", "failed"] {
        no(new.n(field) < 0, &format!("{field} is negative"))?;
    }
    let (s, f) = (new.list("succeeded"), new.list("failed"));
    no(!s.is_disjoint(&f), "a UID is in both lists")?;
    let c = new.counted();
    no(!c.is_disjoint(&s) || !c.is_disjoint(&f), "a UID is listed and counted")?;
    no(s.len() + f.len() + c.len() > 500, "more than 500 UIDs are listed")?;
    no(s.iter().chain(&f).any(String::is_empty), "an empty UID is listed")?;
    let success = new.is("SuccessCriteriaMet");
    no(success && (new.is("FailureTarget") || new.is("Failed")), "success and failure in one")?;
    no(new.is("Complete") && (new.is("FailureTarget") || new.is("Failed")), "Complete and failed in one")?;
    no(new.is("Complete") && !success, "Complete without SuccessCriteriaMet")?;
    no(new.is("Failed") && !new.is("FailureTarget"), "Failed without FailureTarget")?;
    no(new.is("Complete") && new.is("Stalled"), "Complete, and nothing goes on without help")?;
    for condition in ["SuccessCriteriaMet", "FailureTarget", "Complete", "Failed"] {
        no(old.is(condition) && !new.is(condition), &format!("{condition} is taken back"))?;
    }
    no(old.is("Complete") && success && !old.is("SuccessCriteriaMet"), "SuccessCriteriaMet after Complete")?;
    no(new.n("failed") < old.n("failed"), "failed goes down")?;
    let elastic = new.indexed() && new.0["spec"]["completions"] == new.0["spec"]["parallelism"];
    no(new.n("succeeded") < old.n("succeeded") && !elastic, "succeeded goes down")?;
    no(new.n("ready") > new.n("active"), "more Pods are ready than active")?;
    times(old, new)?;
    lists_of_indexes(new)?;
    if new.is("Complete") || new.is("Failed") {
        no(new.n("active") > 0, "finished with active Pods")?;
        no(new.n("terminating") > 0, "finished with terminating Pods")?;
        no(!s.is_empty() || !f.is_empty() || !c.is_empty(), "finished with uncounted Pods")?;
        let never_started = new.suspended() && new.0["spec"]["completions"] == 0;
        no(new.text("startTime").is_none() && !never_started, "finished without startTime")?;
    }
    conditions_once(new)
}

fn times(old: &Job, new: &Job) -> Result<(), String> {
    let no = |refuses: bool, why: &str| if refuses { Err(why.to_owned()) } else { Ok(()) };
    let (was, is) = (old.text("completionTime"), new.text("completionTime"));
    no(was.is_some() && was != is, "completionTime changes")?;
    no(is.is_some() != new.is("Complete"), "completionTime without Complete, or Complete without it")?;
    no(is.is_some() && is < new.text("startTime"), "completionTime before startTime")?;
    let (was, is) = (old.text("startTime"), new.text("startTime"));
    let resumes = old.is("Suspended") && !new.is("Suspended");
    no(was.is_some() && was != is && !new.suspended() && !resumes, "startTime changes")
}

fn lists_of_indexes(new: &Job) -> Result<(), String> {
    let completions = new.0["spec"]["completions"].as_u64().unwrap_or(0);
    let read = |field: &str| -> Result<BTreeSet<u64>, String> {
        let list = indexes(new.text(field).unwrap_or_default()).ok_or(format!("{field} is malformed"))?;
        let beyond = list.iter().any(|i| *i >= completions);
        if beyond { Err(format!("{field} goes beyond {completions} completions")) } else { Ok(list) }
    };
    let (completed, failed) = (read("completedIndexes")?, read("failedIndexes")?);
    let limited = new.0["spec"]["backoffLimitPerIndex"].is_number();
    if !new.indexed() && new.text("completedIndexes").is_some() {
        return Err("completedIndexes without Indexed".into());
    }
    if !limited && new.text("failedIndexes").is_some() {
        return Err("failedIndexes without backoffLimitPerIndex".into());
    }
    if new.indexed() && completed.len() as i64 != new.n("succeeded") {
        return Err("succeeded is not the number of completedIndexes".into());
    }
    if completed.is_disjoint(&failed) { Ok(()) } else { Err("an index is completed and failed".into()) }
}

fn conditions_once(new: &Job) -> Result<(), String> {
    let all = new.0["status"]["conditions"].as_array().into_iter().flatten();
    let mut types = BTreeSet::new();
    match all.filter_map(|c| c["type"].as_str()).find(|type_| !types.insert(*type_)) {
        Some(twice) => Err(format!("condition {twice} is there twice")),
        None => Ok(()),
    }
}

/// Each Pod counts once: it enters a list once, with its true result, and leaves it into the counter. One that has ended
/// enters the list of those that are counted at once.
fn counted(world: &mut World, old: &Job, new: &Job) -> Result<(), String> {
    let over = new.is("Complete") || new.is("Failed");
    let (mut left, mut grew) = (0, 0);
    let mut entered: BTreeSet<String> = new.counted().difference(&old.counted()).cloned().collect();
    for list in ["succeeded", "failed"] {
        let (before, after) = (old.list(list), new.list(list));
        for uid in after.difference(&before) {
            world.books.list(uid, list == "succeeded")?;
        }
        entered.retain(|uid| !before.contains(uid));
        if list == "succeeded" && new.indexed() {
            continue;
        }
        let (gone, more) = (before.difference(&after).count() as i64, new.n(list) - old.n(list));
        if more < gone {
            return Err(format!("{gone} Pods left the list of {list}, and the counter grew by {more}"));
        }
        (left, grew) = (left + gone, grew + more);
    }
    let mut at_once = 0;
    for uid in &entered {
        let success = world.books.list_at_once(uid)?;
        at_once += i64::from(!(new.indexed() && success == Some(true)));
    }
    if !over && !(left..=left + at_once).contains(&grew) || !over && !new.indexed() && grew != left + at_once {
        return Err(format!("{left} Pods left the lists, {at_once} count at once, and the counters grew by {grew}"));
    }
    if new.indexed() {
        let known = indexes(old.text("completedIndexes").unwrap_or_default()).unwrap_or_default();
        let (_, may_be) = world.books.succeeded_indexes(uid(new.0));
        let before = indexes(new.0["spec"]["completedIndexes"].as_str().unwrap_or_default()).unwrap_or_default();
        let now = indexes(new.text("completedIndexes").unwrap_or_default()).unwrap_or_default();
        if let Some(index) = now.difference(&known).find(|i| !may_be.contains(i) && !before.contains(i)) {
            return Err(format!("index {index} is completed, and no Pod of it succeeded"));
        }
    }
    Ok(())
}

/// How many Pods of this run are counted: indexes that succeeded in an earlier run count as well, and have no Pod.
fn with_result(job: &Job) -> i64 {
    let earlier = indexes(job.0["spec"]["completedIndexes"].as_str().unwrap_or_default()).unwrap_or_default();
    let done = indexes(job.text("completedIndexes").unwrap_or_default()).unwrap_or_default();
    job.n("succeeded") + job.n("failed") - done.intersection(&earlier).count() as i64
}

/// Each container of each Pod is told once: a main container with the result of its Pod, a sidecar when its Pod is counted.
fn containers(world: &World, old: &Job, new: &Job) -> Result<(), String> {
    let all = |job: &Job| job.0["status"]["containers"].as_array().cloned().unwrap_or_default();
    if world.kind == Kind::Job {
        return if all(new).is_empty() { Ok(()) } else { Err("the status of a Job has containers".into()) };
    }
    let n = |c: &Value, field: &str| c[field].as_i64().unwrap_or(0);
    let of = |list: &[Value], name: &str| list.iter().find(|c| c["name"] == name).cloned().unwrap_or_default();
    for before in all(old) {
        let after = of(&all(new), before["name"].as_str().unwrap_or_default());
        for field in ["succeeded", "failed", "restarts", "stoppedByController", "forceKilled", "maxStopSeconds"] {
            if n(&after, field) < n(&before, field) {
                return Err(format!("{field} of a container goes down: from {before} to {after}"));
            }
        }
    }
    let listed =
        if new.indexed() { new.list("failed").len() } else { new.list("failed").len() + new.list("succeeded").len() };
    let (counted, recorded) = (with_result(new), with_result(new) + listed as i64);
    let (main, side) = (of(&all(new), "main"), of(&all(new), "side"));
    let told = |c: &Value| n(c, "succeeded") + n(c, "failed");
    if told(&main) != recorded && !world.books.elastic {
        return Err(format!("{recorded} Pods have a result, and of their main containers is told: {main}"));
    }
    if world.has_sidecars && told(&side) > counted && !world.books.elastic {
        return Err(format!("{counted} Pods are counted, and of their sidecars is told: {side}"));
    }
    let recent = new.0["status"]["recentPods"].as_array().cloned().unwrap_or_default();
    let names: BTreeSet<&str> = recent.iter().filter_map(|pod| pod["name"].as_str()).collect();
    if names.len() < recent.len() || recent.len() > 10 {
        return Err(format!("recent Pods are told twice, or too many: {recent:?}"));
    }
    if told(&main) > world.books.of_run(uid(new.0)) as i64 {
        return Err(format!("more Pods than there were: {main}"));
    }
    Ok(())
}

/// `0-2,5,6` in ascending order; `None` if it is not well-formed.
pub fn indexes(text: &str) -> Option<BTreeSet<u64>> {
    let mut all = BTreeSet::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || all.last().is_some_and(|before| *before >= first) {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

/// For the story.
pub fn in_words(status: &Value) -> String {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let on: Vec<&str> = conditions.filter(|c| c["status"] == "True").filter_map(|c| c["type"].as_str()).collect();
    let mut words = vec![format!(
        "active {}, terminating {}, succeeded {}, failed {}",
        status["active"], status["terminating"], status["succeeded"], status["failed"]
    )];
    for field in ["uncountedTerminatedPods", "completedIndexes", "failedIndexes"] {
        let value = &status[field];
        if !value.is_null() && *value != serde_json::json!({}) {
            words.push(format!("{field} {value}"));
        }
    }
    words.push(on.join(" "));
    words.join(", ")
}
