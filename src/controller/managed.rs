//! What must a kind offer to go through `reconcile`? Its form for the engine, and its own form with a status in it.
//!
//! SidecarJob, and batch/v1 Job: the shell is written once for both.

use std::fmt::Debug;

use k8s_openapi::api::batch::v1::Job as BatchJob;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{NamespaceResourceScope, Selector};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::conditions::{events, messages};
use crate::api::{Kind, SidecarJob, labels};
use crate::engine::observed::Job;
use crate::engine::observed::status::Status;
use crate::engine::plan::Event;

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

    /// Why it can't be run, if it can't: it is left alone and that is said.
    fn unfit(&self) -> Option<Event> {
        None
    }

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

    fn unfit(&self) -> Option<Event> {
        let mode = self.spec.as_ref()?.completion_mode.as_deref()?;
        let known = ["NonIndexed", "Indexed"].contains(&mode);
        (!known).then(|| Event::warning(events::UNKNOWN_COMPLETION_MODE, messages::UNKNOWN_COMPLETION_MODE))
    }

    fn selector(&self) -> Option<Selector> {
        from_wire(self.spec.as_ref()?.selector.as_ref()?)
    }
}

/// An empty selector would match every Pod of the namespace: the API server refuses it, and so do we.
fn from_wire(selector: &LabelSelector) -> Option<Selector> {
    Selector::try_from(selector.clone()).ok().filter(|selector| !selector.selects_all())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn batch(spec: Value) -> BatchJob {
        let mut job = json!({"metadata": {"name": "job"}, "spec": {"template": {}}});
        for (key, value) in spec.as_object().expect("an object") {
            job["spec"][key] = value.clone();
        }
        serde_json::from_value(job).expect("a Job")
    }

    #[test]
    fn a_job_is_ours_only_if_it_says_so_and_a_sidecarjob_unless_it_says_otherwise() {
        for (manager, job, sidecarjob) in [
            (None, false, true),
            (Some("sidecarjob.dev/controller"), true, true),
            (Some("kubernetes.io/job-controller"), false, false),
            (Some("kueue.x-k8s.io/multikueue"), false, false),
        ] {
            assert_eq!(batch(json!({"managedBy": manager})).is_ours(), job, "Job {manager:?}");
            let mut ours = SidecarJob::default();
            ours.spec.managed_by = manager.map(str::to_owned);
            assert_eq!(ours.is_ours(), sidecarjob, "SidecarJob {manager:?}");
        }
    }

    #[test]
    fn a_job_in_a_mode_that_nobody_knows_is_left_alone_and_that_is_said() {
        for (mode, unfit) in [("Indexed", false), ("NonIndexed", false), ("Ranked", true)] {
            let said = batch(json!({"completionMode": mode})).unfit();
            assert_eq!(said.map(|event| event.reason), unfit.then(|| "UnknownCompletionMode".into()), "{mode}");
        }
        assert_eq!(batch(json!({})).unfit(), None);
    }

    #[test]
    fn an_empty_selector_selects_nothing() {
        let selects = |spec: Value| batch(spec).selector().is_some();
        assert!(selects(json!({"selector": {"matchLabels": {"a": "b"}}})));
        assert!(!selects(json!({"selector": {}})));
        assert!(!selects(json!({})));
    }
}
