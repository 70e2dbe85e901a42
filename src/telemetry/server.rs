//! Where do Prometheus and the kubelet ask? /metrics, /livez and /readyz.

use std::net::SocketAddr;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tracing::warn;

use super::{Health, Metrics};

/// Listens at once, and answers from a task of its own.
pub async fn serve(address: SocketAddr, health: Health, metrics: Metrics) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let app = router(health, metrics);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            warn!("the HTTP server ended: {error}");
        }
    });
    Ok(())
}

fn router(health: Health, metrics: Metrics) -> Router {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = move || async move { ([(header::CONTENT_TYPE, TYPE)], metrics.encode()).into_response() };
    let ready = move || async move {
        match health.is_ready() {
            true => (StatusCode::OK, "ok\n"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not yet: looking for the cluster\n"),
        }
    };
    Router::new().route("/metrics", get(text)).route("/livez", get(|| async { "ok\n" })).route("/readyz", get(ready))
}
