//! `sidecarjob`, and the same program under the name `kubectl-sidecarjob`: arguments in, one command, an exit code out.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use sidecarjob::cli::exit;
use sidecarjob::{cli, controller, printable, telemetry};

/// A fifth of the controller's CPU time goes into allocations with glibc's allocator; musl's is slower by far (docs/adr/0100).
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Kubernetes Job that knows which containers of its Pod are sidecars.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Of a verb without a sentence here, clap shows those of its arguments, the longer ones too.
#[derive(Subcommand)]
enum Command {
    /// Run the controller
    Controller(Box<controller::Args>),
    List(cli::list::Args),
    Describe(cli::describe::Args),
    Why(cli::why::Args),
    Timeline(cli::timeline::Args),
    Watch(cli::watch::Args),
    Lint(cli::lint::Args),
    #[command(flatten)]
    Acts(cli::acting::Command),
    /// Schedules: next times, runs by hand
    #[command(subcommand)]
    Cron(cli::cron::Command),
    Crds(cli::crds::Args),
    Convert(Box<cli::convert::Args>),
    Version(cli::version::Args),
    Doctor(cli::doctor::Args),
    Completion(cli::completion::Args),
    /// Signal the first process of the container that this one was attached to
    #[command(hide = true)]
    Signal(cli::signal::Args),
}

/// A shell that completes a word is answered first; nothing else may be printed then.
fn main() -> ExitCode {
    without_huge_pages();
    match cli::completion::answered(Cli::command, &mut std::io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => run(),
        Err(error) => failed(&error, error.exit_code()),
    }
}

/// mimalloc asks for huge pages, with which a controller holds 7 MB more when idle and 20 MB more in a rush. A kernel that refuses
/// to turn them off changes nothing else.
fn without_huge_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn run() -> ExitCode {
    let load = controller::Load::default();
    match controller::runtime(&load) {
        Ok(runtime) => runtime.block_on(run_command(load)),
        Err(error) => failed(&format_args!("failed to start the runtime: {error}"), exit::NO_ANSWER),
    }
}

async fn run_command(load: controller::Load) -> ExitCode {
    let matches = cli::arguments::with_hyphens(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (out, err) = (&mut anstream::stdout(), &mut std::io::stderr());
    match cli.command {
        Command::Controller(args) => run_controller(*args, load).await,
        Command::List(args) => ended(cli::list::run(args, out, err).await),
        Command::Describe(args) => ended(cli::describe::run(args, out, err).await),
        Command::Why(args) => ended(cli::why::run(args, out, err).await),
        Command::Timeline(args) => ended(cli::timeline::run(args, out, err).await),
        Command::Watch(args) => watch(args).await,
        Command::Lint(args) => ended(cli::lint::run(args, out, err).await),
        Command::Acts(command) => {
            // The bytes of a log stay as they are: no stream that takes off colours.
            ended(cli::acting::run(command, &mut std::io::stdout(), err).await)
        }
        Command::Cron(command) => cron(command).await,
        Command::Crds(args) => printed(cli::crds::run(&args, &mut std::io::stdout().lock())),
        Command::Convert(args) => convert(*args).await,
        Command::Version(args) => ended(cli::version::run(args, out, err).await),
        Command::Doctor(args) => ended(cli::doctor::run(args, out, err).await),
        Command::Completion(args) => ended(cli::completion::run(&args, out)),
        Command::Signal(args) => signal(&args),
    }
}

async fn run_controller(args: controller::Args, load: controller::Load) -> ExitCode {
    telemetry::init_logs(args.log_format == controller::args::LogFormat::Json);
    match controller::run(args, load).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn watch(args: cli::watch::Args) -> ExitCode {
    match cli::watch::run(args, &mut anstream::stdout(), &mut std::io::stderr()).await {
        Ok(cli::watch::End::Complete) => ExitCode::SUCCESS,
        Ok(cli::watch::End::Failed) => ExitCode::from(exit::FAILED),
        Err(cli::watch::WatchError::Print(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::from(exit::PIPE) // the reader had enough: nobody may take that for Complete
        }
        Err(error) => failed(&error, error.exit_code()),
    }
}

/// The documents stay as they are: no stream that takes off colours.
async fn convert(args: cli::convert::Args) -> ExitCode {
    let run = async {
        let texts = args.texts()?;
        cli::convert::run(args, texts, &mut std::io::stdout(), &mut std::io::stderr()).await
    };
    ended(run.await)
}

fn signal(args: &cli::signal::Args) -> ExitCode {
    match cli::signal::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, exit::FAILED),
    }
}

async fn cron(command: cli::cron::Command) -> ExitCode {
    match cli::cron::run(command, &mut std::io::stdout(), &mut std::io::stderr()).await {
        Ok(cli::cron::End::Good) => ExitCode::SUCCESS,
        Ok(cli::cron::End::Bad) => ExitCode::from(exit::FAILED),
        Err(cli::cron::CronError::Print(error)) => printed(Err(error)),
        Err(error) => failed(&error, error.exit_code()),
    }
}

/// The exit code of a verb.
fn ended(result: Result<cli::failed::End, cli::failed::Failed>) -> ExitCode {
    match result {
        Ok(cli::failed::End::Good) => ExitCode::SUCCESS,
        Ok(cli::failed::End::RunFailed) => ExitCode::from(exit::FAILED),
        Err(cli::failed::Failed::Print(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::from(exit::PIPE) // the reader had enough, and stderr says nothing, as of `cat`
        }
        Err(error) => failed(&error, error.exit_code()),
    }
}

/// A reader that had enough (`| head`) is no failure.
fn printed(result: std::io::Result<()>) -> ExitCode {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            failed(&format_args!("failed to print: {error}"), exit::NO_ANSWER)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Says why, on stderr. If that can't be written, there is nobody left to tell.
fn failed(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    let _ = printable::say(&mut std::io::stderr(), format_args!("error: {error}"));
    ExitCode::from(code)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn huge_pages_are_off_where_the_kernel_can_turn_them_off() {
        super::without_huge_pages();
        assert!(rustix::thread::transparent_huge_pages_are_disabled().unwrap_or(true));
    }
}
