//! Which Kubernetes is it, and have its nodes native sidecars?

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;

use super::{count, few};
use crate::api::kubernetes::{MUTATING_POLICIES, NATIVE_SIDECARS};
use crate::cli::doctor::facts::{Facts, Policies, Unread};
use crate::cli::doctor::finding::Finding;

/// Older than this, nothing is promised.
const OLDEST: u32 = 30;

/// A command has at most so many nodes.
const NAMED: usize = 10;

/// The findings.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let policies = [
        api("MutatingPolicyApi", "MutatingAdmissionPolicy", &facts.mutating, facts.minor()),
        api("ValidatingPolicyApi", "ValidatingAdmissionPolicy", &facts.validating, facts.minor()),
    ];
    version(facts).into_iter().chain(nodes(facts)).chain(policies.into_iter().flatten()).collect()
}

fn version(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "KubernetesVersion";
    let version = match &facts.version {
        Ok(version) => &version.git_version,
        Err(Unread::Failed(why)) => {
            let finding = Finding::fail(CHECK, format!("{why}; nothing else was checked"));
            return Some(finding.mend(format!("kubectl cluster-info{}", kubectl(&facts.flags))));
        }
        Err(why) => return Finding::unknown(CHECK, "the version of the API server", why),
    };
    Some(match facts.minor() {
        Some(minor) if minor < NATIVE_SIDECARS => Finding::warn(
            CHECK,
            format!(
                "Kubernetes {version} has no native sidecars, which came with 1.{NATIVE_SIDECARS}; nothing is promised \
                     before 1.{OLDEST}"
            ),
        ),
        Some(minor) if minor < OLDEST => Finding::warn(
            CHECK,
            format!("Kubernetes {version} has native sidecars, and nothing is promised before 1.{OLDEST}"),
        ),
        _ => Finding::ok(CHECK, format!("Kubernetes {version} has native sidecars")),
    })
}

/// kubectl's words for the flags of this program, which are the same except the namespace.
fn kubectl(flags: &str) -> &str {
    flags
}

fn nodes(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "Kubelets";
    let nodes = match &facts.nodes {
        Ok(nodes) => nodes,
        Err(why) => return Finding::unknown(CHECK, "the versions of the kubelets", why),
    };
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    nodes.iter().for_each(|node| *versions.entry(kubelet(node)).or_default() += 1);
    let told: Vec<String> = versions.iter().map(|(version, n)| format!("{version} on {n}")).collect();
    let old: Vec<String> = nodes.iter().filter(|node| is_old(kubelet(node))).map(ResourceExt::name_any).collect();
    Some(match (nodes.is_empty(), old.is_empty()) {
        (true, _) => Finding::warn(CHECK, "the cluster has no nodes, so no Pod runs"),
        (_, true) => Finding::ok(
            CHECK,
            format!("{} with native sidecars; kubelets: {}", count(nodes.len(), "node"), told.join(", ")),
        ),
        (_, false) => Finding::fail(
            CHECK,
            format!(
                "the kubelet has no native sidecars on {} ({}), so Pods with sidecars do not work there; upgrade the \
                 kubelet to 1.{NATIVE_SIDECARS} or newer, or keep Pods away until then",
                few(&old),
                told.join(", ")
            ),
        )
        .mend(format!("kubectl cordon {}", old.iter().take(NAMED).cloned().collect::<Vec<_>>().join(" "))),
    })
}

fn kubelet(node: &Node) -> &str {
    node.status.as_ref().and_then(|status| status.node_info.as_ref()).map_or("unknown", |info| &info.kubelet_version)
}

/// `v1.28.4`; a version that can't be read counts as new.
fn is_old(version: &str) -> bool {
    let minor = version.strip_prefix("v1.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    minor.is_some_and(|minor| minor < NATIVE_SIDECARS)
}

fn api(check: &'static str, kind: &str, policies: &Policies, minor: Option<u32>) -> Option<Finding> {
    let served = match &policies.served {
        Ok(served) => served,
        Err(why) => return Finding::unknown(check, &format!("the versions of {kind}"), why),
    };
    if !served.is_empty() {
        return Some(Finding::ok(check, format!("{kind} is served as {}", served.join(", "))));
    }
    let is_expected = kind.starts_with("Mutating") && minor.is_some_and(|minor| minor < MUTATING_POLICIES);
    Some(match (is_expected, minor) {
        (true, Some(34 | 35)) => Finding::ok(
            check,
            format!(
                "{kind} is not served: Kubernetes 1.34 and 1.35 serve it as v1beta1 if the API server is told to \
                     (docs/one-annotation.md)"
            ),
        ),
        (true, _) => Finding::ok(check, format!("{kind} is not served: it came with Kubernetes 1.{MUTATING_POLICIES}")),
        _ => Finding::warn(
            check,
            format!(
                "{kind} is not served, so the policies of SidecarJob can't be installed; the API server's \
                     --runtime-config or --feature-gates turn it off"
            ),
        ),
    })
}
