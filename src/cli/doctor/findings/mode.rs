//! Who stops the sidecars of the next run in this namespace: the kubelet, or the controller? Pure.

use crate::api::kubernetes::NATIVE_SIDECARS;
use crate::cli::doctor::facts::Facts;
use crate::cli::doctor::finding::Finding;
use crate::cli::doctor::finding::Mode;
use crate::cli::doctor::findings::policy;
use crate::cli::doctor::probe::Seen;

/// The mode, and a sentence about it.
pub fn mode(facts: &Facts) -> (Mode, Option<Finding>) {
    const CHECK: &str = "Mode";
    if facts.version.is_err() {
        return (Mode::Unknown, None);
    }
    if facts.minor().is_some_and(|minor| minor < NATIVE_SIDECARS) {
        return (
            Mode::Managed,
            Some(Finding::ok(
                CHECK,
                "runs will use managed mode: the cluster has no native sidecars, so the controller stops sidecars",
            )),
        );
    }
    let Seen { bare, annotated } = Seen::of(facts);
    let is_proven = annotated.is_ok();
    if annotated.as_ref().or(bare.as_ref()).is_ok_and(|done| done.stripped) {
        return (
            Mode::Managed,
            Some(Finding::warn(
                CHECK,
                "runs will use managed mode: a webhook strips restartPolicy: Always, so the controller replaces the \
                     first Pod of a run and stops the sidecars itself",
            )),
        );
    }
    let by_policy = match &annotated {
        Ok(done) => done.moved,
        Err(_) => policy::is_in_force(facts),
    };
    let proof = if is_proven { "seen in a dry run" } else { "as far as is known without a dry run" };
    if by_policy {
        let words = "runs will use native sidecars, by policy: the kubelet stops every sidecar, and the policy also turns \
                     injected containers into native sidecars";
        return (Mode::NativeByPolicy, Some(Finding::ok(CHECK, format!("{words} ({proof})"))));
    }
    let plain = bare.map(|done| done.plain).unwrap_or_default();
    let injected = match plain.is_empty() {
        true => "containers that a webhook injects".to_owned(),
        false => format!("the injected {}", plain.join(", ")),
    };
    let words = format!(
        "runs will use native sidecars: the kubelet stops the sidecars that a run names, and the controller stops \
             {injected}"
    );
    (Mode::Native, Some(Finding::ok(CHECK, format!("{words} ({proof})"))))
}
