//! How long does the kubelet wait before it kills?

use chrono::TimeDelta;
use k8s_openapi::api::core::v1::PodSpec;

use crate::engine::observed::grace_seconds;

/// The Pod's terminationGracePeriodSeconds: what it says, or what its sidecars need if that is longer.
pub fn budget(spec: &PodSpec, needed: TimeDelta) -> Option<i64> {
    let needed = needed.num_seconds();
    if needed > grace_seconds(spec) { Some(needed) } else { spec.termination_grace_period_seconds }
}
