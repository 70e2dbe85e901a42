//! Are our admission policies installed, bound, of the version of this program, and do they act?

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};
use serde_json::Value;

use super::{Installed, few, installed};
use crate::api::install;
use crate::cli::doctor::facts::{Facts, Policies, Unread};
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::probe::Seen;

/// A policy is installed.
struct Own {
    folder: &'static str,
    name: String,
    spec: Value,
    is_mutating: bool,
}

/// The findings.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let of_this = installed(facts);
    if of_this == Installed::Nothing {
        return Vec::new();
    }
    let (mutating, validating): (Vec<Own>, Vec<Own>) = own().into_iter().partition(|own| own.is_mutating);
    let checks = validating.into_iter().filter(|own| of_this == Installed::Parts || own.folder != "config/admission");
    mutating
        .iter()
        .filter_map(|own| mutation(facts, own))
        .chain(validation(facts, &checks.collect::<Vec<_>>()))
        .collect()
}

/// The policy that makes native sidecars is installed.
pub fn is_there(facts: &Facts) -> bool {
    facts.mutating.policies.as_ref().is_ok_and(|all| all.iter().any(|policy| name(policy) == install::POLICY))
}

/// The policy that makes native sidecars is installed, and bound in the namespace, as far as that was read.
pub fn is_in_force(facts: &Facts) -> bool {
    is_there(facts) && binds(facts, &facts.mutating, install::POLICY) == Some(true)
}

/// The check of the policy that makes native sidecars.
const MUTATION: &str = "MutatingPolicy";

fn mutation(facts: &Facts, own: &Own) -> Option<Finding> {
    const WHAT: &str = "the policy that makes injected containers native sidecars";
    if facts.mutating.served.as_ref().is_ok_and(Vec::is_empty) {
        return None; // the cluster can't have it, which another finding says
    }
    let policies = match &facts.mutating.policies {
        Ok(policies) => policies,
        Err(why) => return Finding::unknown(MUTATION, WHAT, why),
    };
    let acts = Seen::of(facts).annotated.ok().map(|done| done.moved);
    let Some(there) = policies.iter().find(|policy| name(policy) == own.name) else {
        if acts == Some(true) {
            let words = format!("{WHAT} is installed under another name, and acts in this namespace");
            return Some(Finding::ok(MUTATION, words));
        }
        let words = format!("{WHAT} is not installed, so the controller has to stop such containers itself");
        return Some(Finding::warn(MUTATION, words).mend(apply(facts)));
    };
    match binds(facts, &facts.mutating, &own.name) {
        Some(true) => Some(of_version(facts, own, there, acts)),
        bound => unbound(facts, own, bound),
    }
}

/// The command that installs the policy in the version that the API server serves.
fn apply(facts: &Facts) -> &'static str {
    let newest = facts.mutating.served.as_ref().ok().and_then(|served| served.first());
    match newest.map(String::as_str) {
        Some("v1") | None => "kubectl apply --server-side -k config/components/policy",
        Some(_) => "kubectl apply --server-side -k config/components/policy-v1beta1",
    }
}

/// The policy is not bound in the namespace, or that is not known.
fn unbound(facts: &Facts, own: &Own, bound: Option<bool>) -> Option<Finding> {
    let named = format!("the policy {}", own.name);
    if bound.is_none() {
        return Finding::unknown(MUTATION, &format!("the binding of {named}"), bindings_unread(&facts.mutating));
    }
    if has_binding(&facts.mutating, &own.name) {
        let words = format!("{named} is bound, but not for the namespace {}", facts.namespace);
        return Some(Finding::warn(MUTATION, words));
    }
    Some(Finding::fail(MUTATION, format!("{named} has no binding, so it does nothing")).mend(apply(facts)))
}

/// The policy is bound: is it the one of this program, and does it act?
fn of_version(facts: &Facts, own: &Own, there: &Value, acts: Option<bool>) -> Finding {
    let named = format!("the policy {}", own.name);
    match (contains(&there["spec"], &own.spec), acts) {
        (_, Some(false)) => {
            let words = "is installed and bound, and changed nothing in a dry run; the API server needs some seconds after an \
                         installation, later this is an error of the policy";
            Finding::fail(MUTATION, format!("{named} {words}")).mend(apply(facts))
        }
        (false, _) => {
            let words = format!("{named} is of another version than this program, {}", facts.program);
            Finding::warn(MUTATION, words).mend(apply(facts))
        }
        (true, Some(true)) => {
            let words = "is installed, bound and of this version, and a dry run shows that it acts";
            Finding::ok(MUTATION, format!("{named} {words}"))
        }
        (true, None) => Finding::ok(MUTATION, format!("{named} is installed, bound and of this version")),
    }
}

