//! Which words on the command line are values? A word behind an option is its value, also if it begins with `-`, as for
//! kubectl.

use clap::Arg;
use clap::Command;

/// The command, in which options take values that begin with `-`.
pub fn with_hyphens(command: Command) -> Command {
    command.mut_args(take_hyphens).mut_subcommands(with_hyphens)
}

fn take_hyphens(argument: Arg) -> Arg {
    let needs_a_value = argument.get_num_args().is_none_or(|number| number.min_values() > 0);
    let is_option = !argument.is_positional() && argument.get_action().takes_values();
    if is_option && needs_a_value { argument.allow_hyphen_values(true) } else { argument }
}
