//! Is the run over with this write of the status?
//!
//! The result is known, nothing of the run runs any more, and the status counts every Pod. A batch/v1 Job also waits
//! until none of its Pods has our finalizer, as under the built-in Job controller.

use crate::api::Kind;
use crate::engine::judgement::Judgement;
use crate::engine::observed::Job;
use crate::engine::result::given_up;

/// This status is the last one: the run is Complete or Failed.
pub fn is_over(j: &Judgement) -> bool {
    let Judgement { seen, tally, ending, now } = j;
    if ending.is_none() || tally.record.more || !tally.held.is_empty() {
        return false;
    }
    let ended = tally.all_ended() || (is_sidecarjob(&seen.job) && given_up::given_up(seen, tally, *now));
    ended && (is_sidecarjob(&seen.job) || seen.own_pods().all(|pod| !pod.tracked))
}

/// The run is a SidecarJob, not a batch/v1 Job.
pub fn is_sidecarjob(job: &Job) -> bool {
    job.kind == Kind::SidecarJob
}
