//! What does a failed Pod mean by `spec.podFailurePolicy`?
//!
//! The first rule that matches decides. A rule on exit codes never looks at conditions. Sidecars' exit codes match only a
//! rule that names the sidecar: batch/v1 takes any container, and so fails a job for a sidecar that was killed.
//! Whether a Pod has failed is `outcome`'s part.

use k8s_openapi::api::batch::v1 as batch;

use super::observed::{Container, Kind, Pod, Spec, State};
use super::roles::{Role, Roles};

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailurePolicy(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    action: Action,
    on: On,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum On {
    ExitCodes {
        container: Option<String>,
        within: bool,
        codes: Vec<i32>,
    },
    /// Type and status of each pattern.
    Conditions(Vec<(String, String)>),
}

/// What is done about the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The run fails.
    FailJob,
    /// The Pod's index fails.
    FailIndex,
    /// It is replaced and counts nowhere.
    Ignore,
    /// It counts, as without a policy.
    Count,
}

impl Action {
    /// The word in the spec.
    pub fn word(self) -> &'static str {
        match self {
            Self::FailJob => "FailJob",
            Self::FailIndex => "FailIndex",
            Self::Ignore => "Ignore",
            Self::Count => "Count",
        }
    }
}

/// The rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What it says.
    pub action: Action,
    /// Why it matched, in a sentence.
    pub message: String,
}

impl FailurePolicy {
    /// From the wire. A rule whose action is unknown matches nothing.
    pub fn of(wire: &batch::PodFailurePolicy) -> Self {
        Self(wire.rules.iter().filter_map(rule).collect())
    }
}

fn rule(wire: &batch::PodFailurePolicyRule) -> Option<Rule> {
    let action = [Action::FailJob, Action::FailIndex, Action::Ignore, Action::Count];
    let action = action.into_iter().find(|a| a.word() == wire.action)?;
    let on = match &wire.on_exit_codes {
        Some(codes) => On::ExitCodes {
            container: codes.container_name.clone(),
            within: codes.operator == "In",
            codes: codes.values.clone(),
        },
        None => {
            let patterns = wire.on_pod_conditions.iter().flatten();
            On::Conditions(patterns.map(|p| (p.type_.clone(), p.status.clone().unwrap_or("True".into()))).collect())
        }
    };
    Some(Rule { action, on })
}

/// The rule that matches this failed Pod.
pub fn judge(pod: &Pod, spec: &Spec, namespace: &str) -> Option<Match> {
    let rules = &spec.failure_policy.as_ref()?.0;
    rules.iter().enumerate().find_map(|(n, rule)| {
        let action = rule.action.word();
        let why = match &rule.on {
            On::ExitCodes { container, within, codes } => {
                let (name, exit) = by_exit_code(pod, &spec.roles, container.as_deref(), *within, codes)?;
                format!("Container {name} for pod {namespace}/{} failed with exit code {exit}", pod.name)
            }
            On::Conditions(patterns) => {
                let type_ = by_condition(pod, patterns)?;
                format!("Pod {namespace}/{} has condition {type_}", pod.name)
            }
        };
        Some(Match { action: rule.action, message: format!("{why} matching {action} rule at index {n}") })
    })
}

/// The failure counts into `backoffLimit`: always, but for Ignore.
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
    let (plain, init): (Vec<&Container>, Vec<&Container>) = pod.containers.iter().partition(|c| c.kind == Kind::Plain);
    plain.into_iter().chain(init).find_map(|c| {
        let State::Terminated { exit, .. } = c.state else { return None };
        let asked = match container {
            Some(name) => name == c.name,
            None => decides(c, roles),
        };
        (asked && exit != 0 && codes.contains(&exit) == within).then_some((c.name.as_str(), exit))
    })
}

/// It is no sidecar.
fn decides(c: &Container, roles: &Roles) -> bool {
    match c.kind {
        Kind::Init => true,
        Kind::NativeSidecar => false,
        Kind::Plain => roles.of_container(&c.name) == Role::Main,
    }
}

fn by_condition<'a>(pod: &'a Pod, patterns: &[(String, String)]) -> Option<&'a str> {
    pod.conditions.iter().find(|c| patterns.contains(c)).map(|(type_, _)| type_.as_str())
}

#[cfg(test)]
mod tests;
