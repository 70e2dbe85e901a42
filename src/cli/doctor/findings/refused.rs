//! What did admission make of the Pods of the dry run?

use kube::ResourceExt;

use crate::api::kubernetes::NATIVE_SIDECARS;
use crate::cli::doctor::facts::{Answer, Facts, Unread};
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::probe::Seen;

const CHECK: &str = "DryRun";

/// The findings.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    match &facts.bare {
        Err(Unread::Absent) => return Vec::new(), // the namespace, which another finding says
        Err(why) => {
            let what = "what webhooks and quotas do to a Pod with a sidecar";
            return Finding::unknown(CHECK, what, why).into_iter().collect();
        }
        Ok(Answer::Refused(words)) => return vec![refused(facts, words)],
        Ok(Answer::Unanswered(words)) => return vec![unanswered(facts, words)],
        Ok(Answer::Taken(_)) => {}
    }
    let mut all = Vec::new();
    if let Ok(Answer::Refused(words)) = &facts.annotated {
        all.push(Finding::warn(
            CHECK,
            format!("the API server rejects a Pod with the annotations of SidecarJob: {words}"),
        ));
    }
    all.extend(changed(facts));
    all
}

/// A webhook with `failurePolicy: Fail` does not answer. The API server names the webhook, and not its configuration.
fn unanswered(facts: &Facts, words: &str) -> Finding {
    let configurations = facts.webhooks.as_deref().unwrap_or_default();
    let is_named = |name: &str| words.contains(&format!("{name:?}"));
    let named = configurations.iter().find(|of| of.webhooks.iter().flatten().any(|webhook| is_named(&webhook.name)));
    let which = named.map_or_else(
        || "mutatingwebhookconfigurations,validatingwebhookconfigurations".to_owned(),
        |configuration| format!("mutatingwebhookconfiguration {}", configuration.name_any()),
    );
    let told = "a webhook does not answer, so the API server rejects new Pods in this namespace";
    let advice = "   # then start its service, or delete the configuration";
    Finding::fail(CHECK, format!("{told}: {words}")).mend(format!("kubectl describe {which}{advice}"))
}

/// Admission rejects each Pod with a sidecar, or only this one, which has an image and a user of its own.
fn refused(facts: &Facts, words: &str) -> Finding {
    let of_all = ["quota", "minimum", "maximum", "service account", "serviceaccount", "being terminated"];
    let namespace = &facts.namespace;
    let lower = words.to_lowercase();
    if !of_all.iter().any(|word| lower.contains(word)) {
        let told =
            "the API server rejects the Pod of a dry run, whose image is registry.k8s.io/pause; other Pods may pass";
        return Finding::warn(CHECK, format!("{told}: {words}"));
    }
    let finding = Finding::fail(CHECK, format!("the API server rejects a Pod with a sidecar: {words}"));
    finding.mend(format!("kubectl describe quota,limits -n {namespace}"))
}

fn changed(facts: &Facts) -> Option<Finding> {
    let Seen { bare, annotated } = Seen::of(facts);
    let bare = bare.ok()?;
    let is_native = facts.minor().is_none_or(|minor| minor >= NATIVE_SIDECARS);
    if bare.stripped && is_native {
        let words = "a webhook strips restartPolicy: Always from sidecars, as webhooks with an old client library do";
        let mended = annotated.is_ok_and(|done| !done.stripped);
        return Some(match mended {
            true => Finding::ok(CHECK, format!("{words}; the policy puts it back")),
            false => {
                Finding::warn(CHECK, format!("{words}; update the webhook, or set its reinvocationPolicy to Never"))
            }
        });
    }
    let lists = [(&bare.plain, "plain"), (&bare.native, "native"), (&bare.init, "init")];
    let added = lists.iter().filter(|(names, _)| !names.is_empty());
    let added: Vec<String> = added.map(|(names, form)| format!("{} ({form})", names.join(", "))).collect();
    Some(match added.is_empty() {
        true => {
            Finding::ok(CHECK, "a Pod with a native sidecar comes back as it was sent: nothing is injected or stripped")
        }
        false => Finding::ok(CHECK, format!("a Pod in this namespace gets the containers {}", added.join(", "))),
    })
}
