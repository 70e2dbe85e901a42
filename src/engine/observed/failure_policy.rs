//! What does `spec.podFailurePolicy` say?

use k8s_openapi::api::batch::v1 as batch;

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailurePolicy(pub Vec<Rule>);

/// One rule of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What the rule says to a failure that matches.
    pub action: Action,
    /// Which failures match.
    pub on: On,
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// `onExitCodes`.
    ExitCodes {
        /// The container whose exit code matters. `None`: every container that is not a sidecar.
        container: Option<String>,
        /// The exit code must be one of the codes. Otherwise it must be none of them.
        within: bool,
        /// The codes.
        codes: Vec<i32>,
    },
    /// `onPodConditions`: type and status of each pattern.
    Conditions(Vec<(String, String)>),
}

/// What a rule says to a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The run fails.
    FailJob,
    /// The Pod's index fails.
    FailIndex,
    /// The controller replaces the Pod, and the failure does not count.
    Ignore,
    /// The failure counts, as without a policy.
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
