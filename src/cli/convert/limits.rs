//! What can't become another form, and what is different afterwards?

use serde_json::Value;

use crate::api::labels;
use crate::cli::container::Container;
use crate::cli::convert::change::{ALWAYS, Change};
use crate::cli::convert::choice::{To, is_hook, is_queued};
use crate::cli::convert::work::{Work, at};
use crate::cli::known;
use crate::cli::manifest::{Object, Path};

/// The most sidecars of a SidecarJob.
const SIDECARS_MAX: usize = 32;
/// Versions of CronJobs that the API server had once, and since when it does not.
const OLD_VERSIONS: [(&str, &str); 2] = [("batch/v1beta1", "1.25"), ("batch/v2alpha1", "1.21")];
/// The longest name of a SidecarJob, and of a schedule, whose runs have longer names.
const NAME_MAX: [usize; 2] = [63, 52];

/// The container without a name, which no other field can mean.
pub fn nameless(object: &Object<'_>, work: &Work) -> Option<(Path, String)> {
    let index = work.containers.iter().position(|container| container.name.is_empty())?;
    let item = work.kind.template().then("spec").then("containers").then(index);
    let name = item.then("name");
    let what = match at(object.value, &name) {
        Value::Null => format!("{item} has no name"),
        other => format!("{name} is {other}, and a name is a text: write the name in quotes"),
    };
    Some((name, what))
}

/// The init container that is a sidecar and is not told so: the kubelet waits for its end before the main containers.
pub fn holds_up(object: &Object<'_>, work: &Work) -> Option<(Path, String)> {
    let never_ends = |init: &Container| known::never_ends(init).filter(|_| init.restart.is_none());
    let inits = work.init.iter().enumerate();
    let (index, init, why) = inits.filter_map(|(index, init)| Some((index, init, never_ends(init)?))).next()?;
    let path = work.kind.template().then("spec").then("initContainers").then(index);
    let named = work.said_sidecars().any(|name| name == init.name);
    let what = format!(
        "the init container {} never ends ({why}), so no main container would start: give it restartPolicy: {ALWAYS}",
        init.name
    );
    object.find(&path).filter(|_| !named).map(|_| (path, what))
}

/// Why the object can't get this form.
pub fn refused(change: &Change, work: &Work, object: &Value) -> Option<String> {
    let template = at(object, &work.kind.template());
    let of_pods = &template["metadata"]["labels"];
    if labels::UID_LABELS.iter().any(|label| of_pods.get(label).is_some()) && !work.kind.is_ours() {
        return Some(format!(
            "is a copy of a {0} of the cluster, with the labels by which the cluster finds its Pods: convert {1}/NAME reads \
             the {0} and leaves them out",
            work.kind.name(),
            work.kind.name().to_ascii_lowercase()
        ));
    }
    if work.managed_by.is_some() && matches!(change.to, To::ManagedBy | To::Sidecarjob) {
        return Some("has managedBy, which would have to change: remove the field first".into());
    }
    (change.to == To::Sidecarjob).then(|| of_sidecarjob(change, work, object)).flatten()
}

/// What the API server rejects in our kinds, and accepts in a Job or CronJob.
fn of_sidecarjob(change: &Change, work: &Work, object: &Value) -> Option<String> {
    let spec = &at(object, &work.kind.run())["spec"];
    let most = NAME_MAX[usize::from(work.kind.is_schedule())];
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let schedule = object["spec"]["schedule"].as_str().unwrap_or_default();
    let template = at(object, &work.kind.template());
    let own = [labels::NAME, labels::UID, labels::ATTEMPT];
    let own = own.into_iter().find(|label| template["metadata"]["labels"].get(label).is_some());
    let ours = work.kind.ours().name();
    match () {
        () if spec.get("scheduling").is_some() => Some(format!("has spec.scheduling, which a {ours} does not have")),
        () if name.len() > most => {
            Some(format!("has a name of {} characters, and a {ours} has at most {most}", name.len()))
        }
        () if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") => {
            Some(format!("has a time zone in spec.schedule ({schedule}), which a {ours} rejects: write spec.timeZone"))
        }
        () if change.sidecars.len() + change.native.len() > SIDECARS_MAX => {
            Some(format!("has more than {SIDECARS_MAX} sidecars, the most of a {ours}"))
        }
        () => {
            own.map(|label| format!("has the label {label} in the Pod template, which the controller sets: remove it"))
        }
    }
}

/// What is different afterwards, or does not help.
pub fn notes(change: &Change, work: &Work, object: &Value) -> Vec<String> {
    let spec = &at(object, &work.kind.run())["spec"];
    let pod = &at(object, &work.kind.template())["spec"];
    let mut notes = Vec::new();
    // The annotation makes what a webhook adds a native sidecar too.
    let native = change.to == To::Annotation || change.to == To::Native && !change.sidecars.is_empty();
    if native && pod["restartPolicy"] == "OnFailure" {
        notes.push("with restartPolicy OnFailure, restarts of a native sidecar count towards backoffLimit".to_owned());
    }
    let rules = spec["podFailurePolicy"]["rules"].as_array().into_iter().flatten();
    let mut exits = rules.map(|rule| &rule["onExitCodes"]).filter(|rule| rule.is_object());
    if native && exits.any(|rule| rule["containerName"].is_null()) {
        notes.push("a rule of podFailurePolicy names no container, so the exit code of a sidecar can match it: add containerName".into());
    }
    if native {
        notes.extend(slow(change, pod));
    }
    if change.to == To::Sidecarjob && work.kind.is_schedule() && object["spec"]["timeZone"].is_null() {
        notes.push(
            "spec.timeZone is absent: a SidecarCronJob then means UTC, a CronJob the zone of the controller's machine"
                .into(),
        );
    }
    let ours = work.kind.ours().name();
    let keeps = "--to=managed-by keeps the Job (Kubernetes 1.32 or newer)";
    if change.to == To::Sidecarjob && is_hook(work) {
        notes.push(format!("Helm and Argo CD do not wait for the end of a {ours} that is a hook: {keeps}"));
    }
    if change.to == To::Sidecarjob && is_queued(work) {
        notes.push(format!("Kueue does not queue a {ours}: {keeps}"));
    }
    let old = OLD_VERSIONS.iter().find(|(old, _)| object["apiVersion"] == *old).filter(|_| change.to != To::Sidecarjob);
    notes.extend(
        old.map(|(old, until)| format!("apiVersion {old} is not served since Kubernetes {until}: write batch/v1")),
    );
    notes
}

/// Sidecars whose start now holds back the main container.
fn slow(change: &Change, pod: &Value) -> Vec<String> {
    let all = pod["containers"].as_array().into_iter().flatten();
    let moved = all.filter(|container| change.sidecars.iter().any(|name| container["name"] == **name));
    let note = |container: &Value| {
        let name = container["name"].as_str().unwrap_or_default();
        let what = match (container.get("startupProbe"), container["lifecycle"].get("postStart")) {
            (Some(_), Some(_)) => "startupProbe and the postStart hook",
            (Some(_), None) => "startupProbe",
            (None, Some(_)) => "postStart hook",
            (None, None) => return None,
        };
        Some(format!(
            "the main container now waits for the {what} of {name}, which may not wait for the main container"
        ))
    };
    moved.filter_map(note).collect()
}
