//! Which runs share a Pod template in memory? Those whose templates are the same bytes in JSON, as the runs of one schedule
//! have them, and all states of one run that the watch shows.
//!
//! Of a small run, the template takes most of the memory once read, and most of the time to read the object. So a template
//! that is in memory already is not read again.

use std::collections::HashMap;
use std::fmt::Formatter;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, Weak};

use k8s_openapi::api::core::v1::PodTemplateSpec;
use parking_lot::Mutex;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The field that is read by itself.
const TEMPLATE: &str = "template";

/// The spec of a run, read with an empty template; and its template, which is shared.
#[derive(Debug)]
pub struct Apart<S> {
    /// The other fields.
    pub spec: S,
    /// The template; the empty one if the spec has none and may do without.
    pub template: Arc<PodTemplateSpec>,
}

impl<'de, S: Deserialize<'de>> Deserialize<'de> for Apart<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<S>(PhantomData<S>);

impl<'de, S: Deserialize<'de>> Visitor<'de> for Fields<S> {
    type Value = Apart<S>;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("the spec of a run")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Apart<S>, A::Error> {
        let mut text = None;
        let spec = S::deserialize(MapAccessDeserializer::new(Rest { fields, at_template: false, text: &mut text }))?;
        let template = match text {
            Some(text) => SHARED.lock().read(text.get()).map_err(A::Error::custom)?,
            None => Arc::default(),
        };
        Ok(Apart { spec, template })
    }
}

/// The fields of a spec. In the place of the template stands an empty one; the text of the template is put aside.
struct Rest<'a, A> {
    fields: A,
    at_template: bool,
    text: &'a mut Option<Box<RawValue>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.fields.next_key::<String>()? else { return Ok(None) };
        self.at_template = key == TEMPLATE;
        let key: StringDeserializer<A::Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        if !self.at_template {
            return self.fields.next_value_seed(seed);
        }
        *self.text = Some(self.fields.next_value()?);
        seed.deserialize(Value::Object(Map::new())).map_err(A::Error::custom)
    }
}

/// The templates in memory.
static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(Mutex::default);

/// By two hashes of the text, each with a random key: other text with both hashes does not occur.
#[derive(Default)]
struct Shared {
    keys: (RandomState, RandomState),
    templates: HashMap<(u64, u64), Weak<PodTemplateSpec>>,
    /// At this number those that nobody holds any more are forgotten.
    full: usize,
}

impl Shared {
    fn read(&mut self, text: &str) -> serde_json::Result<Arc<PodTemplateSpec>> {
        let hashes = (self.keys.0.hash_one(text), self.keys.1.hash_one(text));
        if let Some(template) = self.templates.get(&hashes).and_then(Weak::upgrade) {
            return Ok(template);
        }
        let template: Arc<PodTemplateSpec> = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(text).and_then(serde_json::from_value::<Arc<_>>))?; // an error without a line and column
        if self.templates.len() >= self.full {
            self.templates.retain(|_, template| template.strong_count() > 0);
            self.full = 2 * self.templates.len() + 100;
        }
        self.templates.insert(hashes, Arc::downgrade(&template));
        Ok(template)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::JobSpec;
    use serde_json::json;

    use super::*;
    use crate::api::SidecarJobSpec;

    /// Read with sharing, and put together again.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<SidecarJobSpec, D::Error> {
        Apart::<SidecarJobSpec>::deserialize(from).map(|Apart { spec, template }| SidecarJobSpec { template, ..spec })
    }

    fn spec(text: &str) -> SidecarJobSpec {
        read(&mut serde_json::Deserializer::from_str(text)).expect("a spec")
    }

    #[test]
    fn the_same_text_is_the_same_template_in_memory_and_other_text_is_not() {
        let text =
            |name: &str| json!({"parallelism": 2, "template": {"spec": {"containers": [{"name": name}]}}}).to_string();
        let (one, two, other) = (spec(&text("a")), spec(&text("a")), spec(&text("b")));
        assert!(Arc::ptr_eq(&one.template, &two.template));
        assert_eq!(one, serde_json::from_str(&text("a")).expect("a spec"), "read as without sharing");
        assert_eq!(other, serde_json::from_str(&text("b")).expect("a spec"));
    }

    #[test]
    fn what_is_no_spec_or_has_no_template_is_an_error_as_without_sharing() {
        for value in [json!({"template": {"spec": 5}}), json!({"template": null}), json!({"parallelism": 1}), json!([])]
        {
            let text = value.to_string();
            assert!(serde_json::from_str::<SidecarJobSpec>(&text).is_err(), "{text}");
            assert!(read(&mut serde_json::Deserializer::from_str(&text)).is_err(), "{text}");
            assert!(read(&value).is_err(), "{text}, by itself");
        }
    }

    #[test]
    fn the_spec_of_a_job_is_read_in_the_same_way() {
        let value = json!({"parallelism": 2, "template": {"spec": {"containers": [{"name": "a"}]}}});
        let Apart { mut spec, template } = Apart::<JobSpec>::deserialize(&value).expect("a spec");
        assert_eq!(spec.template, PodTemplateSpec::default());
        spec.template = (*template).clone();
        assert_eq!(spec, serde_json::from_value(value).expect("a spec"));
    }

    #[test]
    fn a_template_that_nobody_holds_is_forgotten() {
        let mut shared = Shared::default();
        let text = |n: usize| json!({"metadata": {"name": n.to_string()}}).to_string();
        let held: Vec<_> = (0..50).map(|n| shared.read(&text(n)).expect("a template")).collect();
        (50..10_000).for_each(|n| drop(shared.read(&text(n)).expect("a template")));
        assert!(shared.templates.len() <= 201, "{}", shared.templates.len());
        assert!(held.iter().enumerate().all(|(n, held)| Arc::ptr_eq(held, &shared.read(&text(n)).expect("there"))));
    }
}
