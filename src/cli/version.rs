//! `sidecarjob version`: which version is this program, what runs on the cluster, and do the two fit?
//!
//! `schema` compares the CRDs of the cluster with those of this program.

pub(crate) mod schema;

use std::io::Write;

use clap::Parser;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client, ResourceExt};
use serde::Serialize;

use crate::api;
use crate::api::crd;
use crate::cli::connect::Cluster;
use crate::cli::deployment;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::failure::Failure;
use crate::cli::failure::Kind;
use crate::cli::failure::call;
use crate::cli::output::Data;
use crate::printable;

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// More fields than this are not named: the sentence stays a sentence.
const FIELDS: usize = 3;

/// Shows the version of this program, of the CRDs and of the controller on the cluster, and whether they fit
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Exit codes: 0 success, whatever the versions; 1 no cluster, or no answer; 2 wrong usage")]
pub struct Args {
    /// This program only; needs no cluster
    #[arg(long)]
    pub client: bool,

    /// Output format: json or yaml
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Data,

    #[command(flatten)]
    cluster: Cluster,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    /// The version of this program.
    client: String,
    /// The version of the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes: Option<String>,
    /// The definitions of this program, as the cluster has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    crds: Vec<Crd>,
    /// The Deployments of the controller. There should be one, unless each has namespaces of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    controllers: Vec<Controller>,
    /// What does not fit, or could not be read, and what to do; a sentence each.
    skew: Vec<String>,
}

/// One definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Crd {
    /// Its name.
    name: String,
    /// The cluster has it.
    installed: bool,
    /// The versions that the API server serves.
    served: Vec<String>,
    /// Fields that this program knows and the cluster does not.
    missing_fields: Vec<String>,
    /// Fields that the cluster knows and this program does not.
    unknown_fields: Vec<String>,
}

/// A Deployment of the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Controller {
    /// Its namespace.
    namespace: String,
    /// Its name.
    name: String,
    /// Its image.
    image: String,
    /// How many of its replicas are ready.
    ready_replicas: i32,
    /// How many there should be.
    replicas: i32,
}

/// Reads, and prints.
pub async fn run(args: Args, out: &mut (dyn Write + Send), _: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let mut found = Found { client: VERSION.to_owned(), ..Found::default() };
    if !args.client {
        let (client, _) = args.cluster.connect().await.map_err(Failed::Config)?;
        found.read(&client).await?;
    }
    let value = serde_json::to_value(&found).map_err(std::io::Error::other)?;
    if !args.output.value(out, &value)? {
        found.print(out)?;
    }
    Ok(End::Good)
}

impl Found {
    async fn read(&mut self, client: &Client) -> Result<(), Failed> {
        let version = call("read the version of the API server", client.apiserver_version()).await?;
        self.kubernetes = Some(version.git_version);
        self.read_crds(client).await;
        self.read_controllers(client).await;
        Ok(())
    }

    async fn read_crds(&mut self, client: &Client) {
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        for own in crd::all() {
            let name = own.name_any();
            match call(format!("read CustomResourceDefinition {name}"), api.get(&name)).await {
                Ok(there) => self.compare(&own, &there),
                Err(failure) if failure.kind == Kind::NoObject => {
                    self.skew.push(format!(
                        "the cluster has no {name}: sidecarjob crds | kubectl apply --server-side -f - installs it"
                    ));
                    let (served, missing_fields, unknown_fields) = <_>::default();
                    self.crds.push(Crd { name, installed: false, served, missing_fields, unknown_fields });
                }
                Err(failure) => self.served(client, name, &failure).await,
            }
        }
    }

    /// Without a right to read definitions: what everybody may ask, which kinds the API server serves.
    async fn served(&mut self, client: &Client, name: String, failure: &Failure) {
        let version = format!("{}/{}", api::GROUP, api::VERSION);
        let kinds =
            call(format!("ask which kinds of {version} there are"), client.list_api_group_resources(&version)).await;
        let plural = name.split('.').next().unwrap_or_default();
        if kinds.is_ok_and(|kinds| kinds.resources.iter().any(|kind| kind.name == plural)) {
            let (served, missing_fields, unknown_fields) = (vec![api::VERSION.to_owned()], vec![], vec![]);
            self.crds.push(Crd { name: name.clone(), installed: true, served, missing_fields, unknown_fields });
        }
        self.skew.push(format!("the fields of {}", unknown(&name, failure)));
    }

