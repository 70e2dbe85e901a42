//! Will the Pods never end, because a container never ends that should be a sidecar?

use crate::api::labels;
use crate::cli::known;
use crate::cli::lint::again;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::subject::Container;
use crate::cli::lint::subject::Role;
use crate::cli::lint::subject::Subject;
use crate::cli::lint::told;

/// A container never ends, and the run waits for it.
pub static SIDECAR_NEVER_ENDS: Rule = Rule {
    name: "sidecar-never-ends",
    severity: Severity::Error,
    title: "A container that never ends is no sidecar, so the run never completes.",
    page: "\
A Pod has succeeded when all its containers have ended. A container that never ends by itself, beside one that does the work,
keeps the Pod running for ever: the Job shows `0/1` completions, a CronJob with `concurrencyPolicy: Forbid` starts no run any
more, and with `Allow` the Pods pile up. The finding means

- a well-known sidecar in `containers` (by its name and image; those of [Recipes](sidecars.md#recipes), and others, for example
  version 1 of cloud_sql_proxy, Promtail or Vector),
- a script or command that never ends (`while true; do …; done` without a way out, `sleep infinity`),
- in a Job: a container with `restartPolicy: Always`; a container with a rule in `restartPolicyRules` that starts it again after
  exit code 0,
- in a SidecarJob: such a container that neither `spec.sidecars` nor `spec.mainContainers` makes a sidecar.

There is no finding if another container calls the quit endpoint of the sidecar (`/quitquitquit` and the like, in the command or
in the environment), or sends a signal to the sidecar (`pkill`, with `shareProcessNamespace`). A call counts for the sidecar that
it names, by port, path or process. If nothing says for which of several containers a call is, it counts for none of them.

```yaml
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: work
        image: registry.example/work:1
      - name: cloud-sql-proxy        # never ends
        image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1
```

Make the container a sidecar: `kubectl sidecarjob convert -f FILE` does. By hand: move it to `initContainers` and give it
`restartPolicy: Always`, or name the main container in the annotation `sidecarjob.dev/main` of the Pod template
([one annotation](one-annotation.md)), or in a SidecarJob name the container in `spec.sidecars`.",
};

/// An init container never ends, so no main container starts.
pub static INIT_CONTAINER_NEVER_ENDS: Rule = Rule {
    name: "init-container-never-ends",
    severity: Severity::Error,
    title: "An init container never ends, so the main containers never start.",
    page: "\
The kubelet starts the main containers when all init containers have ended. A sidecar among the init containers needs
`restartPolicy: Always`: only then the kubelet goes on as soon as the sidecar has started. Without it, the Pod stays in
`Init:0/1` for ever.

```yaml
      initContainers:
      - name: cloud-sql-proxy        # restartPolicy: Always is missing
        image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1
```

Add `restartPolicy: Always` to the container. A SidecarJob can name it in `spec.sidecars` instead.",
};

/// The container that decides the result is a sidecar.
pub static MAIN_IS_SIDECAR: Rule = Rule {
    name: "main-is-sidecar",
    severity: Severity::Error,
    title: "The main container is one that never ends, so the run never completes.",
    page: "\
`sidecarjob.dev/main`, and `spec.mainContainers.names` of a SidecarJob, name the containers that do the work; every other
container is a sidecar. If they name the sidecar, the roles are the wrong way round: the run waits for the sidecar, which never
ends, and the container that does the work is started again each time it has ended.

```yaml
    metadata:
      annotations:
        sidecarjob.dev/main: istio-proxy   # should be: work
```

Name the container that does the work.",
};

/// The findings of this file.
pub fn find(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let inits = subject.containers.iter().filter(|container| container.role == Role::Init);
    found.extend(inits.filter_map(|init| Some(never_starts(subject, init, &endless(subject, init)?))));
    let Some(work) = names_of_work(subject) else {
        main_is_sidecar(subject, found);
        return found
            .extend(subject.mains().filter_map(|main| Some(again(subject, main, &again::after_success(&main.node)?))));
    };
    for main in subject.mains() {
        found.extend(match is_named(subject, main) {
            true => endless(subject, main).map(|why| wrong_way_round(subject, main, &why)),
            false => why_the_run_waits(subject, main).map(|why| waits(subject, main, &why, &work)),
        });
    }
}

fn never_starts(subject: &Subject<'_>, init: &Container<'_>, why: &str) -> Finding {
    let message = format!(
        "{}: init container {} never ends ({why}), so the main containers never start",
        subject.words(),
        init.name
    );
    let fix = "add restartPolicy: Always to the container, which makes it a sidecar".to_owned();
    Finding::new(&INIT_CONTAINER_NEVER_ENDS, &init.node.at("name"), message, fix)
}

/// No container is left that does the work: the one that is always restarted does.
fn again(subject: &Subject<'_>, main: &Container<'_>, why: &str) -> Finding {
    let message = format!(
        "{}: container {} never ends: {why}; so the {} never completes",
        subject.words(),
        main.name,
        subject.run_kind()
    );
    let fix = "leave out what restarts the container after exit code 0".to_owned();
    Finding::new(&SIDECAR_NEVER_ENDS, &main.node.at("name"), message, fix)
}

/// The names of the containers that may end; `None`: all main containers never end, and nobody meant the run to end.
fn names_of_work<'a>(subject: &Subject<'a>) -> Option<Vec<&'a str>> {
    Some(ends(subject)).filter(|names| !names.is_empty())
}

