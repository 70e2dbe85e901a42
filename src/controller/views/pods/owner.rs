//! Who owns a Pod, as far as one of our kinds is concerned?

use crate::api::Kind;
use crate::controller::object::Key;
use crate::engine::observed::wire;

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
pub fn of(wire: &wire::Pod) -> Option<Option<Owner>> {
    let meta = &wire.metadata;
    let owner = meta.owner_references.iter().find(|o| o.controller == Some(true))?;
    let of_ours = || {
        let kind = Kind::of_reference(&owner.api_version, &owner.kind)?;
        let namespace = Some(&meta.namespace).filter(|namespace| !namespace.is_empty())?;
        Some(Owner { kind, key: (namespace.clone(), owner.name.clone()), uid: owner.uid.clone() })
    };
    Some(of_ours())
}
