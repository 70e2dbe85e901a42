//! Which names of objects does a shell offer? Those on the cluster that the typed flags name, if it answers at once.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use clap_complete::engine::CompletionCandidate;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::ListParams;
use kube::config::Kubeconfig;
use kube::{Api, Client, ResourceExt};
use serde::de::DeserializeOwned;

use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::cli::connect::Cluster;
use crate::cli::target::Kind;
use crate::cli::target::Target;

/// Somebody waits at the keyboard: without an answer in this time there are no names.
const PATIENCE: Duration = Duration::from_secs(2);
/// More names than this are of no help.
const MOST: u32 = 500;
/// The kinds before a slash, as somebody types them.
const KINDS: [&str; 4] = ["scj/", "sccj/", "job/", "pod/"];

/// The names of the SidecarJobs.
pub fn runs(typed: &OsStr) -> Vec<CompletionCandidate> {
    candidates("", typed, ask(names::<SidecarJob>))
}

/// The names of the SidecarCronJobs.
pub fn schedules(typed: &OsStr) -> Vec<CompletionCandidate> {
    candidates("", typed, ask(names::<SidecarCronJob>))
}

/// NAME of a SidecarJob, or KIND/NAME.
pub fn targets(typed: &OsStr) -> Vec<CompletionCandidate> {
    let word = typed.to_string_lossy();
    let Some((kind, _)) = word.split_once('/') else {
        let kinds = KINDS.iter().filter(|kind| kind.starts_with(word.as_ref())).map(CompletionCandidate::new);
        return runs(typed).into_iter().chain(kinds).collect();
    };
    // Any name does: the kind alone is asked for.
    let target: Result<Target, String> = format!("{kind}/name").parse();
    let names = target.map(|target| of_kind(target.kind)).unwrap_or_default();
    candidates(&format!("{kind}/"), typed, names)
}

fn of_kind(kind: Kind) -> Vec<String> {
    match kind {
        Kind::SidecarJob => ask(names::<SidecarJob>),
        Kind::SidecarCronJob => ask(names::<SidecarCronJob>),
        Kind::Job => ask(names::<Job>),
        Kind::Pod => ask(names::<Pod>),
        Kind::CronJob => ask(names::<CronJob>),
    }
}

/// The names of the namespaces.
pub fn namespaces(typed: &OsStr) -> Vec<CompletionCandidate> {
    let all = |client: Client, _: String| async move {
        let api: Api<Namespace> = Api::all(client);
        let list = api.list_metadata(&ListParams::default().limit(MOST)).await?;
        Ok(list.items.iter().map(ResourceExt::name_any).collect())
    };
    candidates("", typed, ask(all))
}

/// The contexts of the kubeconfig.
pub fn contexts(typed: &OsStr) -> Vec<CompletionCandidate> {
    let cluster = cluster(std::env::args_os());
    let config = cluster.kubeconfig().map_or_else(Kubeconfig::read, Kubeconfig::read_from);
    let all = config.map(|config| config.contexts.into_iter().map(|context| context.name).collect());
    candidates("", typed, all.unwrap_or_default())
}

fn candidates(before: &str, typed: &OsStr, names: Vec<String>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let words = names.into_iter().map(|name| format!("{before}{name}"));
    words.filter(|word| word.starts_with(typed.as_ref())).map(CompletionCandidate::new).collect()
}

async fn names<K>(client: Client, namespace: String) -> kube::Result<Vec<String>>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client, &namespace);
    let list = api.list_metadata(&ListParams::default().limit(MOST)).await?;
    Ok(list.items.iter().map(ResourceExt::name_any).collect())
}

/// Asks the cluster. Whoever completes a word wants no error in the middle of the line: without an answer there are no names.
fn ask<F>(question: impl FnOnce(Client, String) -> F) -> Vec<String>
where
    F: Future<Output = kube::Result<Vec<String>>>,
{
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    runtime.block_on(async {
        let answer = async {
            let (client, namespace) = cluster(std::env::args_os()).connect().await.ok()?;
            question(client, namespace).await.ok()
        };
        tokio::time::timeout(PATIENCE, answer).await.ok().flatten().unwrap_or_default()
    })
}

/// The cluster of the flags that somebody has typed so far.
fn cluster(arguments: impl Iterator<Item = OsString>) -> Cluster {
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    let value = |long: &str, short: Option<&str>| {
        words.iter().enumerate().rev().find_map(|(n, word)| {
            if word == long || short == Some(word) {
                return words.get(n + 1).cloned();
            }
            let joined = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
            joined.or_else(|| word.strip_prefix(short?).filter(|rest| !rest.is_empty())).map(ToOwned::to_owned)
        })
    };
    Cluster {
        namespace: value("--namespace", Some("-n")).filter(|name| !name.is_empty()),
        kubeconfig: value("--kubeconfig", None).map(Into::into),
        context: value("--context", None).filter(|name| !name.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_that_were_typed_choose_the_cluster() {
        for (typed, namespace, context) in [
            ("sidecarjob why", None, None),
            ("sidecarjob why -n batch", Some("batch"), None),
            ("sidecarjob why -nbatch --context=prod", Some("batch"), Some("prod")),
            ("sidecarjob why --namespace=batch --context prod", Some("batch"), Some("prod")),
            ("sidecarjob why -n a --namespace b", Some("b"), None),
        ] {
            let cluster = cluster(typed.split(' ').map(Into::into));
            assert_eq!((cluster.namespace.as_deref(), cluster.context.as_deref()), (namespace, context), "{typed}");
        }
    }
}
