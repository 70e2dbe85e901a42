//! Which fields may change later? Most fields never, and some parts of a suspended run's template.
//!
//! This is one rule on the whole object. The status changes far more often than the spec, and the API server evaluates
//! the same rules for both. So the rule ends at once at a status write. Otherwise it compares the spec with the old one,
//! and asks everything else only if they differ. The rest of the rule is generated from the schema's own fields, minus
//! the fields that may change, so no field is forgotten.

use serde_json::Value;

use crate::api::rules::at_write::{STATUS_WRITE, all_of};

/// Fields of the spec that never change, whether they were given or not.
const FIXED: [&str; 11] = [
    "completionMode",
    "completedIndexes",
    "sidecars",
    "mainContainers",
    "injectedContainers",
    "sidecarMode",
    "managedBy",
    "backoffLimitPerIndex",
    "podFailurePolicy",
    "successPolicy",
    "selector",
];

/// The fields of the template's metadata that may change while the run is suspended.
const META: [&str; 2] = ["annotations", "labels"];

/// The fields of its Pod that may change; of the affinity only the node affinity.
const POD: [&str; 3] = ["nodeSelector", "tolerations", "schedulingGates"];
const NODE_AFFINITY: &str = "nodeAffinity";

/// The field of its containers that may change.
const CONTAINER: &str = "resources";

const CONTAINER_LISTS: [&str; 2] = ["containers", "initContainers"];

/// The new template, and the old one.
const NEW: &str = "self.spec.template";
const OLD: &str = "oldSelf.spec.template";

/// The rule on the whole object.
pub fn rules(spec: &Value) -> Value {
    let template = &spec["properties"]["template"]["properties"];
    let fixed = FIXED.iter().map(|field| {
        (same("self.spec", "oldSelf.spec", field), format!("spec.{field} can't be changed: create a new SidecarJob"))
    });
    let counts = COUNTS.iter().map(|(rule, message)| ((*rule).to_owned(), (*message).to_owned()));
    let template = (self::template(template), TEMPLATE.to_owned());
    let all: Vec<(String, String)> = counts.chain(fixed).chain([template]).collect(); // the longest last: it is not said twice
    let about = "of spec.* only parallelism, completions, backoffLimit, maxFailedIndexes, activeDeadlineSeconds, \
                 ttlSecondsAfterFinished, suspend and podReplacementPolicy can be changed, and parts of the template of a \
                 suspended run: create a new SidecarJob";
    all_of(&format!("{STATUS_WRITE} || (self.spec == oldSelf.spec && {})", order()), about, &all)
}

/// How many Pods must succeed: 1 with neither completions nor parallelism, -1 in a work queue. A Job has the 1 and 1 of a
/// run of one Pod stored; in a SidecarJob both ways to write a run of one Pod are the same.
macro_rules! completions {
    ($spec:literal) => {
        concat!("(has(", $spec, ".completions) ? ", $spec, ".completions : has(", $spec, ".parallelism) ? -1 : 1)")
    };
}

/// An elastic Indexed run changes completions and parallelism together.
const COUNTS: [(&str, &str); 2] = [
    (
        "has(self.spec.completions) || has(oldSelf.spec.completions) || \
         has(self.spec.parallelism) == has(oldSelf.spec.parallelism)",
        "spec.parallelism can't be added or removed later without spec.completions: one of both absent means a run of one \
         Pod, the other a work queue; use spec.suspend to pause a run, or create a new SidecarJob",
    ),
    (
        concat!(
            completions!("self.spec"),
            " == ",
            completions!("oldSelf.spec"),
            " || (self.spec.completionMode == 'Indexed' && ",
            completions!("self.spec"),
            " == (has(self.spec.parallelism) ? self.spec.parallelism : 1))"
        ),
        "spec.completions can't be changed, but with completionMode Indexed together with spec.parallelism, to the same \
         number: create a new SidecarJob",
    ),
];

