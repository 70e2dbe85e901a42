//! Which answers of the API server are no answer, so that the client asks again by itself?
//!
//! 429 and 503, for as long as the API server asks for, or for some seconds: after that its words are worth more than
//! another try, since people are told of them. And so they are with 504, where the API server has tried for half a minute.

use std::time::Duration;

use hyper::{Request, Response, StatusCode};
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use tower::BoxError;
use tower::retry::Policy;

/// Tries after the first: with waits that double from 5 ms these are over within some seconds.
const TRIES: u32 = 9;

/// kube's policy without 504, and with an end.
#[derive(Clone)]
pub struct Throttled(RetryPolicy);

impl Default for Throttled {
    fn default() -> Self {
        let (first, longest) = (Duration::from_millis(5), Duration::from_secs(5));
        Self(RetryPolicy::new(first, longest, TRIES, true).unwrap_or_default()) // an error would be longest < first
    }
}

impl<B> Policy<Request<Body>, Response<B>, BoxError> for Throttled {
    type Future = tokio::time::Sleep;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        answer: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        let is_final = answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::GATEWAY_TIMEOUT);
        if is_final { None } else { self.0.retry(request, answer) }
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Policy::<_, Response<B>, BoxError>::clone_request(&mut self.0, request)
    }
}
