//! The CustomResourceDefinitions as they are installed, from the Rust types. (in work)
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The definition of SidecarJob.
pub fn sidecarjob() -> CustomResourceDefinition {
    super::SidecarJob::crd()
}
