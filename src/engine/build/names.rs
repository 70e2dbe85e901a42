//! What is a Pod called?
//!
//! Computed, never drawn: the same Pod made twice is refused by the API server as AlreadyExists. The name looks like
//! one that the API server made up (`cleanup-x7k2p`), so that tools and eyes see nothing new.

use crate::engine::plan::NewPod;

/// The letters that Kubernetes' own generated names use: no vowels, so no words.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// How many letters the suffix has, as in Kubernetes' generated names.
const SUFFIX: u32 = 5;
/// A Pod's name is its host name, and that is a DNS label.
const MAX: usize = 63;

/// The longest prefix of a generated name.
const MAX_PREFIX: usize = MAX - SUFFIX as usize;

/// The name of that Pod of the job with that name and UID. Two numbers below 14,348,907 never give one name.
pub fn pod(job: &str, uid: &str, new: NewPod) -> String {
    format!("{}{}", prefix(job, new.index), suffix(uid, new.number))
}

/// What the name begins with: `cleanup-`, of an Indexed run `cleanup-3-`. The job's part is cut if it is too long.
pub fn prefix(job: &str, index: Option<u32>) -> String {
    let end = index.map_or("-".into(), |index| format!("-{index}-"));
    let room = MAX_PREFIX - end.len();
    let base = job.get(..room.min(job.len())).unwrap_or(job).trim_end_matches(['-', '.']);
    format!("{base}{end}")
}

/// The name of the ephemeral container that sends a signal to a container. The same signal sent twice has one name.
pub fn signal_container(container: &str, signal: &str) -> String {
    let sum = suffix(&format!("{container} {signal}"), 0);
    let base = format!("{}-{container}", signal.to_ascii_lowercase());
    let room = MAX - 1 - SUFFIX as usize;
    format!("{}-{sum}", base.get(..room.min(base.len())).unwrap_or(&base).trim_end_matches('-'))
}

/// Five letters: a walk through all of them with a stride that has no factor 3, from a start that the UID gives.
fn suffix(uid: &str, number: u32) -> String {
    let all = 27_u64.pow(SUFFIX);
    let mut n = (fnv1a(uid) % all + u64::from(number) % all * 8_675_309) % all;
    (0..SUFFIX)
        .map(|_| {
            let letter = LETTERS[(n % 27) as usize];
            n /= 27;
            char::from(letter)
        })
        .collect()
}

/// A hash that is the same in every version of this program.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
