//! Which object is it, and which version of the object?

use kube::ResourceExt;

/// Namespace and name.
pub type Key = (String, String);

/// The key of an object.
pub fn key<K: kube::Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

/// `metadata.resourceVersion` as the number that it is since Kubernetes 1.35 by contract and was before in fact.
pub fn version<K: kube::Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0)
}
