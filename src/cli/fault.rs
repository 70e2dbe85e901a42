//! Which container failed last, with which exit code, and what were its last words?
//!
//! A SidecarJob says it in `status.lastFailure`. For a Job and for a Pod this module finds the same in the Pods. Pure.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::ResourceExt;

use crate::api::conditions::pod as pod_reasons;
use crate::api::conditions::types;
use crate::api::history::LastFailure;
use crate::api::labels;
use crate::cli::roles::Container;
use crate::cli::roles::Role;
use crate::cli::roles::all;
use crate::cli::when;

/// So many lines of a termination message are quoted, the last ones.
const LINES: usize = 3;
/// So many characters of them, the last ones.
const CHARACTERS: usize = 300;

/// The last failure of these Pods.
pub fn last(pods: &[Pod]) -> Option<LastFailure> {
    pods.iter().filter_map(of_pod).max_by_key(|failure| failure.time.clone())
}

/// The failure of a Pod: of a main container if one failed, otherwise of an init container, otherwise of the whole Pod.
/// Of a container that the kubelet started again, the last end counts.
fn of_pod(pod: &Pod) -> Option<LastFailure> {
    let failed = |role: Role| {
        let ends = all(pod).filter(|c| c.role == role).filter_map(|c| Some((c.status.name.clone(), last_end(&c)?)));
        ends.filter(|(_, end)| end.exit_code != 0).min_by_key(|(_, end)| end.finished_at.clone())
    };
    let status = pod.status.as_ref()?;
    let reason = status.reason.clone();
    let container = failed(Role::Main).or_else(|| failed(Role::Init));
    if container.is_none() && status.phase.as_deref() != Some(types::FAILED) {
        return None;
    }
    let (name, end) = container.unzip();
    let time = end.as_ref().and_then(|end| end.finished_at.clone()).or_else(|| pod.metadata.creation_timestamp.clone());
    let exit_code = end.as_ref().map(|end| end.exit_code);
    let why = reason.clone().or_else(|| end.as_ref().and_then(|end| end.reason.clone()));
    let number = |key: &str, from: &std::collections::BTreeMap<String, String>| from.get(key)?.parse().ok();
    Some(LastFailure {
        text: text(name.as_deref(), exit_code, why.as_deref()),
        pod_name: pod.name_any(),
        index: number(labels::COMPLETION_INDEX, pod.annotations()),
        attempt: number(labels::ATTEMPT, pod.labels()),
        node_name: pod.spec.as_ref().and_then(|s| s.node_name.clone()),
        container: name,
        exit_code,
        signal: end.as_ref().and_then(|end| end.signal.filter(|s| *s > 0)).or_else(|| exit_code.and_then(signal_of)),
        reason: why,
        time: time?,
        matched_rule: None,
        message: end.and_then(|end| end.message).or_else(|| status.message.clone()),
    })
}

fn last_end(c: &Container<'_>) -> Option<ContainerStateTerminated> {
    let before = || c.status.last_state.as_ref().and_then(|state| state.terminated.clone());
    c.ended().cloned().or_else(before)
}

fn signal_of(exit_code: i32) -> Option<i32> {
    (129..=159).contains(&exit_code).then(|| exit_code - 128)
}

fn text(container: Option<&str>, exit_code: Option<i32>, reason: Option<&str>) -> String {
    let word = reason.filter(|word| *word != pod_reasons::ERROR);
    match (container, exit_code) {
        (Some(name), Some(code)) => [Some(format!("{name} exit {code}")), word.map(Into::into)].into_iter().flatten(),
        _ => [word.map(ToOwned::to_owned), None].into_iter().flatten(),
    }
    .collect::<Vec<_>>()
    .join(" ")
}

/// The failure as a sentence, without the full stop: `container work of Pod etl-6kvnh exited with 3 (Error)`.
pub fn sentence(failure: &LastFailure) -> String {
    let reason = failure.reason.as_deref().map_or(String::new(), |reason| format!(" ({reason})"));
    match (&failure.container, failure.exit_code) {
        (Some(container), Some(code)) => {
            format!("container {container} of Pod {} exited with {code}{reason}", failure.pod_name)
        }
        _ if failure.reason.as_deref() == Some(pod_reasons::DELETED) => {
            format!("somebody deleted Pod {} before its main containers were done", failure.pod_name)
        }
        _ => format!("Pod {} failed{reason}", failure.pod_name),
    }
}

/// The last words of the container, for a sentence: the last lines of its termination message.
pub fn last_words(failure: &LastFailure) -> Option<String> {
    let message = failure.message.as_deref()?.trim();
    let lines: Vec<&str> = message.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join(" / ");
    let skip = end.chars().count().saturating_sub(CHARACTERS);
    let end: String = end.chars().skip(skip).collect();
    (!end.is_empty()).then(|| if skip > 0 { format!("…{end}") } else { end })
}

/// What the exit code usually means, as a sentence without the full stop.
pub fn hint(failure: &LastFailure) -> Option<String> {
    let container = failure.container.as_deref()?;
    if failure.reason.as_deref() == Some(pod_reasons::OOM_KILLED) {
        return Some(format!(
            "The kernel killed the container because it used more memory than its limit: raise \
             resources.limits.memory of container {container}"
        ));
    }
    let means = match failure.exit_code? {
        126 => "the command is not executable",
        127 => "the command was not found",
        137 => "SIGKILL ended the container",
        139 => "the program crashed (SIGSEGV)",
        143 => "SIGTERM ended the container: somebody stopped it",
        _ => return None,
    };
    Some(format!("Exit code {} usually means that {means}", failure.exit_code?))
}

/// When the failure was, in a sentence.
pub fn ago(failure: &LastFailure, now: chrono::DateTime<chrono::Utc>) -> String {
    when::ago(when::of(&failure.time), now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(main: serde_json::Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "etl-x", "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"sidecarjob.dev/attempt": "2"}},
            "status": {"containerStatuses": [main]}
        }))
        .unwrap()
    }

    #[test]
    fn a_pod_says_which_container_failed_and_how() {
        let end =
            json!({"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:01:00Z", "message": "bye"});
        let base = json!({"name": "work", "ready": false, "restartCount": 1, "image": "", "imageID": ""});
        let with = |state: serde_json::Value| {
            let mut status = base.clone();
            status.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
            last(&[pod(status)]).expect("it failed")
        };
        for state in [
            json!({"state": {"terminated": end}}),
            json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": end}}),
        ] {
            let failure = with(state);
            assert_eq!(failure.text, "work exit 137 OOMKilled");
            assert_eq!(sentence(&failure), "container work of Pod etl-x exited with 137 (OOMKilled)");
            assert_eq!((failure.attempt, failure.signal), (Some(2), Some(9)));
            assert!(hint(&failure).unwrap().contains("resources.limits.memory of container work"));
        }
    }

    #[test]
    fn of_a_long_message_the_end_is_quoted() {
        let mut failure = last(&[pod(json!({"name": "work", "ready": false, "restartCount": 0, "image": "", "imageID": "",
            "state": {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:01:00Z", "message": "a\nb\n\nc\nd\n"}}}))])
        .unwrap();
        assert_eq!(last_words(&failure).unwrap(), "b / c / d");
        failure.message = Some("x".repeat(1000));
        assert_eq!(last_words(&failure).unwrap(), format!("…{}", "x".repeat(300)));
        failure.message = Some(" \n".into());
        assert_eq!(last_words(&failure), None);
    }
}
