//! Does a command that reads from another one read to its end?

use crate::cli::shell::program::Program;
use crate::cli::shell::{Command, Form, visit};

/// Programs that read to the end whatever their arguments are.
const ALL: [&str; 12] = ["tee", "cat", "sort", "tr", "cut", "jq", "logger", "ts", "wc", "uniq", "sed", "awk"];

/// Whether the command surely reads to the end. If not, the command may end before, and then what writes ends too.
pub fn reads_all(command: &Command) -> bool {
    let Form::Simple(simple) = &command.form else {
        let mut leaves = false;
        visit::each(&visit::alone(command), &mut |inner| leaves |= is_way_out(inner));
        return !leaves && matches!(&command.form, Form::Loop(looped) if looped.head.starts_with("while"));
    };
    let program = Program::of(&simple.words);
    let arguments = program.arguments();
    match program.name() {
        _ if program.limit.is_some() => false,
        "grep" | "egrep" | "fgrep" | "rg" => !arguments.iter().any(|word| stops_grep(word)),
        "sed" if arguments.iter().any(|word| quits_sed(word)) => false,
        "awk" if arguments.iter().any(|word| word.contains("exit")) => false,
        name => ALL.contains(&name),
    }
}

fn is_way_out(command: &Command) -> bool {
    let Form::Simple(simple) = &command.form else { return false };
    ["break", "exit", "return", "exec"].contains(&Program::of(&simple.words).name())
        || simple.words.first().is_some_and(|word| word.text == "exec")
}

/// `-m1`, `-q`, `-l` and the long forms.
fn stops_grep(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(long) => ["quiet", "silent", "max-count", "files-with-matches"].iter().any(|stop| long.starts_with(stop)),
        None => word.starts_with('-') && word.contains(['m', 'q', 'l']) && !word.starts_with("-e"),
    }
}

/// A command `q` or `Q` behind an address.
fn quits_sed(word: &str) -> bool {
    !word.starts_with('-') && word.trim_end_matches(['}', ';', ' ']).ends_with(['q', 'Q'])
}
