//! Which Pods hang because a webhook changed them, and what does the controller do with them?

use crate::api::conditions::reasons;
use crate::engine::build::changed::{Sent, must_be_managed};
use crate::engine::count::outcome;
use crate::engine::deeds::{pods, starting};
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Pod, State};
use crate::engine::plan::Deed;

/// Replaces each Pod that hangs in a sidecar without `restartPolicy: Always`, and does not count the Pod. Fails the Pod
/// if it was managed already, because no other mode is left. Waits until the condition PodChanged is stored, so that a
/// restarted controller knows of the change.
pub fn hanging(j: &Judgement) -> Deed {
    let seen = j.seen;
    if !must_be_managed(&seen.job.status.conditions) {
        return Deed::default();
    }
    let spec = &seen.job.spec;
    let open = |pod: &&Pod| pod.active() && outcome::of(pod, spec, false).is_none();
    let sent = Sent::of(&seen.job);
    let hanging: Vec<&Pod> = seen.own_pods().filter(open).filter(|pod| hangs(pod, &sent)).collect();
    let (managed, native): (Vec<&Pod>, Vec<&Pod>) = hanging.into_iter().partition(|pod| pod.marks.managed);
    let why = "a webhook removes restartPolicy from a sidecar in managed mode too, so the main containers never start; \
               correct the webhook";
    let replaced = pods::end_unrecorded(seen, native);
    let fail = |pod| starting::fail_pod(pod, reasons::RESTART_POLICY_STRIPPED, why, j.now);
    Deed::of(replaced.into_iter().chain(managed.into_iter().filter_map(fail)))
}

fn hangs(pod: &Pod, sent: &Sent) -> bool {
    let ended = |name: &str| {
        let mut of_name = pod.containers.iter().filter(|c| c.name == name);
        of_name.any(|c| matches!(c.state, State::Terminated { exit: 0, .. }))
    };
    sent.stripped(pod).any(|name| !ended(name))
}
