//! Which cluster is it, and can we work with it?
//!
//! Asked once at the start, so that what is missing is said in words before a watch fails in a loop.

use crate::controller::bound;
use crate::controller::call::is_absent;
use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, ListParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::NamespaceResourceScope;
use kube::{Client, Config};
use serde::de::DeserializeOwned;
use thiserror::Error;
use tower::retry::RetryLayer;
use tower::{ServiceBuilder, service_fn};
use tracing::warn;

use crate::api::{SidecarCronJob, SidecarJob, kubernetes, labels};
use crate::controller::error::{CALL_TIMEOUT, message, no_answer};
use crate::controller::gate::{Calls, Gate};
use crate::controller::in_flight::{self, InFlight};
use crate::controller::throttled::Throttled;

/// How often it is looked whether the CRD is there by now.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// The start can't go on.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// No usable configuration.
    #[error("failed to find a cluster: {0}; give --kubeconfig, set KUBECONFIG, or run in a Pod with a ServiceAccount")]
    Config(String),
    /// The API server can't be reached.
    #[error("failed to reach the API server at {url}: {reason}; check the address and that it is running")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The rights are missing.
    #[error("not allowed to list SidecarJobs: {0}; give the rights of config/rbac, or name --namespace")]
    Forbidden(String),
}

/// The clients for one cluster. They share their connections.
pub struct Clients {
    /// For the work: changes nothing unless the Lease is held.
    pub work: Client,
    /// The same for the events.
    pub events: Client,
    /// For the Lease: no gate, and no call is repeated.
    pub leases: Client,
    /// Where the cluster is.
    pub url: String,
}

/// Clients for the cluster that was named.
pub async fn connect(kubeconfig: Option<&Path>, gate: &Gate) -> Result<Clients, ClusterError> {
    let config = |e: &dyn std::fmt::Display| ClusterError::Config(e.to_string());
    let mut found = match kubeconfig {
        Some(file) => {
            let read = Kubeconfig::read_from(file).map_err(|e| config(&e))?;
            Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.map_err(|e| config(&e))?
        }
        None => Config::infer().await.map_err(|e| config(&e))?,
    };
    found.connect_timeout = Some(Duration::from_secs(10));
    Clients::of(found, gate).map_err(|e| config(&e))
}

impl Clients {
    /// For the cluster of that configuration. A call of the work waits for a place, and then passes the gate: what was
    /// true when the call began to wait need not be true any more. A call that is repeated does both again.
    pub fn of(mut config: Config, gate: &Gate) -> kube::Result<Self> {
        config.default_retry = false; // `Throttled` does that
        let (url, namespace) = (config.cluster_url.to_string(), config.default_namespace.clone());
        let leases = ClientBuilder::try_from(config)?.build();
        let send = {
            let base = leases.clone();
            service_fn(move |request| {
                let base = base.clone();
                async move { base.send(request).await }
            })
        };
        let repeat = || ServiceBuilder::new().layer(RetryLayer::new(Throttled::default()));
        let work = repeat().layer(InFlight::of(in_flight::AT_ONCE)).layer(gate.layer(Calls::Work));
        let events = repeat().layer(gate.layer(Calls::Events));
        Ok(Self {
            work: Client::new(work.service(send.clone()), namespace.clone()),
            events: Client::new(events.service(send), namespace),
            leases,
            url,
        })
    }
}

/// Whether the cluster has native sidecars. A version that can't be read counts as new.
pub async fn has_native_sidecars(client: &Client, url: &str) -> Result<bool, ClusterError> {
    let unreachable = |e| ClusterError::Unreachable { url: url.to_owned(), reason: message(&e) };
    let version = in_time(client.apiserver_version()).await.map_err(unreachable)?;
    Ok(is_native(&version.major, &version.minor))
}

fn is_native(major: &str, minor: &str) -> bool {
    kubernetes::minor(major, minor).is_none_or(|minor| minor >= kubernetes::NATIVE_SIDECARS)
}

/// The kind is there and may be read. A cluster without it is served too, for its Jobs: that is said, once.
pub async fn check_kind(client: &Client, namespace: Option<&str>) -> Result<(), ClusterError> {
    match list_one::<SidecarJob>(client, namespace).await {
        Err(kube::Error::Api(status)) if is_absent(&status) => {
            warn!(
                "this cluster has no SidecarJob kind: until it is installed (kubectl apply --server-side -f crds/), only \
                 batch/v1 Jobs with spec.managedBy {} are reconciled",
                labels::CONTROLLER
            );
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_forbidden() => Err(ClusterError::Forbidden(status.message.clone())),
        Err(error) => {
            warn!("failed to list SidecarJobs: {}; going on, the watch tries again", message(&error));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Waits until the kind is there.
pub async fn has_kind(client: &Client, namespace: Option<&str>) {
    while let Err(kube::Error::Api(status)) = list_one::<SidecarJob>(client, namespace).await
        && is_absent(&status)
    {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Waits until there are SidecarCronJobs to be had: their kind is installed, and may be read.
pub async fn has_schedules(client: &Client, namespace: Option<&str>) {
    let mut said = false;
    while let Err(kube::Error::Api(status)) = list_one::<SidecarCronJob>(client, namespace).await
        && (is_absent(&status) || status.is_forbidden())
    {
        if !std::mem::replace(&mut said, true) {
            warn!("schedules rest until SidecarCronJobs can be listed: {}", status.message);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether batch/v1 Jobs may be read; if not, that is said and they are left alone.
pub async fn may_list_jobs(client: &Client, namespace: Option<&str>) -> bool {
    let Err(kube::Error::Api(status)) = list_one::<Job>(client, namespace).await else { return true };
    let forbidden = status.is_forbidden();
    if forbidden {
        warn!("Jobs with spec.managedBy {} are not reconciled: {}", labels::CONTROLLER, status.message);
    }
    !forbidden
}

async fn list_one<K>(client: &Client, namespace: Option<&str>) -> kube::Result<()>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    in_time(api::<K>(client, namespace).list(&ListParams::default().limit(1))).await.map(drop)
}

/// A call with the bound that all have.
async fn in_time<T>(call: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
    let late = || Err(kube::Error::Service(no_answer().into()));
    bound::within(CALL_TIMEOUT, call).await.unwrap_or_else(late)
}

/// The objects of one namespace, or of all.
pub fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: kube::Resource<Scope = NamespaceResourceScope>,
    K::DynamicType: Default,
{
    namespace.map_or_else(|| Api::all(client.clone()), |n| Api::namespaced(client.clone(), n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_sidecars_are_there_from_1_29_on() {
        for (major, minor, native) in [
            ("1", "28", false),
            ("1", "29", true),
            ("1", "28+", false),
            ("1", "37", true),
            ("2", "0", true),
            ("1", "", true),
        ] {
            assert_eq!(is_native(major, minor), native, "{major}.{minor}");
        }
    }
}
