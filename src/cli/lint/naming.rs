//! Has a name or an annotation no effect where it stands, and which webhook will add a container that never ends?

use crate::api::injectors;
use crate::api::labels;
use crate::cli::known;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::hang::names_for_fix;
use crate::cli::lint::node::Node;
use crate::cli::lint::subject::Runner;
use crate::cli::lint::subject::Subject;
use crate::cli::lint::told;

/// A sidecar has the name of no container.
pub static SIDECAR_NOT_IN_TEMPLATE: Rule = Rule {
    name: "sidecar-not-in-template",
    severity: Severity::Warning,
    title: "A sidecar is named that is no container of the template.",
    page: "\
`spec.sidecars` of a SidecarJob (`sidecarjob.dev/sidecars` of a Job) may name a container that a webhook will add. A name with a
typing error looks the same: the container that was meant is a main container then, and if it never ends, the run never
completes. The condition `SidecarMissing` of the run says so while it runs.

```yaml
spec:
  sidecars:
  - name: ffwwd                  # the container is called ffwd
```

Correct the name. If a webhook adds the container, say so with a comment
(`# sidecarjob-lint: ignore sidecar-not-in-template`). There is no finding for the names that well-known injectors use, for
example istio-proxy.",
};

/// An annotation of ours stands where nobody reads it.
pub static ANNOTATION_WITHOUT_EFFECT: Rule = Rule {
    name: "annotation-without-effect",
    severity: Severity::Error,
    title: "An annotation names sidecars or main containers where nobody reads it.",
    page: "\
The admission policy reads `sidecarjob.dev/main` from the Pod, so in a Job the annotation belongs to the Pod template
(`spec.template.metadata.annotations`, in a CronJob `spec.jobTemplate.spec.template.metadata.annotations`).
`sidecarjob.dev/sidecars` on a Job is for Jobs that our controller runs (`spec.managedBy: sidecarjob.dev/controller`). Elsewhere
the annotations do nothing, and the Job hangs as without them.

```yaml
apiVersion: batch/v1
kind: Job
metadata:
  name: etl
  annotations:
    sidecarjob.dev/main: work    # belongs to spec.template.metadata.annotations
```

Move the annotation, or set `spec.managedBy`.",
};

/// A webhook will add a container that never ends.
pub static INJECTED_SIDECAR: Rule = Rule {
    name: "injected-sidecar",
    severity: Severity::Warning,
    title: "An annotation or label makes a webhook add a sidecar that may never end.",
    page: "\
Many injectors add their sidecar as a plain container: Vault Agent, Dapr and Consul unless they are told otherwise, Istio and
Linkerd in older versions. Then the Job never completes, although its manifest has no sidecar.

```yaml
  template:
    metadata:
      annotations:
        vault.hashicorp.com/agent-inject: \"true\"
```

Add the annotation `sidecarjob.dev/main` to the Pod template ([one annotation](one-annotation.md); it makes injected containers
sidecars), or use a SidecarJob. There is no finding if the template tells the injector to add a native sidecar
(`sidecar.istio.io/nativeSidecar: \"true\"`, `dapr.io/enable-native-sidecar: \"true\"`,
`vault.hashicorp.com/agent-pre-populate-only: \"true\"` and so on), or if a container calls the quit endpoint of the injected
sidecar (`/quitquitquit`, `linkerd-await --shutdown` and the like). If your version of the injector adds native sidecars by
itself, or your own program asks the sidecar to end, switch the finding off.",
};

/// The findings of this file.
pub fn find(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    not_in_template(subject, found);
    without_effect(subject, found);
    injected(subject, found);
}

fn not_in_template(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let names: Vec<&str> = subject.containers.iter().map(|c| c.name).collect();
    let strangers = subject.named_sidecars().into_iter().filter(|(name, _)| !names.contains(name));
    for (name, at) in strangers.filter(|(name, _)| !known::is_name_of_a_recipe(name)) {
        let message = format!(
            "{}: sidecar {name} is no container of the template, which has {}; if no webhook adds it, the container that is \
             meant counts as a main container",
            subject.words(),
            names.join(", ")
        );
        let near = names.iter().find(|other| is_near(name, other));
        let fix = match near {
            Some(near) => format!("write {near}"),
            None => "correct the name; if a webhook adds the container, switch this finding off".to_owned(),
        };
        found.push(Finding::new(&SIDECAR_NOT_IN_TEMPLATE, &at, message, fix));
    }
}

