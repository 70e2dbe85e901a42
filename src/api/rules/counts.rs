//! Which numbers may a spec have, and which of them together: how many Pods, how many failures, for how long?

use serde_json::{Value, json};

use crate::api::rules::Group;
use crate::api::rules::default;

/// Bounds of single fields, and the defaults that depend on no other field. The defaults of `backoffLimit` and
/// `podReplacementPolicy` depend on other fields, so the code that reads the spec sets them.
pub fn bounds(spec: &mut Value) {
    let fields = &mut spec["properties"];
    for field in [
        "parallelism",
        "completions",
        "backoffLimit",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
        "ttlSecondsAfterFinished",
        "activeDeadlineSeconds",
    ] {
        fields[field]["minimum"] = json!(0);
        fields[field]["maximum"] = json!(i32::MAX);
    }
    fields["completedIndexes"]["maxLength"] = json!(COMPLETED_INDEXES_MAX);
    fields["completedIndexes"]["pattern"] = json!(r"^[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*$");
    default(&mut fields["suspend"], false);
    default(&mut fields["completionMode"], "NonIndexed");
    default(&mut fields["manualSelector"], false);
}

/// How many indexes there are: 1 with neither completions nor parallelism, as of a Job, whose spec the API server completes.
macro_rules! indexes {
    ($spec:literal) => {
        concat!("(has(", $spec, ".completions) ? ", $spec, ".completions : 1)")
    };
}
pub(super) use indexes;

/// The API server's limits keep completedIndexes and failedIndexes small enough to be stored.
pub const INDEXED: Group = Group {
    unless: "self.completionMode != 'Indexed'",
    about: Some(
        "spec.completionMode Indexed needs spec.completions beside spec.parallelism, and a parallelism of at most 100000",
    ),
    rules: &[
        (
            "has(self.completions) || !has(self.parallelism)",
            "spec.completions is missing: completionMode Indexed with spec.parallelism needs the number of indexes",
        ),
        (
            "!has(self.parallelism) || self.parallelism <= 100000",
            "spec.parallelism must be at most 100000 with completionMode Indexed",
        ),
    ],
};

/// The longest list of indexes that a run may begin with, in characters.
pub const COMPLETED_INDEXES_MAX: usize = 65_536;

/// Indexes that succeeded in an earlier run.
pub const COMPLETED_INDEXES: Group = Group {
    unless: "!has(self.completedIndexes)",
    about: None,
    rules: &[("self.completionMode == 'Indexed'", "spec.completedIndexes needs completionMode Indexed")],
};

/// A limit on the failures of each index.
pub const PER_INDEX: Group = Group {
    unless: "!has(self.backoffLimitPerIndex)",
    about: Some(
        "spec.backoffLimitPerIndex needs spec.completionMode Indexed, and bounds with more than 100000 completions",
    ),
    rules: &[
        (
            "self.completionMode == 'Indexed'",
            "spec.backoffLimitPerIndex needs spec.completionMode Indexed: set it, or use backoffLimit",
        ),
        (
            "!has(self.completions) || self.completions <= 100000 || has(self.maxFailedIndexes)",
            "spec.maxFailedIndexes is missing: with backoffLimitPerIndex and more than 100000 completions it must be given, \
             at most 10000",
        ),
        (
            "!has(self.completions) || self.completions <= 100000 || !has(self.maxFailedIndexes) || \
             self.maxFailedIndexes <= 10000",
            "spec.maxFailedIndexes must be at most 10000 with backoffLimitPerIndex and more than 100000 completions",
        ),
        (
            "!has(self.completions) || self.completions <= 100000 || !has(self.parallelism) || self.parallelism <= 10000",
            "spec.parallelism must be at most 10000 with backoffLimitPerIndex and more than 100000 completions",
        ),
    ],
};

/// How many indexes may fail.
pub const FAILED_INDEXES: Group = Group {
    unless: "!has(self.maxFailedIndexes)",
    about: Some(
        "spec.maxFailedIndexes needs spec.completionMode Indexed and spec.backoffLimitPerIndex, and has bounds",
    ),
    rules: &[
        (
            "self.completionMode == 'Indexed'",
            "spec.maxFailedIndexes needs spec.completionMode Indexed: set it, or use backoffLimit",
        ),
        (
            "has(self.backoffLimitPerIndex)",
            "spec.maxFailedIndexes needs spec.backoffLimitPerIndex: set how many Pods of one index may fail",
        ),
        ("self.maxFailedIndexes <= 100000", "spec.maxFailedIndexes must be at most 100000"),
        (
            concat!("self.maxFailedIndexes <= ", indexes!("self")),
            "spec.maxFailedIndexes must be at most spec.completions: there are no more indexes that could fail",
        ),
    ],
};

/// A rule on the whole object: an index is a part of the Pod's host name.
pub const HOST_NAMES: Group = Group {
    unless: concat!("self.spec.completionMode != 'Indexed' || ", indexes!("self.spec"), " == 0"),
    about: None,
    rules: &[(
        concat!(
            "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && ",
            "size(self.metadata.name) + 1 + size(string(",
            indexes!("self.spec"),
            " - 1)) <= 63"
        ),
        "metadata.name, a hyphen and the highest index (spec.completions - 1) must be a host name: at most 63 of a-z, 0-9 \
         and -; choose a shorter name without dots",
    )],
};
