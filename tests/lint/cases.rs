//! For each finding about a run: a manifest that has it, what happens then, and the manifest after the fix.

use serde_json::{Value, json};

/// Where a case is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Runs that hang.
    Hangs,
    /// Runs that end.
    Counts,
    /// With the admission policy of one annotation.
    Policy,
    /// With the policy, and a webhook that injects a plain container.
    Webhook,
}

/// What happens to a run that has the finding.
#[derive(Clone, Copy, Debug)]
pub enum Harm {
    /// This container has ended, the other one goes on, and so does the run.
    Hangs { over: &'static str, alive: &'static str },
    /// The container goes on, and the other one has not started.
    NeverStarts { alive: &'static str, waits: &'static str },
    /// The kubelet has started the container again, and the run has not ended.
    Restarted(&'static str),
    /// A second Pod has been created, and no failure is counted.
    Retried,
    /// The run fails for this reason.
    Fails(&'static str),
    /// The container `work` ends with 0, and the run fails for this reason.
    FailsThough(&'static str),
    /// The container is killed: 137.
    Killed(&'static str),
    /// The run is gone, with its Pods.
    Gone,
}

impl Harm {
    /// The harm is that the run does not end.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Hangs { .. } | Self::NeverStarts { .. } | Self::Restarted(_) | Self::Retried)
    }
}

/// How the run ends after the fix.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Complete,
    /// As it should: its main container fails.
    Failed(&'static str),
    /// Complete, and the container has ended with 0.
    Drained(&'static str),
    /// Complete, and the log of `work` has these words.
    Logged(&'static str),
}

pub struct Case {
    pub finding: &'static str,
    pub name: &'static str,
    pub place: Place,
    pub before: Value,
    pub harm: Harm,
    pub after: Value,
    pub end: End,
}

/// Never ends before somebody tells it to.
const ALIVE: &str = "trap 'exit 0' TERM; while :; do sleep 0.2; done";

/// A container that runs this in a shell.
fn shell(name: &str, script: &str) -> Value {
    json!({"name": name, "image": "busybox:1.37", "command": ["sh", "-c", script]})
}

/// A program that never ends, which the words of its command do not tell.
fn program(name: &str) -> Value {
    json!({"name": name, "image": "busybox:1.37", "command": ["top", "-b", "-d", "1"]})
}

/// The value with more fields.
fn with(mut value: Value, more: Value) -> Value {
    merge(&mut value, more);
    value
}

fn merge(value: &mut Value, more: Value) {
    match (value, more) {
        (Value::Object(value), Value::Object(more)) => {
            for (key, more) in more {
                merge(value.entry(key).or_insert(Value::Null), more);
            }
        }
        (value, more) => *value = more,
    }
}

fn native(container: Value) -> Value {
    with(container, json!({"restartPolicy": "Always"}))
}

/// A Job that retries nothing, with these containers and init containers.
fn job(containers: Vec<Value>, init: Vec<Value>) -> Value {
    let spec = json!({
        "restartPolicy": "Never", "terminationGracePeriodSeconds": 3, "containers": containers, "initContainers": init,
        "volumes": [{"name": "shared", "emptyDir": {}}]
    });
    let template = json!({"spec": spec});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {}, "spec": {"backoffLimit": 0, "template": template}})
}

/// The Job as a SidecarJob with these sidecars.
fn sidecarjob(job: Value, sidecars: Value) -> Value {
    let kind = json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "spec": {"sidecars": sidecars}});
    with(job, kind)
}

/// These fields of the spec of the run.
fn spec(job: Value, more: Value) -> Value {
    with(job, json!({"spec": more}))
}

/// These fields of the spec of the Pod.
fn pod(job: Value, more: Value) -> Value {
    with(job, json!({"spec": {"template": {"spec": more}}}))
}

fn on_pods(job: Value, annotation: &str, value: &str) -> Value {
    with(job, json!({"spec": {"template": {"metadata": {"annotations": {annotation: value}}}}}))
}

fn on_job(job: Value, annotation: &str, value: &str) -> Value {
    with(job, json!({"metadata": {"annotations": {annotation: value}}}))
}

fn shares(container: Value) -> Value {
    with(container, json!({"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}))
}

fn work() -> Value {
    shell("work", "sleep 1")
}

/// The sidecar `side` as a native one.
fn beside(main: Value, side: Value) -> Value {
    job(vec![main], vec![native(side)])
}

/// Finding and name; before the fix, the harm; after the fix, the end.
type Row = (&'static str, &'static str, Value, Harm, Value, End);

pub fn all() -> Vec<Case> {
    let groups =
        [(Place::Hangs, hangs()), (Place::Counts, counts()), (Place::Policy, policy()), (Place::Webhook, webhook())];
    groups.into_iter().flat_map(|(place, rows)| rows.into_iter().map(move |row| case(place, row))).collect()
}

fn case(place: Place, (finding, name, before, harm, after, end): Row) -> Case {
    let after_name = format!("{name}-mended");
    let (before, after) = (super::named(before, name), super::named(after, &after_name));
    Case { finding, name, place, before, harm, after, end }
}

fn hangs() -> Vec<Row> {
    let side = || shell("side", ALIVE);
    let waits = || shares(shell("side", "until test -f /shared/done; do sleep 0.2; done"));
    let hangs = |alive| Harm::Hangs { over: "work", alive };
    vec![
        (
            "sidecar-never-ends",
            "a-proxy-among-the-containers",
            job(vec![work(), program("cloud-sql-proxy")], vec![]),
            hangs("cloud-sql-proxy"),
            beside(work(), program("cloud-sql-proxy")),
            End::Complete,
        ),
        (
            "sidecar-never-ends",
            "a-script-that-loops",
            job(vec![work(), side()], vec![]),
            hangs("side"),
            beside(work(), side()),
            End::Complete,
        ),
        (
            "sidecar-never-ends",
            "always-restarted",
            job(vec![work(), native(shell("side", "sleep 1"))], vec![]),
            Harm::Restarted("side"),
            beside(work(), shell("side", "sleep 1")),
            End::Complete,
        ),
        (
            "sidecar-never-ends",
            "a-sidecarjob-that-does-not-name-it",
            sidecarjob(job(vec![work(), side()], vec![]), json!([])),
            hangs("side"),
            sidecarjob(job(vec![work(), side()], vec![]), json!([{"name": "side"}])),
            End::Complete,
        ),
        (
            "init-container-never-ends",
            "a-sidecar-without-restart-policy",
            job(vec![work()], vec![side()]),
            Harm::NeverStarts { alive: "side", waits: "work" },
            beside(work(), side()),
            End::Complete,
        ),
        (
            "sidecar-not-in-template",
            "a-name-with-a-typing-error",
            sidecarjob(job(vec![work(), program("ffwd")], vec![]), json!([{"name": "ffwwd"}])),
            hangs("ffwd"),
            sidecarjob(job(vec![work(), program("ffwd")], vec![]), json!([{"name": "ffwd"}])),
            End::Complete,
        ),
        (
            "shared-file-workaround",
            "a-file-that-is-never-written",
            job(vec![shares(shell("work", "set -e; sleep 1; false; touch /shared/done")), waits()], vec![]),
            hangs("side"),
            beside(shell("work", "set -e; sleep 1; false"), side()),
            End::Failed("BackoffLimitExceeded"),
        ),
        (
            "restarts-for-ever",
            "a-restart-policy-of-its-own",
            job(vec![with(shell("work", "sleep 1; exit 3"), json!({"restartPolicy": "OnFailure"}))], vec![]),
            Harm::Restarted("work"),
            job(vec![shell("work", "sleep 1; exit 3")], vec![]),
            End::Failed("BackoffLimitExceeded"),
        ),
        (
            "restarts-for-ever",
            "failures-that-are-ignored",
            spec(
                job(vec![shell("work", "sleep 1; exit 3")], vec![]),
                rule(json!({"action": "Ignore", "onExitCodes": codes(3)})),
            ),
            Harm::Retried,
            spec(
                job(vec![shell("work", "sleep 1; exit 3")], vec![]),
                rule(json!({"action": "Count", "onExitCodes": codes(3)})),
            ),
            End::Failed("BackoffLimitExceeded"),
        ),
    ]
}

fn rule(rule: Value) -> Value {
    json!({"podFailurePolicy": {"rules": [rule]}})
}

fn codes(code: i32) -> Value {
    json!({"operator": "In", "values": [code]})
}

fn counts() -> Vec<Row> {
    let mut rows = start();
    rows.extend(retry());
    rows.extend(stop());
    rows
}

/// A sidecar that needs 20 seconds until it can be used, and a main container that fails before that, also if a busy node starts
/// the container late.
fn start() -> Vec<Row> {
    let proxy = || shares(shell("side", &format!("sleep 20; touch /shared/up; {ALIVE}")));
    let client = || shares(shell("work", "test -f /shared/up"));
    let probe = json!({"exec": {"command": ["test", "-f", "/shared/up"]}, "periodSeconds": 1, "failureThreshold": 60});
    let readiness = || with(proxy(), json!({"readinessProbe": probe}));
    let until = json!([{"name": "side", "start": {"until": "Ready"}}]);
    vec![
        (
            "readiness-does-not-wait",
            "a-readiness-probe-alone",
            beside(client(), readiness()),
            Harm::Fails("BackoffLimitExceeded"),
            beside(client(), with(proxy(), json!({"startupProbe": probe}))),
            End::Complete,
        ),
        (
            "readiness-does-not-wait",
            "until-ready-without-a-probe",
            sidecarjob(job(vec![client(), proxy()], vec![]), until.clone()),
            Harm::Fails("BackoffLimitExceeded"),
            sidecarjob(job(vec![client(), readiness()], vec![]), until),
            End::Complete,
        ),
    ]
}

fn retry() -> Vec<Row> {
    // The main container ends well when the sidecar was started again, and when a busy kubelet has had the time to say so.
    let main = || shares(shell("work", "until test -f /shared/again; do sleep 0.1; done; sleep 15"));
    let once = "if test -f /shared/once; then touch /shared/again; else touch /shared/once; exit 1; fi; ";
    let side = || shares(shell("side", &format!("{once}{ALIVE}")));
    // The main container fails the first time; the sidecar is deaf to SIGTERM, and is killed.
    let failures =
        json!({"fieldRef": {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-index-failure-count']"}});
    let env = json!({"env": [{"name": "FAILURES", "valueFrom": failures}]});
    let fails_once = || with(shell("work", "sleep 1; test $FAILURES -gt 0"), env.clone());
    let indexed = |rule: Value| {
        let job = beside(fails_once(), shell("side", "trap '' TERM; while :; do sleep 0.2; done"));
        let counts =
            json!({"completionMode": "Indexed", "completions": 1, "backoffLimit": null, "backoffLimitPerIndex": 1});
        spec(spec(job, counts), rule)
    };
    let of_work = with(codes(137), json!({"containerName": "work"}));
    vec![
        (
            "sidecar-restarts-count",
            "a-sidecar-that-crashes-once",
            pod(beside(main(), side()), json!({"restartPolicy": "OnFailure"})),
            Harm::Fails("BackoffLimitExceeded"),
            beside(main(), side()),
            End::Complete,
        ),
        (
            "failure-policy-matches-sidecar",
            "a-rule-without-container-name",
            indexed(rule(json!({"action": "FailJob", "onExitCodes": codes(137)}))),
            Harm::Fails("PodFailurePolicy"),
            indexed(rule(json!({"action": "FailJob", "onExitCodes": of_work}))),
            End::Complete,
        ),
    ]
}

/// A drain that a deadline cuts off begins before that deadline, also if a busy node starts the Pod late.
fn stop() -> Vec<Row> {
    let drains =
        |seconds: u32| shell("side", &format!("trap 'sleep {seconds}; exit 0' TERM; while :; do sleep 0.2; done"));
    let hooked = || with(drains(4), json!({"lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}}}));
    let grace = |job: Value, seconds: u32| pod(job, json!({"terminationGracePeriodSeconds": seconds}));
    let says = || shell("work", "echo the result is 42");
    vec![
        (
            "prestop-outlives-grace",
            "a-hook-as-long-as-the-grace",
            beside(work(), hooked()),
            Harm::Killed("side"),
            grace(beside(work(), hooked()), 20),
            End::Drained("side"),
        ),
        (
            "deadline-shorter-than-drain",
            "a-drain-beyond-the-deadline",
            grace(spec(beside(work(), drains(45)), json!({"activeDeadlineSeconds": 30})), 60),
            Harm::FailsThough("DeadlineExceeded"),
            grace(spec(beside(work(), drains(45)), json!({"activeDeadlineSeconds": 400})), 60),
            End::Complete,
        ),
        (
            "logs-lost",
            "deleted-at-its-end",
            spec(job(vec![says()], vec![]), json!({"ttlSecondsAfterFinished": 0})),
            Harm::Gone,
            spec(job(vec![says()], vec![]), json!({"ttlSecondsAfterFinished": 600})),
            End::Logged("the result is 42"),
        ),
    ]
}

fn policy() -> Vec<Row> {
    const MAIN: &str = "sidecarjob.dev/main";
    let both = || job(vec![work(), shell("side", ALIVE)], vec![]);
    let unknown = || job(vec![work(), program("ffwd")], vec![]);
    let hangs = Harm::Hangs { over: "work", alive: "ffwd" };
    vec![
        (
            "main-is-sidecar",
            "roles-the-wrong-way-round",
            on_pods(both(), MAIN, "side"),
            Harm::Restarted("work"),
            on_pods(both(), MAIN, "work"),
            End::Complete,
        ),
        (
            "annotation-without-effect",
            "main-on-the-job",
            on_job(unknown(), MAIN, "work"),
            hangs,
            on_pods(unknown(), MAIN, "work"),
            End::Complete,
        ),
        (
            "annotation-without-effect",
            "sidecars-on-the-job",
            on_job(unknown(), "sidecarjob.dev/sidecars", "ffwd"),
            hangs,
            on_pods(unknown(), MAIN, "work"),
            End::Complete,
        ),
    ]
}

fn webhook() -> Vec<Row> {
    let injected = || on_pods(job(vec![work()], vec![]), "vault.hashicorp.com/agent-inject", "true");
    vec![(
        "injected-sidecar",
        "an-agent-that-a-webhook-adds",
        injected(),
        Harm::Hangs { over: "work", alive: "vault-agent" },
        on_pods(injected(), "sidecarjob.dev/main", "work"),
        End::Complete,
    )]
}
