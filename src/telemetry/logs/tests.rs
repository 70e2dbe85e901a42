//! What does the log contain of text that others wrote?

use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a webhook may answer.
const EVIL: &str = "no\n2026-01-01T00:00:00Z  INFO stopped\r\x1b[2J\u{9b}31m\u{202e}x\x07";

fn logged(json: bool, colours: bool) -> String {
    let kept = Kept::default();
    let out = kept.clone();
    let subscriber = subscriber(json, colours, EnvFilter::new("info"), BoxMakeWriter::new(move || out.clone()));
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("reconciling", object = %EVIL);
        let _in = span.enter();
        tracing::warn!(name = EVIL, file = %EVIL, why = ?EVIL, seconds = 3, "refused: {EVIL}");
    });
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn messages_fields_and_spans_of_a_text_log_stay_on_one_line() {
    let line = logged(false, false);
    let end = line.find("WARN").expect("its level");
    let said = r"no\n2026-01-01T00:00:00Z  INFO stopped\r\u{1b}[2J\u{9b}31m\u{202e}x\u{7}";
    assert_eq!(
        &line[end..],
        format!(
            "WARN reconciling{{object={said}}}: refused: {said} name=\"{said}\" file={said} why=\"{said}\" seconds=3\n"
        )
    );
}

#[test]
fn colours_of_a_text_log_are_ours_alone() {
    let line = logged(false, true);
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.contains("\x1b[3mseconds\x1b[0m\x1b[2m=\x1b[0m3"), "{line:?}");
    let controls = |c: &char| c.is_control() && *c != '\x1b' && *c != '\n' || *c == '\u{202e}';
    assert_eq!(line.chars().filter(controls).collect::<String>(), "");
    assert!(!line.contains("\x1b[2J"), "{line:?}");
}

#[test]
fn a_json_log_moves_nothing_and_reads_back_the_same() {
    let line = logged(true, false);
    let controls = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
    assert_eq!(line.chars().filter(controls).collect::<String>(), "");
    assert_eq!(line.matches('\n').count(), 1);
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["fields"]["message"], format!("refused: {EVIL}"));
    assert_eq!(read["fields"]["name"], EVIL);
    assert_eq!(read["span"]["object"], EVIL);
}

#[test]
fn a_call_that_fails_and_a_watch_that_is_interrupted_are_logged_once_by_us() {
    let kept = Kept::default();
    let out = kept.clone();
    let log = subscriber(false, false, EnvFilter::new(DEFAULT), BoxMakeWriter::new(move || out.clone()));
    tracing::subscriber::with_default(log, || {
        tracing::error!(target: "kube_client::client::builder", "failed with status 500 Internal Server Error");
        tracing::warn!(target: "kube_runtime::watcher", "watcher error 403");
        tracing::warn!(target: "sidecarjob::controller::reconcile", "failed to create Pod x: a webhook is down");
        tracing::warn!(target: "kube_client::client", "eof in poll");
    });
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let said: Vec<&str> = text.lines().filter_map(|line| line.split_once("WARN ").map(|(_, said)| said)).collect();
    assert_eq!(said, ["failed to create Pod x: a webhook is down", "eof in poll"], "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}
