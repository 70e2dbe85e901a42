//! What does this controller cost beside kube-controller-manager? Measures both on control planes of the same making, in
//! turns, round after round, and writes the figures into docs/performance.md. `tests/bench/run` starts this program.
//!
//! Each measurement has a new control plane, so that no round inherits what the one before has left. In a pair both sides
//! follow each other at once, and which goes first changes from round to round: other load on the machine meets both.

mod audit;
mod chart;
mod cluster;
mod controller;
mod failure;
mod figures;
mod kubelet;
mod load;
mod measure;
mod pages;
mod process;
mod rest;
mod server;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use cluster::Cluster;
use failure::{Result, Tried};
use measure::Task;
use workload::{Side, Workload};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What cargo says to each benchmark
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Measure both controllers in turns
    Compare(Compare),
    /// Measure one of them, in the network of a cluster that is up
    #[command(hide = true)]
    Measure(Measure),
    /// Write docs/performance.md anew, from the figures of earlier rounds
    Pages {
        /// The folder of the figures
        #[arg(long)]
        figures: PathBuf,
    },
}

#[derive(clap::Args)]
struct Compare {
    /// What to measure; may be given several times, or as a list
    #[arg(long = "workload", value_delimiter = ',', default_value = "jobs,sidecars,one,indexed,failures,schedules")]
    workloads: Vec<Workload>,
    /// Rounds of each
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// 1 is the full size of each workload; a quarter of it is the default
    #[arg(long, default_value_t = 0.25)]
    scale: f64,
    /// The release build of the program `sidecarjob`
    #[arg(long)]
    program: PathBuf,
    /// Where clusters live while they are measured
    #[arg(long)]
    clusters: PathBuf,
    /// The folder of the figures
    #[arg(long)]
    figures: PathBuf,
    /// Also sample the stacks of this controller, into the folder of the figures (perf). The sampling costs CPU
    #[arg(long)]
    profile: bool,
    /// Write docs/performance.md anew
    #[arg(long)]
    pages: bool,
}

#[derive(clap::Args)]
struct Measure {
    #[command(flatten)]
    task: Task,
    /// Where the figures go
    #[arg(long)]
    to: PathBuf,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Compare(compare) => compare.run(),
        Command::Measure(measure) => measure.run(),
        Command::Pages { figures } => pages::write(&figures),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Measure {
    fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Runtime::new().tried(|| "starting the runtime")?;
        figures::write(&self.to, &runtime.block_on(measure::measure(self.task))?)
    }
}

impl Compare {
    fn run(&self) -> Result<()> {
        std::fs::create_dir_all(&self.figures).tried(|| format!("making {}", self.figures.display()))?;
        self.forget()?;
        for round in 1..=self.rounds {
            for workload in &self.workloads {
                let mut sides = [Side::Ours, Side::Theirs];
                if round % 2 == 0 {
                    sides.reverse();
                }
                for side in sides {
                    self.measure(*workload, side, round)?;
                }
            }
        }
        if self.pages { pages::write(&self.figures) } else { pages::print(&self.figures) }
    }

    /// Removes the figures of earlier rounds of these workloads: they may be of another program or another scale.
    fn forget(&self) -> Result<()> {
        let entries = std::fs::read_dir(&self.figures).tried(|| format!("reading {}", self.figures.display()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let of = |workload: &Workload| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with(&format!("{}-", workload.name())) && name.ends_with(".json")
            };
            if self.workloads.iter().any(of) {
                std::fs::remove_file(&path).tried(|| format!("removing {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// One side of one round, on a cluster that goes afterwards.
    fn measure(&self, workload: Workload, side: Side, round: usize) -> Result<()> {
        let name = format!("{}-{round}-{side:?}", workload.name()).to_lowercase();
        let cluster = Cluster::up(&self.clusters.join(&name), workload)?;
        cluster.install(side)?;
        let own = std::env::current_exe().tried(|| "finding this program")?;
        let mut command = cluster.inside(&own.display().to_string());
        let (workload_name, side_name) = (workload.name(), format!("{side:?}").to_lowercase());
        command.args(["measure", "--workload", &workload_name, "--side", &side_name]);
        command.args(["--round", &round.to_string(), "--scale", &self.scale.to_string()]);
        command.arg("--cluster").arg(cluster.dir()).arg("--program").arg(&self.program);
        if self.profile && side == Side::Ours {
            command.arg("--profile").arg(self.figures.join(format!("{name}.perf")));
        }
        let figures = self.figures.join(format!("{name}.json"));
        command.arg("--to").arg(&figures);
        if let Err(error) = cluster::run(&mut command, &format!("measuring {name}")) {
            let kept = self.figures.join(format!("{name}.log"));
            let _ = std::fs::copy(cluster.dir().join("log/measured.log"), &kept);
            eprintln!("what the controller logged: {}", kept.display());
            return Err(error);
        }
        figures::read(&figures)?.iter().for_each(|outcome| eprintln!("{}", pages::line(outcome)));
        Ok(())
    }
}
