//! Has the controller the permissions that it needs, and those for each way to stop a sidecar?

use crate::api::install;
use crate::cli::doctor::facts::{Fact, Facts, Unread};
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::installed::Found;
use crate::cli::doctor::rights::{self, Right};

/// More missing permissions than this are not named.
const NAMED: usize = 6;

/// The findings.
pub fn findings(facts: &Facts, found: &Found) -> Vec<Finding> {
    if let Some((_, Err(why))) = facts.controller_rights.first() {
        return Finding::unknown("ControllerRights", "the permissions of the controller", why).into_iter().collect();
    }
    if facts.controller_rights.is_empty() {
        return Vec::new();
    }
    std::iter::once(base(facts, found)).chain(ways(facts)).collect()
}

fn base(facts: &Facts, found: &Found) -> Finding {
    const CHECK: &str = "ControllerRights";
    let scope = found.watches.as_ref().map(|_| facts.namespace.as_str());
    let needed = rights::of_controller(scope, &found.lease_namespace);
    let missing: Vec<&Right> = needed.iter().filter(|right| answer(facts, right) == Some(&Ok(false))).collect();
    let who = format!("the ServiceAccount {} in namespace {}", found.service_account, found.namespace);
    if missing.is_empty() {
        return Finding::ok(CHECK, format!("{who} has all {} permissions of config/rbac", needed.len()));
    }
    let told = missing.iter().take(NAMED).map(|right| format!("{right} ({})", right.without()));
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let words = format!("{who} lacks {}{more}", told.collect::<Vec<_>>().join(", "));
    let finding = Finding::fail(CHECK, words);
    match scope {
        None => finding.mend("kubectl apply --server-side --force-conflicts -k config/rbac"),
        Some(namespace) => finding.mend(format!(
            "kubectl create rolebinding {0} -n {namespace} --clusterrole {0} --serviceaccount {1}:{2}",
            install::DEPLOYMENT,
            found.namespace,
            found.service_account
        )),
    }
}

/// The ways are off by default, so that a way that is missing is as it should be.
fn ways(facts: &Facts) -> Vec<Finding> {
    const CHECK: &str = "StopRights";
    let of_way = |(folder, fields, yaml): &(&str, &str, &str)| {
        let needed = rights::of_way(yaml, &facts.namespace);
        let answers: Vec<_> = needed.iter().filter_map(|right| Some((right, answer(facts, right)?))).collect();
        let missing: Vec<&Right> =
            answers.iter().filter(|(_, may)| **may == Ok(false)).map(|(right, _)| *right).collect();
        let list = |rights: &[&Right]| rights.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if answers.is_empty() || answers.iter().any(|(_, may)| may.is_err()) {
            return Finding::unknown(
                CHECK,
                fields,
                answers.iter().find_map(|(_, may)| may.as_ref().err()).unwrap_or(&Unread::NotAsked),
            );
        }
        Some(match missing.len() {
            0 => Finding::ok(CHECK, format!("allowed: {fields}")),
            n if n == needed.len() => Finding::ok(
                CHECK,
                format!("not allowed, as by default: {fields}; config/components/{folder} allows it"),
            ),
            _ => Finding::fail(CHECK, format!("half allowed: {fields}; the controller lacks {}", list(&missing)))
                .mend(format!("kubectl apply -k config/components/{folder}")),
        })
    };
    install::WAYS_TO_STOP.iter().filter_map(of_way).collect()
}

fn answer<'a>(facts: &'a Facts, right: &Right) -> Option<&'a Fact<bool>> {
    facts.controller_rights.iter().find(|(asked, _)| asked == right).map(|(_, answer)| answer)
}
