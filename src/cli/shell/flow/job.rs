//! What runs in the background, who waits for it, and who kills it?

use std::collections::BTreeSet;

use crate::cli::shell::flow::Stuck;
use crate::cli::shell::program::Program;
use crate::cli::shell::{Form, Item, visit};

/// Programs that send a signal to processes with a name.
pub const BY_NAME: [&str; 2] = ["pkill", "killall"];
/// Any process.
const ANY: &str = "*";
/// The variable with the process that was started last.
const LAST: &str = "!";

/// A command in the background.
pub struct Job {
    /// The variable that has its process.
    pub name: Option<String>,
    /// Why it never ends.
    pub stuck: Option<Stuck>,
}

/// What the commands of the list kill: names of variables, or [`ANY`].
pub fn kills(list: &[Item]) -> BTreeSet<String> {
    visit::programs(list).iter().filter(|program| is_kill(program)).flat_map(killed).collect()
}

/// Whether the program sends a signal that may end a process.
pub fn is_kill(program: &Program) -> bool {
    let only_asks = program.arguments().first().is_some_and(|word| ["-0", "-l", "-L"].contains(&word.as_str()));
    BY_NAME.contains(&program.name()) || program.name() == "kill" && !only_asks
}

/// Whether it is the shell itself that gets the signal.
pub fn is_suicide(program: &Program) -> bool {
    let own = ["$$", "0", "1", "-1", "$PPID", "$BASHPID"];
    program.name() == "kill" && program.arguments().iter().skip_while(|w| is_signal(w)).any(|w| own.contains(&&**w))
}

/// Whether something in the background ends the shell or what the shell waits for, or the script kills the shell by a variable.
pub fn ends_the_shell(list: &[Item]) -> bool {
    let in_background = list.iter().filter(|item| item.is_background);
    let mut programs = in_background.flat_map(|item| visit::programs(std::slice::from_ref(item)));
    let mut own = BTreeSet::new();
    visit::each(list, &mut |command| {
        if let Form::Simple(simple) = &command.form {
            own.extend(simple.assigns.iter().filter(|(_, value)| value == "$$").map(|(name, _)| name.clone()));
        }
    });
    let kills_own =
        |program: &Program| program.name() == "kill" && killed(program).iter().any(|name| own.contains(name));
    programs.any(|program| is_suicide(&program) || BY_NAME.contains(&program.name()))
        || visit::programs(list).iter().any(kills_own)
}

fn is_signal(word: &str) -> bool {
    word.starts_with('-') && word.len() > 1
}

/// The processes that a program kills.
pub fn killed(program: &Program) -> Vec<String> {
    let targets = program.arguments().iter().filter(|word| !is_signal(word));
    let by_pid = targets.map(|word| variable(word).unwrap_or(ANY).to_owned());
    if program.name() == "kill" { by_pid.collect() } else { vec![ANY.to_owned()] }
}

/// The name of `$name` or `${name}`.
fn variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '!')).then_some(name)
}

/// Gives the job that was started last the name of the variable.
pub fn named(jobs: &mut [Job], name: &str, value: &str) {
    if let Some(job) = jobs.last_mut().filter(|_| variable(value) == Some(LAST)) {
        job.name = Some(name.to_owned());
    }
}

/// Why the shell waits for ever.
pub fn awaited(jobs: &[Job], arguments: &[String], kills: &BTreeSet<String>) -> Option<Stuck> {
    let is_killed = |job: &Job| {
        kills.contains(ANY) || kills.contains(LAST) || job.name.as_ref().is_some_and(|name| kills.contains(name))
    };
    let is_named = |at: usize, word: &String| match variable(word) {
        Some(LAST) => at + 1 == jobs.len(),
        Some(name) => jobs[at].name.as_deref() == Some(name),
        None => false,
    };
    if arguments.iter().any(|word| word == "-n") {
        return None;
    }
    let waits = |at: usize| arguments.is_empty() || arguments.iter().any(|word| is_named(at, word));
    let found = jobs.iter().enumerate().find(|(at, job)| job.stuck.is_some() && waits(*at) && !is_killed(job))?;
    found.1.stuck.clone().map(|stuck| Stuck { is_sure: false, ..stuck })
}
