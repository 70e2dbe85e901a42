//! What does the namespace do to Pods: Pod Security, injection, quotas, webhooks?

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota};
use kube::ResourceExt;

use super::{refused, webhooks};
use crate::api::injectors::{self, ReadFrom};
use crate::api::labels;
use crate::cli::doctor::facts::{Facts, Unread};
use crate::cli::doctor::finding::Finding;

/// Pod Security's label.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The findings.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    match &facts.place {
        Ok(namespace) => {
            all.extend(terminating(namespace));
            all.push(pod_security(facts, namespace));
            all.extend(injection(namespace));
        }
        Err(Unread::Absent) => {
            let words = format!("the namespace {} does not exist", facts.namespace);
            let finding = Finding::fail("Namespace", words);
            return vec![finding.mend(format!("kubectl create namespace {}", facts.namespace))];
        }
        Err(why) => all.extend(Finding::unknown("Namespace", "the labels of the namespace", why)),
    }
    all.extend(webhooks::finding(facts));
    all.extend(refused::findings(facts));
    all.extend(quotas(facts));
    all
}

fn terminating(namespace: &Namespace) -> Option<Finding> {
    let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
    (phase == Some("Terminating")).then(|| {
        Finding::fail(
            "Namespace",
            format!("the namespace {} is being deleted, so no run can start", namespace.name_any()),
        )
    })
}

fn pod_security(facts: &Facts, namespace: &Namespace) -> Finding {
    const CHECK: &str = "PodSecurity";
    const SIGNALS: &str = "stop.signal, and stop.order of plain sidecars, work only in Pods that name runAsUser, because the \
                           ephemeral container that sends the signal otherwise runs as root; without the signal, the Pod's \
                           deadline stops the sidecars";
    match namespace.labels().get(ENFORCE).map(String::as_str) {
        Some("restricted") if may_signal(facts) => {
            Finding::warn(CHECK, format!("Pod Security enforces restricted: {SIGNALS}"))
        }
        Some("restricted") => Finding::ok(
            CHECK,
            format!(
                "Pod Security enforces restricted, which allows all that SidecarJob does by default; with \
                     config/components/stop-signal, {SIGNALS}"
            ),
        ),
        Some(level) => {
            Finding::ok(CHECK, format!("Pod Security enforces {level}, which allows all that SidecarJob does"))
        }
        None => Finding::ok(CHECK, "no level of Pod Security is enforced by a label of the namespace"),
    }
}

/// The controller may send signals, or that is not known.
fn may_signal(facts: &Facts) -> bool {
    let right = facts.controller_rights.iter().find(|(right, _)| right.resource == "pods/ephemeralcontainers");
    right.is_none_or(|(_, may)| *may != Ok(false))
}

fn injection(namespace: &Namespace) -> Option<Finding> {
    let marks = [namespace.labels(), namespace.annotations()];
    let value = |key: &str| marks.iter().find_map(|map| map.get(key));
    let all = injectors::ALL.iter().flat_map(|injector| injector.marks.iter().map(move |mark| (injector, mark)));
    let asked = all.filter(|(_, mark)| mark.read_from != ReadFrom::Pod).filter_map(|(injector, mark)| {
        let value = value(mark.key).filter(|value| mark.asks(value))?;
        Some(format!("{} ({}={value})", injector.container.unwrap_or(injector.who), mark.key))
    });
    let ours = value(labels::WELL_KNOWN_SIDECARS).filter(|value| *value == "enabled");
    let ours = ours.map(|value| format!("native well-known sidecars ({}={value})", labels::WELL_KNOWN_SIDECARS));
    let asked: Vec<String> = asked.chain(ours).collect();
    (!asked.is_empty()).then(|| Finding::ok("Injection", format!("the namespace asks for {}", asked.join(", "))))
}

fn quotas(facts: &Facts) -> Vec<Finding> {
    const CHECK: &str = "Quota";
    let quotas = match &facts.quotas {
        Ok(quotas) => quotas,
        Err(why) => return Finding::unknown(CHECK, "the quotas of the namespace", why).into_iter().collect(),
    };
    let defaults = facts.limits.as_ref().ok();
    quotas.iter().flat_map(|quota| full(facts, quota).into_iter().chain(asks(facts, quota, defaults))).collect()
}

/// A quota on the number of objects is used up.
fn full(facts: &Facts, quota: &ResourceQuota) -> Option<Finding> {
    const COUNTED: [&str; 3] = ["pods", "count/pods", "count/sidecarjobs.sidecarjob.dev"];
    let status = quota.status.as_ref()?;
    let number = |map: &Option<BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>,
                  key: &str| { map.as_ref()?.get(key)?.0.parse::<u64>().ok() };
    let full = COUNTED.iter().find_map(|key| {
        let (used, hard) = (number(&status.used, key)?, number(&status.hard, key)?);
        (used >= hard).then(|| format!("{key}: {used} of {hard}"))
    })?;
    let words = format!("quota {} is used up ({full}), so runs wait until there is room", quota.name_any());
    Some(Finding::warn("Quota", words).mend(format!(
        "kubectl describe quota -n {} {}",
        facts.namespace,
        quota.name_any()
    )))
}

/// A quota on CPU or memory rejects a container without them, the injected ones too, unless a LimitRange has defaults.
fn asks(facts: &Facts, quota: &ResourceQuota, limits: Option<&Vec<LimitRange>>) -> Option<Finding> {
    let hard = quota.spec.as_ref()?.hard.as_ref()?;
    let asked: Vec<&str> = ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "cpu", "memory"]
        .into_iter()
        .filter(|key| hard.contains_key(*key) && limits.is_some_and(|limits| !has_default(limits, key)))
        .collect();
    (!asked.is_empty()).then(|| {
        let words = format!(
            "quota {} counts {}: each container has to set it, injected sidecars too, or the API server rejects the Pod; \
             a LimitRange can set defaults",
            quota.name_any(),
            asked.join(", ")
        );
        Finding::warn("Quota", words).mend(format!("kubectl describe quota,limits -n {}", facts.namespace))
    })
}

fn has_default(limits: &[LimitRange], key: &str) -> bool {
    let resource = key.rsplit('.').next().unwrap_or(key);
    let items = limits.iter().filter_map(|limit| limit.spec.as_ref()).flat_map(|spec| &spec.limits);
    let mut items = items.filter(|item| item.type_ == "Container");
    items.any(|item| {
        let has = |map: &Option<BTreeMap<_, _>>| map.as_ref().is_some_and(|map| map.contains_key(resource));
        // The default limit is also the default request.
        has(&item.default) || !key.starts_with("limits.") && has(&item.default_request)
    })
}
