//! The definition as users and tools meet it.

use super::*;

fn crd() -> Value {
    serde_json::to_value(sidecarjob()).unwrap()
}

fn schema() -> Value {
    crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

#[test]
fn a_first_sentence_ends_at_its_full_stop_or_at_a_word() {
    for (text, max, want) in [
        ("One. Two.", 40, "One."),
        ("e.g. this counts as one", 40, "e.g."),
        ("No stop at all", 40, "No stop at all"),
        ("A sentence that is too long for it. More.", 20, "A sentence that …"),
        ("", 20, ""),
    ] {
        assert_eq!(first_sentence(text, max), want, "{text}");
    }
}

#[test]
fn client_side_apply_can_store_it() {
    let size = serde_json::to_string(&crd()).unwrap().len();
    assert!(size < 250_000, "{size} bytes; kubectl's annotation takes 262,144");
}

#[test]
fn every_field_of_spec_and_status_has_a_description() {
    let schema = schema();
    for part in ["spec", "status"] {
        for (name, field) in schema["properties"][part]["properties"].as_object().unwrap() {
            let text = field["description"].as_str().unwrap_or_default();
            assert!(text.len() > 10 && !text.contains('\n'), "{part}.{name}: {text:?}");
        }
    }
}

/// What is said of a field, with its place, for each field that has a choice.
fn choices(place: &str, schema: &Value, found: &mut Vec<(String, String, Vec<String>)>) {
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        found.push((place.into(), schema["description"].as_str().unwrap_or_default().into(), values));
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        choices(&format!("{place}.{name}"), field, found);
    }
    if schema["items"].is_object() {
        choices(&format!("{place}[]"), &schema["items"], found);
    }
}

#[test]
fn what_each_value_of_a_choice_means_is_said() {
    let mut found = Vec::new();
    for part in ["spec", "status"] {
        choices(part, &schema()["properties"][part], &mut found);
    }
    assert!(found.len() > 10, "{found:?}");
    for (place, text, values) in found {
        // A default or a single value need not be told; those of Kubernetes' own conditions are known.
        let told = values.iter().filter(|v| text.contains(v.as_str())).count();
        assert!(
            place.ends_with("[].status") || told + 1 >= values.len(),
            "{place}: {text:?} says not all of {values:?}"
        );
    }
}

#[test]
fn kubectl_explain_has_words_for_the_template() {
    let pod = &schema()["properties"]["spec"]["properties"]["template"]["properties"]["spec"]["properties"];
    for field in ["containers", "volumes", "terminationGracePeriodSeconds", "restartPolicy"] {
        assert!(pod[field]["description"].as_str().is_some_and(|d| d.len() > 10), "{field}");
    }
}

#[test]
fn a_new_object_reads_as_in_progress() {
    let default = &schema()["properties"]["status"]["default"];
    assert_eq!(default["conditions"][0]["type"], "Reconciling");
    assert_eq!(default["conditions"][0]["status"], "True");
}

#[test]
fn lists_with_names_are_maps_for_server_side_apply() {
    let schema = schema();
    let keys = |field: &Value| field["x-kubernetes-list-map-keys"].clone();
    let status = &schema["properties"]["status"]["properties"];
    assert_eq!((keys(&status["conditions"]), keys(&status["containers"])), (json!(["type"]), json!(["name"])));
    let spec = &schema["properties"]["spec"]["properties"];
    assert_eq!(keys(&spec["sidecars"]), json!(["name"]));
    let pod = &spec["template"]["properties"]["spec"]["properties"];
    assert_eq!((keys(&pod["containers"]), keys(&pod["initContainers"])), (json!(["name"]), json!(["name"])));
}

#[test]
fn quantities_may_be_numbers_or_strings() {
    let pod = &schema()["properties"]["spec"]["properties"]["template"]["properties"]["spec"]["properties"];
    let limit = &pod["containers"]["items"]["properties"]["resources"]["properties"]["limits"]["additionalProperties"];
    assert_eq!(limit["x-kubernetes-int-or-string"], true, "{limit}");
}
