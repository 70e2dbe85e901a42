//! Does a controller run, of this version, for this namespace, alone, and with its permissions?

mod rights;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;

use super::{Installed, few, installed};
use crate::api::install;
use crate::cli::deployment;
use crate::cli::doctor::facts::{Facts, Unread};
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::installed::{Found, LEASE};
use crate::cli::when;

/// A restart that is longer ago than this many seconds is no finding.
const RECENT_RESTART: i64 = 3600;
/// A Lease may be this much older than its duration: clocks differ.
const LEEWAY: i64 = 10;

/// The findings.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    if installed(facts) != Installed::Parts {
        return Vec::new(); // another finding says that nothing is installed, or the policy alone, which needs no controller
    }
    let found = Found::of(facts);
    let lease = facts.lease.as_ref().ok().and_then(|lease| lease.spec.as_ref());
    let deployment = facts.deployments.as_ref().ok().and_then(|all| all.first());
    let mut all = Vec::new();
    match (&facts.deployments, deployment) {
        (Err(why), _) => all.extend(Finding::unknown("ControllerDeployment", "the Deployment of the controller", why)),
        (Ok(_), None) => all.push(absent(lease.is_some_and(|lease| holder(facts, lease).is_some()))),
        (Ok(deployments), Some(deployment)) => {
            all.extend(several(deployments));
            all.push(available(deployment));
            all.push(of_version(facts, deployment));
            all.extend(restarts(facts));
            all.extend(watches(facts, &found));
            all.extend(without_election(deployment, &found));
        }
    }
    if found.leader_elect {
        all.extend(lease_finding(facts, &found, deployment.is_some()));
    }
    all.extend(rights::findings(facts, &found));
    all
}

fn absent(is_led: bool) -> Finding {
    const CHECK: &str = "ControllerDeployment";
    match is_led {
        true => Finding::ok(
            CHECK,
            format!(
                "no Deployment has the labels {}, and the controller runs elsewhere: its Lease is renewed",
                install::SELECTOR
            ),
        ),
        false => {
            Finding::fail(CHECK, "no controller is installed, so nobody runs SidecarJobs").mend(super::crds::INSTALL)
        }
    }
}

fn several(deployments: &[Deployment]) -> Option<Finding> {
    let place =
        |deployment: &Deployment| format!("{}/{}", deployment.namespace().unwrap_or_default(), deployment.name_any());
    let places: Vec<String> = deployments.iter().map(place).collect();
    (places.len() > 1).then(|| {
        let words =
            "several Deployments run a controller, and they fight unless each has namespaces of its own (--namespace)";
        let finding = Finding::fail("SeveralControllers", format!("{words}: {}", few(&places)));
        finding.mend(format!("kubectl delete deployment -n NAMESPACE NAME   # all but one of: {}", places.join(", ")))
    })
}

fn available(deployment: &Deployment) -> Finding {
    const CHECK: &str = "ControllerDeployment";
    let (namespace, name) = (deployment.namespace().unwrap_or_default(), deployment.name_any());
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    let words = format!("Deployment {name} in namespace {namespace}: {ready} of {wanted} replicas ready");
    let look = format!("kubectl describe pods -n {namespace} -l {}", install::SELECTOR);
    match (ready, wanted) {
        (_, 0) => Finding::fail(CHECK, format!("{words}, so nobody runs SidecarJobs"))
            .mend(format!("kubectl scale deployment {name} -n {namespace} --replicas=2")),
        (0, _) => Finding::fail(CHECK, format!("{words}, so nobody runs SidecarJobs"))
            .mend(look)
            .mend(format!("kubectl logs -n {namespace} deployment/{name} --previous")),
        _ if ready < wanted => Finding::warn(CHECK, words).mend(look),
        _ if is_changing(deployment, wanted) => Finding::warn(
            CHECK,
            format!("{words}, and not all of them have the newest template: a roll-out is not finished"),
        )
        .mend(format!("kubectl rollout status deployment {name} -n {namespace}"))
        .mend(look),
        _ => Finding::ok(CHECK, words),
    }
}

/// Whether Pods of an older template still run: as long as the new ones do not become ready, the Deployment keeps them.
fn is_changing(deployment: &Deployment, wanted: i32) -> bool {
    let Some(status) = &deployment.status else { return false };
    status.replicas.is_some_and(|all| all > wanted) || status.updated_replicas.is_some_and(|new| new < wanted)
}

fn of_version(facts: &Facts, deployment: &Deployment) -> Finding {
    const CHECK: &str = "ControllerVersion";
    let image = deployment::container(deployment).and_then(|c| c.image.clone()).unwrap_or_default();
    let program = &facts.program;
    match deployment::tag(&image) {
        Some(tag) if tag.trim_start_matches('v') == program => {
            Finding::ok(CHECK, format!("the controller's image {image} has the version of this program"))
        }
        Some(tag) if tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v') => Finding::warn(
            CHECK,
            format!(
                "the controller's image has version {tag}, and this program is {program}: use the same version of both"
            ),
        ),
        _ => Finding::ok(
            CHECK,
            format!("the controller's image is {image}, whose tag is no version to compare with {program}"),
        ),
    }
}

/// A container that waits or restarted is named with its last words.
fn restarts(facts: &Facts) -> Vec<Finding> {
    const CHECK: &str = "ControllerRestarts";
    let pods = match &facts.pods {
        Ok(pods) => pods,
        Err(why) => return Finding::unknown(CHECK, "restarts of the controller", why).into_iter().collect(),
    };
    let statuses = pods.iter().flat_map(|pod| containers(pod).map(move |status| (pod, status)));
    let told: Vec<Finding> = statuses.filter_map(|(pod, status)| trouble(facts, pod, status)).collect();
    match told.is_empty() && !pods.is_empty() {
        true => vec![Finding::ok(CHECK, "no container of the controller restarted within the last hour")],
        false => told,
    }
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten())
}

