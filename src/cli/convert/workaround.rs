//! Does the Pod stop its sidecar by hand: by a file in a shared volume, by a request, or by a signal to another container?

use crate::cli::convert::work::{Container, Work};

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
        let written = files(work, main, &["touch", ">", "rm"]);
        let awaited = files(work, other, &["-f", "-e", "-s", "inotifywait", "until", "cat"]);
        let (volume, file) = written.into_iter().find(|file| awaited.contains(file))?;
        let what = format!(
            "{} writes the file {file} in volume {volume}, and {} waits for it: remove both from the commands, and the volume if \
             nothing else uses it",
            main.name, other.name
        );
        Some(Workaround { main: main.name.clone(), sidecar: Some(other.name.clone()), what })
    };
    others.filter_map(pair).collect()
}

/// The files in shared volumes behind one of these words, as volume and path below the volume.
fn files(work: &Work, container: &Container, after: &[&str]) -> Vec<(String, String)> {
    let script = container.words.join(" ").replace('>', " > ");
    let cut = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '(' | ')' | '&' | '|');
    let words: Vec<&str> = script.split(cut).filter(|word| !word.is_empty()).collect();
    let behind = words.windows(2).filter(|pair| after.contains(&pair[0])).map(|pair| pair[1]);
    let in_volume = |path: &str| {
        let mounts = container.mounts.iter().filter(|(volume, _)| work.shared.contains(volume));
        let mut inside = mounts.filter_map(|(volume, at)| {
            let below = path.strip_prefix(at.trim_end_matches('/'))?.strip_prefix('/')?;
            Some((volume.clone(), below.to_owned()))
        });
        inside.next()
    };
    behind.filter_map(in_volume).collect()
}

/// `main` asks a sidecar to stop, at its end.
fn by_request(main: &Container) -> Option<Workaround> {
    let script = main.words.join(" ");
    let path = ["/quitquitquit", "/v1.0/shutdown", "/agent/v1/quit", "/graceful_shutdown"]
        .into_iter()
        .find(|path| script.contains(path))?;
    let what = format!("{} asks a sidecar to stop ({path}): remove the request from the command", main.name);
    // A proxy has the path in its own arguments too, but it does not call itself.
    let calls = ["curl", "wget", "http://"].iter().any(|word| script.contains(word));
    calls.then(|| Workaround { main: main.name.clone(), sidecar: None, what })
}
