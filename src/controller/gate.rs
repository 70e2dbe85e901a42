//! May this call be sent? Reads always; what changes the cluster only while this program holds the Lease.
//!
//! The gate stands in the client, where each call passes, so that nothing that decides has to ask. It goes by a clock that
//! counts the sleep of the machine too: a program that was stopped for a minute finds the gate shut when it goes on,
//! before any task of it has noticed. What was on its way to the API server by then can't be called back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{TryFutureExt, future};
use hyper::header::UPGRADE;
use hyper::{Method, Request};
use kube::client::Body;
use thiserror::Error;
use tokio::sync::watch;
use tower::{BoxError, Layer, Service};

use crate::controller::clock::SinceBoot;

/// Why a call was not sent.
#[derive(Debug, Error)]
#[error("not sent: this program does not hold the Lease any more")]
pub struct Shut;

/// The gate; all copies are one.
#[derive(Clone)]
pub struct Gate(Arc<State>);

struct State {
    /// Until when it is open, in nanoseconds since boot.
    until: AtomicU64,
    /// No further work, although the Lease is still held.
    closed: AtomicBool,
    /// How many calls of the work are under way.
    under_way: watch::Sender<usize>,
    clock: SinceBoot,
}

/// What a client's calls are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// What the controller is for.
    Work,
    /// Words for people about what was done: sent also when the work has ended and the Lease is given back, as long as
    /// the last renewal lets the program write.
    Events,
}

impl Gate {
    /// Shut, until the Lease is held.
    pub fn new(clock: SinceBoot) -> Self {
        let (until, closed) = (AtomicU64::new(0), AtomicBool::new(false));
        Self(Arc::new(State { until, closed, under_way: watch::Sender::new(0), clock }))
    }

    /// Open until that time since boot.
    pub fn open_until(&self, until: Duration) {
        self.0.until.store(u64::try_from(until.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Open for good: no other controller works.
    pub fn open_for_good(&self) {
        self.0.until.store(u64::MAX, Ordering::SeqCst);
    }

    /// Shut for everything, also for calls under way that have not been sent.
    pub fn shut(&self) {
        self.0.until.store(0, Ordering::SeqCst);
    }

    /// No call of the work is begun any more. Waits until those under way have been answered.
    pub async fn end_work(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        let _ = self.0.under_way.subscribe().wait_for(|calls| *calls == 0).await;
    }

    /// In front of a client whose calls are these.
    pub fn layer(&self, calls: Calls) -> GateLayer {
        GateLayer { gate: self.clone(), calls }
    }

    /// Whether a call that changes the cluster passes now.
    pub fn is_open(&self) -> bool {
        let until = self.0.until.load(Ordering::SeqCst);
        until == u64::MAX || (self.0.clock)().as_nanos() < u128::from(until)
    }

    /// Whether a call may begin. One of the work is counted as long as its pass is kept.
    fn enter(&self, calls: Calls) -> Result<Option<Pass>, Shut> {
        // Counted before the look at `closed`: either `end_work` sees this call, or this call sees that the work has ended.
        let pass = (calls == Calls::Work).then(|| Pass::new(self.clone()));
        let has_ended = pass.is_some() && self.0.closed.load(Ordering::SeqCst);
        if has_ended || !self.is_open() { Err(Shut) } else { Ok(pass) }
    }
}

/// A call under way.
struct Pass(Gate);

impl Pass {
    fn new(gate: Gate) -> Self {
        gate.0.under_way.send_modify(|calls| *calls += 1);
        Self(gate)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.0.under_way.send_modify(|calls| *calls = calls.saturating_sub(1));
    }
}

/// Puts the gate in front of a service.
#[derive(Clone)]
pub struct GateLayer {
    gate: Gate,
    calls: Calls,
}

impl<S> Layer<S> for GateLayer {
    type Service = Gated<S>;

    fn layer(&self, service: S) -> Gated<S> {
        Gated { service, gate: self.gate.clone(), calls: self.calls }
    }
}

/// A service behind the gate.
#[derive(Clone)]
pub struct Gated<S> {
    service: S,
    gate: Gate,
    calls: Calls,
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>>,
    S::Response: Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.service.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if is_read(&request) {
            return Box::pin(self.service.call(request).err_into());
        }
        let (gate, pass) = match self.gate.enter(self.calls) {
            Ok(pass) => (self.gate.clone(), pass),
            Err(shut) => return Box::pin(future::ready(Err(shut.into()))),
        };
        let mut answer = Box::pin(self.service.call(request));
        Box::pin(async move {
            let _pass = pass;
            // At each poll, since a minute may lie between two: the connection may have been made in it.
            future::poll_fn(|cx| match gate.is_open() {
                true => answer.as_mut().poll(cx).map_err(Into::into),
                false => Poll::Ready(Err(Shut.into())),
            })
            .await
        })
    }
}

/// It changes nothing. exec and port-forward are no reads, though they are GETs: they ask for another protocol.
fn is_read(request: &Request<Body>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && !request.headers().contains_key(UPGRADE)
}

#[cfg(test)]
mod tests;
