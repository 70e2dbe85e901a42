//! How is JSON read once? Straight into what the controller keeps.
//!
//! A second look, at each object by itself, is for what can't be read that way: an object that does not fit its type, or a
//! server that does not write the type of an event first, as the API server does.

use std::fmt::Formatter;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Event, List, Wire};

#[derive(Deserialize)]
struct RawList<J> {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(default = "Option::default")]
    items: Option<Vec<J>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMeta {
    resource_version: Option<String>,
    r#continue: Option<String>,
}

#[derive(Deserialize)]
struct Bare {
    #[serde(default)]
    metadata: ListMeta, // of all of an object's metadata only the version is asked for
}

/// One page of a list.
pub fn list<T: Wire>(body: &[u8]) -> Result<List<T>, String> {
    if let Ok(RawList { metadata, items }) = serde_json::from_slice::<RawList<T::Json>>(body) {
        return Ok(page(metadata, items.into_iter().flatten().map(T::from_json).collect()));
    }
    let RawList { metadata, items } = serde_json::from_slice::<RawList<Value>>(body).map_err(|e| e.to_string())?;
    let items = items.into_iter().flatten().map(by_itself::<T>).collect::<Result<_, _>>()?;
    Ok(page(metadata, items))
}

fn page<T>(metadata: ListMeta, items: Vec<T>) -> List<T> {
    List {
        items,
        resource_version: metadata.resource_version.unwrap_or_default(),
        next: metadata.r#continue.unwrap_or_default(),
    }
}

/// One event of a watch.
pub fn event<T: Wire>(line: &[u8]) -> Result<Event<T>, String> {
    if let Ok(TypeFirst(event)) = serde_json::from_slice::<TypeFirst<T::Json>>(line) {
        return Ok(event.map(T::from_json));
    }
    let mut event = serde_json::from_slice::<Value>(line).map_err(|e| e.to_string())?;
    let object = event["object"].take();
    match event["type"].as_str() {
        Some("ERROR") => Ok(Event::Error(serde_json::from_value(object).map_err(|e| e.to_string())?)),
        Some("BOOKMARK") => {
            let Bare { metadata } = serde_json::from_value(object).map_err(|e| e.to_string())?;
            Ok(Event::Bookmark(metadata.resource_version.unwrap_or_default()))
        }
        Some(type_) => Event::about(type_, by_itself(object)?).ok_or_else(|| format!("there is no type {type_:?}")),
        None => Err("it has no type".into()),
    }
}

/// An object; `None`: it is a Status, or anything else without a version.
pub fn object<T: Wire>(body: &[u8]) -> Result<Option<T>, String> {
    let read = match serde_json::from_slice::<T::Json>(body) {
        Ok(object) => T::from_json(object),
        Err(_) => by_itself(serde_json::from_slice::<Value>(body).map_err(|e| e.to_string())?)?,
    };
    Ok(Some(read).filter(|object| !object.resource_version().is_empty()))
}

/// An object, or what stands for an object that can't be read.
fn by_itself<T: Wire>(object: Value) -> Result<T, String> {
    let error = match T::Json::deserialize(&object) {
        Ok(read) => return Ok(T::from_json(read)),
        Err(error) => error.to_string(),
    };
    T::unreadable(&object, &error).ok_or(error)
}

impl<T> Event<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Event<U> {
        match self {
            Self::Changed(object) => Event::Changed(change(object)),
            Self::Deleted(object) => Event::Deleted(change(object)),
            Self::Bookmark(version) => Event::Bookmark(version),
            Self::Error(status) => Event::Error(status),
        }
    }
}

/// An event whose type is written before its object.
struct TypeFirst<J>(Event<J>);

impl<'de, J: DeserializeOwned> Deserialize<'de> for TypeFirst<J> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<J>(PhantomData<J>);

impl<'de, J: DeserializeOwned> Visitor<'de> for Fields<J> {
    type Value = TypeFirst<J>;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("an event of a watch, with its type first")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<TypeFirst<J>, A::Error> {
        if fields.next_key::<String>()?.as_deref() != Some("type") {
            return Err(A::Error::custom("the type does not stand first"));
        }
        let type_ = fields.next_value::<String>()?;
        if fields.next_key::<String>()?.as_deref() != Some("object") {
            return Err(A::Error::custom("no object follows the type"));
        }
        let event = match type_.as_str() {
            "ERROR" => Event::Error(fields.next_value()?),
            "BOOKMARK" => Event::Bookmark(fields.next_value::<Bare>()?.metadata.resource_version.unwrap_or_default()),
            other => Event::about(other, fields.next_value()?).ok_or_else(|| A::Error::custom("no such type"))?,
        };
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(TypeFirst(event))
    }
}
