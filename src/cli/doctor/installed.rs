//! Where is the controller, as whom does it run, and which namespaces does it watch? Pure.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::SubjectAccessReviewSpec;
use k8s_openapi::api::core::v1::Container;
use kube::ResourceExt;

use crate::api::{install, labels};
use crate::cli::deployment;
use crate::cli::doctor::facts::Facts;
use crate::cli::doctor::rights::Right;

/// The name of the Lease.
pub const LEASE: &str = labels::FIELD_MANAGER;

/// What the Deployment says; without one, what `config/default` installs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The namespace of the Deployment.
    pub namespace: String,
    /// The ServiceAccount of the controller.
    pub service_account: String,
    /// The namespace of the Lease.
    pub lease_namespace: String,
    /// The namespaces that the controller watches; `None`: all.
    pub watches: Option<Vec<String>>,
    /// Only the holder of the Lease works.
    pub leader_elect: bool,
}

impl Found {
    /// The Deployment that was read, or the defaults.
    pub fn of(facts: &Facts) -> Self {
        let deployment = facts.deployments.as_ref().ok().and_then(|all| all.first());
        deployment.map_or_else(Self::default, Self::said_by)
    }

    fn said_by(deployment: &Deployment) -> Self {
        let default = Self::default();
        let pod = deployment.spec.template.spec.as_ref();
        let container = deployment::container(deployment);
        let setting = |flag: &str, variable: &str| container.and_then(|c| setting(c, flag, variable));
        let watches = setting("--namespace", "SIDECARJOB_NAMESPACE");
        let watches = watches.map(|all| all.split(',').map(str::to_owned).collect::<Vec<_>>());
        Self {
            namespace: deployment.namespace().unwrap_or(default.namespace),
            service_account: pod.and_then(|pod| pod.service_account_name.clone()).unwrap_or(default.service_account),
            lease_namespace: setting("--leader-elect-namespace", "SIDECARJOB_LEADER_ELECT_NAMESPACE")
                .unwrap_or(default.lease_namespace),
            watches,
            leader_elect: setting("--leader-elect", "SIDECARJOB_LEADER_ELECT").as_deref() != Some("false"),
        }
    }

    /// The question whether the controller has this permission.
    pub fn asks(&self, right: &Right) -> SubjectAccessReviewSpec {
        let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{}", self.namespace)];
        SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{}:{}", self.namespace, self.service_account)),
            groups: Some(groups.into_iter().chain(["system:authenticated".to_owned()]).collect()),
            resource_attributes: Some(right.attributes()),
            ..SubjectAccessReviewSpec::default()
        }
    }
}

impl Default for Found {
    fn default() -> Self {
        Self {
            namespace: install::NAMESPACE.to_owned(),
            service_account: install::SERVICE_ACCOUNT.to_owned(),
            lease_namespace: install::NAMESPACE.to_owned(),
            watches: None,
            leader_elect: true,
        }
    }
}

/// The value of a flag that may be given several times, joined by commas, or of its environment variable.
fn setting(container: &Container, flag: &str, variable: &str) -> Option<String> {
    let mut words = container.args.iter().flatten().chain(container.command.iter().flatten());
    let mut values = Vec::new();
    while let Some(word) = words.next() {
        match word.strip_prefix(flag) {
            Some("") => values.extend(words.next().cloned()),
            Some(rest) => values.extend(rest.strip_prefix('=').map(str::to_owned)),
            None => {}
        }
    }
    let from_env = || container.env.iter().flatten().find(|env| env.name == variable)?.value.clone();
    if values.is_empty() { from_env() } else { Some(values.join(",")) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(container: &Value) -> Found {
        let deployment = json!({
            "metadata": {"namespace": "jobs", "name": "c"},
            "spec": {"selector": {}, "template": {"spec": {
                "serviceAccountName": "runner", "containers": [{"name": "mesh"}, container]
            }}}
        });
        Found::said_by(&serde_json::from_value(deployment).unwrap())
    }

    #[test]
    fn the_flags_and_variables_of_the_deployment_say_what_the_controller_watches() {
        for (container, watches, leader_elect, lease) in [
            (json!({"name": "controller", "args": ["controller"]}), None, true, "sidecarjob-system"),
            (
                json!({"name": "controller", "args": ["controller", "--namespace", "a", "--namespace=b"]}),
                Some(vec!["a", "b"]),
                true,
                "sidecarjob-system",
            ),
            (
                json!({"name": "controller", "env": [{"name": "SIDECARJOB_NAMESPACE", "value": "a,b"}]}),
                Some(vec!["a", "b"]),
                true,
                "sidecarjob-system",
            ),
            (
                json!({"name": "controller", "args": ["--leader-elect=false", "--leader-elect-namespace=x"]}),
                None,
                false,
                "x",
            ),
        ] {
            let found = found(&container);
            let expected = watches.map(|all| all.into_iter().map(str::to_owned).collect());
            assert_eq!((found.watches, found.leader_elect), (expected, leader_elect), "{container}");
            assert_eq!(found.lease_namespace, lease, "{container}");
            assert_eq!((found.namespace.as_str(), found.service_account.as_str()), ("jobs", "runner"));
        }
    }

    #[test]
    fn the_controller_is_asked_for_as_its_service_account() {
        let asked = Found::default().asks(&Right::of("", "pods", "create", None));
        assert_eq!(asked.user.as_deref(), Some("system:serviceaccount:sidecarjob-system:sidecarjob-controller"));
        assert_eq!(asked.groups.map(|groups| groups.len()), Some(3));
    }
}
