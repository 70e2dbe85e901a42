//! What must a kind of object offer, so that `reconcile` can reconcile its objects? The form for the engine, and the
//! same object with a new status.
//!
//! The shell has one implementation for both kinds: SidecarJob and batch/v1 Job.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::core::{NamespaceResourceScope, Selector};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::conditions::{events, messages};
use crate::api::{Kind, SharedJob, SidecarJob, labels};
use crate::controller::views::pods::owner::Owner;
use crate::controller::views::pods::routes::Selects;
use crate::controller::wire::whole::Whole;
use crate::engine::observed::Job;
use crate::engine::observed::status::Status;
use crate::engine::plan::Event;

/// A kind of object whose Pods this controller runs.
pub trait Managed:
    kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Whole
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
{
    /// The kind, as the engine knows it.
    const KIND: Kind;

    /// The object in the engine's form. `None` if the object did not come from an API server.
    fn observe(&self) -> Option<Job>;

    /// The same object with that status.
    fn with_status(&self, status: &Status) -> Self;

    /// Whether the two objects have the same status on the wire.
    fn same_status(&self, other: &Self) -> bool;

    /// The value of `spec.managedBy`, if the field is set.
    fn manager(&self) -> Option<&str>;

    /// Whether this controller reconciles the object.
    fn is_ours(&self) -> bool;

    /// An event that says why the controller can't run the object, if so. The controller then leaves the object alone.
    fn unfit(&self) -> Option<Event> {
        None
    }

    /// How the object selects its Pods.
    fn selects(&self) -> Selects;

    /// The object as the owner of Pods. `None` if the object did not come from an API server.
    fn as_owner(&self) -> Option<Owner> {
        let meta = self.meta();
        Some(Owner { kind: Self::KIND, key: (meta.namespace.clone()?, meta.name.clone()?), uid: meta.uid.clone()? })
    }
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

    fn selects(&self) -> Selects {
        self.spec.selector.as_ref().map_or(Selects::Uid(labels::UID), |selector| selects(selector, &self.metadata))
    }
}

impl Managed for SharedJob {
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

    fn selects(&self) -> Selects {
        let selector = self.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        selector.map_or(Selects::Unreadable, |selector| selects(selector, &self.metadata))
    }
}

/// By the UID, if the selector has no other requirement. An empty selector would match every Pod of the namespace: the
/// API server rejects such a selector, and so does the controller.
fn selects(selector: &LabelSelector, meta: &ObjectMeta) -> Selects {
    if let (Some(labels), None) = (&selector.match_labels, &selector.match_expressions)
        && let [(label, uid)] = labels.iter().collect::<Vec<_>>()[..]
        && let Some(by) = labels::UID_LABELS.into_iter().find(|by| by == label)
        && meta.uid.as_ref() == Some(uid)
    {
        return Selects::Uid(by);
    }
    let read = Selector::try_from(selector.clone()).ok().filter(|selector| !selector.selects_all());
    read.map_or(Selects::Unreadable, Selects::Own)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn batch(spec: Value) -> SharedJob {
        let mut job = json!({"metadata": {"name": "job"}, "spec": {"template": {}}});
        for (key, value) in spec.as_object().expect("an object") {
            job["spec"][key] = value.clone();
        }
        serde_json::from_value(job).expect("a Job")
    }

    #[test]
    fn a_job_is_ours_if_it_names_us_and_a_sidecarjob_unless_it_names_another() {
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
    fn a_run_selects_by_its_uid_unless_it_has_a_selector_of_its_own() {
        let own = Selector::from_iter([("a".to_owned(), "b".to_owned())]);
        for (what, spec, want) in [
            (
                "the API server's selector",
                json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}),
                Selects::Uid(labels::CONTROLLER_UID),
            ),
            (
                "of an old API server",
                json!({"matchLabels": {"controller-uid": "u"}}),
                Selects::Uid(labels::LEGACY_CONTROLLER_UID),
            ),
            ("somebody's", json!({"matchLabels": {"a": "b"}}), Selects::Own(own)),
            ("an empty one", json!({}), Selects::Unreadable),
            ("none", json!(null), Selects::Unreadable),
        ] {
            let mut job = batch(json!({"selector": spec}));
            job.metadata.uid = Some("u".into());
            assert_eq!(job.selects(), want, "{what}");
            job.metadata.uid = Some("another".into());
            assert!(!matches!(job.selects(), Selects::Uid(_)), "{what}: by another's UID");
        }
        assert_eq!(SidecarJob::default().selects(), Selects::Uid(labels::UID));
    }
}
