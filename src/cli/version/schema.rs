//! Which fields has one of two CustomResourceDefinitions that the other one lacks? Pure.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaPropsOrArray;

/// The fields that only `own` has, and those that only `there` has: paths as `kubectl explain` takes them. If a whole field is
/// missing, the fields below it are not listed.
pub fn differences(own: &CustomResourceDefinition, there: &CustomResourceDefinition) -> (Vec<String>, Vec<String>) {
    let (own, there) = (fields(own), fields(there));
    (only(&own, &there), only(&there, &own))
}

fn only(first: &BTreeSet<String>, second: &BTreeSet<String>) -> Vec<String> {
    let is_below = |field: &String| {
        field.rsplit_once('.').is_some_and(|(above, _)| first.contains(above) && !second.contains(above))
    };
    first.difference(second).filter(|field| !is_below(field)).cloned().collect()
}

/// All fields of the version that the API server stores.
fn fields(crd: &CustomResourceDefinition) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let stored = crd.spec.versions.iter().find(|version| version.storage);
    if let Some(schema) = stored.and_then(|v| v.schema.as_ref()?.open_api_v3_schema.as_ref()) {
        collect(schema, "", &mut all);
    }
    all
}

fn collect(schema: &JSONSchemaProps, path: &str, all: &mut BTreeSet<String>) {
    for (name, field) in schema.properties.iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(field, &path, all);
        all.insert(path);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
        collect(item, path, all);
    }
}
