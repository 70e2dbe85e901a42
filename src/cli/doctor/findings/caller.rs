//! Which commands of this program may the user run in the namespace?

use super::{Installed, installed};
use crate::cli::doctor::facts::{Fact, Facts};
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::rights::{self, Right};

const CHECK: &str = "YourRights";

/// The findings.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    if installed(facts) != Installed::Parts {
        return Vec::new(); // there are no objects for the commands
    }
    let mut may: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    for (commands, needed) in rights::of_commands(&facts.namespace) {
        let answers: Vec<_> = needed.iter().filter_map(|right| Some((right, answer(facts, right)?))).collect();
        if let Some((_, Err(why))) = answers.iter().find(|(_, may)| may.is_err()) {
            all.extend(Finding::unknown(CHECK, commands, why));
            continue;
        }
        let missing: Vec<&Right> =
            answers.iter().filter(|(_, may)| **may == Ok(false)).map(|(right, _)| *right).collect();
        match (answers.is_empty(), missing.is_empty()) {
            (true, _) => {}
            (false, true) => may.push(commands),
            (false, false) => all.push(lacks(facts, commands, &missing)),
        }
    }
    let may = (!may.is_empty()).then(|| Finding::ok(CHECK, format!("you may use {}", may.join(", "))));
    may.into_iter().chain(all).collect()
}

fn answer<'a>(facts: &'a Facts, right: &Right) -> Option<&'a Fact<bool>> {
    facts.own_rights.iter().find(|(asked, _)| asked == right).map(|(_, answer)| answer)
}

fn lacks(facts: &Facts, commands: &str, missing: &[&Right]) -> Finding {
    let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let is_reading = missing.iter().all(|right| ["get", "list", "watch"].contains(&right.verb.as_str()));
    let role = if is_reading { "view" } else { "edit" };
    let words =
        format!("you may not use all of {commands}: you lack {}; a cluster admin gives it to you", list.join(", "));
    Finding::warn(CHECK, words).mend(binding(facts, role))
}

/// The command for the cluster admin.
fn binding(facts: &Facts, role: &str) -> String {
    let user = facts.user.as_deref().ok().filter(|user| !user.is_empty()).unwrap_or("YOU");
    let subject = match user.strip_prefix("system:serviceaccount:") {
        Some(account) => format!("--serviceaccount={account}"),
        None => format!("--user='{}'", user.replace('\'', "'\\''")),
    };
    format!("kubectl create rolebinding sidecarjob-{role} -n {} --clusterrole={role} {subject}", facts.namespace)
}
