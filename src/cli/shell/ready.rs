//! Does a script wait for something before it begins to work?

use std::collections::BTreeMap;

use crate::cli::shell::program::Program;
use crate::cli::shell::{Command, Form, Item, List, Loop, parsed, visit};

/// Commands that may stand before the wait.
const BEFORE: [&str; 13] =
    ["", ".", ":", "cd", "echo", "export", "printf", "set", "sleep", "source", "trap", "true", "umask"];
/// Programs that wait for a server.
const WAITERS: [&str; 6] = ["wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh", "wait4x", "dockerize"];
/// How deep functions and scripts are followed.
const DEEPEST: usize = 8;

/// Whether the first work of the script is to wait.
pub fn waits_first(script: &List) -> bool {
    first(script, &BTreeMap::new(), 0).unwrap_or(false)
}

/// `None`: there is no work in the list.
fn first(list: &[Item], outer: &BTreeMap<String, Command>, depth: usize) -> Option<bool> {
    let mut functions = outer.clone();
    for item in list.iter().filter(|item| !item.is_background) {
        let command = item.first.commands.first()?;
        let found = match &command.form {
            _ if depth > DEEPEST => Some(false),
            Form::Function(name, body) => {
                functions.insert(name.clone(), (**body).clone());
                None
            }
            Form::Simple(simple) => of_program(&Program::of(&simple.words), &functions, depth),
            Form::Loop(looped) => Some(waits(looped)),
            Form::For(body) => Some(leaves(body)),
            Form::Group(list) | Form::Subshell(list) => first(list, &functions, depth + 1),
            Form::If(..) | Form::Case(..) | Form::Arithmetic(_) => Some(false),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn of_program(program: &Program, functions: &BTreeMap<String, Command>, depth: usize) -> Option<bool> {
    let name = program.name();
    match (&program.script, functions.get(name)) {
        (Some(script), _) => parsed(script).map_or(Some(false), |list| first(&list, functions, depth + 1)),
        (None, Some(body)) => first(&visit::alone(body), functions, depth + 1),
        (None, None) if BEFORE.contains(&name) => None,
        (None, None) => Some(WAITERS.contains(&name)),
    }
}

/// `until …`, `while ! …`, or a loop that something leaves.
fn waits(looped: &Loop) -> bool {
    let is_negated = looped.condition.first().is_some_and(|item| item.first.is_negated);
    looped.is_until || is_negated || leaves(&looped.body)
}

fn leaves(body: &[Item]) -> bool {
    visit::programs(body).iter().any(|program| program.name() == "break")
}
