//! For which files does a script wait, and has nothing to do behind them but to end?

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::cli::shell::idle::is_idle;
use crate::cli::shell::program::Program;
use crate::cli::shell::{Command, Form, Item, Loop, Pipeline, parsed, visit};

/// What leaves a loop, or stops what the container is there for.
const WAYS_OUT: [&str; 6] = ["break", "exit", "return", "kill", "pkill", "killall"];
/// The programs of tests.
const TESTS: [&str; 3] = ["[", "[[", "test"];
/// The options of a test before a file that must be there.
const IS_THERE: [&str; 5] = ["-f", "-e", "-s", "-r", "-d"];
/// The program that waits for a file without a loop.
const WAITS: &str = "inotifywait";
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

/// The waits of a script behind which it only ends.
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
        self.list(script, is_last);
    }

    /// `is_last`: behind the list the script only ends.
    fn list(&mut self, list: &'a [Item], is_last: bool) {
        let mut ends = is_last;
        for item in list.iter().rev() {
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
                    self.found.extend(of_loop(looped));
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
                let Form::Simple(simple) = &inner.form else { return };
                let program = Program::of(&simple.words);
                let is_own = |body: &&Command| self.all_end(std::slice::from_ref(*body), depth + 1);
                let is_end = || is_idle(program.name()) || self.functions.get(program.name()).is_some_and(is_own);
                all = all && self.looks.get() < MOST && !program.is_exec && program.script.is_none() && is_end();
            });
        }
        all
    }
}

/// The files that the loop tests to find its end.
fn of_loop(looped: &Loop) -> Vec<Wait> {
    let mut found = Vec::new();
    for pipeline in looped.condition.iter().flat_map(visit::pipelines) {
        for (path, is_not) in pipeline.commands.iter().flat_map(tested) {
            let is_gone = !(looped.is_until ^ pipeline.is_negated ^ is_not);
            found.push(Wait { path, is_loop: true, is_gone });
        }
    }
    let (mut tests, mut leaves) = (Vec::new(), false);
    visit::each(&looped.body, &mut |command| {
        tests.extend(tested(command));
        if let Form::Simple(simple) = &command.form {
            leaves |= WAYS_OUT.contains(&Program::of(&simple.words).name());
        }
    });
    let tests = tests.into_iter().filter(|_| leaves);
    found.extend(tests.map(|(path, _)| Wait { path, is_loop: true, is_gone: false }));
    found
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
