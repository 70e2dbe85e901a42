//! When should the program stop? At SIGTERM or SIGINT; a second signal stops it at once.

use tokio::signal::unix::{SignalKind, signal as listen};
use tracing::info;

/// Waits for the first signal.
pub async fn signal() {
    one().await;
    info!("stopping: finishing the work in progress; a second signal stops the program at once");
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
