//! What must a kind offer to go through `reconcile`? Its form for the engine, and its own form with a status in it.
//!
//! SidecarJob, and batch/v1 Job: the shell is written once for both.

use std::fmt::Debug;

use k8s_openapi::api::batch::v1::Job as BatchJob;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{NamespaceResourceScope, Selector};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{Kind, SidecarJob, labels};
use crate::engine::observed::Job;
use crate::engine::status::Status;

/// A kind whose Pods we run.
pub trait Managed:
    kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
{
    /// Which it is.
    const KIND: Kind;

    /// In the engine's words. `None` if it did not come from an API server.
    fn observe(&self) -> Option<Job>;

    /// The same object with that status.
    fn with_status(&self, status: &Status) -> Self;

    /// The two have the same status on the wire.
    fn same_status(&self, other: &Self) -> bool;

    /// Who reconciles it, if that is said.
    fn manager(&self) -> Option<&str>;

    /// It is for us to reconcile.
    fn is_ours(&self) -> bool;

    /// Which Pods are its own. One that can't be read matches none.
    fn selector(&self) -> Option<Selector>;
}

impl Managed for SidecarJob {
    const KIND: Kind = Kind::SidecarJob;

    fn observe(&self) -> Option<Job> {
        Job::from_wire(self)
    }

    fn with_status(&self, status: &Status) -> Self {
        Self { status: Some(status.to_wire()), ..self.clone() }
    }

    fn same_status(&self, other: &Self) -> bool {
        self.status == other.status
    }

    fn manager(&self) -> Option<&str> {
        self.spec.managed_by.as_deref()
    }

    fn is_ours(&self) -> bool {
        self.manager().is_none_or(|manager| manager == labels::CONTROLLER)
    }

    fn selector(&self) -> Option<Selector> {
        match &self.spec.selector {
            Some(selector) => from_wire(selector),
            None => Some(Selector::from_iter([(labels::UID.to_owned(), self.metadata.uid.clone()?)])),
        }
    }
}

impl Managed for BatchJob {
    const KIND: Kind = Kind::Job;

    fn observe(&self) -> Option<Job> {
        Job::from_batch(self)
    }

    fn with_status(&self, status: &Status) -> Self {
        Self { status: Some(status.to_batch(self.status.as_ref())), ..self.clone() }
    }

    fn same_status(&self, other: &Self) -> bool {
        self.status == other.status
    }

    fn manager(&self) -> Option<&str> {
        self.spec.as_ref()?.managed_by.as_deref()
    }

    fn is_ours(&self) -> bool {
        self.manager() == Some(labels::CONTROLLER)
    }

    fn selector(&self) -> Option<Selector> {
        from_wire(self.spec.as_ref()?.selector.as_ref()?)
    }
}

/// An empty selector would match every Pod of the namespace: the API server refuses it, and so do we.
fn from_wire(selector: &LabelSelector) -> Option<Selector> {
    Selector::try_from(selector.clone()).ok().filter(|selector| !selector.selects_all())
}
