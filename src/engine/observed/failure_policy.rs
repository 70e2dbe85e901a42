//! What does `spec.podFailurePolicy` say?

use k8s_openapi::api::batch::v1 as batch;

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailurePolicy(pub Vec<Rule>);

/// An entry of its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What is done about a failure that matches.
    pub action: Action,
    /// Which failures match.
    pub on: On,
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// `onExitCodes`.
    ExitCodes {
        /// The container that is looked at; none: all that decide.
        container: Option<String>,
        /// Its exit code is one of the codes; otherwise none of them.
        within: bool,
        /// The codes.
        codes: Vec<i32>,
    },
    /// `onPodConditions`: type and status of each pattern.
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
