//! Is there enough time to stop, and is what a run has said still there afterwards?

use crate::api::SidecarMode;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::node::Node;
use crate::cli::lint::subject::Container;
use crate::cli::lint::subject::Subject;
use crate::cli::shell::flow::Rules;
use crate::cli::shell::flow::flow;
use crate::cli::shell::program;

/// A preStop hook takes all of the grace period.
pub static PRESTOP_OUTLIVES_GRACE: Rule = Rule {
    name: "prestop-outlives-grace",
    severity: Severity::Warning,
    title: "A sidecar's preStop hook takes the whole grace period, so the sidecar is killed.",
    page: "\
The grace period (`terminationGracePeriodSeconds`, 30 by default) begins before the `preStop` hook, and SIGTERM comes after the
hook. If the hook sleeps as long as the grace period, the sidecar has two seconds after SIGTERM; then SIGKILL ends it (exit code
137), and what it has not flushed is lost. At the end of a run this happens to every sidecar with such a hook.

```yaml
      terminationGracePeriodSeconds: 10
      initContainers:
      - name: proxy
        restartPolicy: Always
        lifecycle:
          preStop:
            exec: {command: [sleep, \"15\"]}
```

Make `terminationGracePeriodSeconds` longer than the hook and the time that the sidecar needs after SIGTERM, or shorten the hook.
In a SidecarJob `stop.gracePeriodSeconds` can do that. There the command of `stop.exec` becomes the hook of a native sidecar that
has none.",
};

/// The deadline of a Job includes the time in which the sidecars stop.
pub static DEADLINE_SHORTER_THAN_DRAIN: Rule = Rule {
    name: "deadline-shorter-than-drain",
    severity: Severity::Warning,
    title: "The deadline is shorter than the time that sidecars may take to stop.",
    page: "\
A Job is complete when its Pod has ended, sidecars included. `activeDeadlineSeconds` counts until then. If the deadline is not
longer than `terminationGracePeriodSeconds`, a sidecar that uses its grace period makes the Job fail with `DeadlineExceeded`,
although the main container has succeeded. The same holds for `activeDeadlineSeconds` of the Pod template: the Pod fails.

```yaml
spec:
  activeDeadlineSeconds: 20
  template:
    spec:
      terminationGracePeriodSeconds: 30
      initContainers:
      - name: logs
        restartPolicy: Always
        image: fluent/fluent-bit:4.0
```

Make the deadline longer than the work and the grace period together, or the grace period shorter. Or use a SidecarJob
(`kubectl sidecarjob convert -f FILE --to=sidecarjob`), whose result is known when the main container ends.",
};

/// A finished run is deleted at once.
pub static LOGS_LOST: Rule = Rule {
    name: "logs-lost",
    severity: Severity::Warning,
    title: "ttlSecondsAfterFinished is 0, so the run is deleted with its logs as soon as it has finished.",
    page: "\
With `ttlSecondsAfterFinished: 0` the Job, its Pods and their logs are deleted at the end, also if the Job has failed: nobody
learns that it failed or why, `kubectl wait` finds nothing, and the history limits of a CronJob keep nothing.

```yaml
spec:
  ttlSecondsAfterFinished: 0
```

Give yourself some time, for example `ttlSecondsAfterFinished: 3600`. In a schedule the history limits clean up, and the field can
go; a SidecarCronJob has `ttlSecondsAfterSuccess` and `ttlSecondsAfterFailure`.",
};

/// The seconds of a hook that never ends.
const FOR_EVER: i64 = i64::MAX;

/// The findings of this file.
pub fn find(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    found.extend(subject.sidecars().filter_map(|sidecar| hook(subject, sidecar)));
    found.extend([subject.spec(), &subject.pod()].into_iter().filter_map(|spec| deadline(subject, spec)));
    found.extend(logs(subject));
}

