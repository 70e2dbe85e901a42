//! What may change later: most fields never, a suspended run's template in part.
//!
//! The rules on the template are made from the schema's own fields without those that may change, so none is forgotten.

use serde_json::{Value, json};

use super::{Rule, put, rule};

/// Fields of the spec that stay as they were created, whether they were given or not.
const FIXED: [&str; 9] = [
    "completionMode",
    "sidecars",
    "mainContainers",
    "injectedContainers",
    "sidecarMode",
    "managedBy",
    "backoffLimitPerIndex",
    "podFailurePolicy",
    "successPolicy",
];

/// Of the template's metadata, what may change while the run is suspended.
const META: [&str; 2] = ["annotations", "labels"];

/// Of its Pod; of the affinity, that to nodes.
const POD: [&str; 3] = ["nodeSelector", "tolerations", "schedulingGates"];
const NODE_AFFINITY: &str = "nodeAffinity";

/// Of its containers.
const CONTAINER: [&str; 1] = ["resources"];

/// The spec but for its template.
pub fn spec(spec: &mut Value) {
    let fixed = FIXED.iter().chain(["selector"].iter()).map(|field| {
        json!({
            "rule": same("self", "oldSelf", field),
            "message": format!("spec.{field} can't be changed: create a new SidecarJob")
        })
    });
    let rules: Vec<Value> = COUNTS.iter().copied().map(rule).chain(fixed).collect();
    put(spec, rules);
}

/// An elastic Indexed run grows and shrinks as a whole.
const COUNTS: &[Rule] = &[
    (
        "(has(self.completions) ? self.completions : -1) == (has(oldSelf.completions) ? oldSelf.completions : -1) || \
         (has(self.completionMode) && self.completionMode == 'Indexed' && has(self.completions) && \
         self.completions == (has(self.parallelism) ? self.parallelism : 1))",
        "spec.completions can't be changed, but with completionMode Indexed together with spec.parallelism, to the same \
         number: create a new SidecarJob",
    ),
    (
        "has(self.completions) || has(self.parallelism) == has(oldSelf.parallelism)",
        "spec.parallelism can't be added or removed later without spec.completions: one of both absent means a run of one \
         Pod, the other a work queue; use spec.suspend to pause a run, or create a new SidecarJob",
    ),
];

/// A container, found again by its name. That it may change at all is for [`template`] to say, which sees the status.
pub fn containers(spec: &mut Value) {
    let pod = &mut spec["properties"]["template"]["properties"]["spec"]["properties"];
    for list in ["containers", "initContainers"] {
        let item = &mut pod[list]["items"];
        let fixed: Vec<String> =
            names(&item["properties"], &CONTAINER).iter().map(|f| same("self", "oldSelf", f)).collect();
        put(
            item,
            [json!({
                "rule": format!("self == oldSelf || ({})", fixed.join(" && ")),
                "message": format!(
                    "of spec.template.spec.{list} only resources can be changed, while the run is suspended and has no active \
                     Pods: create a new SidecarJob"
                )
            })],
        );
    }
}

/// The rule on the whole object: when the template may change, and what of it but the containers.
pub fn template(spec: &Value) -> Value {
    let template = &spec["properties"]["template"]["properties"];
    let pod = &template["spec"]["properties"];
    let (new, old) = ("self.spec.template", "oldSelf.spec.template");
    let inner = |outer: &str, fields: &[String]| -> Vec<String> {
        fields.iter().map(|field| same_inner(new, old, outer, field)).collect()
    };
    let mut fixed = inner("metadata", &names(&template["metadata"]["properties"], &META));
    fixed.push(format!("has({new}.spec) && has({old}.spec)"));
    let whole = [&POD[..], &["affinity", "containers", "initContainers"]].concat();
    fixed.extend(names(pod, &whole).iter().map(|f| same(&format!("{new}.spec"), &format!("{old}.spec"), f)));
    let affinity = names(&pod["affinity"]["properties"], &[NODE_AFFINITY]);
    fixed.extend(affinity.iter().map(|f| same_inner(&format!("{new}.spec"), &format!("{old}.spec"), "affinity", f)));
    fixed.push(format!("has({new}.spec.initContainers) == has({old}.spec.initContainers)"));
    // Two lists by name are equal in any order, but init containers run in theirs.
    let in_order = ["containers", "initContainers"].map(|list| {
        let names = |side: &str| {
            format!("(has({side}.spec) && has({side}.spec.{list}) ? {side}.spec.{list}.map(c, c.name) : [])")
        };
        format!("{} == {}", names(new), names(old))
    });
    json!({
        "rule": format!("{} && ({new} == {old} || ({QUIET} && {}))", in_order.join(" && "), fixed.join(" && ")),
        "message": "spec.template can't be changed, but for labels, annotations, nodeSelector, node affinity, tolerations, \
                    schedulingGates and the containers' resources of a run that is suspended and has no active Pods: \
                    create a new SidecarJob"
    })
}

/// Suspended, and the controller has seen that no Pod runs.
const QUIET: &str = "has(oldSelf.spec.suspend) && oldSelf.spec.suspend && (!has(oldSelf.status) || \
    ((!has(oldSelf.status.active) || oldSelf.status.active == 0) && (!has(oldSelf.status.startTime) || \
    (has(oldSelf.status.conditions) && \
    oldSelf.status.conditions.exists(c, c.type == 'Suspended' && c.status == 'True')))))";

/// The names of the fields without those.
fn names(fields: &Value, without: &[&str]) -> Vec<String> {
    let all = fields.as_object().into_iter().flatten().map(|(name, _)| name);
    all.filter(|name| !without.contains(&name.as_str())).map(|name| escaped(name)).collect()
}

/// Words that CEL keeps for itself are written with underscores.
fn escaped(name: &str) -> String {
    match name {
        "namespace" => "__namespace__".into(),
        _ => name.into(),
    }
}

/// Both have it and it is equal, or both lack it.
fn same(new: &str, old: &str, field: &str) -> String {
    format!("has({new}.{field}) == has({old}.{field}) && (!has({new}.{field}) || {new}.{field} == {old}.{field})")
}

/// The same of a field in a part that may itself be absent.
fn same_inner(new: &str, old: &str, outer: &str, field: &str) -> String {
    let has = |side: &str| format!("(has({side}.{outer}) && has({side}.{outer}.{field}))");
    let (has_new, has_old) = (has(new), has(old));
    format!("{has_new} == {has_old} && (!{has_new} || {new}.{outer}.{field} == {old}.{outer}.{field})")
}
