//! Which webhooks are called for a new Pod in the namespace, and what do they put into it?

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations};
use kube::ResourceExt;

use super::policy::selects;
use crate::cli::doctor::facts::Facts;
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::injectors;

const CHECK: &str = "Webhooks";
/// More webhooks than this are not named.
const NAMED: usize = 10;

/// The finding.
pub fn finding(facts: &Facts) -> Option<Finding> {
    let configurations = match &facts.webhooks {
        Ok(configurations) => configurations,
        Err(why) => return Finding::unknown(CHECK, "the webhooks that change Pods", why),
    };
    let named: Vec<String> = configurations.iter().filter_map(|configuration| told(facts, configuration)).collect();
    Some(match named.len() {
        0 => Finding::ok(CHECK, "no webhook changes Pods in this namespace"),
        n => {
            let more = if n > NAMED { format!(" and {} more", n - NAMED) } else { String::new() };
            let first = named.into_iter().take(NAMED).collect::<Vec<_>>().join("; ");
            Finding::ok(CHECK, format!("webhooks may change Pods in this namespace: {first}{more}"))
        }
    })
}

/// A configuration of which a webhook is called, and what it adds if it is well known.
fn told(facts: &Facts, configuration: &MutatingWebhookConfiguration) -> Option<String> {
    let called = |webhook: &&MutatingWebhook| {
        webhook.rules.iter().flatten().any(is_about_new_pods) && selects(facts, webhook.namespace_selector.clone())
    };
    let webhooks: Vec<&MutatingWebhook> = configuration.webhooks.iter().flatten().filter(called).collect();
    let first = webhooks.first()?;
    let name = configuration.name_any();
    let service = first.client_config.service.as_ref().map_or("", |service| service.name.as_str());
    let adds = injectors::adds([name.as_str(), service, first.name.as_str()]);
    Some(adds.map_or_else(|| name.clone(), |adds| format!("{name} (adds {adds})")))
}

fn is_about_new_pods(rule: &RuleWithOperations) -> bool {
    let has =
        |list: &Option<Vec<String>>, words: [&str; 2]| list.iter().flatten().any(|word| words.contains(&word.as_str()));
    let pods = has(&rule.resources, ["pods", "*"]) || has(&rule.resources, ["*/*", "*/*"]);
    has(&rule.operations, ["CREATE", "*"]) && has(&rule.api_groups, ["", "*"]) && pods
}
