//! Do failures and restarts count as the author of the object thinks?

use crate::api::labels;
use crate::cli::lint::again;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::hang::names_for_fix;
use crate::cli::lint::node::Node;
use crate::cli::lint::subject::Subject;

/// The field that bounds the time of a Job, and of a Pod.
const DEADLINE: &str = "activeDeadlineSeconds";
/// A Job's default for `backoffLimit`.
const BACKOFF_LIMIT: i64 = 6;
/// The exit codes of a container that SIGKILL or SIGTERM ended.
const KILLED: [i64; 2] = [137, 143];

/// The restarts of a sidecar fail a Job.
pub static SIDECAR_RESTARTS_COUNT: Rule = Rule {
    name: "sidecar-restarts-count",
    severity: Severity::Warning,
    title: "With restartPolicy OnFailure, a sidecar's restarts count towards backoffLimit.",
    page: "\
The built-in Job controller adds up the restarts of all containers of a running Pod, native sidecars included, if the Pod's
`restartPolicy` is `OnFailure`. When the sum reaches `backoffLimit` (6 by default; with 0, more than none), the Job fails with
the reason `BackoffLimitExceeded`, whatever the main container does. So one crash of a log shipper can fail a Job whose work
goes well.

```yaml
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: OnFailure   # Never: restarts of sidecars do not count
      initContainers:
      - name: logs
        restartPolicy: Always
        image: fluent/fluent-bit:4.0
```

Use `restartPolicy: Never`: the sidecar is restarted all the same, and a main container that fails gets a new Pod. Or use a
SidecarJob (`kubectl sidecarjob convert -f FILE --to=sidecarjob`), in which restarts of sidecars never count. There is no
finding with a `backoffLimit` above 6.",
};

/// Nothing bounds the retries.
pub static RESTARTS_FOR_EVER: Rule = Rule {
    name: "restarts-for-ever",
    severity: Severity::Warning,
    title: "Failures that count nowhere are retried for ever.",
    page: "\
Two kinds of failures do not count towards `backoffLimit`:

- A main container with `restartPolicy: OnFailure` of its own, or with a rule in `restartPolicyRules` that restarts it after a
  failure, in a Pod with `restartPolicy: Never`: the kubelet restarts the container, and the controller counts restarts only if
  the Pod's `restartPolicy` is `OnFailure`. With `activeDeadlineSeconds` of the Pod template there is no finding: a Pod that its
  own deadline ends has failed, and counts.
- A failure that a rule of `podFailurePolicy` with action `Ignore` matches by its exit code: the controller creates the next Pod
  after the back-off, for ever.

Without `activeDeadlineSeconds` a program that always fails never ends as a failed Job, and nobody is told.

```yaml
spec:
  backoffLimit: 2
  podFailurePolicy:
    rules:
    - action: Ignore             # a program that always exits with 3 is retried for ever
      onExitCodes: {operator: In, values: [3]}
```

Set `activeDeadlineSeconds` of the Job. Or leave the container's `restartPolicy` and its rules out; or ignore by conditions
(`onPodConditions: [{type: DisruptionTarget}]`) and let exit codes count.",
};

/// A rule for exit codes matches a sidecar that the kubelet has stopped.
pub static FAILURE_POLICY_MATCHES_SIDECAR: Rule = Rule {
    name: "failure-policy-matches-sidecar",
    severity: Severity::Warning,
    title: "A podFailurePolicy rule without containerName matches the exit code of a stopped sidecar.",
    page: "\
The built-in Job controller compares a rule without `containerName` with all containers of a failed Pod, native sidecars
included. A sidecar that does not end within its grace period is killed and has exit code 137; one that SIGTERM ends has 143. So
a rule for 137 or 143 (or `NotIn` without them) matches the sidecar, although the main container failed for another reason:
`FailJob` ends the Job without a retry, `Ignore` retries for ever.

```yaml
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        operator: In             # containerName is missing
        values: [137]
```

Add `containerName` with the name of the main container. Or use a SidecarJob, in which a sidecar's exit code matches only a rule
that names the sidecar.",
};

/// The findings of this file.
pub fn find(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    if subject.is_built_in() {
        found.extend(restarts_count(subject));
        found.extend(matches_sidecar(subject));
    }
    found.extend(restarts_in_place(subject));
    found.extend(ignored(subject));
}

/// The names of the native sidecars, also of those that a webhook adds and the annotation makes native.
fn native_sidecars<'a>(subject: &Subject<'a>) -> Vec<&'a str> {
    let written = subject.sidecars().map(|container| container.name);
    let injected = subject.injected().into_iter().map(|(name, _)| name);
    written.chain(injected.filter(|_| subject.annotation(labels::MAIN).is_there())).collect()
}

