//! What is asked of the cluster: a Job that exists, the version of Kubernetes, and whether the API server takes the result?

use std::sync::Arc;

use kube::Client;
use kube::api::PostParams;
use kube::core::Request;
use serde_json::{Value, json};

use crate::api::kubernetes;
use crate::api::labels;
use crate::cli::convert::report::Report;
use crate::cli::convert::work::{at, place};
use crate::cli::failed::Failed;
use crate::cli::failure::{Failure, Kind, call};
use crate::cli::manifest::Source;
use crate::cli::object;
use crate::cli::target::Target;
use crate::cli::workload;

/// The minor version of the API server.
pub async fn minor(client: &Client) -> Result<u32, Failed> {
    let version = call("read the version of the API server", client.apiserver_version()).await?;
    let unknown = || Failed::Refused(format!("the API server has no known version: {}", version.git_version));
    kubernetes::minor(&version.major, &version.minor).ok_or_else(unknown)
}

/// The object as its author wrote it, as far as one can tell.
pub async fn read(client: &Client, namespace: &str, target: &Target) -> Result<Arc<Source>, Failed> {
    let Some(kind) = workload::Kind::of_target(target.kind) else {
        return Err(Failed::Refused(format!("{target} can't be converted: name a job or cronjob")));
    };
    let mut object = object::read(client, namespace, target).await?;
    if object["kind"].is_null() {
        object::name_kind(&mut object, target.kind);
    }
    clean(&mut object, kind);
    let text = serde_saphyr::to_string(&object).map_err(|error| Failed::Refused(format!("{target}: {error}")))?;
    Ok(Arc::new(Source::new(target.words(), None, text)))
}

/// Takes out what belongs to the one object, its owner or its controller.
fn clean(object: &mut Value, kind: workload::Kind) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    clean_metadata(&mut object["metadata"]);
    let (run, template) = (kind.run(), kind.template());
    let run_spec = place(object, &run.then("spec"));
    let manual = run_spec["manualSelector"] == true;
    if let Some(spec) = run_spec.as_object_mut().filter(|_| !manual) {
        spec.remove("selector");
    }
    for of in [template.then("metadata"), run.then("metadata")] {
        if !at(object, &of).is_null() {
            clean_metadata(place(object, &of));
        }
    }
}

fn clean_metadata(metadata: &mut Value) {
    let Some(fields) = metadata.as_object_mut() else { return };
    for field in [
        "managedFields",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "ownerReferences",
        "selfLink",
        "finalizers",
    ] {
        fields.remove(field);
    }
    let annotations =
        labels::OF_ONE_RUN.iter().copied().chain([labels::LAST_APPLIED, labels::BATCH_TRACKING_FINALIZER]);
    for (map, gone) in [("labels", labels::LABELS_OF_ONE_RUN.to_vec()), ("annotations", annotations.collect())] {
        if let Some(all) = fields.get_mut(map).and_then(Value::as_object_mut) {
            all.retain(|name, _| !gone.contains(&name.as_str()));
            if all.is_empty() {
                fields.remove(map);
            }
        }
    }
}

/// What the API server says of the object, without storing it; `None`: it would take the object.
pub async fn refusal(client: &Client, namespace: &str, report: &Report) -> Result<Option<String>, Failed> {
    let name = report.object["metadata"]["name"].as_str().unwrap_or_default();
    match create(client, namespace, &report.object).await {
        Err(failure) if failure.kind == Kind::Taken => {
            // An object with the name exists. Whether the form is right does not depend on that.
            let mut other = report.object.clone();
            if let Some(metadata) = other["metadata"].as_object_mut() {
                metadata.remove("name");
                metadata.insert("generateName".into(), json!(format!("{}-", name.get(..40).unwrap_or(name))));
            }
            told(create(client, namespace, &other).await)
        }
        answer => told(answer),
    }
}

fn told(answer: Result<Value, Failure>) -> Result<Option<String>, Failed> {
    match answer {
        Ok(_) => Ok(None),
        Err(failure) if failure.kind == Kind::Unreachable => Err(failure.into()),
        Err(failure) => Ok(Some(failure.to_string())),
    }
}

async fn create(client: &Client, namespace: &str, object: &Value) -> Result<Value, Failure> {
    let word = |field: &str| object[field].as_str().unwrap_or_default();
    let plural = format!("{}s", word("kind").to_ascii_lowercase());
    let url = format!("/apis/{}/namespaces/{namespace}/{plural}", word("apiVersion"));
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let answer = async {
        let body = serde_json::to_vec(object).map_err(kube::Error::SerdeError)?;
        let mut request = Request::new(url).create(&params, body).map_err(kube::Error::BuildRequest)?;
        if let Ok(strict) = format!("{}&fieldValidation=Strict", request.uri()).parse() {
            *request.uri_mut() = strict;
        }
        client.request(request).await
    };
    call(format!("create {} {}", word("kind"), object["metadata"]["name"].as_str().unwrap_or_default()), answer).await
}
