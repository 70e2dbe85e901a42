//! Which HTTP endpoints do Prometheus and the kubelet use? /metrics, /livez and /readyz.

use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tracing::warn;

use crate::telemetry::Health;
use crate::telemetry::Metrics;
use crate::telemetry::text;

/// Listens at once, and answers in its own task. The address, of which the system chooses the port if `address` has port 0.
/// An error if the address can't be had.
pub async fn serve(address: SocketAddr, health: Health, metrics: Metrics) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let app = router(health, metrics);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            warn!("the HTTP server ended: {error}");
        }
    });
    Ok(address)
}

fn router(health: Health, metrics: Metrics) -> Router {
    let text = move |asked: HeaderMap| async move {
        let accept = asked.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (form, told) = match text::wants_openmetrics(accept) {
            true => (text::OPENMETRICS, metrics.encode()),
            false => (text::PROMETHEUS, text::as_prometheus(&metrics.encode())),
        };
        ([(header::CONTENT_TYPE, form)], told).into_response()
    };
    let ready = move || async move {
        match health.is_ready() {
            true => (StatusCode::OK, "ok\n"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not ready: waiting for the cluster\n"),
        }
    };
    Router::new().route("/metrics", get(text)).route("/livez", get(|| async { "ok\n" })).route("/readyz", get(ready))
}
