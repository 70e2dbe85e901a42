//! How many calls are in flight at the same time, and whose?
//!
//! Every call of the client goes through here and takes a place (`places`), until its answer has been read. The namespace is
//! that of the URL; calls about the whole cluster share one line. A call has no place while the client waits to repeat it.
//! No place is taken by what has a bound of its own: the Lease, on which all else depends; watches and upgraded
//! connections, which stay open (as many as there are views, and attempts to stop a sidecar); and events (as many as
//! `events` sends at once).

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::{Request, Response, header};
use kube::client::Body;
use tower::{BoxError, Layer, Service, ServiceExt};

use crate::controller::bound;
use crate::controller::places::{Place, Places};

/// How many. An API server with its defaults serves 245 calls of all ServiceAccounts at once (`workload-low`) and lets
/// further ones wait; half of these leave room for others. Over HTTP/1.1 each has a connection.
pub const AT_ONCE: usize = 128;

/// The layer of the client that makes calls wait.
#[derive(Clone, Debug)]
pub struct InFlight(Places);

impl InFlight {
    /// With so many places.
    pub fn of(size: usize) -> Self {
        Self(Places::new(size))
    }
}

impl<S> Layer<S> for InFlight {
    type Service = InTurn<S>;

    fn layer(&self, inner: S) -> InTurn<S> {
        InTurn { inner, places: self.0.clone() }
    }
}

/// A client whose calls wait for a place.
#[derive(Clone, Debug)]
pub struct InTurn<S> {
    inner: S,
    places: Places,
}

impl<S, B> Service<Request<Body>> for InTurn<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Held<B>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    /// Always: a call that waits here must not hold up the Lease's.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (inner, places) = (self.inner.clone(), self.places.clone());
        let namespace = line(&request).map(str::to_owned);
        async move {
            let place = match namespace {
                Some(namespace) => Some(bound::outside(places.take(&namespace)).await),
                None => None,
            };
            let answer = inner.oneshot(request).await?;
            Ok(answer.map(|body| Held { body, place }))
        }
        .boxed()
    }
}

/// In which line the call waits: its namespace's, or that of the cluster, which has no name. `None`: it takes no place.
fn line<B>(request: &Request<B>) -> Option<&str> {
    let is_watch = |part: &str| matches!(part, "watch=true" | "watch=1");
    let stays_open = request.uri().query().is_some_and(|query| query.split('&').any(is_watch))
        || request.headers().contains_key(header::UPGRADE);
    let parts: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
    let (group, rest) = match parts[..] {
        ["api", _, ref rest @ ..] => ("", rest),
        ["apis", group, _, ref rest @ ..] => (group, rest),
        _ => ("", &[][..]),
    };
    let has_its_own_bound = stays_open || group == "coordination.k8s.io" || matches!(rest, [_, _, "events", ..]);
    match rest {
        _ if has_its_own_bound => None,
        ["namespaces", namespace, ..] => Some(*namespace),
        _ => Some(""),
    }
}

/// An answer that has its place until it has been read.
#[derive(Debug)]
pub struct Held<B> {
    body: B,
    place: Option<Place>,
}

impl<B: HttpBody + Unpin> HttpBody for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.place = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
