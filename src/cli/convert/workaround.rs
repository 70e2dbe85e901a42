//! Does the Pod stop its sidecar by hand: by a file in a shared volume, by a request, or by a signal to another container?

use crate::cli::container::Container;
use crate::cli::convert::work::Work;
use crate::cli::shared_file::awaited;

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
    all.extend(work.containers.iter().filter_map(by_request));
    all
}

/// `main` writes a file in a volume that another container looks for.
fn by_file(work: &Work, main: &Container) -> Vec<Workaround> {
    let others = work.containers.iter().filter(|other| other.name != main.name);
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

/// `main` asks a sidecar to stop, at its end.
fn by_request(main: &Container) -> Option<Workaround> {
    let script = main.words().join(" ");
    let path = ["/quitquitquit", "/v1.0/shutdown", "/agent/v1/quit", "/graceful_shutdown"]
        .into_iter()
        .find(|path| script.contains(path))?;
    let what = format!("{} asks a sidecar to stop ({path}): remove the request from the command", main.name);
    // A proxy has the path in its own arguments too, but it does not call itself.
    let calls = ["curl", "wget", "http://"].iter().any(|word| script.contains(word));
    calls.then(|| Workaround { main: main.name.clone(), sidecar: None, what })
}
