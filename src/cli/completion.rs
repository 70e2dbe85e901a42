//! `sidecarjob completion SHELL`: how does a shell complete words, and which words does it offer?
//!
//! The script of `completion` makes the shell ask this program while somebody types. kubectl asks the program
//! `kubectl_complete-sidecarjob`, another name of this program. Both get the same answer. `names` asks the cluster.

mod names;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::{Arg, Command, Parser, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};

use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::printable;

/// The variable by which the script says that a shell asks: the name of the shell.
const VARIABLE: &str = "SIDECARJOB_COMPLETE";
/// The program that kubectl asks for words behind `kubectl sidecarjob`.
const FOR_KUBECTL: &str = "kubectl_complete-sidecarjob";
/// The last line for kubectl: offer these words, and no names of files.
const NO_FILES: &str = ":4";

/// Prints a script that completes verbs, options and names of objects in a shell
///
/// bash: source <(sidecarjob completion bash)
/// zsh:  source <(sidecarjob completion zsh), after compinit
/// fish: sidecarjob completion fish | source
///
/// For kubectl sidecarjob, give this program one more name in a folder of the PATH, and kubectl's own completion asks it:
/// ln -s sidecarjob kubectl_complete-sidecarjob
#[derive(Clone, Debug, Parser)]
#[command(verbatim_doc_comment, after_help = "Exit codes: 0 success; 2 wrong usage")]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash 4.4 or newer; older ones sort the words.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// Prints the script.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<End, Failed> {
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    let name = own_name(std::env::args_os().next());
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, &name, &name, &name, &mut script)?;
    String::from_utf8_lossy(&script).lines().try_for_each(|line| printable::say(out, line))?;
    Ok(End::Good)
}

/// The name under which somebody started this program.
fn own_name(path: Option<OsString>) -> String {
    let name = path.and_then(|path| Some(Path::new(&path).file_name()?.to_string_lossy().into_owned()));
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "sidecarjob".into())
}

/// Answers a shell or kubectl, if one of them asks. `false`: nobody asks, and somebody runs a command.
pub fn answered(command: fn() -> Command, out: &mut dyn Write) -> Result<bool, Failed> {
    let mut arguments = std::env::args_os();
    if own_name(arguments.next()) == FOR_KUBECTL {
        for line in lines_for_kubectl(with_names(command()), arguments.collect()) {
            printable::say(out, line)?;
        }
        return Ok(true);
    }
    let by_shell = CompleteEnv::with_factory(move || with_names(command())).var(VARIABLE);
    let here = std::env::current_dir().ok();
    let done = by_shell.try_complete(std::env::args_os(), here.as_deref());
    done.map_err(|error| Failed::Refused(format!("failed to complete: {error}")))
}

/// The words that may stand in the place of the last argument, one on each line, and a last line for kubectl itself.
fn lines_for_kubectl(mut command: Command, arguments: Vec<OsString>) -> Vec<String> {
    let words: Vec<OsString> = std::iter::once("sidecarjob".into()).chain(arguments).collect();
    let last = words.len().saturating_sub(1);
    let found = complete(&mut command, words, last, None).unwrap_or_default();
    let word = |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().into_owned();
    found.iter().map(word).chain([NO_FILES.to_owned()]).collect()
}

/// The command, in which the arguments know the names of the objects on the cluster.
fn with_names(command: Command) -> Command {
    named(command, false)
}

fn named(command: Command, of_schedules: bool) -> Command {
    let verb = command.get_name().to_owned();
    let of_schedules = of_schedules || verb == "cron";
    let command = command.mut_args(|argument| match completer(&argument, &verb, of_schedules) {
        Some(completer) => argument.add(completer),
        None => argument,
    });
    command.mut_subcommands(|below| named(below, of_schedules))
}

/// What completes this argument. The verbs name their arguments alike.
fn completer(argument: &Arg, verb: &str, of_schedules: bool) -> Option<ArgValueCompleter> {
    match argument.get_id().as_str() {
        "namespace" => Some(ArgValueCompleter::new(names::namespaces)),
        "context" => Some(ArgValueCompleter::new(names::contexts)),
        "name" | "what" if of_schedules => Some(ArgValueCompleter::new(names::schedules)),
        "from" if of_schedules => None, // a time
        "target" | "targets" | "names" | "from" => Some(ArgValueCompleter::new(names::targets)),
        "name" if verb == "watch" => Some(ArgValueCompleter::new(names::runs)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
