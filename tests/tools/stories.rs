//! What happens to SidecarJobs and SidecarCronJobs: every state that a tool may meet.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::kubelet::{exit, find_no_node, start, stop};
use crate::story::{Played, RUNS, SCHEDULES, State, Step, Story, change, delete, run, schedule};
use crate::world::counting::Server;

use State::{Deleting, Done, Failed, InProgress, LastRunFailed, Suspended};

/// The stories of runs, played once for all tests.
pub static OF_RUNS: LazyLock<Vec<Played>> = LazyLock::new(|| of_runs().into_iter().map(Story::play).collect());

/// The stories of schedules.
pub static OF_SCHEDULES: LazyLock<Vec<Played>> =
    LazyLock::new(|| of_schedules().into_iter().map(Story::play).collect());

type Steps = Vec<(&'static str, fn(&Server), State)>;

fn story(about: &'static str, kind: &'static str, object: Value, steps: Steps) -> Story {
    let steps = steps.into_iter().map(|(what, happens, after)| Step { what, happens, after }).collect();
    Story { about, kind, object, steps }
}

fn nothing(_: &Server) {}

fn of_runs() -> Vec<Story> {
    let story = |about, spec, steps: Steps| story(about, RUNS, run(spec), steps);
    let indexed = |more: Value| {
        let mut spec =
            json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 0});
        more.as_object().into_iter().flatten().for_each(|(field, value)| spec[field] = value.clone());
        spec
    };
    let fail_job = json!({"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}]});
    vec![
        story(
            "a run that succeeds",
            json!({}),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pod runs", start, InProgress),
                ("its main container is done, a sidecar still stops", |s| exit(s, 0), InProgress),
                ("the sidecar has stopped", stop, Done),
                ("its time to live is changed", |s| change(s, RUNS, &json!({"ttlSecondsAfterFinished": 86400})), Done),
            ],
        ),
        story(
            "a run that fails with no retry left",
            json!({"backoffLimit": 0}),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pod runs", start, InProgress),
                ("its main container fails, a sidecar still stops", |s| exit(s, 3), InProgress),
                ("the sidecar has stopped", stop, Failed),
                (
                    "its time to live is changed",
                    |s| change(s, RUNS, &json!({"ttlSecondsAfterFinished": 86400})),
                    Failed,
                ),
            ],
        ),
        story(
            "a run that succeeds at its second try",
            json!({}),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pod runs", start, InProgress),
                ("its first Pod fails", |s| exit(s, 3), InProgress),
                ("its first Pod has stopped", stop, InProgress),
                ("its second Pod runs", start, InProgress),
                ("its second Pod succeeds", |s| exit(s, 0), InProgress),
                ("its second Pod has stopped", stop, Done),
            ],
        ),
        story(
            "a run that takes longer than its deadline",
            json!({"activeDeadlineSeconds": 30}),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pod runs, the deadline passes, and the Pod goes", start, Failed),
            ],
        ),
        story(
            "a run that its failure policy fails",
            json!({"podFailurePolicy": fail_job}),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pod runs", start, InProgress),
                ("its main container exits with the code of the rule", |s| exit(s, 3), InProgress),
                ("its Pod has stopped", stop, Failed),
            ],
        ),
        story(
            "a run whose indexes fail",
            indexed(json!({})),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pods run", start, InProgress),
                ("its main containers fail", |s| exit(s, 3), InProgress),
                ("its Pods have stopped", stop, Failed),
            ],
        ),
        story(
            "a run with too many failed indexes",
            indexed(json!({"maxFailedIndexes": 0})),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pods run", start, InProgress),
                ("its main containers fail", |s| exit(s, 3), InProgress),
                ("its Pods have stopped", stop, Failed),
            ],
        ),
        story(
            "a run that is suspended from the beginning",
            json!({"suspend": true}),
            vec![
                ("it is created", nothing, Suspended),
                ("it is resumed", |s| change(s, RUNS, &json!({"suspend": false})), InProgress),
                ("its Pod runs", start, InProgress),
                ("it is suspended again", |s| change(s, RUNS, &json!({"suspend": true})), Suspended),
                ("its Pod has stopped", stop, Suspended),
                ("it is resumed again", |s| change(s, RUNS, &json!({"suspend": false})), InProgress),
                ("its second Pod runs", start, InProgress),
                ("its main container is done", |s| exit(s, 0), InProgress),
                ("its sidecar has stopped", stop, Done),
            ],
        ),
        story(
            "a run whose Pod waits for a node",
            json!({}),
            vec![
                ("it is created", nothing, InProgress),
                ("the scheduler finds no node", find_no_node, InProgress),
                ("its Pod runs", start, InProgress),
            ],
        ),
        story(
            "a run whose Pods a quota rejects",
            json!({}),
            vec![
                ("it is created", |s| s.refuse(true), InProgress),
                (
                    "the quota is raised",
                    |s| {
                        s.refuse(false);
                        change(s, RUNS, &json!({"backoffLimit": 5}));
                    },
                    InProgress,
                ),
                ("its Pod runs", start, InProgress),
                ("its main container is done", |s| exit(s, 0), InProgress),
                ("its sidecar has stopped", stop, Done),
            ],
        ),
        story(
            "a run whose success policy can't be met",
            json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2,
                "successPolicy": {"rules": [{"succeededIndexes": "0", "succeededCount": 2}]}}),
            vec![("it is created", nothing, Failed)],
        ),
        story(
            "a run that is deleted in the foreground",
            json!({}),
            vec![
                ("it is created", nothing, InProgress),
                ("its Pod runs", start, InProgress),
                ("it is deleted", |s| delete(s, RUNS), Deleting),
            ],
        ),
        story(
            "a run that another controller manages, which does nothing",
            json!({"managedBy": "example.com/other"}),
            vec![("it is created", nothing, InProgress)],
        ),
    ]
}

