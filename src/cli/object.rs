//! How does a command read and change an object of any kind it knows, with all fields, also those of a newer version?

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{GetParams, Patch, PatchParams};
use kube::core::Request;
use kube::{Client, Resource};
use serde_json::Value;

use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::api::conditions::types;
use crate::cli::failed::Failed;
use crate::cli::failure::call;
use crate::cli::target::Kind;
use crate::cli::target::Target;

/// The path of the objects of a kind, of all namespaces without one.
pub fn url(kind: Kind, namespace: Option<&str>) -> String {
    match kind {
        Kind::SidecarJob => SidecarJob::url_path(&(), namespace),
        Kind::SidecarCronJob => SidecarCronJob::url_path(&(), namespace),
        Kind::Job => Job::url_path(&(), namespace),
        Kind::CronJob => CronJob::url_path(&(), namespace),
        Kind::Pod => Pod::url_path(&(), namespace),
    }
}

/// Writes `apiVersion` and `kind`, which the API server leaves out of the objects of a list.
pub fn name_kind(object: &mut Value, kind: Kind) {
    let version = match kind {
        Kind::SidecarJob => SidecarJob::api_version(&()),
        Kind::SidecarCronJob => SidecarCronJob::api_version(&()),
        Kind::Job => Job::api_version(&()),
        Kind::CronJob => CronJob::api_version(&()),
        Kind::Pod => Pod::api_version(&()),
    };
    (object["apiVersion"], object["kind"]) = (version.as_ref().into(), kind.name().into());
}

/// Reads the object.
pub async fn read(client: &Client, namespace: &str, target: &Target) -> Result<Value, Failed> {
    let answer = async {
        let request = Request::new(url(target.kind, Some(namespace))).get(&target.name, &GetParams::default());
        client.request(request.map_err(kube::Error::BuildRequest)?).await
    };
    let read = call(format!("read {target}"), answer).await;
    read.map_err(|failure| Failed::of_call(failure, target, namespace))
}

/// Changes these fields. `word`: what that is, for the error. `is_dry`: the API server checks the change, and stores
/// nothing.
pub async fn patch(
    client: &Client,
    namespace: &str,
    (target, word): (&Target, &str),
    fields: &Value,
    is_dry: bool,
) -> Result<Value, Failed> {
    let answer = async {
        let params = PatchParams { dry_run: is_dry, ..PatchParams::default() };
        let request =
            Request::new(url(target.kind, Some(namespace))).patch(&target.name, &params, &Patch::Merge(fields));
        client.request(request.map_err(kube::Error::BuildRequest)?).await
    };
    let patched = call(format!("{word} {target}"), answer).await;
    patched.map_err(|failure| Failed::of_call(failure, target, namespace))
}

/// The first of these conditions that is True.
pub fn condition<'a>(object: &Value, of: &[&'a str]) -> Option<&'a str> {
    let all = object["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    of.iter().copied().find(|type_| all.iter().any(|c| c["type"] == **type_ && c["status"] == "True"))
}

/// Complete or Failed, if the run is over.
pub fn end(run: &Value) -> Option<&'static str> {
    condition(run, &[types::COMPLETE, types::FAILED])
}

/// The result of the run is known, and its sidecars or Pods still stop.
pub fn has_result(run: &Value) -> bool {
    condition(run, &[types::SUCCESS_CRITERIA_MET, types::FAILURE_TARGET]).is_some()
}
