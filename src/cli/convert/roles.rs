//! Which containers are main containers, and which are sidecars? What nobody can know is refused and not guessed.

use crate::api::labels;
use crate::cli::container::Container;
use crate::cli::convert::known::{self, Confidence, Sign};
use crate::cli::convert::work::Work;
use crate::cli::convert::workaround::Workaround;

/// What the user says.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// `--main`.
    pub main: Vec<String>,
    /// `--sidecar`.
    pub sidecars: Vec<String>,
}

/// A container that is a sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// The name.
    pub name: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why.
    pub why: String,
}

impl Sidecar {
    /// The container with this name, of which the sign says that it is a sidecar.
    pub fn of(name: &str, Sign { confidence, why }: Sign) -> Self {
        Self { name: name.to_owned(), confidence, why }
    }
}

/// The roles of the plain containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// The main containers.
    pub main: Vec<String>,
    /// The sidecars.
    pub sidecars: Vec<Sidecar>,
    /// Whether the user named a main container.
    pub said: bool,
}

/// The roles, or a sentence why nobody can know them.
pub fn roles(work: &Work, said: &Said, workarounds: &[Workaround]) -> Result<Roles, String> {
    let names: Vec<&str> = work.containers.iter().map(|container| container.name.as_str()).collect();
    let is_main = |name: &str| said.main.iter().any(|main| main == name);
    let is_sidecar = |name: &str| named_by(work, said, name).is_some();
    if let Some((both, by)) =
        names.iter().filter(|name| is_main(name)).find_map(|n| Some((n, named_by(work, said, n)?)))
    {
        return Err(format!("--main and {by} both name {both}"));
    }
    if names.len() < 2 && !names.iter().any(|name| is_sidecar(name)) {
        let main = names.iter().map(|name| (*name).to_owned()).collect();
        return Ok(Roles { main, sidecars: Vec::new(), said: names.iter().any(|name| is_main(name)) });
    }
    let has_main = names.iter().any(|name| is_main(name));
    let judged: Vec<(&str, Option<Sign>)> = work
        .containers
        .iter()
        .map(|container| {
            let name = container.name.as_str();
            let given = |why: &str| Some(Sign { confidence: Confidence::Given, why: why.to_owned() });
            let sign = match named_by(work, said, name) {
                _ if is_main(name) => None,
                Some(by) => given(&format!("{by} names it")),
                None if has_main => given("--main does not name it"),
                None => sign(work, container, workarounds),
            };
            (name, sign)
        })
        .collect();
    if !names.is_empty() && names.iter().all(|name| is_sidecar(name)) {
        return Err(all_named(work, said, &names));
    }
    some_known(&judged)?;
    // Convert's own output has the sidecars among the init containers: the same flag says as much there.
    let any_said = has_main || names.iter().chain(&work.native()).any(|name| is_sidecar(name));
    decided(&judged, any_said).map(|roles| Roles { said: has_main, ..roles }).ok_or_else(|| unknown(&names))
}

/// Who names the container as a sidecar.
fn named_by(work: &Work, said: &Said, name: &str) -> Option<String> {
    if said.sidecars.iter().any(|sidecar| sidecar == name) {
        return Some("--sidecar".into());
    }
    let annotated = work.said_sidecars().any(|sidecar| sidecar == name);
    annotated.then(|| format!("the annotation {}", labels::SIDECARS))
}

fn all_named(work: &Work, said: &Said, names: &[&str]) -> String {
    let mut by: Vec<String> = names.iter().filter_map(|name| named_by(work, said, name)).collect();
    by.dedup();
    let verb = if by.len() == 1 { "names" } else { "name" };
    let all = names.join(", ");
    format!("{} {verb} all containers ({all}), and none is left as the main container", by.join(" and "))
}

fn sign(work: &Work, container: &Container, workarounds: &[Workaround]) -> Option<Sign> {
    if work.mark(labels::DEFAULT_CONTAINER) == Some(&container.name) {
        return None;
    }
    let waits = workarounds.iter().find(|found| found.sidecar.as_deref() == Some(container.name.as_str()));
    let by_workaround = waits
        .map(|found| Sign { confidence: Confidence::Likely, why: format!("it waits for a file of {}", found.main) });
    let stops = workarounds.iter().any(|found| found.main == container.name && found.sidecar.is_none());
    known::sign(container).or(by_workaround).filter(|sign| !stops || sign.confidence == Confidence::Sure)
}

/// One container without a sign is the main container. If all have one, and one of them alone is not sure, it is that one.
fn decided(judged: &[(&str, Option<Sign>)], any_said: bool) -> Option<Roles> {
    let plain: Vec<_> = judged.iter().filter(|(_, sign)| sign.is_none()).map(|(name, _)| *name).collect();
    let likely = judged.iter().filter(|(_, sign)| sign.as_ref().is_some_and(|s| s.confidence == Confidence::Likely));
    let likely: Vec<_> = likely.map(|(name, _)| *name).collect();
    let main = match (plain.len(), likely.len()) {
        (1, _) => plain,
        (0, 1) => likely,
        (2.., _) if any_said => plain,
        _ => return None,
    };
    let sidecars = judged
        .iter()
        .filter(|(name, _)| !main.contains(name))
        .filter_map(|(name, sign)| Some(Sidecar::of(name, sign.clone()?)));
    let sidecars = sidecars.collect();
    Some(Roles { main: main.into_iter().map(str::to_owned).collect(), sidecars, said: false })
}

/// Refuses if a sidecar is known, the user says nothing, and nothing says which of several others are main containers.
fn some_known(judged: &[(&str, Option<Sign>)]) -> Result<(), String> {
    let names = |known: bool| {
        let all = judged.iter().filter(move |(_, sign)| sign.is_some() == known);
        all.map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let (known, others) = (names(true), names(false));
    let is_said =
        |(_, sign): &(&str, Option<Sign>)| sign.as_ref().is_some_and(|sign| sign.confidence == Confidence::Given);
    if known.is_empty() || others.len() < 2 || judged.iter().any(is_said) {
        return Ok(());
    }
    let flags: Vec<_> = known.iter().map(|name| format!("--sidecar {name}")).collect();
    Err(format!(
        "{} looks like a sidecar, and nothing says which of {} are main containers: if all are, use {}; --main NAME makes \
         sidecars of all containers that it does not name",
        known.join(", "),
        others.join(", "),
        flags.join(" ")
    ))
}

fn unknown(names: &[&str]) -> String {
    format!(
        "the containers are {}, and nothing says which of them is the main container: --main NAME or --sidecar NAME says it; if \
         all are, name each with --main",
        names.join(", ")
    )
}