/// They begin half a minute before a full hour.
fn of_schedules() -> Vec<Story> {
    let story = |about, spec, steps: Steps| story(about, SCHEDULES, schedule(spec), steps);
    vec![
        story(
            "a schedule whose second run fails",
            json!({"schedule": "* * * * *", "concurrencyPolicy": "Forbid"}),
            vec![
                ("it is created, and its first run starts", nothing, Done),
                ("the Pod of the run runs", start, Done),
                ("the main container is done", |s| exit(s, 0), Done),
                ("the run is complete, and the second run starts", stop, Done),
                ("its Pod runs", start, Done),
                ("its main container fails", |s| exit(s, 3), Done),
                ("the second run has failed, and the third run starts", stop, LastRunFailed),
                ("its Pod runs", start, LastRunFailed),
                ("its main container is done", |s| exit(s, 0), LastRunFailed),
                ("the third run is complete", stop, Done),
            ],
        ),
        story(
            "a schedule whose runs a quota rejects",
            json!({"schedule": "0 0 1 1 *"}),
            vec![
                ("it is created", nothing, Done),
                (
                    "its time comes, and a quota rejects its run",
                    |s| {
                        s.refuse(true);
                        change(s, SCHEDULES, &json!({"schedule": "* * * * *"}));
                    },
                    Failed,
                ),
                ("the quota is raised", |s| s.refuse(false), Done),
            ],
        ),
        story(
            "a schedule that never fires",
            json!({"schedule": "0 0 31 2 *"}),
            vec![
                ("it is created", nothing, Failed),
                ("it is corrected", |s| change(s, SCHEDULES, &json!({"schedule": "0 0 28 2 *"})), Done),
            ],
        ),
        story(
            "a schedule that nobody can read",
            json!({"schedule": "5-1 * * * *"}),
            vec![("it is created", nothing, Failed)],
        ),
        story(
            "a schedule in a time zone that does not exist",
            json!({"timeZone": "Europe/Atlantis"}),
            vec![
                ("it is created", nothing, Failed),
                ("it is corrected", |s| change(s, SCHEDULES, &json!({"timeZone": "Europe/Athens"})), Done),
            ],
        ),
        story(
            "a schedule that is suspended",
            json!({"suspend": true}),
            vec![
                ("it is created", nothing, Suspended),
                ("it is resumed", |s| change(s, SCHEDULES, &json!({"suspend": false})), Done),
                ("it is suspended again", |s| change(s, SCHEDULES, &json!({"suspend": true})), Suspended),
            ],
        ),
        story(
            "a schedule that is deleted in the foreground",
            json!({}),
            vec![("it is created", nothing, Done), ("it is deleted", |s| delete(s, SCHEDULES), Deleting)],
        ),
    ]
}
