//! What do the facts mean? Pure: facts in, findings out, a file for each section.

mod caller;
mod cluster;
mod controller;
mod crds;
mod mode;
mod namespace;
pub mod policy;
mod refused;
mod webhooks;

use kube::ResourceExt;

use crate::cli::doctor::facts::{Facts, Unread};
use crate::cli::doctor::finding::{Finding, Report, Section, Summary};

/// Kubernetes' label that says which tool installed an object.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Helm's annotation with the name of the release.
const RELEASE: &str = "meta.helm.sh/release-name";

/// All findings.
pub fn report(facts: &Facts) -> Report {
    let (mode, about_mode) = mode::mode(facts);
    let here: Vec<Finding> = namespace::findings(facts).into_iter().chain(about_mode).collect();
    let sections = [
        ("Cluster", cluster::findings(facts)),
        ("Installation", [crds::findings(facts), policy::findings(facts)].concat()),
        ("Controller", controller::findings(facts)),
        ("Namespace", here),
        ("Your permissions", caller::findings(facts)),
    ];
    let sections = sections.into_iter().filter(|(_, findings)| !findings.is_empty());
    let sections = sections.map(|(name, findings)| Section { name, findings: for_helm(facts, findings) });
    Report {
        client: facts.program.clone(),
        kubernetes: facts.version.as_ref().ok().map(|version| version.git_version.clone()),
        namespace: facts.namespace.clone(),
        user: facts.user.as_ref().ok().filter(|user| !user.is_empty()).cloned(),
        mode,
        summary: Summary::default(),
        sections: sections.collect(),
    }
    .counted()
}

/// Where Helm installed the controller, Helm mends the installation.
fn for_helm(facts: &Facts, mut findings: Vec<Finding>) -> Vec<Finding> {
    let deployment = facts.deployments.as_ref().ok().and_then(|all| all.first());
    let Some(deployment) = deployment.filter(|d| d.labels().get(MANAGED_BY).is_some_and(|by| by == "Helm")) else {
        return findings;
    };
    let said = |key: &str| deployment.annotations().get(key).map_or("RELEASE", String::as_str);
    let (release, namespace) = (said(RELEASE), deployment.namespace().unwrap_or_default());
    let upgrade =
        format!("helm upgrade {release} CHART -n {namespace} --reset-then-reuse-values   # CHART of {}", facts.program);
    for command in findings.iter_mut().flat_map(|finding| &mut finding.commands) {
        if command.contains("kubectl apply") {
            command.clone_from(&upgrade);
        }
    }
    findings
}

/// What of SidecarJob is there? It decides whether something that is missing is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Installed {
    /// Nothing, as far as could be read.
    Nothing,
    /// Only the policy of one annotation, which needs no controller.
    PolicyAlone,
    /// The CRDs, or a controller, or it is not known.
    Parts,
}

fn installed(facts: &Facts) -> Installed {
    let no_crd = !facts.crds.is_empty() && facts.crds.iter().all(|(_, there)| matches!(there, Err(Unread::Absent)));
    let no_controller = facts.deployments.as_ref().map_or_else(|why| *why == Unread::Absent, Vec::is_empty);
    let no_lease = matches!(facts.lease, Err(Unread::Absent));
    match (no_crd && no_controller && no_lease, policy::is_there(facts)) {
        (false, _) => Installed::Parts,
        (true, true) => Installed::PolicyAlone,
        (true, false) => Installed::Nothing,
    }
}

/// The first names, and how many follow.
fn few(names: &[String]) -> String {
    crate::cli::version::few(names)
}

/// `1 node`, `2 nodes`.
fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}
