//! `sidecarjob run -f FILE | --from KIND/NAME`: how does a person, a script or a hook start one run, and learn its end?
//!
//! This file has the arguments and the order of things. `file` reads a SidecarJob, `from` makes one of another object.

mod file;
pub(super) mod from;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::Utc;
use clap::{Parser, ValueEnum};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::api::labels;
use crate::cli::connect::Cluster;
use crate::cli::create::Name;
use crate::cli::create::New;
use crate::cli::create::Record;
use crate::cli::cron;
use crate::cli::cron::run::Overrides;
use crate::cli::cron::run::by_hand;
use crate::cli::cron::run::who;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::failure::call;
use crate::cli::logs::follow;
use crate::cli::logs::follow::Followed;
use crate::cli::logs::follow::Outcome;
use crate::cli::logs::follow::Shown;
use crate::cli::logs::follow::Without;
use crate::cli::notes::Notes;
use crate::cli::object;
use crate::cli::output;
use crate::cli::output::Format;
use crate::cli::target;
use crate::cli::target::Kind;
use crate::cli::target::Target;
use crate::cli::wait;
use crate::cli::wait::Awaited;
use crate::cli::wait::Until;
use crate::printable;

/// Starts a run: creates a SidecarJob from a file, or from an object that exists
///
/// The API server rejects fields that it does not know. The command creates one run or none, also if an answer of the API
/// server gets lost. On SIGTERM the command ends, and the run goes on.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 created, or with --wait: Complete; 1 with --wait: the run has failed, or it could not be \
                        done; 2 wrong usage; 3 not found, or deleted meanwhile; 124 timeout; 143 SIGTERM"
)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub struct Args {
    /// Name of the new SidecarJob [default: of the file, or made of the name of the object]
    #[arg(value_parser = target::name)]
    pub name: Option<String>,

    /// YAML or JSON of one SidecarJob; - is stdin
    #[arg(short, long, value_name = "FILE", group = "source")]
    pub filename: Option<PathBuf>,

    /// sidecarjob/NAME, sidecarcronjob/NAME, job/NAME or cronjob/NAME: a new run of its spec or template
    #[arg(long, value_name = "KIND/NAME", group = "source")]
    pub from: Option<Target>,

    #[command(flatten)]
    then: Then,

    #[command(flatten)]
    cluster: Cluster,
}

/// What happens after the create.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("waits").multiple(true).args(["wait", "logs"]))]
pub struct Then {
    /// Wait until the run is Complete or Failed
    #[arg(long)]
    pub wait: bool,

    /// Wait, and print the log of the main container to stdout meanwhile
    #[arg(long)]
    pub logs: bool,

    /// With --wait or --logs: wait no longer than this; then exit code 124
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, requires = "waits")]
    pub timeout: Option<Duration>,

    /// Show what would be created: client asks for nothing but the source, server lets the API server check it
    #[arg(long, value_name = "WHERE", conflicts_with_all = ["wait", "logs"])]
    pub dry_run: Option<DryRun>,

    /// Output format of the new object
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    #[arg(conflicts_with = "logs")]
    pub output: Format,
}

/// Who checks an object that is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// This program alone.
    Client,
    /// The API server.
    Server,
}

impl Args {
    /// The text of the file.
    pub fn text(&self) -> Result<String, Failed> {
        self.filename.as_deref().map_or(Ok(String::new()), file::read).map_err(Failed::Refused)
    }
}