fn restarts_count(subject: &Subject<'_>) -> Option<Finding> {
    let policy = subject.pod().at("restartPolicy");
    let limit = subject.spec().at("backoffLimit").number();
    let limit = limit.or_else(|| (!subject.spec().at("backoffLimitPerIndex").is_there()).then_some(BACKOFF_LIMIT))?;
    let sidecars = native_sidecars(subject);
    if !policy.is("OnFailure") || sidecars.is_empty() || limit > BACKOFF_LIMIT {
        return None;
    }
    let message = format!(
        "{}: restarts of the sidecar {} count towards backoffLimit, since restartPolicy is OnFailure: {} of them fail the Job, \
         whatever the main container does",
        subject.words(),
        sidecars.join(", "),
        limit.max(1)
    );
    let fix = format!("write restartPolicy: Never, or use a SidecarJob: {}", subject.convert_to_sidecarjob());
    Some(Finding::new(&SIDECAR_RESTARTS_COUNT, &policy, message, fix))
}

fn restarts_in_place(subject: &Subject<'_>) -> Option<Finding> {
    let never = subject.pod().at("restartPolicy").is("Never");
    // A Pod whose own deadline is over has failed, and that failure counts.
    let has_deadline = has_deadline(subject) || subject.pod().at(DEADLINE).is_there();
    let mut mains = subject.mains().filter(|_| never && !has_deadline);
    let (name, at) = mains.find_map(|main| Some((main.name, again::after_failure(&main.node)?)))?;
    let (when, why, what) = match at.text().is_some() {
        true => ("fails", "its own restartPolicy is OnFailure", "restartPolicy"),
        false => ("ends with an exit code of this rule", "restartPolicyRules say so", "restartPolicyRules"),
    };
    let message = format!(
        "{}: the kubelet restarts container {name} for ever if it always {when}: {why} and the Pod's restartPolicy is Never, so \
         no restart counts towards backoffLimit",
        subject.words()
    );
    let fix = format!("set {DEADLINE}, or leave the container's {what} out");
    Some(Finding::new(&RESTARTS_FOR_EVER, &at, message, fix))
}

fn has_deadline(subject: &Subject<'_>) -> bool {
    subject.spec().at(DEADLINE).is_there()
}

fn rules<'a>(subject: &Subject<'a>) -> Vec<Node<'a>> {
    subject.spec().way("podFailurePolicy.rules").items()
}

fn ignored<'a>(subject: &Subject<'a>) -> Vec<Finding> {
    let is_of_main = |rule: &Node<'_>| {
        let name = rule.way("onExitCodes.containerName");
        !name.is_there() || subject.mains().any(|main| name.is(main.name))
    };
    let is_bad =
        |rule: &Node<'a>| rule.at("action").is("Ignore") && rule.at("onExitCodes").is_there() && is_of_main(rule);
    let rules = rules(subject).into_iter().filter(|_| !has_deadline(subject)).filter(is_bad);
    rules.map(|rule| ignores(subject, &rule)).collect()
}

fn ignores(subject: &Subject<'_>, rule: &Node<'_>) -> Finding {
    let codes = rule.way("onExitCodes.values").items();
    let codes = codes.iter().filter_map(Node::number).map(|code| code.to_string()).collect::<Vec<_>>().join(", ");
    let which = if rule.way("onExitCodes.operator").is("NotIn") { "another exit code than" } else { "exit code" };
    let message = format!(
        "{}: a program that always ends with {which} {codes} is retried for ever: action Ignore counts no failure, and \
         {DEADLINE} is not set",
        subject.words()
    );
    let fix = format!("set {DEADLINE}, or use action Count");
    Finding::new(&RESTARTS_FOR_EVER, &rule.at("action"), message, fix)
}

fn matches_sidecar(subject: &Subject<'_>) -> Vec<Finding> {
    let sidecars: Vec<&str> = subject.sidecars().map(|container| container.name).collect();
    let rules = rules(subject).into_iter().filter(|_| !sidecars.is_empty()).filter_map(|rule| {
        let codes = rule.at("onExitCodes");
        let named = codes.at("containerName").is_there() || !codes.is_there();
        let values: Vec<i64> = codes.at("values").items().iter().filter_map(Node::number).collect();
        let is_in = codes.at("operator").is("In");
        let code = KILLED.into_iter().find(|code| values.contains(code) == is_in)?;
        (!named && !rule.at("action").is("Count")).then_some((rule, code))
    });
    rules.map(|(rule, code)| matches(subject, &sidecars, &rule, code)).collect()
}

fn matches(subject: &Subject<'_>, sidecars: &[&str], rule: &Node<'_>, code: i64) -> Finding {
    let message = format!(
        "{}: this rule has no containerName, so it matches the sidecar {} too, which has exit code {code} when it is {}: {} by a \
         sidecar, although the main container failed for another reason",
        subject.words(),
        sidecars.join(", "),
        if code == KILLED[0] { "killed at the end of its grace period" } else { "ended by SIGTERM" },
        rule.at("action").text().unwrap_or_default()
    );
    let mains = names_for_fix(subject);
    let fix =
        format!("add containerName: {}, or use a SidecarJob: {}", mains.join(" or "), subject.convert_to_sidecarjob());
    Finding::new(&FAILURE_POLICY_MATCHES_SIDECAR, &rule.at("onExitCodes"), message, fix)
}