/// Two names that differ by a letter or two: more than half of the letters, from the beginning and the end, are the same.
fn is_near(one: &str, other: &str) -> bool {
    let same_head = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let same_tail = one.chars().rev().zip(other.chars().rev()).take_while(|(a, b)| a == b).count();
    let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
    (same_head + same_tail).min(short) + 2 >= long && long - short <= 2
}

fn without_effect(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    if !subject.is_batch() || subject.runner != Runner::BuiltIn {
        return;
    }
    let of_the_template = match subject.schedule {
        Some(_) => "spec.jobTemplate.spec.template.metadata.annotations",
        None => "spec.template.metadata.annotations",
    };
    let mut wrong = |at: &Node<'_>, label: &str, why: String, fix: String| {
        let message =
            format!("{}: {label} {} has no effect here: {why}", subject.words(), at.text().unwrap_or_default());
        found.push(Finding::new(&ANNOTATION_WITHOUT_EFFECT, at, message, fix));
    };
    let on_schedule = subject.schedule.is_some().then(|| subject.object.at("metadata"));
    for metadata in on_schedule.iter().chain([&subject.run.0]) {
        let main = metadata.at("annotations").at(labels::MAIN);
        if main.is_there() && !subject.annotation(labels::MAIN).is_there() {
            let why = "only the Pods' own annotation is read".to_owned();
            wrong(&main, labels::MAIN, why, format!("move it to {of_the_template}"));
        }
        let sidecars = metadata.at("annotations").at(labels::SIDECARS);
        if sidecars.is_there() {
            let why = "the built-in controller runs this Job".to_owned();
            let fix = format!(
                "set spec.managedBy: {} ({} does), or name the main container in {}, in {of_the_template}",
                labels::CONTROLLER,
                subject.convert("--to=managed-by"),
                labels::MAIN
            );
            wrong(&sidecars, labels::SIDECARS, why, fix);
        }
    }
}

fn injected(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    if subject.runner != Runner::BuiltIn || subject.annotation(labels::MAIN).is_there() {
        return;
    }
    let nodes = ["annotations", "labels"].map(|part| subject.template().at("metadata").at(part).fields()).concat();
    let marks = subject.marks();
    for injector in injectors::ALL {
        // A mark that any value turns on names a revision or a mode, and nobody knows whether the cluster has that one.
        let Some(mark) = injector.asked(&marks).filter(|mark| !mark.on.is_empty()) else { continue };
        let (Some(container), Some(unless)) = (injector.container, injector.unless) else { continue };
        let is_there = subject.containers.iter().any(|c| c.name == container);
        let asks = |key: &str, node: &Node<'_>| key == mark.key && node.text().is_some_and(|text| mark.asks(text));
        let Some((_, at)) = nodes.iter().find(|(key, node)| asks(key, node)) else { continue };
        if injector.is_native(&marks) || is_there || told::is_told(subject, container) {
            continue;
        }
        let unless = match injector.quit {
            Some(quit) if marks.contains(&quit) => "unless a program asks the container to end",
            _ => unless,
        };
        let message = format!(
            "{}: {} makes {} add the container {container} to the Pods; {unless}, the Job never completes",
            subject.words(),
            mark.key,
            injector.who,
        );
        let native = injector.native.first().map(|(key, value)| format!(", or {key}: {value:?}")).unwrap_or_default();
        let fix = format!("{}{native}", annotation_for_main(subject));
        found.push(Finding::new(&INJECTED_SIDECAR, at, message, fix));
    }
}

/// How the Pod template names its main containers. A patch of a template may have no containers.
fn annotation_for_main(subject: &Subject<'_>) -> String {
    let mains = names_for_fix(subject);
    if mains.is_empty() {
        return format!("add the annotation {} with the name of the main container to the Pod template", labels::MAIN);
    }
    let flags: String = mains.iter().map(|main| format!(" --main {main}")).collect();
    format!(
        "add the annotation {}: {} to the Pod template ({} does)",
        labels::MAIN,
        mains.join(","),
        subject.convert(&format!("--to=annotation{flags}"))
    )
}
