//! Which container of a Pod is told to stop by another one, so that it ends although nothing else ends it?
//!
//! A call that names its receiver, by a port, a program or a process, is for that one alone. A call that may be for several is
//! for one of them, and nobody knows for which: then it counts only if there are as many such calls as receivers.

use crate::cli::container;
use crate::cli::endless;
use crate::cli::known;
use crate::cli::known::{programs, sidecars};
use crate::cli::lint::call::Call;
use crate::cli::lint::call::calls;
use crate::cli::lint::subject::Role;
use crate::cli::lint::subject::Subject;
use crate::cli::shell::program::basename;

/// Processes of well-known sidecars beside the program of the sidecar.
const MORE_PROCESSES: [(&str, &str); 3] = [("kuma", "envoy"), ("consul-dataplane", "envoy"), ("fluentd", "ruby")];

/// How well a call fits a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// Nothing speaks against it.
    Maybe,
    /// The sidecar has an endpoint with this path.
    Likely,
    /// The port or the name is that of the container.
    Sure,
}

/// A container that may be told to stop.
struct Receiver {
    said: container::Container,
    is_endless: bool,
}

/// Whether another container tells the container with this name to stop. A webhook may add the container.
pub fn is_told(subject: &Subject<'_>, name: &str) -> bool {
    let receivers = receivers(subject);
    let shares_processes = subject.pod().at("shareProcessNamespace").is_true();
    let all = subject.containers.iter().flat_map(|one| calls(one, shares_processes).into_iter().map(|c| (one.name, c)));
    let fitting: Vec<(Call, Fit, Vec<&str>)> = all.filter_map(|(from, call)| fitting(from, call, &receivers)).collect();
    fitting.iter().any(|(call, fit, names)| {
        let is_for_many = matches!(call, Call::Request { is_for_many: true, .. });
        let same = fitting.iter().filter(|(_, _, others)| others == names).count();
        names.contains(&name) && (*fit == Fit::Sure || is_for_many || same >= names.len())
    })
}

fn receivers(subject: &Subject<'_>) -> Vec<Receiver> {
    let written = subject.containers.iter().filter(|one| one.role != Role::Init).map(|one| Receiver {
        said: one.said.clone(),
        is_endless: one.role == Role::Main && known::never_ends(&one.said).is_some(),
    });
    let injected = subject.injected().into_iter().map(|(name, is_native)| Receiver {
        said: container::Container { name: name.to_owned(), ..container::Container::default() },
        is_endless: !is_native,
    });
    written.chain(injected).collect()
}

/// The receivers that the call fits best.
fn fitting<'r>(from: &str, call: Call, receivers: &'r [Receiver]) -> Option<(Call, Fit, Vec<&'r str>)> {
    let others = receivers.iter().filter(|one| one.said.name != from);
    let fits = others.map(|one| (fit(&call, &one.said), one));
    let counts = fits.filter(|(fit, one)| *fit > Fit::Maybe || *fit == Fit::Maybe && one.is_endless);
    let counts: Vec<(Fit, &Receiver)> = counts.collect();
    let best = counts.iter().map(|(fit, _)| *fit).max()?;
    let names = counts.iter().filter(|(fit, _)| *fit == best).map(|(_, one)| one.said.name.as_str()).collect();
    Some((call, best, names))
}

fn fit(call: &Call, to: &container::Container) -> Fit {
    match call {
        Call::Signal(None) => Fit::Maybe,
        Call::Signal(Some(process)) if has_process(to, process) => Fit::Sure,
        Call::Signal(Some(_)) => Fit::No,
        Call::Request { port, exact, by_path, .. } => {
            let known = sidecars(to);
            let is_one_of = |recipes: &[String]| known.iter().any(|likeness| recipes.contains(&likeness.of));
            let listens = |port: &u16| to.words().iter().any(|word| has_number(word, *port));
            match () {
                () if port.is_some_and(|port| listens(&port)) || is_one_of(exact) => Fit::Sure,
                () if exact.is_empty() && is_one_of(by_path) => Fit::Likely,
                () if known.iter().any(|likeness| likeness.has_recipe) || hears_nothing(to) => Fit::No,
                () => Fit::Maybe,
            }
        }
    }
}

fn has_number(word: &str, number: u16) -> bool {
    word.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.parse() == Ok(number))
}

/// A program that only waits, as `sleep infinity`, has no endpoint.
fn hears_nothing(to: &container::Container) -> bool {
    to.script().is_none() && endless::endless(to).is_some_and(|endless| endless.is_sure)
}

/// Whether a process of the container may have this name, as `pkill` compares: a part of the name is enough.
fn has_process(to: &container::Container, process: &str) -> bool {
    let pattern = plain(process);
    let known = sidecars(to);
    let more = MORE_PROCESSES.iter().filter(|(of, _)| known.iter().any(|likeness| likeness.of == *of));
    let of_known =
        known.iter().flat_map(|likeness| programs(likeness)).chain(more.map(|(_, process)| process)).copied();
    let image = basename(&to.image).split([':', '@']).next().unwrap_or_default();
    let program = to.command.first().map(|program| basename(program));
    let names = [to.name.as_str(), image].into_iter().chain(program).chain(of_known);
    let words = to.words();
    let mut in_script = words.iter().flat_map(|word| word.split_whitespace()).map(basename);
    !pattern.is_empty()
        && (names.map(plain).any(|name| name.contains(&pattern)) || in_script.any(|word| plain(word) == pattern))
}

/// The letters and digits: a pattern may have other signs, and `cloud_sql_proxy` is `cloud-sql-proxy`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
