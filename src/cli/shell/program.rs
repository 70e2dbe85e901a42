//! Which program does a command come to, behind `exec`, `env`, `timeout`, `tini` and a shell with `-c`?

use crate::cli::shell::{Command, Form, Item, List, Pipeline, Simple, Word};

/// Shells: what their script does decides whether they end.
const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "ksh"];
/// The builtin by which a program takes the place of the shell.
const EXEC: &str = "exec";
/// Programs that run the program behind them, and their options that take the next word.
const WRAPPERS: [(&str, &[&str]); 15] = [
    (EXEC, &["-a"]),
    ("command", &[]),
    ("builtin", &[]),
    ("nohup", &[]),
    ("setsid", &[]),
    ("busybox", &[]),
    ("env", &["-u", "-C"]),
    ("nice", &["-n"]),
    ("ionice", &["-c", "-n"]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("timeout", &["-s", "-k", "-t"]),
    ("tini", &["-p", "-e"]),
    ("docker-init", &["-p", "-e"]),
    ("dumb-init", &["-r"]),
    ("catatonit", &[]),
];
/// Programs that run the program behind a user.
const AS_USER: [&str; 2] = ["gosu", "su-exec"];

/// What a command comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The program with its arguments, without the folder of the program. Empty: there is none.
    pub words: Vec<String>,
    /// The script of a shell, which runs in place of `words`.
    pub script: Option<String>,
    /// The program takes the place of the shell.
    pub is_exec: bool,
    /// `timeout` ends it after so many seconds; 0: nobody knows when.
    pub limit: Option<i64>,
}

impl Program {
    /// What these words come to.
    pub fn of(words: &[Word]) -> Self {
        let mut program = Self { words: words.iter().map(|word| word.text.clone()).collect(), ..Self::default() };
        while program.step() {}
        if let Some(first) = program.words.first_mut() {
            *first = basename(first).to_owned();
        }
        program
    }

    /// Looks through one wrapper.
    fn step(&mut self) -> bool {
        let Some(name) = self.words.first().map(|word| basename(word).to_owned()) else { return false };
        if name == "eval" {
            self.script = Some(self.words.split_off(1).join(" "));
            self.words.clear();
            return false;
        }
        if SHELLS.contains(&name.as_str()) {
            self.script = script(&self.words);
            return false;
        }
        if AS_USER.contains(&name.as_str()) && self.words.len() > 2 {
            self.words.drain(..2);
            return true;
        }
        let Some((_, valued)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name) else { return false };
        let asks = ["-v", "-V"].contains(&self.words.get(1).map_or("", String::as_str));
        if name == "command" && asks {
            return false;
        }
        self.is_exec |= name == EXEC;
        let mut behind = 1 + options(&self.words[1..], valued);
        if name == "env" {
            behind += self.words[behind..].iter().take_while(|word| word.contains('=')).count();
        }
        if name == "timeout" {
            let seconds = self.words.get(behind).and_then(|word| seconds(word)).unwrap_or(0);
            self.limit = Some(self.limit.map_or(seconds, |limit| limit.min(seconds)));
            // The old form of busybox has its time behind `-t`.
            behind += usize::from(!self.words[1..behind].iter().any(|word| word == "-t"));
        }
        self.words.drain(..behind.min(self.words.len()));
        !self.words.is_empty()
    }

    /// The name of the program.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The arguments.
    pub fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// What the kubelet runs for these words, as a script: the program is the process of the container.
pub fn list(words: &[&str]) -> List {
    let words: Vec<Word> = [EXEC].iter().chain(words).map(|word| Word::from(*word)).collect();
    let simple = Form::Simple(Simple { assigns: Vec::new(), words });
    let commands = vec![Command { form: simple, writes: Vec::new() }];
    vec![Item { first: Pipeline { is_negated: false, commands }, ..Item::default() }]
}

/// How many words are options, with what belongs to them and `--`.
fn options(words: &[String], valued: &[&str]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
        at += 1 + usize::from(valued.contains(&word.as_str()));
        if word == "--" {
            break;
        }
    }
    at.min(words.len())
}

/// The script of a shell: the first word that is no option, if `-c` stands before it.
fn script(words: &[String]) -> Option<String> {
    let (mut at, mut is_script) = (1, false);
    while let Some(word) = words.get(at).filter(|word| word.starts_with(['-', '+']) && word.len() > 1) {
        let is_short = !word.starts_with("--");
        is_script |= is_short && word.starts_with('-') && word.contains('c');
        at += 1 + usize::from(is_short && word.ends_with(['o', 'O']));
        if word == "--" {
            break;
        }
    }
    words.get(at).filter(|_| is_script).cloned()
}

/// The seconds of `40`, `40s`, `0.5`, `2m`, `1h` or `1d`.
pub fn seconds(word: &str) -> Option<i64> {
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let unit = units.into_iter().find_map(|(unit, seconds)| Some((word.strip_suffix(unit)?, seconds)));
    let (number, seconds) = unit.unwrap_or((word, 1.0));
    let is_number = number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    number.parse::<f64>().ok().filter(|_| is_number).map(|number| (number * seconds) as i64)
}

/// The last part of a path.
pub fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
