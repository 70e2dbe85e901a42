//! By a command in the container.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::AsyncReadExt;

use super::NotReached;
use crate::api::sidecar::StopExec;

/// How much of what the command says is told.
const WORDS_MAX: u64 = 300;

/// Runs it; exit code 0 is success, and so is a connection that ends without a code: the container has ended, and the
/// command with it.
pub async fn ask(api: &Api<Pod>, pod: &str, container: &str, exec: &StopExec) -> Result<(), NotReached> {
    let params = AttachParams::default().container(container).stdin(false).stdout(false).stderr(true);
    let mut process = api.exec(pod, &exec.command, &params).await?;
    let status = process.take_status();
    let mut words = String::new();
    if let Some(stderr) = process.stderr() {
        let _ = stderr.take(WORDS_MAX).read_to_string(&mut words).await;
    }
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    match status {
        Some(status) if status.status.as_deref() == Some("Failure") => {
            let why = status.message.unwrap_or_default();
            Err(NotReached::Other(format!("{why} {}", words.trim()).trim().to_owned()))
        }
        _ => Ok(()),
    }
}
