//! For which files does a script wait, and has nothing to do behind them but to end?

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::cli::shell::idle::is_idle;
use crate::cli::shell::program::{Program, basename};
use crate::cli::shell::{Command, Form, Item, Loop, Pipeline, Simple, parsed, visit};

/// What leaves a loop, or stops what the container is there for.
const WAYS_OUT: [&str; 6] = ["break", "exit", "return", "kill", "pkill", "killall"];
/// The programs of tests.
const TESTS: [&str; 3] = ["[", "[[", "test"];
/// The options of a test before a file that must be there.
const IS_THERE: [&str; 5] = ["-f", "-e", "-s", "-r", "-d"];
/// The names that `trap` has for the end of the shell.
const EXITS: [&str; 2] = ["EXIT", "0"];
/// The program that waits for a file without a loop.
const WAITS: &str = "inotifywait";
/// Programs with which a script prepares what it does later.
const PREPARES: [&str; 12] =
    ["apk", "apt-get", "cat", "cd", "chmod", "chown", "cp", "export", "ln", "mkdir", "touch", "umask"];
/// Programs whose output a script takes to end: `kill $(cat /pid)`, `exit $(cat /s/code)`.
const ANSWERS: [&str; 7] = ["cat", "date", "hostname", "jobs", "pgrep", "pidof", "ps"];
/// How deep functions and scripts are followed, and how many commands.
const DEEPEST: usize = 30;
const MOST: usize = 5_000;

/// A file for which a script waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The file.
    pub path: String,
    /// A loop tests it.
    pub is_loop: bool,
    /// The script waits until the file is gone.
    pub is_gone: bool,
}

/// The waits of a script behind which it only ends, and before which it has no work of its own.
pub fn waits(script: &[Item]) -> Vec<Wait> {
    let mut reader = Reader::default();
    reader.script(script, true);
    reader.found
}

#[derive(Default)]
struct Reader<'a> {
    functions: BTreeMap<&'a str, &'a Command>,
    found: Vec<Wait>,
    steps: usize,
    depth: usize,
    /// The commands that were looked at to know what is behind a loop.
    looks: Cell<usize>,
}

impl<'a> Reader<'a> {
    fn script(&mut self, script: &'a [Item], is_last: bool) {
        self.functions = visit::functions(script);
        let is_last = is_last && !self.works_at_its_end(script);
        self.list(script, is_last);
    }

    /// A trap for the end of the script has work to do.
    fn works_at_its_end(&self, script: &[Item]) -> bool {
        let of_exit = |program: &&Program| {
            program.name() == "trap" && program.arguments().iter().skip(1).any(|on| EXITS.contains(&on.as_str()))
        };
        visit::programs(script).iter().filter(of_exit).any(|program| {
            let action = program.arguments().first().and_then(|action| parsed(action));
            action.is_none_or(|action| !self.list_ends(&action))
        })
    }

    /// `is_last`: behind the list the script only ends.
    fn list(&mut self, list: &'a [Item], is_last: bool) {
        let mut ends = is_last;
        let works =
            |item: &Item| !item.is_background && !visit::pipelines(item).all(|one| self.prepares(&one.commands));
        let first_work = list.iter().position(works).unwrap_or(list.len());
        for (at, item) in list.iter().enumerate().rev() {
            ends = ends && at <= first_work;
            let mut is_last = item.is_background || ends;
            let pipelines: Vec<&Pipeline> = visit::pipelines(item).collect();
            for pipeline in pipelines.iter().rev() {
                pipeline.commands.iter().for_each(|command| self.command(command, is_last));
                is_last = is_last && self.all_end(&pipeline.commands, 0);
            }
            ends = ends && is_last;
        }
    }

    fn command(&mut self, command: &'a Command, is_last: bool) {
        self.steps += 1;
        if self.steps > MOST || self.depth > DEEPEST {
            return;
        }
        self.depth += 1;
        match &command.form {
            Form::Simple(simple) => self.program(&Program::of(&simple.words), is_last),
            Form::Group(list) | Form::Subshell(list) | Form::For(list) => self.list(list, is_last),
            Form::If(branches, rest) => {
                branches.iter().for_each(|(_, body)| self.list(body, is_last));
                rest.iter().for_each(|list| self.list(list, is_last));
            }
            Form::Case(branches, _) => branches.iter().for_each(|list| self.list(list, is_last)),
            Form::Loop(looped) => {
                if is_last {
                    let found = self.of_loop(looped);
                    self.found.extend(found);
                }
                self.list(&looped.body, is_last);
            }
            Form::Function(..) | Form::Arithmetic(_) => {}
        }
        self.depth -= 1;
    }

    fn program(&mut self, program: &Program, is_last: bool) {
        if let Some(script) = program.script.as_deref().and_then(parsed) {
            // The script has functions of its own.
            let mut inner = Reader {
                steps: self.steps + script.len(),
                depth: self.depth,
                looks: self.looks.clone(),
                ..Reader::default()
            };
            inner.script(&script, is_last);
            self.steps = inner.steps;
            self.found.append(&mut inner.found);
        } else if let Some(body) = self.functions.get(program.name()).copied() {
            self.command(body, is_last);
        } else if program.name() == WAITS && is_last {
            let files = program.arguments().iter().filter(|word| !word.starts_with('-'));
            self.found.extend(files.map(|file| Wait { path: file.clone(), is_loop: false, is_gone: false }));
        }
    }

