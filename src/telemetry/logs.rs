//! How does the controller log? To stderr, one line for each decision that changed something; a quiet reconcile is
//! silent. `RUST_LOG` chooses what is logged (default: our own at info, the libraries at warn).

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging, as JSON or as text; colours on a terminal only.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,sidecarjob=info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if json {
        lines.json().with_span_list(false).init();
    } else {
        lines.with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).init();
    }
}