/// Those that end by themselves; if there are none, those that another one tells to stop.
fn ends<'a>(subject: &Subject<'a>) -> Vec<&'a str> {
    let ends: Vec<_> = subject.mains().filter(|main| why_the_run_waits(subject, main).is_none()).collect();
    let names = |is_told: bool| {
        let some = ends.iter().filter(|main| known::never_ends(&main.said).is_some() == is_told);
        some.map(|main| main.name).collect::<Vec<_>>()
    };
    Some(names(false)).filter(|names| !names.is_empty()).unwrap_or_else(|| names(true))
}

/// The names of the containers that do the work, for a fix: a main container that never ends is meant to be a sidecar.
pub fn names_for_fix<'a>(subject: &Subject<'a>) -> Vec<&'a str> {
    let names = ends(subject);
    if names.is_empty() { subject.mains().map(|main| main.name).collect() } else { names }
}

/// All main containers never end, and the spec names them: then the rest may do the work.
fn main_is_sidecar(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let rest_works = subject.sidecars().any(|sidecar| !sidecar.is_init && endless(subject, sidecar).is_none());
    for main in subject.mains().filter(|main| rest_works && is_named(subject, main)) {
        found.extend(endless(subject, main).map(|why| wrong_way_round(subject, main, &why)));
    }
}

fn is_named(subject: &Subject<'_>, main: &Container<'_>) -> bool {
    subject.named_mains().is_some_and(|mains| mains.contains(&main.name))
}

fn endless(subject: &Subject<'_>, container: &Container<'_>) -> Option<String> {
    known::never_ends(&container.said).filter(|_| !told::is_told(subject, container.name))
}

fn why_the_run_waits(subject: &Subject<'_>, container: &Container<'_>) -> Option<String> {
    again::after_success(&container.node).or_else(|| endless(subject, container))
}

fn waits(subject: &Subject<'_>, container: &Container<'_>, why: &str, work: &[&str]) -> Finding {
    let then = match subject.schedule.as_ref().and_then(|s| s.at("concurrencyPolicy").text()) {
        Some("Forbid") => ", and the schedule starts no run after the first",
        Some("Replace" | "Queue") | None => "",
        Some(_) => ", and its Pods pile up",
    };
    let end = match subject.spec().at("activeDeadlineSeconds").number() {
        Some(seconds) => {
            let has = if work.len() > 1 { "have" } else { "has" };
            format!("the {} fails after {seconds}s, though {} {has} succeeded", subject.run_kind(), work.join(" and "))
        }
        None => format!("the {} never completes{then}", subject.run_kind()),
    };
    let message = format!("{}: container {} never ends: {why}; so {end}", subject.words(), container.name);
    let fix = match subject.is_batch() {
        true => format!(
            "make it a sidecar: {} does, or add the annotation {}: {} to the Pod template, or move it to initContainers with \
             restartPolicy: Always",
            subject.convert(&format!("--sidecar {}", container.name)),
            labels::MAIN,
            work.join(",")
        ),
        false => format!("make it a sidecar: {}", Subject::name_in_sidecars(container.name)),
    };
    Finding::new(&SIDECAR_NEVER_ENDS, &container.node.at("name"), message, fix)
}

fn wrong_way_round(subject: &Subject<'_>, main: &Container<'_>, why: &str) -> Finding {
    let rest: Vec<&str> =
        subject.sidecars().filter(|c| !c.is_init && endless(subject, c).is_none()).map(|c| c.name).collect();
    let message = format!(
        "{}: main container {} never ends: {why}; so the {} never completes",
        subject.words(),
        main.name,
        subject.run_kind()
    );
    let fix = match rest.is_empty() {
        true => "name the container that does the work".to_owned(),
        false => format!("name the container that does the work: {}", rest.join(" or ")),
    };
    let at = subject.marked(labels::MAIN).filter(|_| subject.is_batch());
    let at = at.unwrap_or_else(|| subject.spec().way("mainContainers.names"));
    Finding::new(&MAIN_IS_SIDECAR, &at, message, fix)
}
