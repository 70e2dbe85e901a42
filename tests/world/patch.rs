//! What does a strategic merge patch make of an object? As far as the controller sends any: labels, annotations,
//! finalizers, owners, a deadline; the UID as a precondition.

use serde_json::{Value, json};

use super::server::{Answer, another, status};
use super::store::is_deleting;

/// The patched object, or why it is refused.
pub fn strategic(stored: &Value, patch: &Value) -> Result<Value, Answer> {
    let meta = &patch["metadata"];
    if let Some(conflict) = another(stored, &meta["uid"]) {
        return Err(conflict);
    }
    let mut object = stored.clone();
    for map in ["labels", "annotations"] {
        merge(&mut object["metadata"][map], &meta[map]);
    }
    object["metadata"]["finalizers"] = json!(finalizers(stored, meta)?);
    object["metadata"]["ownerReferences"] = json!(owners(stored, meta)?);
    if let Some(seconds) = patch["spec"]["activeDeadlineSeconds"].as_i64() {
        if stored["spec"]["activeDeadlineSeconds"].as_i64().is_some_and(|old| seconds > old) {
            return Err(invalid("spec.activeDeadlineSeconds: must be less than or equal to previous value"));
        }
        object["spec"]["activeDeadlineSeconds"] = json!(seconds);
    }
    Ok(object)
}

fn merge(map: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match (value.is_null(), map.as_object_mut()) {
            (true, Some(map)) => drop(map.remove(name)),
            (true, None) => {}
            _ => map[name] = value.clone(),
        }
    }
}

fn finalizers(stored: &Value, meta: &Value) -> Result<Vec<Value>, Answer> {
    let mut kept = list(&stored["metadata"]["finalizers"]);
    kept.retain(|f| !list(&meta["$deleteFromPrimitiveList/finalizers"]).contains(f));
    let new: Vec<Value> = list(&meta["finalizers"]).into_iter().filter(|f| !kept.contains(f)).collect();
    if is_deleting(stored) && !new.is_empty() {
        return Err(invalid("metadata.finalizers: no new finalizers can be added if the object is being deleted"));
    }
    kept.extend(new);
    Ok(kept)
}

fn owners(stored: &Value, meta: &Value) -> Result<Vec<Value>, Answer> {
    let mut owners = list(&stored["metadata"]["ownerReferences"]);
    for change in list(&meta["ownerReferences"]) {
        owners.retain(|o| o["uid"] != change["uid"]);
        if change["$patch"] != "delete" {
            owners.push(change);
        }
    }
    if owners.iter().filter(|o| o["controller"] == true).count() > 1 {
        return Err(invalid("metadata.ownerReferences: only one reference can have controller set to true"));
    }
    Ok(owners)
}

fn invalid(message: &str) -> Answer {
    status(422, "Invalid", message)
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}
