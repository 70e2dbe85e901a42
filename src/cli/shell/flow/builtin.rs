//! What does one command come to: a builtin of the shell, a program that everybody knows, or a function of the script?

use crate::cli::shell::flow::{Flow, Reader, job};
use crate::cli::shell::program::{Program, seconds};
use crate::cli::shell::{Form, Pipeline, Simple, Word};

/// What `sleep` takes for a time without an end.
const FOR_EVER: [&str; 2] = ["infinity", "inf"];
/// Programs whose exit code is an answer.
const TESTS: [&str; 8] = ["[", "[[", "test", "grep", "pgrep", "pidof", "which", "command"];
/// The file that `tail` can follow without ever seeing a line.
const NOTHING: &str = "/dev/null";
/// Options of `tail` that take the next word.
const OF_TAIL: [&str; 3] = ["-n", "-c", "-s"];

/// Whether the exit code of the pipeline is an answer, and not whether something went well.
pub fn is_test(pipeline: &Pipeline) -> bool {
    let is_one = |simple: &Simple| TESTS.contains(&Program::of(&simple.words).name());
    let last = pipeline.commands.last().map(|command| &command.form);
    pipeline.is_negated || matches!(last, Some(Form::Simple(simple)) if is_one(simple))
}

impl Reader<'_> {
    /// What a simple command comes to.
    pub fn simple(&mut self, simple: &Simple) -> Flow {
        simple.assigns.iter().for_each(|(name, value)| job::named(&mut self.jobs, name, value));
        if simple.words.is_empty() {
            return if simple.assigns.iter().any(|(_, value)| value.contains('$')) {
                Flow::either()
            } else {
                Flow::ok()
            };
        }
        let program = Program::of(&simple.words);
        let flow = match &program.script {
            Some(script) if program.is_exec || program.words.is_empty() => self.script(script),
            Some(script) => self.script(script).apart(),
            None => self.program(&program, simple),
        };
        match program.limit {
            Some(limit) => {
                let least = flow.apart().least().map_or(limit, |least| least.min(limit));
                finished(Flow { seconds: least, ..Flow::either() }, program.is_exec)
            }
            None => finished(flow, program.is_exec && !program.words.is_empty()),
        }
    }

    fn program(&mut self, program: &Program, simple: &Simple) -> Flow {
        let arguments = program.arguments();
        let number = || arguments.first().and_then(|word| word.parse::<usize>().ok());
        if let Some(body) = self.functions.get(program.name()).copied() {
            let flow = self.command(body);
            let ends = flow.returns;
            let seconds = ends.map_or(flow.seconds, |at| if flow.falls() { at.min(flow.seconds) } else { at });
            let (is_ok, is_failed) = (flow.is_ok || ends.is_some(), flow.is_failed || ends.is_some());
            return Flow { is_ok, is_failed, seconds, returns: None, ..flow };
        }
        match program.name() {
            "true" | ":" | "echo" | "printf" | "set" | "export" | "" => Flow::ok(),
            "false" => Flow::failed(),
            "sleep" => self.sleep(program),
            "tail" => self.tail(program),
            "exit" => {
                let is_failure = number().is_some_and(|code| code != 0);
                Flow { exits: Some(0), exits_well: !is_failure, ..Flow::default() }
            }
            "return" => Flow { returns: Some(0), ..Flow::default() },
            "break" => Flow { leaves: number().unwrap_or(1).max(1), ..Flow::default() },
            "continue" => Flow { leaves: number().unwrap_or(1).max(1) - 1, ..Flow::default() },
            "wait" => match job::awaited(&self.jobs, arguments, &self.kills) {
                Some(stuck) => Flow { stuck: Some(stuck), ..Flow::default() },
                None => Flow::either(),
            },
            "[" | "[[" | "test" => tested(&simple.words),
            "trap" => {
                self.is_doubtful |=
                    arguments.first().is_some_and(|action| self.functions.contains_key(action.as_str()));
                Flow::ok()
            }
            _ if job::is_suicide(program) => Flow { exits: Some(0), exits_well: true, ..Flow::default() },
            _ if job::is_kill(program) => {
                self.is_doubtful = true;
                Flow::either()
            }
            _ if (self.rules.serves)(&program.words) => Flow::stuck(program.name().to_owned(), !self.is_doubtful),
            _ => Flow::either(),
        }
    }

    fn sleep(&self, program: &Program) -> Flow {
        let words = program.arguments();
        if let Some(word) = words.iter().find(|word| FOR_EVER.contains(&word.as_str())) {
            return Flow::stuck(format!("{} {word}", program.name()), !self.is_doubtful);
        }
        let seconds = words.iter().filter_map(|word| seconds(word)).fold(0, i64::saturating_add);
        Flow { seconds, ..Flow::ok() }
    }

    /// `tail` with `-f` or `-F`, which no `--pid` ends.
    fn tail(&self, program: &Program) -> Flow {
        let is_follow = |word: &str| match word.strip_prefix("--") {
            Some(long) => long.starts_with("follow"),
            None => word.starts_with('-') && word.contains(['f', 'F']),
        };
        let (mut flag, mut files, mut at) = (None, Vec::new(), 1);
        while let Some(word) = program.words.get(at) {
            match word.as_str() {
                word if word.starts_with("--pid") => return Flow::either(),
                word if is_follow(word) => flag = flag.or(Some(at)),
                word if OF_TAIL.contains(&word) => at += 1,
                word if word.starts_with(['-', '+']) => {}
                word => files.push(word),
            }
            at += 1;
        }
        match flag {
            Some(flag) => Flow::stuck(program.words[..=flag].join(" "), files == [NOTHING] && !self.is_doubtful),
            None => Flow::either(),
        }
    }
}

/// What took the place of the shell ends the script.
fn finished(flow: Flow, is_exec: bool) -> Flow {
    if !is_exec {
        return flow;
    }
    let exits_well = flow.falls() || flow.exits_well || flow.returns.is_some();
    let flow = flow.apart();
    Flow { exits: flow.falls().then_some(flow.seconds), exits_well, stuck: flow.stuck, ..Flow::default() }
}

/// A test of constants has one answer: `[ 1 ]`, `[ true ]`, `[ 1 -eq 1 ]`.
fn tested(words: &[Word]) -> Flow {
    let behind = words.get(1..).unwrap_or_default();
    let end = behind.len() - usize::from(behind.last().is_some_and(|word| word.text == "]"));
    let is_constant = |word: &Word| !word.is_expanded() && !word.text.is_empty();
    match &behind[..end] {
        [] => Flow::failed(),
        [one] if is_constant(one) => Flow::ok(),
        [one, equals, other] if ["=", "==", "-eq"].contains(&equals.text.as_str()) => {
            match is_constant(one) && one.text == other.text {
                true => Flow::ok(),
                false => Flow::either(),
            }
        }
        _ => Flow::either(),
    }
}
