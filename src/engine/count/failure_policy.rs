//! What does a failed Pod mean by `spec.podFailurePolicy`?
//!
//! The first rule that matches decides. A rule on exit codes never looks at conditions. The exit code of a sidecar
//! matches only a rule that names the sidecar. (In a batch/v1 Job a rule without a name matches any container, and so
//! fails the Job because of a killed sidecar.) `outcome` says whether a Pod has failed.

use crate::engine::observed::failure_policy::{Action, On};
use crate::engine::observed::roles::{Role, Roles};
use crate::engine::observed::{Container, Pod, Slot, Spec, State};

/// The rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The place of the rule in the policy.
    pub index: usize,
    /// What the rule says.
    pub action: Action,
    /// The container whose exit code matches. `None`: a condition of the Pod matches.
    pub container: Option<String>,
    /// Why the rule matched, in a sentence.
    pub message: String,
}

/// The rule that matches this failed Pod.
pub fn judge(pod: &Pod, spec: &Spec, namespace: &str) -> Option<Match> {
    let rules = &spec.failure_policy.as_ref()?.0;
    rules.iter().enumerate().find_map(|(index, rule)| {
        let action = rule.action.word();
        let (container, why) = match &rule.on {
            On::ExitCodes { container, within, codes } => {
                let (name, exit) = by_exit_code(pod, &spec.roles, container.as_deref(), *within, codes)?;
                let why = format!("Container {name} for pod {namespace}/{} failed with exit code {exit}", pod.name);
                (Some(name.to_owned()), why)
            }
            On::Conditions(patterns) => {
                let type_ = by_condition(pod, patterns)?;
                (None, format!("Pod {namespace}/{} has condition {type_}", pod.name))
            }
        };
        let message = format!("{why} matching {action} rule at index {index}");
        Some(Match { index, action: rule.action, container, message })
    })
}

/// The failure counts for `backoffLimit`: always, except with Ignore.
pub fn counts(matched: Option<&Match>) -> bool {
    matched.is_none_or(|m| m.action != Action::Ignore)
}

/// The first container whose exit code matches: containers before init containers.
fn by_exit_code<'a>(
    pod: &'a Pod,
    roles: &Roles,
    container: Option<&str>,
    within: bool,
    codes: &[i32],
) -> Option<(&'a str, i32)> {
    let (plain, init): (Vec<&Container>, Vec<&Container>) = pod.containers.iter().partition(|c| c.slot == Slot::Plain);
    plain.into_iter().chain(init).find_map(|c| {
        let State::Terminated { exit, .. } = c.state else { return None };
        let asked = match container {
            Some(name) => name == c.name,
            None => decides(c, roles),
        };
        (asked && exit != 0 && codes.contains(&exit) == within).then_some((c.name.as_str(), exit))
    })
}

/// The container is not a sidecar.
fn decides(c: &Container, roles: &Roles) -> bool {
    match c.slot {
        Slot::Init => true,
        Slot::NativeSidecar => false,
        Slot::Plain => roles.of_container(&c.name) == Role::Main,
    }
}

fn by_condition<'a>(pod: &'a Pod, patterns: &[(String, String)]) -> Option<&'a str> {
    pod.conditions.iter().find(|c| patterns.contains(c)).map(|(type_, _)| type_.as_str())
}

#[cfg(test)]
mod tests;
