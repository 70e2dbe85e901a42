//! `sidecarjob doctor`: what can this cluster do, what of SidecarJob is installed, and what is broken?
//!
//! `read` asks the API server and gives `facts`; `findings` makes sentences of them (pure); `finding` prints.

mod facts;
mod finding;
mod findings;
mod injectors;
mod installed;
mod probe;
mod read;
mod rights;

use std::io::Write;
use std::time::Duration;

use clap::Parser;
use tokio::time::Instant;

use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::output::Data;
use crate::cli::table;

/// Checks the cluster, the installation, the permissions and the namespace, and says how to mend what is wrong
///
/// Changes nothing: two Pods are sent as a dry run, to see what webhooks and policies make of them. A check for which you
/// lack a permission is reported as not checked.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 nothing that was checked is broken; 1 something is broken, or there is no cluster; \
                        2 wrong usage"
)]
pub struct Args {
    /// Time for all checks together
    #[arg(long, default_value = "20s", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub timeout: Duration,

    /// Output format: json or yaml
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Data,

    #[command(flatten)]
    cluster: Cluster,
}

/// Reads, judges, prints.
pub async fn run(args: Args, out: &mut (dyn Write + Send), _: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let until = Instant::now().checked_add(args.timeout);
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let facts = read::facts(client, &namespace, &args.cluster.flags(), until).await;
    let report = findings::report(&facts);
    let value = serde_json::to_value(&report).map_err(std::io::Error::other)?;
    if !args.output.value(out, &value)? {
        report.print(out, table::terminal_width())?;
    }
    Ok(if report.is_good() { End::Good } else { End::RunFailed })
}

#[cfg(test)]
mod tests;
