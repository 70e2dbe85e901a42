//! When does an operator want us to stop? SIGTERM or SIGINT; a second one ends at once.

use tokio::signal::unix::{SignalKind, signal as listen};
use tracing::info;

/// Waits for the first of them.
pub async fn signal() {
    one().await;
    info!("stopping: finishing what is under way; a second signal ends at once");
    tokio::spawn(async {
        one().await;
        std::process::exit(130);
    });
}

async fn one() {
    let (Ok(mut term), Ok(mut int)) = (listen(SignalKind::terminate()), listen(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
