//! Which commands start, follow, change or end runs? Each has its own file.

use std::io::Write;

use clap::Subcommand;

use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::interrupted::or_signal;
use crate::cli::{logs, rerun, run, stop, suspend, wait};

/// The commands.
#[derive(Clone, Debug, Subcommand)]
#[allow(missing_docs, reason = "clap would show them in place of those of the arguments, which say more")]
pub enum Command {
    Run(Box<run::Args>),
    Wait(wait::Args),
    Logs(logs::Args),
    Suspend(suspend::Suspend),
    Resume(suspend::Resume),
    Stop(stop::Args),
    Rerun(Box<rerun::Args>),
}

/// Runs the command. The answer goes to `out`, notes go to `err`. SIGTERM ends the command, also as the first process of a
/// container.
pub async fn run(command: Command, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    match command {
        Command::Run(args) => {
            let text = args.text()?; // before the signals are taken over: stdin may be a terminal that never ends
            or_signal(run::run(*args, text, out, err)).await
        }
        Command::Wait(args) => or_signal(wait::run(args, out, err)).await,
        Command::Logs(args) => or_signal(logs::run(args, out, err)).await,
        Command::Suspend(args) => or_signal(suspend::suspend(args, out, err)).await,
        Command::Resume(args) => or_signal(suspend::resume(args, out, err)).await,
        Command::Stop(args) => or_signal(stop::run(args, out, err)).await,
        Command::Rerun(args) => or_signal(rerun::run(*args, out, err)).await,
    }
}