/// Starts the run, and waits for it if that is asked for. `text`: of the file.
pub async fn run(
    args: Args,
    text: String,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<End, Failed> {
    match (&args.filename, &args.from) {
        (Some(file), _) => of_file(&args, (file, &text), out, err).await,
        (None, Some(target)) => of_object(&args, target, out, err).await,
        (None, None) => Err(Failed::Refused("give -f FILE or --from KIND/NAME".into())),
    }
}

async fn of_file(
    args: &Args,
    (file, text): (&Path, &str),
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<End, Failed> {
    let shown = if file == Path::new("-") { "stdin".into() } else { file.display().to_string() };
    let object = file::parse(text, &shown).map_err(Failed::Refused)?;
    let name = file::name(&object, args.name.as_deref(), &shown).map_err(Failed::Refused)?;
    let asked = args.cluster.namespace();
    if args.then.dry_run == Some(DryRun::Client) {
        let of_context = args.cluster.namespace_offline().await.unwrap_or_default();
        let namespace = file::namespace(&object, asked, &of_context, &shown).map_err(Failed::Refused)?;
        let record = Record::new("unknown", Utc::now(), None);
        return args.then.show_only(&New { object, name, record, is_dry: true }, &namespace, out);
    }
    let (client, of_context) = args.cluster.connect().await.map_err(Failed::Config)?;
    let namespace = file::namespace(&object, asked, &of_context, &shown).map_err(Failed::Refused)?;
    let record = Record::new(&who(&client).await, Utc::now(), None);
    let new = New { object, name, record, is_dry: args.then.dry_run.is_some() };
    // A namespace of the file is not where the proposed commands would look.
    let of_file = (namespace != of_context).then(|| args.cluster.in_namespace(&namespace));
    args.then.go_on(of_file.as_ref().unwrap_or(&args.cluster), (client, &namespace), &new, (out, err)).await
}

async fn of_object(
    args: &Args,
    target: &Target,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<End, Failed> {
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let user = who(&client).await;
    let (object, made) = object_of(&client, &namespace, target, &user).await?;
    let name = args.name.clone().map_or(made, Name::Exact);
    let record = Record::new(&user, Utc::now(), Some(("from", target.argument_with_kind())));
    let new = New { object, name, record, is_dry: args.then.dry_run.is_some() };
    if args.then.dry_run == Some(DryRun::Client) {
        return args.then.show_only(&new, &namespace, out);
    }
    args.then.go_on(&args.cluster, (client, &namespace), &new, (out, err)).await
}

/// The SidecarJob that this object becomes, and its name.
async fn object_of(client: &Client, namespace: &str, target: &Target, user: &str) -> Result<(Value, Name), Failed> {
    let generated = Name::Generated(format!("{}-", target.name));
    Ok(match target.kind {
        Kind::SidecarJob => {
            let run = object::read(client, namespace, target).await?;
            (from::sidecarjob(&run), generated)
        }
        Kind::SidecarCronJob => {
            let cron: SidecarCronJob = read(client, namespace, target).await?;
            let now = Utc::now();
            let run = by_hand(&cron, None, &Overrides::default(), user, now);
            let run = run.map_err(|error| Failed::Refused(error.to_string()))?;
            (json!(run), cron::run::name(&cron, None, now))
        }
        Kind::Job => (from::job(&read::<Job>(client, namespace, target).await?), generated),
        Kind::CronJob => (from::cronjob(&read::<CronJob>(client, namespace, target).await?), generated),
        Kind::Pod => {
            let advice = "name a sidecarjob, sidecarcronjob, job or cronjob";
            return Err(Failed::Refused(format!("{target} is no template of a run: {advice}")));
        }
    })
}

async fn read<K>(client: &Client, namespace: &str, target: &Target) -> Result<K, Failed>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let read = call(format!("read {target}"), api.get(&target.name)).await;
    read.map_err(|failure| Failed::of_call(failure, target, namespace))
}

impl Then {
    /// Prints what would be created, without the API server.
    pub fn show_only(&self, new: &New, namespace: &str, out: &mut (dyn Write + Send)) -> Result<End, Failed> {
        let object = new.at_try(0, namespace).unwrap_or_default();
        self.show(&object, out)?;
        Ok(End::Good)
    }

    /// Creates the run and prints it; with `--wait` or `--logs` waits for its end.
    pub async fn go_on(
        &self,
        cluster: &Cluster,
        (client, namespace): (Client, &str),
        new: &New,
        (out, err): (&mut (dyn Write + Send), &mut (dyn Write + Send)),
    ) -> Result<End, Failed> {
        let stored = new.create(cluster, &client, namespace).await?;
        self.show(&stored, if self.logs { err } else { out })?;
        let word = |field: &str| stored["metadata"][field].as_str().unwrap_or_default().to_owned();
        let (name, uid) = (word("name"), word("uid"));
        let mut notes = Notes::new(err);
        if stored["spec"]["suspend"] == json!(true) && !new.is_dry {
            let resume = cluster.command(&format!("resume {name}"));
            notes.note(&format!("SidecarJob {name} is suspended, as its template says: {resume} lets it run"))?;
        }
        if !self.wait && !self.logs {
            return Ok(End::Good);
        }
        let (watches, _) = cluster.connect_to_watch(wait::SILENCE).await.map_err(Failed::Config)?;
        let namespace = namespace.to_owned();
        let followed = Followed { watches, logs: client, namespace, name: name.clone(), uid };
        let parallel = stored["spec"]["parallelism"].as_i64().unwrap_or(1) > 1;
        let waiting = async {
            if self.logs {
                return with_logs(followed, parallel, (out, &mut notes)).await;
            }
            let runs = vec![Awaited { name: followed.name, uid: Some(followed.uid) }];
            // A script that asks for an object gets one document on stdout.
            let mut nowhere = std::io::sink();
            let lines: &mut (dyn Write + Send) = if self.output == Format::Text { out } else { &mut nowhere };
            wait::until(&followed.watches, &followed.namespace, runs, (&Until::End, None), (lines, &mut notes)).await
        };
        wait::within(self.timeout, cluster, &name, waiting).await
    }

    fn show(&self, object: &Value, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
        let target = Target::new(Kind::SidecarJob, object["metadata"]["name"].as_str().unwrap_or_default());
        let dry = match self.dry_run {
            None => "",
            Some(DryRun::Client) => " (dry run)",
            Some(DryRun::Server) => " (server dry run)",
        };
        match self.output {
            Format::Json | Format::Yaml => {
                let mut object = object.clone();
                output::without_managed_fields(&mut object);
                output::value(out, self.output, &object)
            }
            Format::Name => printable::say(out, target.resource()),
            Format::Text | Format::Wide => printable::say(out, format_args!("{} created{dry}", target.resource())),
        }
    }
}

/// Waits with the logs on stdout, and the end on stderr.
async fn with_logs(
    run: Followed,
    parallel: bool,
    (out, notes): (&mut (dyn Write + Send), &mut Notes<'_>),
) -> Result<End, Failed> {
    let shown = Shown { prefix: parallel, ..Shown::default() };
    let end = follow::until_ended::<SidecarJob>(&run, shown, Without::Note, Vec::new(), (out, notes)).await?;
    match end {
        Outcome::Ended(ending) => {
            notes.line(&format!("SidecarJob {} {}", run.name, ending.words()))?;
            Ok(if ending.is_complete { End::Good } else { End::RunFailed })
        }
        Outcome::Deleted => Err(Failed::Gone(format!(
            "SidecarJob {} in namespace {} was deleted before it finished",
            run.name, run.namespace
        ))),
    }
}

/// The annotation of the run that says who started it, for tests and for `rerun`.
pub fn started_by(object: &Value) -> Value {
    let text = object["metadata"]["annotations"][labels::STARTED_BY].as_str().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}
