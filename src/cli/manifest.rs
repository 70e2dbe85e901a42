//! Which Kubernetes objects are in a text, and where does each of their values stand?
//!
//! [`read()`] gets the texts: of a file, of a folder, of stdin. [`documents()`] splits a text into its YAML documents, or
//! tells by a [`Fault`] (file, line, sentence) why one of them is no YAML; the documents after a broken one are still read.
//! [`Document::objects`] lists the objects, those of a `kind: List` one by one. An [`Object`] has
//!
//! - its value as the API server gets the value from kubectl (`object.value`): `0644` is 420, `yes` is true and `"yes"` is a
//!   text, aliases and merge keys are followed;
//! - the place of each field: `object.find(&"spec.template.spec.containers[0].name".parse()?)`, or with steps
//!   `object.find(&[Step::from("spec"), Step::from("template")])`. A path is written as the API server writes fields:
//!   `metadata.annotations[sidecarjob.dev/main]`. [`Found`] has the node of the key and the node of the value;
//! - `object.line(&path)`: the line of a field, or of the nearest parent that is there, for messages.
//!
//! A [`Node`] has `span`, the bytes of its text, from its first character to its last: of a block scalar from the `|`, of a
//! block sequence from the first `-`, of quoted text with the quotes, and without the anchor and the tag before it
//! ([`Node::whole`] has these). [`Source::position`] tells the line and column of a byte, both from 1.
//!
//! [`Found::shared`] says that a field is written elsewhere in the document: behind an alias or in a merge key. An edit there
//! changes other places too. [`Document::alias_of`] says whether an alias repeats a piece of the text.
//!
//! An edit is a replacement of bytes of [`Source::text`]: [`edit::Edits`] collects and applies them, so that all other bytes
//! stay as they are.

mod build;
mod document;
pub mod edit;
mod node;
mod path;
mod read;
mod scalar;
mod source;

pub use document::{Document, Found, Object, documents};
pub use node::{Entry, Form, Node};
pub use path::{Path, Step};
pub use read::{ReadError, read};
pub use scalar::Style;
pub use source::{Fault, Position, Source, has_template};

#[cfg(test)]
mod tests;
