//! How long does the kubelet wait before it sends SIGKILL?

use chrono::TimeDelta;
use k8s_openapi::api::core::v1::PodSpec;

use crate::engine::observed::grace_seconds;

/// The Pod's terminationGracePeriodSeconds: the value of the template, or the time that the sidecars need if that is
/// longer.
pub fn budget(spec: &PodSpec, needed: TimeDelta) -> Option<i64> {
    let needed = needed.num_seconds();
    if needed > grace_seconds(spec) { Some(needed) } else { spec.termination_grace_period_seconds }
}
