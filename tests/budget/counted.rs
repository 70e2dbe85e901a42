//! How often is a run converted into the engine's form, and how often copied? The shell takes any kind of run, so this one
//! is a SidecarJob or a Job that counts.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::NamespaceResourceScope;
use serde::{Deserialize, Serialize};
use sidecarjob::api::Kind;
use sidecarjob::controller::managed::Managed;
use sidecarjob::controller::views::pods::routes::Selects;
use sidecarjob::controller::wire::whole::Whole;
use sidecarjob::engine::observed::Job;
use sidecarjob::engine::observed::status::Status;

static CONVERTED: AtomicUsize = AtomicUsize::new(0);
static COPIED: AtomicUsize = AtomicUsize::new(0);

/// How often a run was converted into the engine's form, and how often it was copied, since the last time that this was
/// asked.
pub fn conversions_and_copies() -> (usize, usize) {
    (CONVERTED.swap(0, Ordering::SeqCst), COPIED.swap(0, Ordering::SeqCst))
}

/// A run that counts.
#[derive(Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Counted<K>(K);

impl<K: Clone> Clone for Counted<K> {
    fn clone(&self) -> Self {
        COPIED.fetch_add(1, Ordering::SeqCst);
        Self(self.0.clone())
    }
}

impl<K: Resource<DynamicType = (), Scope = NamespaceResourceScope>> Resource for Counted<K> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.meta()
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.0.meta_mut()
    }
}

impl<K: Managed> Whole for Counted<K> {
    type Spec = K::Spec;
    type Status = K::Status;

    fn of(metadata: ObjectMeta, spec: K::Spec, status: Option<K::Status>) -> Self {
        Self(K::of(metadata, spec, status))
    }

    fn status_write(&self) -> serde_json::Result<Vec<u8>> {
        self.0.status_write()
    }
}

impl<K: Managed> Managed for Counted<K> {
    const KIND: Kind = K::KIND;

    fn observe(&self) -> Option<Job> {
        CONVERTED.fetch_add(1, Ordering::SeqCst);
        self.0.observe()
    }

    fn with_status(&self, status: &Status) -> Self {
        Self(self.0.with_status(status))
    }

    fn same_status(&self, other: &Self) -> bool {
        self.0.same_status(&other.0)
    }

    fn manager(&self) -> Option<&str> {
        self.0.manager()
    }

    fn is_ours(&self) -> bool {
        self.0.is_ours()
    }

    fn selects(&self) -> Selects {
        self.0.selects()
    }
}
