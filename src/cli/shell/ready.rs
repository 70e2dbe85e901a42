//! Does a script wait for something before it begins to work?

use std::collections::BTreeMap;

use crate::cli::shell::program::Program;
use crate::cli::shell::{Command, Form, Item, List, Loop, parsed, visit};

/// Commands that may stand before the wait.
const BEFORE: [&str; 40] = [
    "", ".", ":", "[", "[[", "cat", "cd", "chmod", "chown", "command", "date", "declare", "echo", "env", "exit",
    "export", "false", "hostname", "id", "let", "ln", "local", "ls", "mkdir", "printf", "pwd", "readonly", "return",
    "set", "shopt", "sleep", "source", "test", "touch", "trap", "true", "ulimit", "umask", "unset", "whoami",
];
/// Programs that wait for a server.
const WAITERS: [&str; 6] = ["wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh", "wait4x", "dockerize"];
/// How deep functions and scripts are followed, and how many commands.
const DEEPEST: usize = 8;
const MOST: usize = 1_000;

/// Whether the first work of the script is to wait.
pub fn waits_first(script: &List) -> bool {
    Reader { functions: visit::functions(script), steps: 0 }.first(script, 0).unwrap_or(false)
}

struct Reader<'a> {
    functions: BTreeMap<&'a str, &'a Command>,
    steps: usize,
}

impl Reader<'_> {
    /// `None`: there is no work in the list.
    fn first(&mut self, list: &[Item], depth: usize) -> Option<bool> {
        let commands = list.iter().filter(|item| !item.is_background).filter_map(|item| item.first.commands.first());
        for command in commands {
            let found = self.command(command, depth);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn command(&mut self, command: &Command, depth: usize) -> Option<bool> {
        self.steps += 1;
        match &command.form {
            _ if depth > DEEPEST || self.steps > MOST => Some(false),
            Form::Function(..) => None,
            Form::Simple(simple) => self.program(&Program::of(&simple.words), depth),
            Form::Loop(looped) => Some(waits(looped)),
            Form::For(body) => Some(leaves(body)),
            Form::Group(list) | Form::Subshell(list) => self.first(list, depth + 1),
            Form::If(branches, rest) => {
                let lists = branches.iter().flat_map(|(condition, body)| [condition, body]).chain(rest);
                self.any(lists, depth)
            }
            Form::Case(branches, _) => self.any(branches, depth),
            Form::Arithmetic(_) => None,
        }
    }

    /// Whether one of the branches waits; `None`: there is no work in any.
    fn any<'b>(&mut self, branches: impl IntoIterator<Item = &'b List>, depth: usize) -> Option<bool> {
        branches.into_iter().filter_map(|list| self.first(list, depth + 1)).reduce(|one, other| one || other)
    }

    fn program(&mut self, program: &Program, depth: usize) -> Option<bool> {
        let name = program.name();
        if let Some(script) = &program.script {
            let Some(list) = parsed(script) else { return Some(false) };
            let mut inner = Reader { functions: visit::functions(&list), steps: self.steps };
            let found = inner.first(&list, depth + 1);
            self.steps = inner.steps;
            return found;
        }
        match self.functions.get(name).copied() {
            Some(body) => self.command(body, depth + 1),
            None if BEFORE.contains(&name) => None,
            None => Some(WAITERS.contains(&name)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_waits_first_if_no_work_stands_before_the_wait() {
        let rows = [
            ("a loop that waits", "until nc -z db 5432; do sleep 1; done; run", true),
            ("a folder is made before", "mkdir -p /x && cd /x; while ! nc -z db 5432; do sleep 1; done; run", true),
            ("a program that waits", "./wait-for-it.sh db:5432 -- run", true),
            ("work comes first", "run; until nc -z db 5432; do sleep 1; done", false),
            ("no wait at all", "mkdir -p /x; run", false),
            ("no command", "", false),
            (
                "an address is looked at before",
                "if [ -z \"$DB\" ]; then echo no DB; exit 1; fi; until nc -z $DB 5432; do sleep 1; done; run",
                true,
            ),
            ("a wait in a branch", "if [ -n \"$DB\" ]; then until nc -z $DB 1; do sleep 1; done; fi; run", true),
            ("a wait in a case", "case $1 in migrate) until nc -z db 1; do sleep 1; done; run ;; esac", true),
            ("work in a branch before", "if [ -n \"$DB\" ]; then run; fi; until nc -z db 1; do sleep 1; done", false),
        ];
        for (case, script, expected) in rows {
            assert_eq!(waits_first(&parsed(script).expect("a script")), expected, "{case}");
        }
    }
}
