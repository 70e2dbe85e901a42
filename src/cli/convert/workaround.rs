//! Does the Pod stop its sidecar by hand: by a file in a shared volume, by a request, or by a signal to another container?

use crate::cli::container::Container;
use crate::cli::convert::known;
use crate::cli::convert::work::Work;
use crate::cli::shared_file::awaited;
use crate::cli::stopping;

/// A workaround that native sidecars make needless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workaround {
    /// The container that stops the other one.
    pub main: String,
    /// The container that waits; `None`: unknown.
    pub sidecar: Option<String>,
    /// The sentence.
    pub what: String,
}

/// The workarounds of an object.
pub fn found(work: &Work) -> Vec<Workaround> {
    let mut all: Vec<_> = work.containers.iter().flat_map(|main| by_file(work, main)).collect();
    all.extend(work.containers.iter().filter_map(|main| by_hand(work, main)));
    all
}

/// `main` writes a file in a volume that another container waits for to end. A sidecar that writes a file says that it is ready.
fn by_file(work: &Work, main: &Container) -> Vec<Workaround> {
    let is_sidecar = known::sign(main).is_some();
    let others = work.containers.iter().filter(|other| !is_sidecar && other.name != main.name);
    let pair = |other: &Container| {
        let file = awaited(other, main).into_iter().find(|file| work.shared.contains(&file.volume))?;
        let what = format!(
            "{} writes the file {} in volume {}, and {} waits for it: remove both from the commands, and the volume if nothing \
             else uses it",
            main.name, file.below, file.volume, other.name
        );
        Some(Workaround { main: main.name.clone(), sidecar: Some(other.name.clone()), what })
    };
    others.filter_map(pair).collect()
}

/// `main` stops a sidecar at its end.
fn by_hand(work: &Work, main: &Container) -> Option<Workaround> {
    let asks = |path| format!("{} asks a sidecar to stop ({path}): remove the request from the command", main.name);
    let sends = |program| {
        format!(
            "{} sends a signal to a sidecar ({program}): remove that from the command, and shareProcessNamespace if nothing else \
             uses it",
            main.name
        )
    };
    let what =
        stopping::request(main).map(asks).or_else(|| stopping::signal(main, work.shares_processes).map(sends))?;
    Some(Workaround { main: main.name.clone(), sidecar: None, what })
}
