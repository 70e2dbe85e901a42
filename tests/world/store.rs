//! What is stored? The objects of each kind, all versions of them, and who watches.

use std::collections::BTreeMap;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use hyper::body::Bytes;
use serde_json::{Value, json};

/// The one namespace of all worlds.
pub const NAMESPACE: &str = "ns";

/// An object as it was at one version.
#[derive(Clone)]
pub struct Change {
    pub version: u64,
    /// It was deleted with this version.
    pub gone: bool,
    pub object: Value,
}

/// All objects. A kind is called by its plural, as in a URL.
#[derive(Default)]
pub struct Store {
    version: u64,
    objects: BTreeMap<String, BTreeMap<String, Value>>,
    logs: BTreeMap<String, Vec<Change>>,
    watches: Vec<(String, UnboundedSender<Bytes>)>,
}

impl Store {
    pub fn version(&self) -> u64 {
        self.version
    }

    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// A UID that says when the object was made.
    pub fn new_uid(&mut self, what: &str) -> String {
        format!("{what}-{}", self.next_version())
    }

    pub fn get(&self, kind: &str, name: &str) -> Option<&Value> {
        self.objects.get(kind)?.get(name)
    }

    /// All objects of a kind, in the order of their names.
    pub fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.get(kind).into_iter().flat_map(BTreeMap::values)
    }

    /// All changes of a kind, as a watch shows them.
    pub fn log(&self, kind: &str) -> &[Change] {
        self.logs.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Stores an object under a new version. The object goes when it is being deleted and nothing holds it.
    pub fn put(&mut self, kind: &str, mut object: Value) -> Value {
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(self.new_uid(kind));
        }
        let gone = is_deleting(&object) && finalizers(&object).is_empty() && is_over(&object);
        object["metadata"]["namespace"] = json!(NAMESPACE);
        let before = self.get(kind, name(&object)).is_some();
        let event = if gone {
            "DELETED"
        } else if before {
            "MODIFIED"
        } else {
            "ADDED"
        };
        self.change(kind, event, object)
    }

    /// Takes an object away, whatever holds it.
    pub fn remove(&mut self, kind: &str, name: &str) -> Option<Value> {
        let object = self.get(kind, name)?.clone();
        Some(self.change(kind, "DELETED", object))
    }

    fn change(&mut self, kind: &str, event: &str, mut object: Value) -> Value {
        let version = self.next_version();
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let (gone, name) = (event == "DELETED", name(&object).to_owned());
        if self.watches.iter().any(|(of, _)| of == kind) {
            let line = Bytes::from(format!("{}\n", json!({"type": event, "object": object})));
            self.watches.retain(|(of, send)| of != kind || send.unbounded_send(line.clone()).is_ok());
        }
        let objects = self.objects.entry(kind.to_owned()).or_default();
        match gone {
            true => drop(objects.remove(&name)),
            false => drop(objects.insert(name, object.clone())),
        }
        let change = Change { version, gone, object: object.clone() };
        self.logs.entry(kind.to_owned()).or_default().push(change);
        object
    }

    /// The lines of a watch that begins now and stays open.
    pub fn watch(&mut self, kind: &str) -> UnboundedReceiver<Bytes> {
        let (send, lines) = unbounded();
        self.watches.push((kind.to_owned(), send));
        lines
    }
}

/// Nothing of it runs, if it is a Pod; no grace period is left.
fn is_over(object: &Value) -> bool {
    let grace = &object["metadata"]["deletionGracePeriodSeconds"];
    let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    grace.is_null() || *grace == json!(0) || ended
}

pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

pub fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

pub fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or(1)
}

pub fn finalizers(object: &Value) -> Vec<&str> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

pub fn is_deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// The UID of the owner that controls it.
pub fn owner(object: &Value) -> Option<&str> {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.into_iter().find(|o| o["controller"] == true)?["uid"].as_str()
}

/// That condition is there, and True.
pub fn is_true(object: &Value, type_: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|c| c["type"] == type_ && c["status"] == "True")
}
