//! Which runs share a Pod template in memory? Those whose templates are the same text in JSON, as the runs of one schedule have
//! them, and all states of one run that the watch shows. The API server writes the name and UID of a Job into the labels of
//! its template: these labels are kept apart, so that Jobs share too.
//!
//! Of a small run, the template takes most of the memory once read, and most of the time to read the object. So a template
//! that is in memory already is not read again.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Formatter;
use std::hash::{BuildHasher, Hash, RandomState};
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, Weak};

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use parking_lot::Mutex;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::api::{SidecarJobSpec, labels};

/// The field that is read by itself.
const TEMPLATE: &str = "template";

/// A spec that has a Pod template.
pub trait HasTemplate {
    /// The labels of the template that differ from run to run, because the API server writes them.
    const OWN_LABELS: &[&str];
}

impl HasTemplate for SidecarJobSpec {
    const OWN_LABELS: &[&str] = &[];
}

impl HasTemplate for JobSpec {
    const OWN_LABELS: &[&str] = &labels::LABELS_OF_ONE_RUN;
}

/// The spec of a run, read with an empty template; and its template, which is shared.
#[derive(Debug)]
pub struct Apart<S> {
    /// The other fields.
    pub spec: S,
    /// The template, except its labels that are in `labels`; the empty one if the spec has none and may do without.
    pub template: Arc<PodTemplateSpec>,
    /// The labels of the template that differ from run to run.
    pub labels: BTreeMap<String, String>,
}

impl<'de, S: Deserialize<'de> + HasTemplate> Deserialize<'de> for Apart<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<S>(PhantomData<S>);

impl<'de, S: Deserialize<'de> + HasTemplate> Visitor<'de> for Fields<S> {
    type Value = Apart<S>;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("the spec of a run")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Apart<S>, A::Error> {
        let mut text = None;
        let spec = S::deserialize(MapAccessDeserializer::new(Rest { fields, at_template: false, text: &mut text }))?;
        let (template, labels) = match text {
            Some(text) => {
                let read = SHARED.lock().read(text.get(), S::OWN_LABELS);
                read.map_err(|error| A::Error::custom(without_place(text.get()).unwrap_or(error)))?
            }
            None => Default::default(),
        };
        Ok(Apart { spec, template, labels })
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

/// So many templates that nobody holds may stay in memory, or as many as there are others.
const MOST_UNHELD: usize = 100;

/// The templates in memory.
static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(Mutex::default);

/// By two hashes of the text, each with a random key: another text with both hashes does not occur.
#[derive(Default)]
struct Shared {
    keys: (RandomState, RandomState),
    templates: HashMap<(u64, u64), Weak<PodTemplateSpec>>,
    /// How often a template may be asked for until those that nobody holds any more are forgotten.
    left: usize,
}

/// The text of a template.
#[derive(Deserialize)]
struct Text<'a> {
    metadata: Option<ObjectMeta>,
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
}

impl Shared {
    /// The template of that text, and those of its labels that are the run's own.
    fn read(
        &mut self,
        text: &str,
        own: &[&str],
    ) -> serde_json::Result<(Arc<PodTemplateSpec>, BTreeMap<String, String>)> {
        let mut labels = BTreeMap::new();
        if own.is_empty() {
            return Ok((self.template(text, || serde_json::from_str(text))?, labels));
        }
        let Some(Text { mut metadata, spec }) = serde_json::from_str(text)? else { return Ok(Default::default()) };
        if let Some(all) = metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
            labels = all.iter().filter(|(label, _)| own.contains(&label.as_str())).map(owned).collect();
            all.retain(|label, _| !labels.contains_key(label));
        }
        let key = (serde_json::to_string(&metadata)?, spec.map(RawValue::get));
        let spec = || spec.map(|spec| serde_json::from_str(spec.get())).transpose();
        let template = self.template(&key, || Ok(PodTemplateSpec { spec: spec()?, metadata }))?;
        Ok((template, labels))
    }

    /// The template of that key; `read` reads one that is not in memory.
    fn template(
        &mut self,
        key: impl Hash,
        read: impl FnOnce() -> serde_json::Result<PodTemplateSpec>,
    ) -> serde_json::Result<Arc<PodTemplateSpec>> {
        // A template that nobody holds takes memory, too, as long as it is known here.
        if self.left == 0 {
            self.templates.retain(|_, template| template.strong_count() > 0);
            self.templates.shrink_to(2 * self.templates.len());
            self.left = self.templates.len() + MOST_UNHELD;
        }
        self.left -= 1;
        let hashes = (self.keys.0.hash_one(&key), self.keys.1.hash_one(&key));
        if let Some(template) = self.templates.get(&hashes).and_then(Weak::upgrade) {
            return Ok(template);
        }
        let template = Arc::new(read()?);
        self.templates.insert(hashes, Arc::downgrade(&template));
        Ok(template)
    }
}

fn owned((label, value): (&String, &String)) -> (String, String) {
    (label.clone(), value.clone())
}

/// Why a template can't be read, without a line and column, which would be those of the template alone.
fn without_place(text: &str) -> Option<serde_json::Error> {
    serde_json::from_str(text).and_then(serde_json::from_value::<PodTemplateSpec>).err()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::Job;
    use serde_json::json;

    use super::*;
    use crate::api::{SharedJob, SharedJobSpec};

    /// Read with sharing, and put together again.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<SidecarJobSpec, D::Error> {
        Apart::<SidecarJobSpec>::deserialize(from)
            .map(|Apart { spec, template, .. }| SidecarJobSpec { template, ..spec })
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
    fn jobs_share_a_template_although_each_has_labels_of_its_own() {
        let text = |name: &str| {
            let labels =
                json!({"app": "etl", "batch.kubernetes.io/job-name": name, "controller-uid": format!("uid-{name}")});
            let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main"}]}});
            json!({"parallelism": 2, "template": template}).to_string()
        };
        let read = |name: &str| serde_json::from_str::<Apart<JobSpec>>(&text(name)).expect("a spec");
        let (one, two) = (read("a"), read("b"));
        assert!(Arc::ptr_eq(&one.template, &two.template));
        assert_eq!(one.spec.template, PodTemplateSpec::default());
        let without: Apart<JobSpec> = serde_json::from_str(r#"{"template": null}"#).expect("a spec");
        assert_eq!(*without.template, PodTemplateSpec::default());
        for (name, Apart { spec, template, labels }) in [("a", one), ("b", two)] {
            let whole: JobSpec = serde_json::from_str(&text(name)).expect("a spec");
            let shared =
                SharedJob { spec: Some(SharedJobSpec::apart(spec).0), template, labels, ..SharedJob::default() };
            assert_eq!(Job::from(shared).spec, Some(whole), "{name}: put together again");
        }
    }

    #[test]
    fn a_template_that_nobody_holds_is_forgotten() {
        let mut shared = Shared::default();
        let text = |n: usize| json!({"metadata": {"name": n.to_string()}}).to_string();
        let held: Vec<_> = (0..50).map(|n| shared.read(&text(n), &[]).expect("a template").0).collect();
        (50..10_000).for_each(|n| drop(shared.read(&text(n), &[]).expect("a template").0));
        assert!(shared.templates.len() <= 2 * 50 + MOST_UNHELD, "{}", shared.templates.len());
        assert!(
            held.iter().enumerate().all(|(n, held)| Arc::ptr_eq(held, &shared.read(&text(n), &[]).expect("there").0))
        );
    }
}
