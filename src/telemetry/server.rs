//! Which HTTP endpoints do Prometheus and the kubelet use? /metrics, /livez and /readyz.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tracing::warn;

use crate::telemetry::Health;
use crate::telemetry::Metrics;
use crate::telemetry::text::Form;

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
        let form = Form::wanted(accept);
        ([(header::CONTENT_TYPE, form.content_type())], body(metrics.pieces(form))).into_response()
    };
    let ready = move || async move {
        match health.is_ready() {
            true => (StatusCode::OK, "ok\n"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not ready: waiting for the cluster\n"),
        }
    };
    Router::new().route("/metrics", get(text)).route("/livez", get(|| async { "ok\n" })).route("/readyz", get(ready))
}

/// The pieces, each made when the client has taken those before. Other work has its turn before each piece.
fn body(pieces: impl Iterator<Item = String> + Send + 'static) -> Body {
    let pieces = stream::unfold(pieces, |mut pieces| async {
        tokio::task::yield_now().await;
        let piece = pieces.next()?;
        Some((Ok::<_, Infallible>(piece), pieces))
    });
    Body::from_stream(pieces.boxed())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn before_each_piece_of_a_scrape_other_work_has_its_turn() {
        let turns = Arc::new(AtomicUsize::new(0));
        let seen = turns.clone();
        let pieces = (0..10).map(move |_| format!("{}\n", seen.load(Ordering::SeqCst)));
        let others = tokio::spawn(async move {
            loop {
                turns.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        });
        let answer = body(pieces).collect().await.expect("a body").to_bytes();
        others.abort();
        let turns: Vec<usize> = String::from_utf8_lossy(&answer).lines().filter_map(|n| n.parse().ok()).collect();
        assert_eq!(turns.len(), 10);
        assert!(turns.is_sorted_by(|before, after| before < after), "{turns:?}");
    }
}
