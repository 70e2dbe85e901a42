//! What does a container do to make another one stop: which quit endpoint does it call, whom does it send a signal?

use crate::api::recipes;
use crate::api::recipes::Way;
use crate::cli::known;
use crate::cli::lint::subject::Container;
use crate::cli::shell::program::basename;
use crate::cli::stopping;

/// The path of most quit endpoints, which programs also take as a word without the slash.
const QUIT: &str = "quitquitquit";
/// Pieces of words of programs that call an endpoint by themselves, and the recipes whose endpoint that is.
const CALLERS: [(&str, &[&str]); 4] = [
    ("pilot-agent", &["istio"]),
    ("linkerd-await", &["linkerd"]),
    ("scuttle", &["istio", "envoy"]),
    ("ISTIO_QUIT_API", &["istio", "envoy"]),
];
/// The options without which a caller does not make the sidecar stop.
const AWAIT_STOPS: [&str; 2] = ["--shutdown", "-S"];
/// Programs behind whose options the name of a process stands.
const NAMERS: [&str; 5] = ["pkill", "pgrep", "killall", "pidof", "grep"];
/// The ones of them that take several names.
const TAKE_ALL: [&str; 2] = ["killall", "pidof"];
/// Options of them whose next word is a value.
const WITH_VALUE: [&str; 7] = ["-s", "--signal", "-u", "-U", "-g", "-G", "-t"];

/// What makes another container stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A request to a quit endpoint.
    Request {
        /// The port, if the words say so.
        port: Option<u16>,
        /// The recipes whose port and path these are.
        exact: Vec<String>,
        /// The recipes whose path this is.
        by_path: Vec<String>,
        /// A loop calls several ports.
        is_for_many: bool,
    },
    /// A signal to the processes with this name; `None`: unknown to whom.
    Signal(Option<String>),
}

/// What the container does, each thing once. `shares_processes`: the containers see the processes of each other.
pub fn calls(container: &Container<'_>, shares_processes: bool) -> Vec<Call> {
    // The words of a server are about its own endpoint.
    if container.said.script().is_none() && known::never_ends(&container.said).is_some() {
        return Vec::new();
    }
    let texts = texts(container);
    let mut all = by_programs(&texts);
    if all.is_empty() {
        let has_loop = container.said.words().iter().any(|word| word.contains("for "));
        all = texts.iter().flat_map(|text| requests(text, has_loop)).collect();
    }
    if stopping::signal(&container.said, shares_processes).is_some() {
        all.extend(signals(&container.said.words().join(" ")));
    }
    let mut once = Vec::new();
    all.into_iter().for_each(|call| {
        if !once.contains(&call) {
            once.push(call)
        }
    });
    once
}

/// The words of the commands that the container may run, without what its script only says or has in comments, and the values of
/// the environment with their names. Of a script that can't be read, all words.
fn texts(container: &Container<'_>) -> Vec<String> {
    let env = container.node.at("env").items();
    let values = env.iter().filter_map(|one| Some(format!("{}={}", one.at("name").text()?, one.at("value").text()?)));
    let said = stopping::said(&container.said);
    match said.is_empty() {
        true => container.said.words().into_iter().map(str::to_owned).chain(values).collect(),
        false => std::iter::once(said).chain(values).collect(),
    }
}

fn by_programs(texts: &[String]) -> Vec<Call> {
    let words = || texts.iter().flat_map(|text| words(text));
    let calls = |program: &str| match program {
        "pilot-agent" => words().any(|word| word.contains(QUIT)),
        "linkerd-await" => words().any(|word| AWAIT_STOPS.contains(&word)),
        _ => true,
    };
    let callers = CALLERS.iter().filter(|(program, _)| words().any(|word| word.contains(program)) && calls(program));
    let of = |recipes: &[&str]| recipes.iter().map(|name| (*name).to_owned()).collect();
    callers
        .map(|(_, recipes)| Call::Request { port: None, exact: of(recipes), by_path: Vec::new(), is_for_many: false })
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | '(' | ')' | '|' | '&' | ',');
    text.split(ends).filter(|word| !word.is_empty())
}

/// `has_loop`: the script calls an address of several ports.
fn requests(text: &str, has_loop: bool) -> Vec<Call> {
    words(text).filter_map(|word| request(word, has_loop)).collect()
}

/// The request in a word. An option with a path, as `--drain-path=/quitquitquit`, is a setting of the program itself.
fn request(word: &str, has_loop: bool) -> Option<Call> {
    let recipes = recipes::built_in();
    let ways = recipes.iter().flat_map(|recipe| recipe.stop.iter().map(move |way| (recipe, way)));
    let endpoints = ways.filter_map(|(recipe, way)| match way {
        Way::Http(http) => Some((recipe.name.clone(), http.port, http.path.as_str())),
        Way::Exec(_) | Way::Signal(_) => None,
    });
    let endpoints: Vec<(String, u16, &str)> = endpoints.collect();
    let found = endpoints.iter().filter_map(|(_, _, path)| Some((*path, address(word, path)?)));
    let (path, before) = match found.max_by_key(|(path, _)| path.len()) {
        Some((path, before)) => (path.to_owned(), before),
        None if word == QUIT => (format!("/{QUIT}"), ""),
        None => return None,
    };
    let port = before.rsplit(':').next().filter(|port| *port != before).and_then(|port| port.parse().ok());
    let names = |is_it: &dyn Fn(u16) -> bool| {
        let some = endpoints.iter().filter(|(_, port, other)| *other == path && is_it(*port));
        some.map(|(name, ..)| name.clone()).collect()
    };
    let exact = names(&|known| Some(known) == port);
    Some(Call::Request { port, exact, by_path: names(&|_| true), is_for_many: has_loop && before.contains('$') })
}

