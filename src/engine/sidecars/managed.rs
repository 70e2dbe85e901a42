//! How is a Pod built whose sidecars the controller stops?
//!
//! Its containers stay as the template has them; only the kubelet's last word, SIGKILL, must not come before a sidecar had
//! the time that it was given. What plain containers can't do is told: `limits`. How they are stopped is `ladder`'s part.

use k8s_openapi::api::core::v1::PodSpec;

use super::{Sidecar, budget, recipes};
use crate::api::recipes::Recipe;
use crate::api::{StartBefore, StartUntil};

/// Makes the Pod wait as long as the sidecar that may take longest.
pub fn build(spec: &mut PodSpec, sidecars: &[Sidecar]) {
    let longest = sidecars.iter().filter_map(|s| s.grace).max().unwrap_or_default();
    spec.termination_grace_period_seconds = budget(spec, longest);
}

/// What the spec asks for and plain containers can't do.
pub fn limits(template: &PodSpec, sidecars: &[Sidecar], known: &[Recipe]) -> Vec<String> {
    let mut built = template.clone();
    build(&mut built, sidecars);
    let each = |s: &Sidecar| [early(s), shorter(s, &built, known), recipes::unknown(s, known)];
    sidecars.iter().flat_map(each).flatten().collect()
}

fn early(s: &Sidecar) -> Option<String> {
    (s.before == Some(StartBefore::Init) || s.until == StartUntil::Ready).then(|| {
        format!(
            "sidecar {} runs as a plain container, which starts beside the main containers: its start.before and \
             start.until are not kept",
            s.name
        )
    })
}

/// No process of a container can kill its first one: SIGKILL comes from the kubelet, after the Pod's own time.
fn shorter(s: &Sidecar, spec: &PodSpec, known: &[Recipe]) -> Option<String> {
    let grace = s.grace?.num_seconds();
    let pods = super::grace_seconds(spec);
    let has_way = s.way.is_some() || s.recipe.as_ref().is_some_and(|name| recipes::named(name, known).is_some());
    (grace < pods && !has_way).then(|| {
        format!(
            "stop.gracePeriodSeconds {grace} of sidecar {} is not kept: it is stopped by SIGTERM alone, and the kubelet's \
             SIGKILL comes after the Pod's terminationGracePeriodSeconds, {pods}; make that one shorter, or say in stop how \
             else it is stopped",
            s.name
        )
    })
}

#[cfg(test)]
mod tests;
