//! Which cluster does a verb talk to? As kubectl finds it.

use std::path::{Path, PathBuf};

use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// How to find the cluster.
#[derive(Clone, Debug, Args)]
pub struct Cluster {
    /// Namespace [default: that of the context]
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Kubeconfig file [default: $KUBECONFIG or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

impl Cluster {
    /// A client, and the namespace.
    pub async fn connect(&self) -> Result<(Client, String), String> {
        connect(self.kubeconfig.as_deref(), self.context.as_deref(), self.namespace.as_deref()).await
    }
}

/// A client, and the namespace.
pub async fn connect(
    kubeconfig: Option<&Path>,
    context: Option<&str>,
    namespace: Option<&str>,
) -> Result<(Client, String), String> {
    let wrong = |e: &dyn std::fmt::Display| e.to_string();
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let config = match kubeconfig {
        Some(file) => {
            let read = Kubeconfig::read_from(file).map_err(|e| wrong(&e))?;
            Config::from_custom_kubeconfig(read, &options).await.map_err(|e| wrong(&e))?
        }
        None if context.is_some() => Config::from_kubeconfig(&options).await.map_err(|e| wrong(&e))?,
        None => Config::infer().await.map_err(|e| wrong(&e))?,
    };
    let namespace = namespace.map_or_else(|| config.default_namespace.clone(), str::to_owned);
    Ok((Client::try_from(config).map_err(|e| wrong(&e))?, namespace))
}
