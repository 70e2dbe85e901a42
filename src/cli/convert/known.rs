//! Does a container look like a well-known sidecar, and how sure is that?

use std::fmt;

use crate::cli::container::Container;
use crate::cli::endless::endless;
use crate::cli::known::{self, Likeness};

/// How sure a role is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One sign says so: the name, the image or the command.
    Likely,
    /// Name and image say so.
    Sure,
    /// The user or the object says so.
    Given,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Likely => "likely",
            Self::Sure => "sure",
            Self::Given => "given",
        })
    }
}

/// A sidecar that the container looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// How sure.
    pub confidence: Confidence,
    /// A piece of a sentence: `name and image are those of istio`.
    pub why: String,
}

/// The best sign that a container is a sidecar.
pub fn sign(container: &Container) -> Option<Sign> {
    let known: Vec<_> = known::sidecars(container).iter().map(of).collect();
    let sure = known.iter().position(|sign| sign.confidence == Confidence::Sure).unwrap_or(0);
    let always = (container.restart.as_deref() == Some("Always"))
        .then(|| Sign { confidence: Confidence::Sure, why: "its restartPolicy is Always".into() });
    always.or_else(|| known.into_iter().nth(sure)).or_else(|| never_ends(container))
}

fn of(likeness: &Likeness) -> Sign {
    let (confidence, what) = match (likeness.by_name, likeness.by_image) {
        (true, true) => (Confidence::Sure, "name and image are those"),
        (true, false) => (Confidence::Likely, "the name is that"),
        (false, _) => (Confidence::Likely, "the image is that"),
    };
    Sign { confidence, why: format!("{what} of {}", likeness.of) }
}

fn never_ends(container: &Container) -> Option<Sign> {
    let piece = endless(container)?.piece;
    Some(Sign { confidence: Confidence::Likely, why: format!("its command has {piece:?}, which never ends") })
}
