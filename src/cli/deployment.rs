//! Where is the controller's Deployment, and what does its container say?

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Container;
use kube::api::ListParams;
use kube::{Api, Client};

use crate::api::install;
use crate::cli::failure::{Failure, Kind, call};

/// All Deployments of the controller, under whatever name and in whatever namespace; for a user who may not list those of all
/// namespaces: the ones in the namespace of `config/default`.
pub async fn all(client: &Client) -> Result<Vec<Deployment>, Failure> {
    let of = ListParams::default().labels(install::SELECTOR);
    let everywhere: Api<Deployment> = Api::all(client.clone());
    let there = match call("list deployments", everywhere.list(&of)).await {
        Err(failure) if failure.kind == Kind::Forbidden => {
            let api: Api<Deployment> = Api::namespaced(client.clone(), install::NAMESPACE);
            call(format!("list deployments in namespace {}", install::NAMESPACE), api.list(&of)).await?
        }
        answer => answer?,
    };
    Ok(there.items)
}

/// The container of the controller; a mesh's proxy may be the first one.
pub fn container(deployment: &Deployment) -> Option<&Container> {
    let containers = &deployment.spec.template.spec.as_ref()?.containers;
    containers.iter().find(|c| c.name == "controller").or(containers.first())
}

/// The tag of an image.
pub fn tag(image: &str) -> Option<&str> {
    let image = image.split('@').next().unwrap_or_default();
    let (_, tag) = image.rsplit_once(':')?;
    (!tag.contains('/')).then_some(tag) // a port of the registry is no tag
}
