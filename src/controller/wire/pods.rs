//! How does the controller ask for Pods? As protobuf, of which it reads the fields of `engine::observed::wire` only.

use hyper::Request as HttpRequest;
use hyper::body::Bytes;
use k8s_openapi::api::core::v1 as core;
use kube::api::{DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::Request;
use kube::{Api, Client};
use serde::Serialize;

use super::{PROTOBUF_OR_JSON, Wire, ask, protobuf, unreadable};
use crate::engine::observed::wire::Pod;

impl Wire for Pod {
    const ACCEPT: &'static str = PROTOBUF_OR_JSON;
    type Json = Self;

    fn from_json(read: Self) -> Self {
        read
    }

    fn from_protobuf(message: Bytes) -> Result<Self, String> {
        protobuf::read(message)
    }

    fn resource_version(&self) -> &str {
        &self.metadata.resource_version
    }
}

/// The Pods of one namespace.
pub struct PodApi {
    client: Client,
    request: Request,
}

impl PodApi {
    /// The Pods of that namespace.
    pub fn of(client: &Client, namespace: &str) -> Self {
        let api = Api::<core::Pod>::namespaced(client.clone(), namespace);
        Self { request: Request::new(api.resource_url()), client: api.into_client() }
    }

    /// The Pod of that name, if there is one.
    pub async fn get_opt(&self, name: &str) -> kube::Result<Option<Pod>> {
        match self.one(self.request.get(name, &GetParams::default())).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Creates that Pod: as the API server stored it.
    pub async fn create(&self, pod: &core::Pod) -> kube::Result<Pod> {
        let body = serde_json::to_vec(pod).map_err(kube::Error::SerdeError)?;
        self.one(self.request.create(&PostParams::default(), body)).await
    }

    /// Changes the Pod of that name: as it is then.
    pub async fn patch<P: Serialize>(&self, name: &str, params: &PatchParams, patch: &Patch<P>) -> kube::Result<Pod> {
        self.one(self.request.patch(name, params, patch)).await
    }

    /// Deletes the Pod of that name. `None`: it is gone; otherwise as it is on its way out.
    pub async fn delete(&self, name: &str, params: &DeleteParams) -> kube::Result<Option<Pod>> {
        self.any(self.request.delete(name, params)).await
    }

    /// One page of Pods, and where the next one begins if there is one.
    pub async fn list(&self, page: &ListParams) -> kube::Result<(Vec<Pod>, Option<String>)> {
        let request = self.request.list(page).map_err(kube::Error::BuildRequest)?;
        let (format, body) = ask(&self.client, request, Pod::ACCEPT).await?;
        let list = format.list::<Pod>(body)?;
        Ok((list.items, Some(list.next).filter(|next| !next.is_empty())))
    }

    async fn one(&self, request: Result<HttpRequest<Vec<u8>>, kube::core::request::Error>) -> kube::Result<Pod> {
        self.any(request).await?.ok_or_else(|| unreadable("a Pod", "the API server answered without one"))
    }

    async fn any(
        &self,
        request: Result<HttpRequest<Vec<u8>>, kube::core::request::Error>,
    ) -> kube::Result<Option<Pod>> {
        let request = request.map_err(kube::Error::BuildRequest)?;
        let (format, body) = ask(&self.client, request, Pod::ACCEPT).await?;
        format.object(body)
    }
}
