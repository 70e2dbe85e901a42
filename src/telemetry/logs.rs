//! How does the controller log? To stderr, one line for each decision that changed something; a quiet reconcile is
//! silent. `RUST_LOG` chooses what is logged. By default our own at info, and of the libraries the warnings that are no
//! second line for what we log ourselves.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Each call that fails is logged where it was made, in the API server's words, and each watch that is interrupted; the
/// client and the watches of kube would say so again.
const DEFAULT: &str = "warn,sidecarjob=info,kube_client::client::builder=off,kube_runtime::watcher=error";

/// Starts logging, as JSON or as text; colours on a terminal only.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if json {
        lines.json().with_span_list(false).init();
    } else {
        lines.with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).init();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is logged, one line each.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_call_that_fails_and_a_watch_that_is_interrupted_are_logged_once_by_us() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(DEFAULT))
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .with_target(false)
            .finish();
        tracing::subscriber::with_default(log, || {
            tracing::error!(target: "kube_client::client::builder", "failed with status 500 Internal Server Error");
            tracing::warn!(target: "kube_runtime::watcher", "watcher error 403");
            tracing::warn!(target: "sidecarjob::controller::reconcile", "failed to create Pod x: a webhook is down");
            tracing::warn!(target: "kube_client::client", "eof in poll");
        });
        let text = String::from_utf8(lines.0.lock().expect("not poisoned").clone()).expect("UTF-8");
        let said: Vec<&str> = text.lines().filter_map(|line| line.split_once("WARN ").map(|(_, said)| said)).collect();
        assert_eq!(said, ["failed to create Pod x: a webhook is down", "eof in poll"], "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
