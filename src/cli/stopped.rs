//! Who stopped a run by `stop`, and when? The annotation says so, which everybody who may change the run may write. Pure.

use chrono::{DateTime, Utc};
use kube::ResourceExt;
use serde_json::Value;

use crate::api::SidecarJob;
use crate::api::labels;
use crate::cli::when;

/// Who stopped the run, and how long ago: `ann, 3m ago`. `None` if nobody did, or if somebody gave the run another deadline
/// since.
pub fn by(run: &SidecarJob, now: DateTime<Utc>) -> Option<String> {
    let record: Value = serde_json::from_str(run.annotations().get(labels::STOPPED_BY)?).ok()?;
    if run.spec.active_deadline_seconds != Some(0) {
        return None;
    }
    let user = record["user"].as_str().filter(|user| !user.is_empty()).unwrap_or("somebody");
    let at = record["time"].as_str().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
    let ago = at.map_or(String::new(), |at| format!(", {}", when::ago(at.to_utc(), now)));
    Some(format!("{user}{ago}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_stopped_a_run_is_known_from_its_annotation() {
        let now = "2026-01-01T00:10:00Z".parse().unwrap();
        let record = json!({"user": "ann", "time": "2026-01-01T00:07:00Z", "before": {}}).to_string();
        for (what, annotation, deadline, expected) in [
            ("stopped", Some(record.as_str()), Some(0), Some("ann, 3m ago")),
            ("not stopped", None, Some(0), None),
            ("given a deadline since", Some(record.as_str()), Some(60), None),
            ("a record without its fields", Some("{}"), Some(0), Some("somebody")),
            ("no record", Some("x"), Some(0), None),
        ] {
            let annotations = annotation.map_or(json!({}), |text| json!({labels::STOPPED_BY: text}));
            let run: SidecarJob = serde_json::from_value(json!({
                "metadata": {"name": "etl", "annotations": annotations},
                "spec": {"activeDeadlineSeconds": deadline, "template": {}}
            }))
            .unwrap();
            assert_eq!(by(&run, now).as_deref(), expected, "{what}");
        }
    }
}