fn validation(facts: &Facts, checks: &[Own]) -> Option<Finding> {
    const CHECK: &str = "ValidatingPolicies";
    if facts.validating.served.as_ref().is_ok_and(Vec::is_empty) {
        return None;
    }
    let policies = match &facts.validating.policies {
        Ok(policies) => policies,
        Err(why) => return Finding::unknown(CHECK, "the policies that check annotations", why),
    };
    // Without MutatingAdmissionPolicy the folder of the policy is not installed.
    let expected =
        |own: &&Own| own.folder == "config/admission" || !facts.mutating.served.as_ref().is_ok_and(Vec::is_empty);
    let (mut missing, mut unbound, mut other) = (Vec::new(), Vec::new(), Vec::new());
    let mut folders: Vec<&str> = Vec::new();
    for own in checks.iter().filter(expected) {
        let there = policies.iter().find(|policy| name(policy) == own.name);
        let list = match there {
            None => &mut missing,
            Some(_) if facts.validating.bindings.is_ok() && !has_binding(&facts.validating, &own.name) => &mut unbound,
            Some(there) if !contains(&there["spec"], &own.spec) => &mut other,
            Some(_) => continue,
        };
        list.push(own.name.clone());
        if !folders.contains(&own.folder) {
            folders.push(own.folder);
        }
    }
    let parts = [(missing, "not installed"), (unbound, "without a binding"), (other, "of another version")];
    let parts = parts.iter().filter(|(names, _)| !names.is_empty());
    let parts: Vec<String> = parts.map(|(names, how)| format!("{how}: {}", few(names))).collect();
    if parts.is_empty() {
        return Some(Finding::ok(
            CHECK,
            "the policies that check annotations are installed, bound and of this version",
        ));
    }
    let words =
        format!("a mistake in an annotation is not told when it is written, because policies are {}", parts.join("; "));
    let finding = Finding::warn(CHECK, words);
    Some(
        folders
            .iter()
            .fold(finding, |finding, folder| finding.mend(format!("kubectl apply --server-side -k {folder}"))),
    )
}

/// The policies of this program.
fn own() -> Vec<Own> {
    let of_file = |(folder, yaml): &(&'static str, &str)| {
        let objects: Vec<Value> = yaml.split("\n---\n").filter_map(|text| serde_saphyr::from_str(text).ok()).collect();
        let folder = *folder;
        objects
            .into_iter()
            .flat_map(|object| match object["items"].as_array() {
                Some(items) => items.clone(),
                None => vec![object],
            })
            .filter(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("AdmissionPolicy")))
            .map(move |object| Own {
                folder,
                name: name(&object).to_owned(),
                spec: object["spec"].clone(),
                is_mutating: object["kind"].as_str().is_some_and(|kind| kind.starts_with("Mutating")),
            })
            .collect::<Vec<_>>()
    };
    install::POLICIES.iter().flat_map(of_file).collect()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn bindings_of<'a>(policies: &'a Policies, policy: &'a str) -> impl Iterator<Item = &'a Value> {
    policies.bindings.iter().flatten().filter(move |binding| binding["spec"]["policyName"] == policy)
}

fn has_binding(policies: &Policies, policy: &str) -> bool {
    bindings_of(policies, policy).next().is_some()
}

/// Whether a binding selects the namespace; `None`: the bindings are not known. Of a namespace that is not known, any binding
/// counts.
fn binds(facts: &Facts, policies: &Policies, policy: &str) -> Option<bool> {
    policies.bindings.as_ref().ok()?;
    Some(bindings_of(policies, policy).any(|binding| {
        let selector = &binding["spec"]["matchResources"]["namespaceSelector"];
        selects(facts, serde_json::from_value(selector.clone()).ok())
    }))
}

/// Whether the selector selects the namespace, as far as its labels are known.
pub fn selects(facts: &Facts, selector: Option<LabelSelector>) -> bool {
    let Ok(place) = &facts.place else { return true };
    let selector = selector.and_then(|selector| Selector::try_from(selector).ok());
    selector.is_none_or(|selector| selector.matches(place.metadata.labels.as_ref().unwrap_or(&<_>::default())))
}

fn bindings_unread(policies: &Policies) -> &Unread {
    policies.bindings.as_ref().err().unwrap_or(&Unread::NotAsked)
}

/// The API server fills in defaults, so what is there has all that we wrote, and maybe more fields. Lists have no more.
fn contains(there: &Value, own: &Value) -> bool {
    match (there, own) {
        (Value::Object(there), Value::Object(own)) => own.iter().all(|(key, own)| match there.get(key) {
            Some(there) => contains(there, own),
            None => false,
        }),
        (Value::Array(there), Value::Array(own)) => {
            there.len() == own.len() && there.iter().zip(own).all(|(there, own)| contains(there, own))
        }
        _ => there == own,
    }
}