/// The containers have the same names in the same order. CEL takes two lists by name for equal in any order, but the order
/// of init containers matters.
fn order() -> String {
    let same = |list: &str| {
        let (new, old) = (format!("{NEW}.spec.{list}"), format!("{OLD}.spec.{list}"));
        format!("(!has({new}) || !has({old}) || {new}.map(c, c.name) == {old}.map(c, c.name))")
    };
    CONTAINER_LISTS.map(same).join(" && ")
}

const TEMPLATE: &str = "spec.template can't be changed, but for labels, annotations, nodeSelector, node affinity, \
    tolerations, schedulingGates and the containers' resources of a run that is suspended and has no active Pods: create a \
    new SidecarJob";

/// When the template may change, and which fields of it.
fn template(template: &Value) -> String {
    let pod = &template["spec"]["properties"];
    let mut fixed = same_inner(NEW, OLD, "metadata", &names(&template["metadata"]["properties"], &META));
    let (new, old) = (format!("{NEW}.spec"), format!("{OLD}.spec"));
    let whole = [&POD[..], &["affinity", "containers", "initContainers"]].concat();
    fixed.extend(names(pod, &whole).iter().map(|f| same(&new, &old, f)));
    fixed.extend(same_inner(&new, &old, "affinity", &names(&pod["affinity"]["properties"], &[NODE_AFFINITY])));
    fixed.push(format!("has({new}.initContainers) == has({old}.initContainers)"));
    fixed.extend(CONTAINER_LISTS.iter().map(|list| containers(list, &pod[list]["items"])));
    format!("{} && ({NEW} == {OLD} || ({QUIET} && {}))", order(), fixed.join(" && "))
}

/// The run is suspended, and the controller has seen that no Pod runs.
const QUIET: &str = "has(oldSelf.spec.suspend) && oldSelf.spec.suspend && (!has(oldSelf.status) || \
    ((!has(oldSelf.status.active) || oldSelf.status.active == 0) && (!has(oldSelf.status.startTime) || \
    (has(oldSelf.status.conditions) && \
    oldSelf.status.conditions.exists(c, c.type == 'Suspended' && c.status == 'True')))))";

/// Which fields of the containers may change. The names are the same and in the same [`order`], so this rule compares each
/// field list by list.
fn containers(list: &str, container: &Value) -> String {
    let (new, old) = (format!("{NEW}.spec.{list}"), format!("{OLD}.spec.{list}"));
    let same = |field: String| {
        let given = |side: &str| format!("{side}.map(c, has(c.{field}))");
        let values = |side: &str| format!("{side}.filter(c, has(c.{field})).map(c, c.{field})");
        format!("{} == {} && {} == {}", given(&new), given(&old), values(&new), values(&old))
    };
    let all: Vec<String> = names(&container["properties"], &[CONTAINER, "name"]).into_iter().map(same).collect();
    format!("(!has({new}) || {new} == {old} || ({}))", all.join(" && "))
}

/// The names of the fields, without the given ones.
fn names(fields: &Value, without: &[&str]) -> Vec<String> {
    let all = fields.as_object().into_iter().flatten().map(|(name, _)| name);
    all.filter(|name| !without.contains(&name.as_str())).map(|name| escaped(name)).collect()
}

/// CEL's reserved words get underscores.
fn escaped(name: &str) -> String {
    match name {
        "namespace" => "__namespace__".into(),
        _ => name.into(),
    }
}

/// Both sides have the field with equal values, or both lack it.
fn same(new: &str, old: &str, field: &str) -> String {
    format!("has({new}.{field}) == has({old}.{field}) && (!has({new}.{field}) || {new}.{field} == {old}.{field})")
}

/// The same for fields in a part that may itself be absent.
fn same_inner(new: &str, old: &str, outer: &str, fields: &[String]) -> Vec<String> {
    let each = |field: &String| {
        let has = |side: &str| format!("(has({side}.{outer}) && has({side}.{outer}.{field}))");
        let (has_new, has_old) = (has(new), has(old));
        format!("{has_new} == {has_old} && (!{has_new} || {new}.{outer}.{field} == {old}.{outer}.{field})")
    };
    fields.iter().map(each).collect()
}
