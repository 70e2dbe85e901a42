//! Which objects of the cluster does `lint` look at? Those that are named, or all that run or start runs.
//!
//! A Job that another object created is left out: its owner has the finding. A run that is over is left out too.

use chrono::{DateTime, Utc};
use kube::Client;
use kube::api::ListParams;
use kube::core::{ListMeta, Request};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::failed::Failed;
use crate::cli::failure;
use crate::cli::failure::Failure;
use crate::cli::failure::call;
use crate::cli::lint::Args;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::findings;
use crate::cli::lint::ignore;
use crate::cli::lint::located;
use crate::cli::lint::report::Place;
use crate::cli::lint::report::Report;
use crate::cli::lint::subject::Subject;
use crate::cli::object;
use crate::cli::target::{Kind, Target};

/// The command for files in a fix.
const FROM_FILE: &str = "convert -f FILE";
/// Objects in one answer of the API server.
const PAGE: u32 = 500;
/// The kinds, in the order of the report.
const KINDS: [Kind; 4] = [Kind::CronJob, Kind::Job, Kind::SidecarCronJob, Kind::SidecarJob];

/// The findings of the objects that the arguments mean.
pub async fn report(args: &Args, now: DateTime<Utc>) -> Result<Report, Failed> {
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let mut report = Report::default();
    for target in &args.targets {
        add(&object::read(&client, &namespace, target).await?, now, &mut report);
    }
    if args.targets.is_empty() {
        let there = (!args.all_namespaces).then_some(namespace.as_str());
        for kind in KINDS {
            for object in all(&client, there, kind).await?.iter().filter(|object| matters(object)) {
                add(object, now, &mut report);
            }
        }
    }
    Ok(report)
}

fn add(object: &Value, now: DateTime<Utc>, report: &mut Report) {
    let Some((subject, findings)) = findings(object, now) else { return };
    report.objects += 1;
    let here = convert_of(&subject);
    let of_cluster = |finding: Finding| Finding { fix: finding.fix.replace(FROM_FILE, &here), ..finding };
    let found = findings.into_iter().map(of_cluster);
    report.found.extend(found.map(|finding| located(&subject, finding, Place::Cluster)));
    let told = |name: String| format!("{}: {name:?} is no finding, so nothing is switched off by it", subject.words());
    report.notes.extend(ignore::unknown("", &[object]).into_iter().map(told));
}

/// The command that converts the object as it is in the cluster.
fn convert_of(subject: &Subject<'_>) -> String {
    let namespace = subject.namespace.map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
    format!("convert {}{namespace}", Target::new(subject.kind.target(), &subject.name).words())
}

/// Nobody else has created the object, and it is not over.
fn matters(object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    let owned = owners.is_some_and(|owners| owners.iter().any(|owner| owner["controller"] == true));
    !owned && object::end(object).is_none()
}

/// One answer of the API server.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    metadata: ListMeta,
    items: Vec<Value>,
}

/// All objects of the kind, with their kind; none, if the cluster does not know it.
async fn all(client: &Client, namespace: Option<&str>, kind: Kind) -> Result<Vec<Value>, Failed> {
    let url = object::url(kind, namespace);
    let place = namespace.map_or("all namespaces".into(), |namespace| format!("namespace {namespace}"));
    let mut params = ListParams::default().limit(PAGE);
    let mut all = Vec::new();
    loop {
        let answer = async {
            let request = Request::new(url.as_str()).list(&params).map_err(kube::Error::BuildRequest)?;
            client.request::<Page>(request).await
        };
        let page = match call(format!("list {}s in {place}", kind.name()), answer).await {
            Err(Failure { kind: failure::Kind::NotServed, .. }) => return Ok(all),
            page => page?,
        };
        params.continue_token = page.metadata.continue_.clone().filter(|more| !more.is_empty());
        all.extend(page.items.into_iter().map(|mut object| {
            object::name_kind(&mut object, kind);
            object
        }));
        if params.continue_token.is_none() {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::conditions::types;

    #[test]
    fn a_fix_for_an_object_of_the_cluster_names_the_object() {
        let containers =
            json!([{"name": "work"}, {"name": "cloud-sql-proxy", "image": "cloud-sql-connectors/cloud-sql-proxy"}]);
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "etl", "namespace": "batch"},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": containers}}}});
        let mut report = Report::default();
        add(&job, DateTime::UNIX_EPOCH, &mut report);
        let fix = &report.found[0].finding.fix;
        assert!(fix.contains("kubectl sidecarjob convert job/etl -n batch --sidecar cloud-sql-proxy does"), "{fix}");
    }

    #[test]
    fn a_run_of_another_object_and_a_run_that_is_over_are_left_out() {
        let with = |conditions: Value, owners: Value| json!({"metadata": {"ownerReferences": owners}, "status": {"conditions": conditions}});
        let rows = [
            ("a new one", json!({"metadata": {}}), true),
            ("one that runs", with(json!([{"type": types::SUSPENDED, "status": "True"}]), json!([])), true),
            ("a failed one", with(json!([{"type": types::FAILED, "status": "True"}]), json!([])), false),
            ("one that has not failed", with(json!([{"type": types::FAILED, "status": "False"}]), json!([])), true),
            ("one of a CronJob", with(json!([]), json!([{"kind": "CronJob", "controller": true}])), false),
            ("one that a ConfigMap owns", with(json!([]), json!([{"kind": "ConfigMap"}])), true),
        ];
        for (case, object, expected) in rows {
            assert_eq!(matters(&object), expected, "{case}");
        }
    }
}
