//! How does the controller stop a container by a command? The command runs in the container.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::api::sidecar::StopExec;
use crate::controller::stop::NotReached;

/// How many bytes of the command's output an event quotes.
const WORDS_MAX: usize = 300;

/// Runs the command. Exit code 0 is success. A connection that ends without an exit code is success too: the container
/// has ended, and the command with the container.
pub async fn ask(api: &Api<Pod>, pod: &str, container: &str, exec: &StopExec) -> Result<(), NotReached> {
    let params = AttachParams::default().container(container).stdin(false).stdout(false).stderr(true);
    let mut process = api.exec(pod, &exec.command, &params).await?;
    let status = process.take_status();
    let words = match process.stderr() {
        Some(stderr) => first_words(stderr).await,
        None => String::new(),
    };
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

/// The beginning of the output. Reads everything, because unread output would delay the exit code, which comes last.
async fn first_words(mut stderr: impl AsyncRead + Unpin) -> String {
    let (mut words, mut chunk) = (Vec::new(), [0; 1024]);
    while let Ok(n @ 1..) = stderr.read(&mut chunk).await {
        words.extend(chunk[..n].iter().take(WORDS_MAX - words.len()));
    }
    String::from_utf8_lossy(&words).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_is_read_and_the_beginning_is_kept_whatever_the_bytes_are() {
        let mut all: &[u8] = &[b'x'; 5000];
        assert_eq!(first_words(&mut all).await, "x".repeat(WORDS_MAX));
        assert!(all.is_empty());
        let odd: &[u8] = b"usage: \xff\xfe";
        assert!(first_words(odd).await.starts_with("usage: "));
    }
}
