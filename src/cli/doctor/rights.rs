//! Which permissions does the controller need, and which do the commands of this program need?
//!
//! The roles in `config/` say what the controller needs; docs/permissions.md gives the reasons.

use std::fmt;

use k8s_openapi::api::authorization::v1::ResourceAttributes;
use k8s_openapi::api::rbac::v1::PolicyRule;
use serde::Deserialize;

use crate::api::{GROUP, install};

/// One permission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Right {
    /// The API group.
    pub group: String,
    /// The resource, with its subresource: `pods/exec`.
    pub resource: String,
    /// The verb.
    pub verb: String,
    /// The one object, if the permission is about one.
    pub name: Option<String>,
    /// The namespace; `None`: all namespaces.
    pub namespace: Option<String>,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.verb, self.resource)
    }
}

impl Right {
    /// A permission in a namespace.
    pub fn of(group: &str, resource: &str, verb: &str, namespace: Option<&str>) -> Self {
        let namespace = namespace.map(str::to_owned);
        Self { group: group.to_owned(), resource: resource.to_owned(), verb: verb.to_owned(), name: None, namespace }
    }

    /// As an access review asks for it.
    pub fn attributes(&self) -> ResourceAttributes {
        let (resource, subresource) = match self.resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
            None => (self.resource.as_str(), None),
        };
        ResourceAttributes {
            group: Some(self.group.clone()),
            resource: Some(resource.to_owned()),
            subresource,
            verb: Some(self.verb.clone()),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            ..ResourceAttributes::default()
        }
    }

    /// What does not work if the controller lacks the permission; docs/permissions.md has the whole table.
    pub fn without(&self) -> &'static str {
        match (self.resource.as_str(), self.verb.as_str()) {
            ("sidecarjobs", "delete") => "finished SidecarJobs stay",
            ("sidecarjobs", "create") => "no schedule starts a run",
            ("sidecarcronjobs", _) => "schedules do not run",
            ("jobs", _) => "Jobs with spec.managedBy are ignored",
            ("pods", "create") => "nothing runs",
            ("pods", "patch") => "Pods stay, and managed sidecars never stop",
            ("pods", "delete") => "Pods of suspended and failed runs go on",
            ("pods", "get") => "a run may make no progress after a restart of the controller",
            ("events", _) => "there are no events",
            ("leases", _) => "the controller exits",
            (resource, _) if resource.ends_with("/status") => "no status is written",
            (resource, _) if resource.ends_with("/finalizers") => {
                "no Pod is created where the admission plugin OwnerReferencesPermissionEnforcement is on"
            }
            _ => "nothing happens",
        }
    }
}

/// What the commands of this program need, in the namespace: the commands, and their permissions.
pub fn of_commands(namespace: &str) -> Vec<(&'static str, Vec<Right>)> {
    let right = |group: &str, resource: &str, verb: &str| Right::of(group, resource, verb, Some(namespace));
    let all = |group: &str, resource: &str, verbs: &[&str]| -> Vec<Right> {
        verbs.iter().map(|verb| right(group, resource, verb)).collect()
    };
    let runs = |verbs: &[&str]| all(GROUP, "sidecarjobs", verbs);
    let schedules = |verbs: &[&str]| all(GROUP, "sidecarcronjobs", verbs);
    let pods = |verbs: &[&str]| all("", "pods", verbs);
    vec![
        (
            "list, describe, why, timeline",
            [runs(&["get", "list"]), schedules(&["get", "list"]), pods(&["list"]), all("", "events", &["list"])]
                .concat(),
        ),
        ("watch, wait", [runs(&["list", "watch"]), pods(&["list", "watch"])].concat()),
        ("logs", [all("", "pods/log", &["get"]), pods(&["list", "watch"])].concat()),
        ("run, rerun, cron run, cron backfill", runs(&["get", "create"])),
        ("suspend, resume, stop", [runs(&["patch"]), schedules(&["patch"])].concat()),
    ]
}

/// What the controller always needs. `scope`: the namespace if the controller watches only some, `None` for all; `home`: the
/// namespace of its Lease.
pub fn of_controller(scope: Option<&str>, home: &str) -> Vec<Right> {
    let rules = install::ROLES.iter().flat_map(|yaml| roles(yaml));
    rules.flat_map(|(is_local, rule)| expand(&rule, if is_local { Some(home) } else { scope })).collect()
}

/// What the controller needs for one more way to stop a sidecar in the namespace; `yaml` is from `install::WAYS_TO_STOP`.
pub fn of_way(yaml: &str, namespace: &str) -> Vec<Right> {
    roles(yaml).iter().flat_map(|(_, rule)| expand(rule, Some(namespace))).collect()
}

/// A document of these files; of the bindings no field is read.
#[derive(Deserialize)]
struct Document {
    kind: String,
    #[serde(default)]
    rules: Vec<PolicyRule>,
}

/// The rules of all roles, and whether each is one of a namespace.
fn roles(yaml: &str) -> Vec<(bool, PolicyRule)> {
    let documents = yaml.split("\n---\n").filter_map(|text| serde_saphyr::from_str::<Document>(text).ok());
    documents.flat_map(|Document { kind, rules }| rules.into_iter().map(move |rule| (kind == "Role", rule))).collect()
}

fn expand(rule: &PolicyRule, namespace: Option<&str>) -> Vec<Right> {
    let name = rule.resource_names.iter().flatten().next().cloned();
    let mut all = Vec::new();
    for group in rule.api_groups.iter().flatten() {
        for resource in rule.resources.iter().flatten() {
            let rights = rule.verbs.iter().map(|verb| Right::of(group, resource, verb, namespace));
            all.extend(rights.map(|right| Right { name: name.clone(), ..right }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rights_of_the_controller_are_those_of_its_roles() {
        let all = of_controller(None, "home");
        assert_eq!(all.len(), 33, "{all:?}");
        let has = |group: &str, resource: &str, verb: &str, name: Option<&str>, namespace: Option<&str>| {
            let name = name.map(str::to_owned);
            all.contains(&Right { name, ..Right::of(group, resource, verb, namespace) })
        };
        assert!(has("", "pods", "delete", None, None));
        assert!(has("sidecarjob.dev", "sidecarjobs/status", "update", None, None));
        assert!(has("coordination.k8s.io", "leases", "create", None, Some("home")));
        assert!(has("coordination.k8s.io", "leases", "update", Some(install::DEPLOYMENT), Some("home")));
        let ways: Vec<usize> = install::WAYS_TO_STOP.iter().map(|(_, _, yaml)| of_way(yaml, "ns").len()).collect();
        assert_eq!(ways, [2, 2, 1]);
    }

    #[test]
    fn a_subresource_is_asked_for_as_one() {
        let asked = Right::of("", "pods/exec", "get", Some("ns")).attributes();
        assert_eq!((asked.resource.as_deref(), asked.subresource.as_deref()), (Some("pods"), Some("exec")));
        assert_eq!(Right::of("", "pods", "get", None).attributes().subresource, None);
    }
}