    /// Whether the commands only end the script.
    fn all_end(&self, commands: &[Command], depth: usize) -> bool {
        let mut all = depth < 4;
        for command in commands {
            visit::each(&visit::alone(command), &mut |inner| {
                self.looks.set(self.looks.get() + 1);
                let simple = match &inner.form {
                    Form::Simple(simple) => simple,
                    Form::Arithmetic(text) => return all = all && !has_work(text),
                    _ => return,
                };
                let program = Program::of(&simple.words);
                let is_own = |body: &&Command| self.all_end(std::slice::from_ref(*body), depth + 1);
                let is_end = || {
                    is_idle(program.name()) && !takes_work(simple)
                        || self.functions.get(program.name()).is_some_and(is_own)
                };
                all = all && self.looks.get() < MOST && !program.is_exec && program.script.is_none() && is_end();
            });
        }
        all
    }

    fn list_ends(&self, list: &[Item]) -> bool {
        visit::commands(list).all(|command| self.all_end(std::slice::from_ref(command), 0))
    }

    /// Whether the commands do no work that goes on, or loop until they may end.
    fn prepares(&self, commands: &[Command]) -> bool {
        commands.iter().all(|command| match &command.form {
            Form::Simple(simple) => {
                let program = Program::of(&simple.words);
                PREPARES.contains(&program.name())
                    || program.name() == WAITS
                    || program.script.is_some()
                    || self.functions.contains_key(program.name())
                    || self.all_end(std::slice::from_ref(command), 0)
            }
            _ => true,
        })
    }

    /// The files that the loop tests to find its end.
    fn of_loop(&self, looped: &Loop) -> Vec<Wait> {
        let mut found = Vec::new();
        for pipeline in looped.condition.iter().flat_map(visit::pipelines) {
            for (path, is_not) in pipeline.commands.iter().flat_map(tested) {
                let is_gone = !(looped.is_until ^ pipeline.is_negated ^ is_not);
                found.push(Wait { path, is_loop: true, is_gone });
            }
        }
        self.left(&looped.body, &mut found);
        found
    }

    /// The files whose tests in a body of a loop decide that the loop is left, without work on the way.
    fn left(&self, body: &[Item], found: &mut Vec<Wait>) {
        for item in body.iter().map(std::slice::from_ref) {
            self.left_by(item, item, found);
            for command in visit::commands(item) {
                let Form::If(branches, rest) = &command.form else { continue };
                for (condition, body) in branches {
                    self.left_by(condition, body, found);
                    self.left(body, found);
                }
                rest.iter().for_each(|list| self.left(list, found));
            }
        }
    }

    /// The files that `tests` tests, if `way_out` leaves the loop and does no work.
    fn left_by(&self, tests: &[Item], way_out: &[Item], found: &mut Vec<Wait>) {
        if leaves(way_out) && self.list_ends(way_out) {
            found.extend(visit::commands(tests).flat_map(tested).map(there));
        }
    }
}

/// A loop waits until the file is there.
fn there((path, _): (String, bool)) -> Wait {
    Wait { path, is_loop: true, is_gone: false }
}

/// Whether a command of the list leaves a loop, or stops what the container is there for.
fn leaves(list: &[Item]) -> bool {
    visit::programs(list).iter().any(|program| WAYS_OUT.contains(&program.name()))
}

/// Whether a word or an assignment runs a program that has work to do.
fn takes_work(simple: &Simple) -> bool {
    simple.words.iter().map(|word| &word.text).chain(simple.assigns.iter().map(|(_, value)| value)).any(|t| has_work(t))
}

fn has_work(text: &str) -> bool {
    let by_dollar = text.split("$(").skip(1).filter(|inner| !inner.starts_with('('));
    let by_quote = text.split('`').skip(1).step_by(2);
    let is_answer = |inner: &str| {
        let first = inner.split_whitespace().next().unwrap_or_default();
        let program = basename(first.trim_end_matches(')'));
        is_idle(program) || ANSWERS.contains(&program)
    };
    by_dollar.chain(by_quote).any(|inner| !is_answer(inner))
}

/// The files that a test wants, and whether `!` stands before them.
fn tested(command: &Command) -> Vec<(String, bool)> {
    let Form::Simple(simple) = &command.form else { return Vec::new() };
    let words: Vec<&str> = simple.words.iter().map(|word| word.text.as_str()).collect();
    if !words.first().is_some_and(|first| TESTS.contains(first)) {
        return Vec::new();
    }
    let is_file = |at: usize| IS_THERE.contains(&words[at - 1]);
    let is_not = |at: usize| at > 1 && words[at - 2] == "!";
    (2..words.len()).filter(|at| is_file(*at)).map(|at| (words[at].to_owned(), is_not(at))).collect()
}