    fn compare(&mut self, own: &CustomResourceDefinition, there: &CustomResourceDefinition) {
        let name = own.name_any();
        let served = there.spec.versions.iter().filter(|v| v.served).map(|v| v.name.clone()).collect();
        let (missing_fields, unknown_fields) = schema::differences(own, there);
        if !missing_fields.is_empty() {
            self.skew.push(format!(
                "{name} on the cluster is older than this program: it lacks {}; sidecarjob crds | kubectl apply --server-side \
                 -f - updates it, after the controller",
                few(&missing_fields)
            ));
        }
        if !unknown_fields.is_empty() {
            self.skew.push(format!(
                "{name} on the cluster is newer than this program: it also has {}; update this program",
                few(&unknown_fields)
            ));
        }
        self.crds.push(Crd { name, installed: true, served, missing_fields, unknown_fields });
    }

    async fn read_controllers(&mut self, client: &Client) {
        match deployment::all(client).await {
            Ok(there) if there.is_empty() => {
                let words = "there is no Deployment of the controller, so nobody runs SidecarJobs, unless it runs in another way";
                self.skew.push(words.to_owned());
            }
            Ok(there) => there.iter().for_each(|one| self.controller(one)),
            Err(failure) => self.skew.push(unknown("the controller", &failure)),
        }
    }

    fn controller(&mut self, there: &Deployment) {
        let (namespace, name) = (there.namespace().unwrap_or_default(), there.name_any());
        let image = deployment::container(there).and_then(|c| c.image.clone()).unwrap_or_default();
        let replicas = there.spec.replicas.unwrap_or(1);
        let ready_replicas = there.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0);
        if ready_replicas == 0 {
            self.skew.push(format!(
                "no replica of Deployment {name} in namespace {namespace} is ready, so nobody runs SidecarJobs: \
                 kubectl get pods -n {namespace}"
            ));
        }
        match deployment::tag(&image) {
            Some(tag) if tag.trim_start_matches('v') == VERSION => {}
            Some(tag) if tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v') => self.skew.push(format!(
                "the controller's image has version {tag}, and this program is {VERSION}: use the same version of both"
            )),
            _ => self
                .skew
                .push(format!("the image {image} does not say its version, so it can't be compared with {VERSION}")),
        }
        self.controllers.push(Controller { namespace, name, image, ready_replicas, replicas });
    }

    fn print(&self, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
        printable::say(out, format_args!("Client: {}", self.client))?;
        if let Some(version) = &self.kubernetes {
            printable::say(out, format_args!("Kubernetes: {version}"))?;
        }
        for crd in &self.crds {
            let served = if crd.installed { crd.served.join(", ") } else { "not installed".into() };
            printable::say(out, format_args!("CRD {}: {served}", crd.name))?;
        }
        for Controller { namespace, name, image, ready_replicas, replicas } in &self.controllers {
            let ready = format_args!("{ready_replicas} of {replicas} replicas ready");
            printable::say(out, format_args!("Controller: {image}, {ready} ({name} in {namespace})"))?;
        }
        if self.skew.is_empty() && self.kubernetes.is_some() {
            return printable::say(out, "Program, CRDs and controller fit.");
        }
        self.skew.iter().try_for_each(|sentence| printable::say(out, format_args!("note: {sentence}")))
    }
}

/// The first fields of a list, and how many follow.
pub(crate) fn few(fields: &[String]) -> String {
    let first = fields.iter().take(FIELDS).cloned().collect::<Vec<_>>().join(", ");
    match fields.len().saturating_sub(FIELDS) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn unknown(what: &str, failure: &Failure) -> String {
    format!("{what} can't be compared: {}", failure.without_advice())
}

#[cfg(test)]
mod tests;