/// What stands before the path in the word, if the word is an address.
fn address<'w>(word: &'w str, path: &str) -> Option<&'w str> {
    let (before, behind) = word.split_once(path)?;
    let goes_on = behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    let has_host = before.contains([':', '$']) || before.contains("localhost") || before.starts_with("127.");
    let is_setting = before.starts_with('-') && !before.contains(':');
    // `/shutdown` is the end of many paths; the others are long enough.
    (!goes_on && !is_setting && (has_host || path.contains(QUIT) || path.matches('/').count() > 1)).then_some(before)
}

/// The processes that get a signal, by their names.
fn signals(line: &str) -> Vec<Call> {
    let by_ps = words(line).any(|word| word == "ps");
    let commands = commands(line);
    let names = commands.iter().flat_map(|command| named(command, by_ps));
    let all: Vec<Call> = names.map(|name| Call::Signal((!name.contains('$')).then_some(name))).collect();
    if all.is_empty() { vec![Call::Signal(None)] } else { all }
}

fn named(command: &[String], by_ps: bool) -> Vec<String> {
    let is_namer = |word: &&str| NAMERS.contains(word) && (by_ps || *word != "grep");
    let programs = command.iter().map(|word| basename(word));
    let Some((at, program)) = programs.enumerate().find(|(_, word)| is_namer(word)) else { return Vec::new() };
    let mut rest = command[at + 1..].iter();
    let mut names = Vec::new();
    while let Some(word) = rest.next() {
        match word {
            _ if WITH_VALUE.contains(&word.as_str()) => drop(rest.next()),
            _ if program == "grep" && word == "-v" => return Vec::new(),
            _ if word.starts_with('-') => {}
            _ => names.extend(word.split('|').map(|name| name.trim_end_matches('\\').to_owned())),
        }
        if !names.is_empty() && !TAKE_ALL.contains(&program) {
            break;
        }
    }
    names
}

/// The words of each command of a line, without their quotes.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut all = vec![vec![String::new()]];
    let mut quote = None;
    for c in line.chars() {
        let words = all.last_mut().map(|words| (words.len(), words));
        let Some((_, words)) = words else { continue };
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ';' | '|' | '&' | '\n' | '(' | ')' | '`') => all.push(vec![String::new()]),
            (None, _) if c.is_whitespace() => words.push(String::new()),
            _ => words.iter_mut().last().into_iter().for_each(|word| word.push(c)),
        }
    }
    let filled = |words: Vec<String>| words.into_iter().filter(|word| !word.is_empty()).collect();
    all.into_iter().map(filled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_request_if_it_has_an_address_with_the_path_of_an_endpoint() {
        // The word; the port, the recipes by port and path.
        let rows = [
            ("localhost:9091/quitquitquit", Some((Some(9091), &["cloud-sql-proxy", "alloydb-auth-proxy"][..]))),
            ("QUIT=http://localhost:15020/quitquitquit", Some((Some(15020), &["istio"]))),
            ("http://127.0.0.1:3500/v1.0/shutdown", Some((Some(3500), &["dapr"]))),
            ("127.0.0.1:4191/shutdown", Some((Some(4191), &["linkerd"]))),
            ("http://$HOST:$PORT/quitquitquit", Some((None, &[]))),
            ("quitquitquit", Some((None, &[]))),
            ("--url=http://localhost:9901/quitquitquit", Some((Some(9901), &["envoy"]))),
            ("--quitquitquit", None),
            ("--drain-path=/quitquitquit", None),
            ("/opt/shutdown", None),
            ("localhost:4191/shutdown.html", None),
        ];
        for (word, expected) in rows {
            let expected = expected.map(|(port, exact)| (port, exact.iter().map(|name| (*name).to_owned()).collect()));
            let found = request(word, false).map(|call| match call {
                Call::Request { port, exact, .. } => (port, exact),
                Call::Signal(_) => unreachable!("{word}"),
            });
            assert_eq!(found, expected, "{word}");
        }
    }

    #[test]
    fn a_signal_goes_to_the_processes_that_the_command_names() {
        let rows = [
            ("work; pkill -INT fluent-bit", &[Some("fluent-bit")][..]),
            ("work; pkill -s TERM -f 'envoy|nginx'", &[Some("envoy"), Some("nginx")]),
            ("work && killall -9 one two", &[Some("one"), Some("two")]),
            ("kill $(pidof cloud_sql_proxy)", &[Some("cloud_sql_proxy")]),
            ("kill `pgrep -x vector`", &[Some("vector")]),
            ("ps aux | grep '[f]luentd' | grep -v root | awk '{print $2}' | xargs kill", &[Some("[f]luentd")]),
            ("pkill \"$NAME\"", &[None]),
            ("kill $(ps | awk '/x/ {print $1}')", &[None]),
        ];
        for (line, expected) in rows {
            let expected: Vec<Call> = expected.iter().map(|name| Call::Signal(name.map(str::to_owned))).collect();
            assert_eq!(signals(line), expected, "{line}");
        }
    }
}
