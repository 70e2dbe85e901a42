//! How does the controller hold an object that a watch delivered? Shared, because the view, a reconcile and the memory hold
//! the same object; and so that one object that can't be read does not stop the others.

use std::borrow::Cow;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::DeserializeGuard;
use kube::core::error_boundary::InvalidObject;
use serde::{Deserialize, Deserializer};

/// An object; or why it can't be read, with its metadata.
#[derive(Clone, Debug)]
pub struct Watched<K>(pub Result<Arc<K>, Box<InvalidObject>>);

impl<K> From<K> for Watched<K> {
    fn from(object: K) -> Self {
        Self(Ok(Arc::new(object)))
    }
}

impl<'de, K: Deserialize<'de> + Resource> Deserialize<'de> for Watched<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DeserializeGuard::<K>::deserialize(deserializer)
            .map(|DeserializeGuard(read)| Self(read.map(Arc::new).map_err(Box::new)))
    }
}

impl<K: Resource + Clone> Resource for Watched<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(dt)
    }

    fn group(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::group(dt)
    }

    fn version(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::version(dt)
    }

    fn plural(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(dt)
    }

    fn meta(&self) -> &ObjectMeta {
        match &self.0 {
            Ok(object) => object.meta(),
            Err(invalid) => &invalid.metadata,
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(object) => Arc::make_mut(object).meta_mut(),
            Err(invalid) => &mut invalid.metadata,
        }
    }
}
