//! What is the name of a Pod?
//!
//! The engine computes the name, without chance: so the API server rejects a second create of the same Pod as
//! AlreadyExists. The name looks like a name that the API server generates (`cleanup-x7k2p`).

use crate::engine::plan::NewPod;

/// The letters that Kubernetes' own generated names use: no vowels, so no words.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// How many letters the suffix has, as in Kubernetes' generated names.
const SUFFIX: u32 = 5;
/// A Pod's name is its host name, and that is a DNS label.
const MAX: usize = 63;

/// The longest prefix of a generated name.
const MAX_PREFIX: usize = MAX - SUFFIX as usize;

/// The name of a Pod of the run with this name and UID. Two numbers below 14,348,907 never give the same name.
pub fn pod(job: &str, uid: &str, new: NewPod) -> String {
    format!("{}{}", prefix(job, new.index), suffix(uid, new.number))
}

/// The beginning of the name: `cleanup-`, in an Indexed run `cleanup-3-`. A long name of the run is cut.
pub fn prefix(job: &str, index: Option<u32>) -> String {
    let end = index.map_or("-".into(), |index| format!("-{index}-"));
    let room = MAX_PREFIX - end.len();
    let base = job.get(..room.min(job.len())).unwrap_or(job).trim_end_matches(['-', '.']);
    format!("{base}{end}")
}

/// The name of the ephemeral container that sends a signal to a container. The same signal always has the same name.
pub fn signal_container(container: &str, signal: &str) -> String {
    let sum = suffix(&format!("{container} {signal}"), 0);
    let base = format!("{}-{container}", signal.to_ascii_lowercase());
    let room = MAX - 1 - SUFFIX as usize;
    format!("{}-{sum}", base.get(..room.min(base.len())).unwrap_or(&base).trim_end_matches('-'))
}

/// Five letters. From a start that follows from the UID, each number is one stride further through all combinations.
/// The stride has no factor 3, so the walk visits each combination once.
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