fn hook(subject: &Subject<'_>, sidecar: &Container<'_>) -> Option<Finding> {
    let (what, hook) = hook_of(subject, sidecar)?;
    let grace = subject.grace();
    let (seconds, at) = [
        (hook.way("sleep.seconds").number(), hook.way("sleep.seconds")),
        (slept(&hook.way("exec.command")), hook.way("exec.command")),
    ]
    .into_iter()
    .find_map(|(seconds, at)| Some((seconds?, at)))?;
    if seconds < grace {
        return None;
    }
    let (takes, longer) = match seconds {
        FOR_EVER => ("never ends".to_owned(), String::new()),
        _ => (format!("takes {seconds}s"), format!("set terminationGracePeriodSeconds to more than {seconds}, or ")),
    };
    let message = format!(
        "{}: {what} of sidecar {} {takes} and the grace period is {grace}s, so the sidecar is killed (exit code 137) two seconds \
         after SIGTERM",
        subject.words(),
        sidecar.name
    );
    let fix = format!("{longer}shorten the hook");
    Some(Finding::new(&PRESTOP_OUTLIVES_GRACE, &at, message, fix))
}

/// The hook before SIGTERM, and its name for people. A native sidecar without a hook of its own gets `stop.exec` as its hook.
fn hook_of<'a>(subject: &Subject<'a>, sidecar: &Container<'a>) -> Option<(&'static str, Node<'a>)> {
    let own = sidecar.node.way("lifecycle.preStop");
    if own.is_there() || subject.is_batch() {
        return Some(("the preStop hook", own));
    }
    let is_managed = subject.spec().at("sidecarMode").read() == Some(SidecarMode::Managed);
    let asked = subject.spec().at("sidecars").items().into_iter().find(|one| one.at("name").is(sidecar.name))?;
    (!is_managed).then(|| ("the preStop hook that stop.exec becomes", asked.at("stop")))
}

/// The seconds that a command takes at least because it sleeps. A command behind `&&` runs too if all goes well.
fn slept(command: &Node<'_>) -> Option<i64> {
    let flow = flow(&program::list(&command.texts()), Rules { serves: &|_| false, all_goes_well: true });
    flow.least().or(flow.stuck.map(|_| FOR_EVER)).filter(|seconds| *seconds > 0)
}

/// `spec`: of the Job, or of its Pods. The kubelet fails a Pod whose deadline is over, also if the main container has succeeded.
fn deadline(subject: &Subject<'_>, spec: &Node<'_>) -> Option<Finding> {
    let at = spec.at("activeDeadlineSeconds");
    let (deadline, grace) = (at.number()?, subject.grace());
    if !subject.is_built_in() || subject.sidecars().next().is_none() || deadline > grace || deadline <= 0 {
        return None;
    }
    let who = if at.path() == subject.spec().at("activeDeadlineSeconds").path() { "Job" } else { "Pod" };
    let message = format!(
        "{}: activeDeadlineSeconds is {deadline}, and the sidecars may take {grace}s to stop: if they do, the {who} fails with \
         DeadlineExceeded though the main container has succeeded",
        subject.words()
    );
    let fix = format!(
        "set activeDeadlineSeconds to the time of the work and {grace} more, or use a SidecarJob: {}",
        subject.convert_to_sidecarjob()
    );
    Some(Finding::new(&DEADLINE_SHORTER_THAN_DRAIN, &at, message, fix))
}

fn logs(subject: &Subject<'_>) -> Option<Finding> {
    let of_schedule = |field: &str| subject.schedule.as_ref().map(|schedule| schedule.at(field));
    let fields = [
        Some(subject.spec().at("ttlSecondsAfterFinished")),
        of_schedule("ttlSecondsAfterFailure").filter(|_| !subject.is_batch()),
    ];
    let at = fields.into_iter().flatten().find(|at| at.number() == Some(0))?;
    let message = format!(
        "{}: the {} is deleted with its Pods and logs as soon as it has finished, also if it has failed",
        subject.words(),
        subject.run_kind()
    );
    let fix = "give it some time, for example 3600, or leave the field out".to_owned();
    Some(Finding::new(&LOGS_LOST, &at, message, fix))
}
