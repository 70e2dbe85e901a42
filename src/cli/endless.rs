//! Does the command of a container say that it never ends, and how sure is that?

use crate::cli::container::{Container, basename};

/// Programs that never end. Behind each stands a blank or the end.
const PROGRAMS: [&str; 3] = ["sleep infinity", "sleep inf", "tail -f /dev/null"];
/// Heads of loops without a condition. Behind each stands a semicolon or `do`.
const LOOPS: [&str; 4] = ["while true", "while :", "until false", "while [ 1 ]"];
/// Words with which a script leaves a loop, stops what never ends, or becomes another program.
const WAYS_OUT: [&str; 6] = ["break", "exit", "return", "kill", "exec", "timeout"];

/// A command that never ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endless {
    /// The piece that says so: `while true`, `tail -f`.
    pub piece: String,
    /// There is no way out. If false, the command probably never ends: it follows a file, or a trap ends it.
    pub is_sure: bool,
}

/// Whether the command never ends; `None`: it ends, or does not say.
pub fn endless(container: &Container) -> Option<Endless> {
    let text = match container.script() {
        Some(script) => script.to_owned(),
        None => line(&container.words()),
    };
    let is_sure = match container.script() {
        Some(script) => loops(script),
        None => !container.command.is_empty() && PROGRAMS.contains(&text.as_str()),
    };
    let piece = piece(&text)?;
    Some(Endless { piece, is_sure })
}

/// The words in one line, the program without its folder.
fn line(words: &[&str]) -> String {
    let program = words.first().map(|program| basename(program));
    program.into_iter().chain(words.iter().skip(1).copied()).collect::<Vec<_>>().join(" ")
}

/// Does the script never come to its end? A loop without a condition and without a way out, or a program that never ends,
/// in the foreground. What a trap does happens only on a signal.
fn loops(script: &str) -> bool {
    let script = without_traps(script);
    if WAYS_OUT.iter().any(|word| has_word(&script, word)) || is_in_background(&script) {
        return false;
    }
    let line = one_line(&script);
    LOOPS.iter().any(|head| heads(&line, head).next().is_some())
        || PROGRAMS.iter().any(|endless| line.ends_with(endless) || line.contains(&format!("{endless};")))
}

/// The first piece that never ends, as far as one can tell: a loop that nothing leaves, or a program in the foreground.
fn piece(text: &str) -> Option<String> {
    let is_trapped = text.contains("trap ");
    let line = one_line(&without_traps(text));
    // `exit` may stand in a function that a trap calls.
    let is_left = has_word(&line, "break") || has_word(&line, "exit") && !is_trapped;
    let of_loops = LOOPS.iter().filter(|_| !is_left).find_map(|head| {
        let mut loops = heads(&line, head).map(|behind| &line[behind..]);
        loops.any(|rest| stays(&rest[end_of_loop(rest)..])).then(|| (*head).to_owned())
    });
    let of_sleep = || {
        PROGRAMS.iter().take(2).find_map(|program| {
            let (before, behind) = line.split_once(program)?;
            (!is_bounded(before) && stays(behind)).then(|| (*program).to_owned())
        })
    };
    of_loops.or_else(of_sleep).or_else(|| follows(&line))
}

/// `tail` with `-f` or `-F`.
fn follows(line: &str) -> Option<String> {
    let starts = line.match_indices("tail ").filter(|(at, _)| !line[..*at].ends_with(|c: char| c.is_alphanumeric()));
    starts.filter(|(at, _)| !is_bounded(&line[..*at])).map(|(at, _)| &line[at..]).find_map(|rest| {
        let command = rest.split([';', '|', '&']).next().unwrap_or(rest);
        let words: Vec<&str> = command.split(' ').collect();
        let options = words[1..].iter().take_while(|word| word.starts_with(['-', '+']) || word.parse::<u64>().is_ok());
        let options: Vec<&str> = options.copied().collect();
        let is_follow = |word: &&str| match word.strip_prefix("--") {
            Some(long) => long.starts_with("follow"),
            None => word.starts_with('-') && word.contains(['f', 'F']),
        };
        let flag = options.iter().position(is_follow)?;
        let ends = words.iter().any(|word| word.starts_with("--pid"));
        (!ends && stays(rest)).then(|| words[..flag + 2].join(" "))
    })
}

/// Whether `timeout` bounds the command that these words precede.
fn is_bounded(before: &str) -> bool {
    has_word(before.rsplit([';', '|', '&']).next().unwrap_or_default(), "timeout")
}

/// Whether the script stays with a command that these words follow: no `&` puts the command into the background, or `wait` waits
/// for the command there.
fn stays(behind: &str) -> bool {
    !is_in_background(behind) || has_word(behind, "wait") && !has_word(behind, "kill")
}

/// The end of the loop whose head is before these words; 0: the words have no end of the loop.
fn end_of_loop(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    for word in rest.split_inclusive([' ', ';', '&']) {
        match word.trim_end_matches([' ', ';', '&']) {
            "do" => depth += 1,
            "done" if depth < 2 => return at + "done".len(),
            "done" => depth -= 1,
            _ => {}
        }
        at += word.len();
    }
    0
}

/// The places behind this head of a loop.
fn heads<'a>(line: &'a str, head: &'a str) -> impl Iterator<Item = usize> + 'a {
    let behind = line.match_indices(head).map(move |(at, _)| at + head.len());
    behind.filter(|at| line[*at..].trim_start().starts_with([';', 'd']))
}

fn one_line(script: &str) -> String {
    script.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_word(script: &str, word: &str) -> bool {
    script.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == word)
}

/// A single `&` at the end of a command.
fn is_in_background(script: &str) -> bool {
    let bytes = script.as_bytes();
    (0..bytes.len()).any(|n| {
        let is_and = |m: Option<usize>| m.and_then(|m| bytes.get(m)) == Some(&b'&');
        let to_a_file = n.checked_sub(1).and_then(|m| bytes.get(m)) == Some(&b'>') || bytes.get(n + 1) == Some(&b'>');
        bytes[n] == b'&' && !is_and(n.checked_sub(1)) && !is_and(Some(n + 1)) && !to_a_file
    })
}

/// The script without the actions of its traps.
fn without_traps(script: &str) -> String {
    let mut rest = script;
    let mut kept = String::new();
    while let Some(at) = rest.find("trap ") {
        let after = &rest[at + 5..];
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let end = quote.and_then(|quote| after[1..].find(quote)).map(|end| end + 2);
        kept.push_str(&rest[..at]);
        rest = &after[end.unwrap_or(0)..];
    }
    kept + rest
}

#[cfg(test)]
mod tests;
