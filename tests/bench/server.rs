//! How does the benchmark speak to the API server? Raw requests and watches, which cost the machine little.

use std::time::Duration;

use futures::{AsyncBufReadExt, StreamExt};
use http::{Method, Request};
use kube::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::{Failure, Result, Tried};

/// The API server, as one of its clients.
#[derive(Clone)]
pub struct Server(Client);

/// What a watch says of one object.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    type_: String,
    object: Value,
}

/// A change of one object, as a watch delivers it.
pub struct Change<T> {
    /// The object is gone.
    pub deleted: bool,
    /// The object after the change.
    pub object: T,
}

impl Server {
    /// The API server that `$KUBECONFIG` names.
    pub async fn connect() -> Result<Self> {
        let config = kube::Config::infer().await.tried(|| "reading $KUBECONFIG")?;
        Ok(Self(Client::try_from(config).tried(|| "making a client from $KUBECONFIG")?))
    }

    /// Sends a body, gets the answer's text. An answer of 400 and above is an error.
    async fn call(&self, method: Method, path: &str, content: &str, body: Vec<u8>) -> kube::Result<String> {
        let request = Request::builder().method(method).uri(path).header("Content-Type", content);
        let request = request.header("User-Agent", "bench").body(body).map_err(kube::Error::HttpError)?;
        self.0.request_text(request).await
    }

    /// Reads an object or a list.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let text =
            self.call(Method::GET, path, "application/json", Vec::new()).await.tried(|| format!("GET {path}"))?;
        serde_json::from_str(&text).tried(|| format!("reading the answer to GET {path}"))
    }

    /// Creates an object. One that is there already is no error.
    pub async fn create(&self, path: &str, object: &Value) -> Result<()> {
        let body = object.to_string().into_bytes();
        match self.call(Method::POST, path, "application/json", body).await {
            Err(error) if !has_code(&error, &[409]) => Err(error).tried(|| format!("POST {path}")),
            _ => Ok(()),
        }
    }

    /// Creates what gives an answer: a token.
    pub async fn ask(&self, path: &str, object: &Value) -> Result<Value> {
        let body = object.to_string().into_bytes();
        let text = self.call(Method::POST, path, "application/json", body).await.tried(|| format!("POST {path}"))?;
        serde_json::from_str(&text).tried(|| format!("reading the answer to POST {path}"))
    }

    /// Merges a patch into an object. An object that is gone, or is another one by now, is no error.
    pub async fn merge(&self, path: &str, patch: &Value) -> Result<()> {
        let body = patch.to_string().into_bytes();
        match self.call(Method::PATCH, path, "application/merge-patch+json", body).await {
            Err(error) if !has_code(&error, &[404, 409]) => Err(error).tried(|| format!("PATCH {path}")),
            _ => Ok(()),
        }
    }

    /// Deletes an object. One that is gone is no error.
    pub async fn delete(&self, path: &str, options: &Value) -> Result<()> {
        let body = options.to_string().into_bytes();
        match self.call(Method::DELETE, path, "application/json", body).await {
            Err(error) if !has_code(&error, &[404, 409]) => Err(error).tried(|| format!("DELETE {path}")),
            _ => Ok(()),
        }
    }

    /// Calls `each` with every object of a collection and every change of one, for ever. The API server ends a watch that
    /// reads slowly; the watch then goes on where it ended.
    pub async fn watch<T: DeserializeOwned>(&self, path: &str, mut each: impl FnMut(Change<T>)) -> Result<()> {
        let mut version = "0".to_owned();
        let mut failures = 0;
        loop {
            match self.watch_once(path, &mut version, &mut each).await {
                Ok(()) => failures = 0,
                Err(error) if failures == 20 => return Err(error),
                Err(error) => {
                    eprintln!("warning: {error}; the watch begins again");
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn watch_once<T: DeserializeOwned>(
        &self,
        path: &str,
        version: &mut String,
        each: &mut impl FnMut(Change<T>),
    ) -> Result<()> {
        let join = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{join}watch=1&allowWatchBookmarks=true&resourceVersion={version}");
        let request = Request::get(&path).header("User-Agent", "bench").body(Vec::new()).tried(|| "a watch")?;
        let stream = self.0.request_stream(request).await.tried(|| format!("GET {path}"))?;
        let mut lines = std::pin::pin!(stream.lines());
        while let Some(Ok(text)) = lines.next().await {
            let line: Line = serde_json::from_str(&text).tried(|| format!("reading a line of GET {path}"))?;
            if line.type_ == "ERROR" {
                *version = "0".into();
                return Err(Failure(format!("the API server ended GET {path}: {text}")));
            }
            if let Some(now) = line.object["metadata"]["resourceVersion"].as_str() {
                *version = now.to_owned();
            }
            if line.type_ != "BOOKMARK" {
                let object =
                    serde_json::from_value(line.object).tried(|| format!("reading an object of GET {path}"))?;
                each(Change { deleted: line.type_ == "DELETED", object });
            }
        }
        Ok(())
    }
}

/// The API server answered with one of these codes.
fn has_code(error: &kube::Error, codes: &[u16]) -> bool {
    matches!(error, kube::Error::Api(status) if codes.contains(&status.code))
}
