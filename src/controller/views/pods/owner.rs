//! Who owns a Pod, as far as one of our kinds is concerned?

use k8s_openapi::api::core::v1 as core;

use crate::api::Kind;
use crate::controller::object::Key;

/// The owner that a Pod's owner reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace and name.
    pub key: Key,
    /// Its UID.
    pub uid: String,
}

/// The owner in the Pod's controller reference, if the owner is of one of our kinds. `None` inside: of another kind.
pub fn of(wire: &core::Pod) -> Option<Option<Owner>> {
    let meta = &wire.metadata;
    let owner = meta.owner_references.iter().flatten().find(|o| o.controller == Some(true))?;
    let of_ours = || {
        let kind = Kind::of_reference(&owner.api_version, &owner.kind)?;
        Some(Owner { kind, key: (meta.namespace.clone()?, owner.name.clone()), uid: owner.uid.clone() })
    };
    Some(of_ours())
}
