//! Does `spec.sidecars` name a container that is not there?
//!
//! It may be injected later, so it is not refused; it may be a misspelling, so it is said.

use chrono::{DateTime, Utc};

use super::Status;
use crate::api::conditions::{reasons, types};
use crate::engine::observed::{Observed, Pod};
use crate::engine::plan::Event;

/// The condition SidecarMissing, and an event when it becomes True.
pub fn note(seen: &Observed, status: &mut Status, now: DateTime<Utc>) -> Option<Event> {
    let roles = &seen.job.spec.roles;
    if roles.missing(|name| roles.in_template(name)).is_empty() {
        return None;
    }
    let (names, reason) = match seen.pods.last() {
        Some(pod) => (roles.missing(|name| has(pod, name)), reasons::NOT_IN_POD),
        None if roles.expects_injected() => return None,
        None => (roles.missing(|name| roles.in_template(name)), reasons::NOT_IN_TEMPLATE),
    };
    if names.is_empty() {
        status.conditions.clear(types::SIDECAR_MISSING, reasons::ALL_FOUND, "", now);
        return None;
    }
    let message = message(&names, seen.pods.last());
    let was = status.conditions.is_true(types::SIDECAR_MISSING);
    status.conditions.set(types::SIDECAR_MISSING, true, reason, &message, now);
    (!was).then(|| Event::warning(types::SIDECAR_MISSING, message))
}

fn has(pod: &Pod, name: &str) -> bool {
    pod.containers.iter().any(|c| c.name == name)
}

fn message(names: &[&str], pod: Option<&Pod>) -> String {
    let quoted = names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ");
    match pod {
        None => format!(
            "spec.sidecars names {quoted}, which is no container of spec.template; if a webhook will add it, set \
             spec.injectedContainers, else correct the name"
        ),
        Some(pod) => {
            let there = pod.containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            format!(
                "spec.sidecars names {quoted}, which is neither in spec.template nor was added to the Pod by a \
                 webhook; the Pod's containers are {there}: correct the name or the injection"
            )
        }
    }
}
