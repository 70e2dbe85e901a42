//! `sidecarjob list`: which runs and schedules are there, and which of them need somebody?
//!
//! `rows` has the cells and their order.

mod rows;

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Parser;
use k8s_openapi::NamespaceResourceScope;
use kube::api::ListParams;
use kube::core::{ListMeta, Request};
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api;
use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::failure::call;
use crate::cli::output;
use crate::cli::output::Format;
use crate::cli::table;
use crate::cli::target::Kind;
use crate::printable;

/// Objects in one answer of the API server.
const PAGE: u32 = 500;

/// Lists SidecarJobs and SidecarCronJobs, those that need somebody first
///
/// First the runs that failed, are stalled or wait for something, then those that run, then the rest; the newest first.
/// Then the schedules.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 success, also if there are none; 1 not done, for example without permission; 2 wrong \
                        usage; 3 the cluster does not know the kinds"
)]
pub struct Args {
    /// Of all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,

    /// Label selector, as for kubectl: app=etl,tier!=test
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,

    /// Runs only
    #[arg(long, conflicts_with = "schedules")]
    pub runs: bool,

    /// Schedules only
    #[arg(long)]
    pub schedules: bool,

    /// Output format: wide, json, yaml or name
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Format,

    #[command(flatten)]
    cluster: Cluster,
}

/// Reads, and prints the tables.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let there = (!args.all_namespaces).then_some(namespace.as_str());
    let of = (there, args.selector.as_deref());
    let mut whole = matches!(args.output, Format::Json | Format::Yaml).then(BTreeMap::new);
    let runs = if args.schedules { Vec::new() } else { all(&client, of, "SidecarJobs", &mut whole).await? };
    let schedules = if args.runs { Vec::new() } else { all(&client, of, "SidecarCronJobs", &mut whole).await? };
    let (namespace, whole) = (there.map(ToOwned::to_owned), whole.unwrap_or_default());
    let found = Found { runs, schedules, whole, namespace, now: Utc::now() };
    found.print(args.output, table::terminal_width(), out, err)?;
    Ok(End::Good)
}

/// One answer of the API server.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    metadata: ListMeta,
    items: Vec<Value>,
}

/// The objects as the API server gave them, by their UIDs.
type Whole = BTreeMap<String, Value>;

/// All objects of the kind; `whole` gets them as the API server gave them.
async fn all<K>(
    client: &Client,
    of: (Option<&str>, Option<&str>),
    what: &str,
    whole: &mut Option<Whole>,
) -> Result<Vec<K>, Failed>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let (namespace, selector) = of;
    let place = namespace.map_or("all namespaces".into(), |namespace| format!("namespace {namespace}"));
    let url = K::url_path(&(), namespace);
    let mut params = ListParams::default().limit(PAGE);
    params.label_selector = selector.map(ToOwned::to_owned);
    let mut all = Vec::new();
    loop {
        let answer = async {
            let request = Request::new(url.as_str()).list(&params).map_err(kube::Error::BuildRequest)?;
            let page: Page = client.request(request).await?;
            let read = page.items.iter().map(K::deserialize).collect::<Result<Vec<K>, _>>();
            Ok((page, read.map_err(kube::Error::SerdeError)?))
        };
        let (page, read) = call(format!("list {what} in {place}"), answer).await?;
        params.continue_token = page.metadata.continue_.clone().filter(|more| !more.is_empty());
        if let Some(whole) = whole {
            whole.extend(read.iter().map(|object: &K| object.uid().unwrap_or_default()).zip(page.items));
        }
        all.extend(read);
        if params.continue_token.is_none() {
            return Ok(all);
        }
    }
}

/// What was read.
struct Found {
    runs: Vec<SidecarJob>,
    schedules: Vec<SidecarCronJob>,
    /// For JSON and YAML.
    whole: Whole,
    /// `None`: of all namespaces.
    namespace: Option<String>,
    now: DateTime<Utc>,
}

impl Found {
    /// Prints all: to `out`, or that there is nothing, to `err`. `width`: the width of the terminal.
    fn print(
        mut self,
        format: Format,
        width: Option<usize>,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> std::io::Result<()> {
        rows::sort(&mut self.runs, &mut self.schedules, self.now);
        match format {
            Format::Json | Format::Yaml => {
                let whole = &mut self.whole;
                let mut all: Vec<Value> =
                    self.runs.iter().map(|run| object(whole, run, api::Kind::SidecarJob.name())).collect();
                all.extend(self.schedules.iter().map(|cron| object(whole, cron, api::SCHEDULE)));
                output::value(out, format, &output::list(all))
            }
            Format::Name => {
                let runs = self.runs.iter().map(|run| (Kind::SidecarJob, run.name_any()));
                let schedules = self.schedules.iter().map(|cron| (Kind::SidecarCronJob, cron.name_any()));
                let mut all = runs.chain(schedules);
                all.try_for_each(|(kind, name)| printable::say(out, format_args!("{}/{name}", kind.resource())))
            }
            Format::Text | Format::Wide if self.runs.is_empty() && self.schedules.is_empty() => {
                let place = self.namespace.map_or(String::new(), |namespace| format!(" in {namespace} namespace"));
                printable::say(err, format_args!("No resources found{place}."))
            }
            Format::Text | Format::Wide => self.tables(format == Format::Wide, width, out),
        }
    }

    fn tables(&self, wide: bool, width: Option<usize>, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
        let with_namespace = self.namespace.is_none();
        if !self.runs.is_empty() {
            table::print(out, &rows::of_runs(&self.runs, wide, with_namespace, self.now), width)?;
        }
        if !self.runs.is_empty() && !self.schedules.is_empty() {
            printable::say(out, "")?;
        }
        if !self.schedules.is_empty() {
            table::print(out, &rows::of_schedules(&self.schedules, wide, with_namespace, self.now), width)?;
        }
        Ok(())
    }
}

/// The object as `kubectl get -o json` prints it: the items of a list come without their kind.
fn object<K: Serialize + ResourceExt>(whole: &mut Whole, object: &K, kind: &str) -> Value {
    let as_given = object.uid().and_then(|uid| whole.remove(&uid));
    let mut value = as_given.unwrap_or_else(|| serde_json::to_value(object).unwrap_or_default());
    output::without_managed_fields(&mut value);
    value["apiVersion"] = format!("{}/{}", api::GROUP, api::VERSION).into();
    value["kind"] = kind.into();
    value
}

#[cfg(test)]
mod tests;