fn trouble(facts: &Facts, pod: &Pod, status: &ContainerStatus) -> Option<Finding> {
    const CHECK: &str = "ControllerRestarts";
    let (name, namespace) = (pod.name_any(), pod.namespace().unwrap_or_default());
    let waits = status.state.as_ref().and_then(|state| state.waiting.as_ref());
    if let Some(waiting) = waits.filter(|w| w.reason.as_deref().is_some_and(|reason| reason != "ContainerCreating")) {
        let why = [waiting.reason.as_deref(), waiting.message.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let finding = Finding::fail(CHECK, format!("Pod {name} of the controller does not start: {}", why.join(": ")));
        return Some(finding.mend(format!("kubectl describe pod -n {namespace} {name}")));
    }
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref())?;
    let at = last.finished_at.as_ref().map(when::of)?;
    ((facts.now - at).num_seconds() <= RECENT_RESTART).then(|| {
        let reason = last.reason.as_deref().unwrap_or("no reason");
        let words = format!(
            "Pod {name} of the controller restarted {} times, the last time {}: exit code {} ({reason})",
            status.restart_count,
            when::ago(at, facts.now),
            last.exit_code
        );
        Finding::warn(CHECK, words).mend(format!("kubectl logs -n {namespace} {name} --previous"))
    })
}

fn watches(facts: &Facts, found: &Found) -> Option<Finding> {
    let watched = found.watches.as_ref()?;
    let list = watched.join(", ");
    Some(match watched.contains(&facts.namespace) {
        true => Finding::ok(
            "ControllerNamespaces",
            format!("the controller watches this namespace; all that it watches: {list}"),
        ),
        false => Finding::fail(
            "ControllerNamespaces",
            format!("the controller watches only {list}, so runs in {} do nothing", facts.namespace),
        )
        .mend(format!(
            "kubectl edit deployment -n {} {}   # add --namespace={}",
            found.namespace,
            install::DEPLOYMENT,
            facts.namespace
        )),
    })
}

fn without_election(deployment: &Deployment, found: &Found) -> Option<Finding> {
    let replicas = deployment.spec.replicas.unwrap_or(1);
    (!found.leader_elect && replicas > 1).then(|| {
        let words = format!("{replicas} replicas run with --leader-elect=false, so all of them work and fight");
        let (namespace, name) = (&found.namespace, deployment.name_any());
        Finding::fail("SeveralControllers", words)
            .mend(format!("kubectl scale deployment {name} -n {namespace} --replicas=1"))
    })
}

/// Who renews the Lease, if somebody does.
fn holder(facts: &Facts, lease: &LeaseSpec) -> Option<String> {
    let holder = lease.holder_identity.clone().filter(|holder| !holder.is_empty())?;
    let age = renewed(facts, lease)?;
    let duration = i64::from(lease.lease_duration_seconds.unwrap_or(0));
    (age <= duration + LEEWAY).then_some(holder)
}

/// How many seconds ago the Lease was renewed.
fn renewed(facts: &Facts, lease: &LeaseSpec) -> Option<i64> {
    let at = lease.renew_time.as_ref()?;
    Some(facts.now.timestamp() - at.0.as_second())
}

fn lease_finding(facts: &Facts, found: &Found, has_deployment: bool) -> Option<Finding> {
    const CHECK: &str = "Lease";
    let name = format!("Lease {LEASE} in namespace {}", found.lease_namespace);
    let spec = match &facts.lease {
        Ok(Lease { spec: Some(spec), .. }) => spec,
        Ok(_) | Err(Unread::Absent) if has_deployment => {
            let words = format!("there is no {name}, so no controller has worked yet");
            return Some(Finding::fail(CHECK, words).mend(logs(found)));
        }
        Ok(_) | Err(Unread::Absent) => return None, // no controller, which another finding says
        Err(why) => return Finding::unknown(CHECK, &format!("the {name}"), why),
    };
    let Some(holder) = holder(facts, spec) else {
        let was = spec.holder_identity.as_deref().filter(|holder| !holder.is_empty());
        let ago = renewed(facts, spec).map_or(String::new(), |age| format!(" for {}", when::seconds(age)));
        let words = match was {
            Some(was) => format!("{was} holds the {name} and has not renewed it{ago}, so no controller works"),
            None => format!("nobody holds the {name}, so no controller works"),
        };
        return has_deployment.then(|| Finding::fail(CHECK, words).mend(logs(found)));
    };
    let is_one_of_ours = match &facts.pods {
        Ok(pods) if has_deployment && !pods.is_empty() => {
            pods.iter().any(|pod| holder.starts_with(&format!("{}_", pod.name_any())))
        }
        _ => true,
    };
    Some(match is_one_of_ours {
        true => Finding::ok(CHECK, format!("{holder} holds the {name} and renews it")),
        false => {
            let words = format!(
                "{holder} holds the {name}, and is none of the Pods of the Deployment: another controller works in \
                     its place"
            );
            Finding::warn(CHECK, words).mend(format!("kubectl get pods --all-namespaces -l {}", install::SELECTOR))
        }
    })
}

fn logs(found: &Found) -> String {
    format!("kubectl logs -n {} -l {} --tail=20", found.namespace, install::SELECTOR)
}
