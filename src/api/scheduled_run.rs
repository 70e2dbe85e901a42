//! What does a run of a SidecarCronJob look like? The template with a name, the label by which the controller finds the
//! run, the scheduled time, and the owner.

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::api::GROUP;
use crate::api::SCHEDULE;
use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::api::VERSION;
use crate::api::labels;
use crate::cron::Zone;

/// The name of the run for a time. Two runs of the same time have the same name, so the API server accepts only one of
/// them.
pub fn name(cron: &str, at: DateTime<Utc>) -> String {
    format!("{cron}-{}", at.timestamp().div_euclid(60))
}

/// The SidecarJob with this name, for this time if there is one.
pub fn run(cron: &SidecarCronJob, name: String, at: Option<DateTime<Utc>>) -> SidecarJob {
    let template = &cron.spec.job_template;
    let metadata = template.metadata.clone().unwrap_or_default();
    let (mut labels, mut annotations) = (metadata.labels, metadata.annotations);
    annotations.retain(|name, _| !labels::OF_ONE_RUN.contains(&name.as_str()));
    labels.insert(labels::SCHEDULE.into(), cron.metadata.name.clone().unwrap_or_default());
    if let Some(at) = at {
        let zone = cron.spec.time_zone.as_deref().and_then(|zone| Zone::parse(zone).ok()).unwrap_or(Zone::UTC);
        annotations.insert(labels::SCHEDULED_TIMESTAMP.into(), zone.rfc3339(at));
    }
    SidecarJob {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: cron.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: Some(annotations),
            owner_references: Some(vec![owner(cron)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// The SidecarCronJob that controls the run. Only a reference that the API server's garbage collector would follow: by the
/// name and the UID, in the namespace of the run.
pub fn owner_of(run: &SidecarJob) -> Option<&OwnerReference> {
    let group = |owner: &OwnerReference| owner.api_version.split_once('/').is_some_and(|(group, _)| group == GROUP);
    let owners = run.metadata.owner_references.iter().flatten();
    owners.into_iter().find(|owner| owner.controller == Some(true) && owner.kind == SCHEDULE && group(owner))
}

/// Does this SidecarCronJob control the run?
pub fn is_of(run: &SidecarJob, cron: &SidecarCronJob) -> bool {
    let meta = &cron.metadata;
    owner_of(run).is_some_and(|owner| Some(&owner.uid) == meta.uid.as_ref() && Some(&owner.name) == meta.name.as_ref())
}

fn owner(cron: &SidecarCronJob) -> OwnerReference {
    OwnerReference {
        api_version: format!("{GROUP}/{VERSION}"),
        kind: SCHEDULE.into(),
        name: cron.metadata.name.clone().unwrap_or_default(),
        uid: cron.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cron() -> SidecarCronJob {
        serde_json::from_value(json!({
            "metadata": {"name": "nightly", "namespace": "ns", "uid": "u"},
            "spec": {
                "schedule": "0 2 * * *", "timeZone": "Europe/Berlin",
                "jobTemplate": {
                    "metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}},
                    "spec": {"backoffLimit": 2, "managedBy": "example.com/other", "template": {}}
                }
            }
        }))
        .unwrap()
    }

    #[test]
    fn a_run_has_cronjobs_name_annotation_and_owner_and_all_of_the_template() {
        let at = "2026-11-24T01:00:00Z".parse().unwrap();
        let run = run(&cron(), name("nightly", at), Some(at));
        let run = serde_json::to_value(run).unwrap();
        assert_eq!(run["metadata"]["name"], "nightly-29924700");
        assert_eq!(
            run["metadata"]["annotations"],
            json!({"note": "b", "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-24T02:00:00+01:00"})
        );
        assert_eq!(run["metadata"]["labels"], json!({"team": "a", "sidecarjob.dev/schedule": "nightly"}));
        let owner = &run["metadata"]["ownerReferences"][0];
        assert_eq!(
            (&owner["kind"], &owner["uid"], &owner["controller"]),
            (&json!("SidecarCronJob"), &json!("u"), &json!(true))
        );
        assert_eq!((&run["spec"]["backoffLimit"], &run["spec"]["managedBy"]), (&json!(2), &json!("example.com/other")));
    }
    #[test]
    fn what_is_said_of_one_run_is_not_taken_over_from_the_template() {
        let mut cron = cron();
        let at = "2026-11-24T01:00:00Z".parse().unwrap();
        let metadata = cron.spec.job_template.metadata.as_mut().unwrap();
        metadata.annotations.extend(labels::OF_ONE_RUN.map(|name| (name.to_owned(), "manual".to_owned())));
        metadata.labels.insert(labels::SCHEDULE.into(), "another".into());
        let annotations = |at| run(&cron, "x".into(), at).metadata.annotations.unwrap().into_keys().collect::<Vec<_>>();
        assert_eq!(annotations(Some(at)), [labels::SCHEDULED_TIMESTAMP, "note"]);
        assert_eq!(annotations(None), ["note"], "a run by hand, for no time");
        assert_eq!(run(&cron, "x".into(), None).metadata.labels.unwrap()[labels::SCHEDULE], "nightly");
    }
}
