//! Text in, text out: what becomes of each manifest, byte for byte, and what is said of it.

mod again;
mod generated;
mod lines;
mod lists;
mod manifests;
mod nasty;
mod needless;

use std::sync::Arc;

use crate::cli::convert::choice::To;
use crate::cli::convert::file::{Converted, Wanted, convert};
use crate::cli::convert::report::Report;
use crate::cli::convert::roles::Said;
use crate::cli::manifest::Source;

fn wanted(to: Option<To>) -> Wanted {
    Wanted { to, said: Said::default(), minor: 36 }
}

fn said(main: &[&str], sidecars: &[&str]) -> Said {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Said { main: owned(main), sidecars: owned(sidecars) }
}

fn converted(text: &str, wanted: &Wanted) -> Converted {
    convert(&Arc::new(Source::new("j.yaml", None, text)), wanted)
}

/// The text, and the only line that is told.
fn told(text: &str, wanted: &Wanted) -> (String, String) {
    let Converted { text, reports } = converted(text, wanted);
    assert_eq!(reports.len(), 1, "{text}");
    (text, reports[0].lines().remove(0))
}

const JOB: &str = "# a job
apiVersion: batch/v1
kind: Job # why
metadata:
  name: etl
spec:
  backoffLimit: 4
  # the pod
  template:
    spec:
      restartPolicy: Never
      containers:
      # the logs
      - name: fluent-bit # c1
        image: \"docker.io/fluent/fluent-bit:3\"
        args: [a]
      # the work
      - name: work
        image: work:1
      - name: ffwd
        image: busybox
        command: [sh, -c, \"tail -f /dev/null\"]

      # behind
      volumes: []
";

const NATIVE: &str = "# a job
apiVersion: batch/v1
kind: Job # why
metadata:
  name: etl
spec:
  backoffLimit: 4
  # the pod
  template:
    spec:
      restartPolicy: Never
      initContainers:
      # the logs
      - name: fluent-bit # c1
        restartPolicy: Always
        image: \"docker.io/fluent/fluent-bit:3\"
        args: [a]
      - name: ffwd
        restartPolicy: Always
        image: busybox
        command: [sh, -c, \"tail -f /dev/null\"]
      containers:
      # the work
      - name: work
        image: work:1

      # behind
      volumes: []
";

const WHO: &str = "main work; sidecar fluent-bit (sure: name and image are those of fluent-bit); sidecar ffwd (likely: its command \
                   has \"tail -f\", which never ends); ";

#[test]
fn each_form_changes_its_lines_and_no_others() {
    let annotation = "  template:\n    metadata:\n      annotations:\n        sidecarjob.dev/main: work\n    spec:";
    let rows = [
        (
            None,
            NATIVE.to_owned(),
            "native",
            "plain native sidecars solve this: the kubelet stops them when the main container is done",
        ),
        (Some(To::Native), NATIVE.to_owned(), "native", "as --to says"),
        (Some(To::Annotation), JOB.replace("  template:\n    spec:", annotation), "annotation", "as --to says"),
        (
            Some(To::ManagedBy),
            JOB.replace("  name: etl\n", "  name: etl\n  annotations:\n    sidecarjob.dev/sidecars: fluent-bit,ffwd\n")
                .replace("Limit: 4\n", "Limit: 4\n  managedBy: sidecarjob.dev/controller\n"),
            "managed-by",
            "as --to says",
        ),
        (
            Some(To::Sidecarjob),
            JOB.replace("batch/v1", "sidecarjob.dev/v1alpha1")
                .replace("kind: Job", "kind: SidecarJob")
                .replace("Limit: 4\n", "Limit: 4\n  sidecars:\n  - name: fluent-bit\n  - name: ffwd\n"),
            "sidecarjob",
            "as --to says",
        ),
    ];
    for (to, expected, word, why) in rows {
        for breaks in ["\n", "\r\n"] {
            let expected = expected.replace('\n', breaks);
            let (text, line) = told(&JOB.replace('\n', breaks), &wanted(to));
            assert_eq!(text, expected);
            assert_eq!(line, format!("j.yaml:2: Job etl -> {word}: {WHO}{why}"));
            let (again, line) = told(&text, &wanted(to));
            assert_eq!(again, text, "converted twice");
            assert!(line.contains(" stays as it is: it "), "{line}");
        }
    }
}

const CRON: &str = "apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: \"0 2 * * *\"
  jobTemplate:
    spec:
      template:
        metadata:
          annotations:
            vault.hashicorp.com/agent-inject: \"true\"
        spec:
          restartPolicy: OnFailure
          containers:
          - name: work
            image: work:1
";

#[test]
fn what_a_webhook_injects_needs_the_annotation_or_a_controller() {
    let mark = "            vault.hashicorp.com/agent-inject: \"true\"\n";
    let annotated = CRON.replace(mark, &format!("{mark}            sidecarjob.dev/main: work\n"));
    let ours = CRON.replace("batch/v1", "sidecarjob.dev/v1alpha1").replace("kind: CronJob", "kind: SidecarCronJob");
    let managed = CRON
        .replace("    spec:\n      template", "    spec:\n      managedBy: sidecarjob.dev/controller\n      template");
    let hook = "metadata: {name: nightly, annotations: {helm.sh/hook: post-install}}";
    let injected = "a webhook adds a sidecar: Vault (vault.hashicorp.com/agent-inject); native sidecars by hand do not help against that";
    let on_old = format!("{injected}, and the annotation needs Kubernetes 1.36");
    let rows = [
        (
            36,
            CRON.to_owned(),
            annotated,
            format!(
                "-> annotation: main work; {injected}; the annotation needs Kubernetes 1.36 and the admission policy"
            ),
        ),
        (35, CRON.to_owned(), ours, format!("-> sidecarjob: main work; {on_old}; the controller stops the sidecars")),
        (
            35,
            CRON.replace("metadata: {name: nightly}", hook),
            managed.replace("metadata: {name: nightly}", hook),
            format!("-> managed-by: main work; {on_old}; a hook must stay a Job, so the controller runs it"),
        ),
    ];
    for (minor, text, expected, line) in rows {
        let (new, told) = told(&text, &Wanted { minor, ..wanted(None) });
        assert_eq!(new, expected);
        assert_eq!(told, format!("j.yaml:1: CronJob nightly {line}"));
    }
}

/// A Job with these containers, and with these lines in its Pod template.
fn job(containers: &str, more: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  template:\n{more}    spec:\n      restartPolicy: Never\n      \
         containers:\n{containers}"
    )
}

fn container(name: &str, image: &str) -> String {
    format!("      - name: {name}\n        image: {image}\n")
}

#[test]
fn who_is_main_is_said_known_or_refused_and_never_guessed() {
    let two = job(&(container("a", "x") + &container("b", "y")), "");
    let asks = "error: Job a: the containers are a, b, and nothing says which of them is the main container: --main NAME or \
                --sidecar NAME says it";
    let proxies = job(&(container("istio-proxy", "istio/proxyv2:1") + &container("web", "nginx")), "");
    let both_likely = job(&(container("a", "nginx") + &container("b", "haproxy:3")), "");
    let tool = job(&(container("a", "hashicorp/vault:1") + "        args: [kv, get, x]\n" + &container("b", "x")), "");
    let annotated = two.replace("{name: a}", "{name: a, annotations: {sidecarjob.dev/sidecars: a}}");
    let default = job(
        &(container("a", "nginx") + &container("b", "haproxy:3")),
        "    metadata:\n      annotations:\n        kubectl.kubernetes.io/default-container: a\n",
    );
    let rows = [
        (&two, said(&[], &[]), asks.to_owned()),
        (&two, said(&["a"], &[]), "-> native: main a; sidecar b (given: --main does not name it); ".into()),
        (&two, said(&[], &["a"]), "-> native: main b; sidecar a (given: --sidecar names it); ".into()),
        (
            &annotated,
            said(&[], &[]),
            "-> native: main b; sidecar a (given: the annotation sidecarjob.dev/sidecars names it); ".into(),
        ),
        (
            &annotated,
            said(&["a"], &[]),
            "error: Job a: --main and the annotation sidecarjob.dev/sidecars both name a".into(),
        ),
        (
            &annotated,
            said(&[], &["b"]),
            "error: Job a: the annotation sidecarjob.dev/sidecars and --sidecar name all containers (a, b), and none is left \
             as the main container"
                .into(),
        ),
        (&two, said(&["a", "b"], &[]), "stays as it is: it has no sidecar, so there is nothing to solve".into()),
        (&two, said(&["a"], &["a"]), "error: Job a: --main and --sidecar both name a".into()),
        (
            &two,
            said(&[], &["a", "b"]),
            "error: Job a: --sidecar names all containers (a, b), and none is left as the main container".into(),
        ),
        (
            &proxies,
            said(&[], &[]),
            "-> native: main web; sidecar istio-proxy (sure: name and image are those of istio); ".into(),
        ),
        (&both_likely, said(&[], &[]), asks.into()),
        (&tool, said(&[], &[]), asks.into()),
        (&default, said(&[], &[]), "-> native: main a; sidecar b (likely: the image is that of haproxy); ".into()),
    ];
    for (text, said, expected) in rows {
        let (new, line) = told(text, &Wanted { said: said.clone(), ..wanted(None) });
        assert!(line.contains(&expected), "{said:?}\n{line}\n{expected}");
        assert_eq!(new != **text, line.contains("->"), "{said:?}");
    }
}

#[test]
fn a_native_sidecar_is_told_where_the_new_form_names_it() {
    let native =
        job(&(container("work", "x") + "      initContainers: [{name: p, image: y, restartPolicy: Always}]\n"), "");
    for to in [To::Sidecarjob, To::ManagedBy] {
        let (_, line) = told(&native, &wanted(Some(to)));
        assert!(line.contains("main work; sidecar p (sure: its restartPolicy is Always); as --to says"), "{line}");
    }
}

#[test]
fn what_is_done_or_has_nothing_to_solve_stays_as_it_is() {
    let rows = [
        (job(&container("work", "x"), ""), "it has no sidecar, so there is nothing to solve"),
        (
            job(&(container("work", "x") + "      initContainers: [{name: p, image: y, restartPolicy: Always}]\n"), ""),
            "it has native sidecars already (p), so there is nothing to solve",
        ),
        (
            job(
                &(container("work", "x") + &container("b", "y")),
                "    metadata: {annotations: {sidecarjob.dev/main: work}}\n",
            ),
            "it has the annotation sidecarjob.dev/main: work already",
        ),
        (
            job(&(container("work", "x") + &container("b", "y")), "")
                .replace("spec:\n  t", "spec:\n  managedBy: sidecarjob.dev/controller\n  t"),
            "it has managedBy: sidecarjob.dev/controller already",
        ),
        (include_str!("../../../config/samples/cleanup-cluster.yaml").to_owned(), "it is a SidecarJob already"),
        (include_str!("../../../config/samples/nightly.yaml").to_owned(), "it is a SidecarCronJob already"),
        (job("", ""), "it has no containers"),
        (
            job(
                &container("work", "x"),
                "    metadata: {annotations: {vault.hashicorp.com/agent-inject: 'true', vault.hashicorp.com/agent-pre-populate-only: 'true'}}\n",
            ),
            "it has no sidecar, so there is nothing to solve",
        ),
        (
            job(
                &container("work", "x"),
                "    metadata: {labels: {sidecar.istio.io/inject: 'true'}, annotations: {sidecar.istio.io/nativeSidecar: 'true'}}\n",
            ),
            "it has no sidecar, so there is nothing to solve",
        ),
    ];
    for (text, expected) in rows {
        let (new, line) = told(&text, &wanted(None));
        assert_eq!(new, text);
        assert!(line.ends_with(expected), "{line}\n{expected}");
    }
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence_and_stays_as_it_is() {
    let two = job(&(container("fluent-bit", "fluent/fluent-bit:3") + &container("work", "x")), "");
    let cron = |schedule: &str| CRON.replace("\"0 2 * * *\"", schedule);
    let rows = [
        (two.clone(), Some(To::Annotation), 35, "--to=annotation needs Kubernetes 1.36 or newer, and this is 1.35"),
        (two.clone(), Some(To::ManagedBy), 31, "--to=managed-by needs Kubernetes 1.32 or newer, and this is 1.31"),
        (two.clone(), Some(To::Native), 28, "--to=native needs Kubernetes 1.29 or newer, and this is 1.28"),
        (two.clone(), Some(To::Sidecarjob), 29, "--to=sidecarjob needs Kubernetes 1.30 or newer, and this is 1.29"),
        (
            two.clone(),
            None,
            28,
            "Kubernetes 1.28 has no native sidecars, and a SidecarJob needs Kubernetes 1.30 or newer: upgrade the cluster",
        ),
        (
            CRON.to_owned(),
            None,
            29,
            "the annotation needs Kubernetes 1.36, and a SidecarJob needs Kubernetes 1.30 or newer: upgrade the cluster",
        ),
        (
            cron("0 2 * * *"),
            Some(To::Native),
            36,
            "which --to=native can't move: --to=annotation or --to=sidecarjob can",
        ),
        (cron("TZ=UTC 0 2 * * *"), Some(To::Sidecarjob), 36, "which a SidecarCronJob rejects: write spec.timeZone"),
        (
            CRON.replace("nightly", &"n".repeat(53)),
            Some(To::Sidecarjob),
            36,
            "has a name of 53 characters, and a SidecarCronJob has at most 52",
        ),
        (
            two.replace("spec:\n  t", "spec:\n  managedBy: kueue.x-k8s.io/multikueue\n  t"),
            None,
            36,
            "belongs to the controller kueue.x-k8s.io/multikueue (managedBy)",
        ),
        (
            two.replace(
                "  template:\n",
                "  template:\n    metadata: {labels: {batch.kubernetes.io/controller-uid: u}}\n",
            ),
            None,
            36,
            "convert job/NAME reads the Job and leaves them out",
        ),
        (
            two.replace("image: x", "image: \"{{ .Values.image }}\""),
            None,
            36,
            "spec.template.spec.containers[1].image has a template ({{), which must be rendered first, for example by helm template",
        ),
        (
            two.replace("image: fluent/fluent-bit:3", "image: fluent/fluent-bit:3\n        restartPolicy: Never"),
            Some(To::Native),
            36,
            "or use --to=sidecarjob",
        ),
        (
            job(
                &(container("work", "x") + &container("b", "y")),
                "    metadata: {annotations: {sidecarjob.dev/main: work}}\n",
            ),
            Some(To::Sidecarjob),
            36,
            "remove it first, or leave --to out",
        ),
    ];
    for (text, to, minor, expected) in rows {
        let (new, line) = told(&text, &Wanted { minor, ..wanted(to) });
        assert_eq!(new, text);
        assert!(line.contains(": error: ") && line.ends_with(expected), "{line}\n{expected}");
    }
}

/// A label of the namespace may inject a sidecar, and the manifest does not know.
#[test]
fn a_main_container_that_is_named_gets_the_annotation_without_a_sidecar_in_the_manifest() {
    let alone = job(&container("work", "x"), "");
    let annotated =
        job(&container("work", "x"), "    metadata:\n      annotations:\n        sidecarjob.dev/main: work\n");
    for (main, expected) in [(&[][..], &alone), (&["work"], &annotated)] {
        let wanted = Wanted { said: said(main, &[]), ..wanted(Some(To::Annotation)) };
        assert_eq!(told(&alone, &wanted).0, *expected);
    }
}

#[test]
fn a_container_that_always_restarts_is_a_sidecar() {
    let always = container("b", "y") + "        restartPolicy: Always\n";
    let (text, line) = told(&job(&(container("a", "x") + &always), ""), &wanted(None));
    assert!(line.contains("main a; sidecar b (sure: its restartPolicy is Always)"), "{line}");
    assert_eq!(text.matches("restartPolicy: Always").count(), 1, "{text}");
}

#[test]
fn a_cluster_that_is_too_old_for_the_annotation_gets_a_sidecarjob() {
    let (_, line) = told(CRON, &Wanted { minor: 30, ..wanted(None) });
    assert!(line.ends_with("the annotation needs Kubernetes 1.36; the controller stops the sidecars"), "{line}");
}

fn notes(text: &str, to: Option<To>) -> Vec<String> {
    let notes = converted(text, &wanted(to)).reports.into_iter().flat_map(|report: Report| report.notes);
    notes.collect()
}

const RESTARTS: &str = "with restartPolicy OnFailure, restarts of a native sidecar count towards backoffLimit";

#[test]
fn what_is_different_afterwards_is_told() {
    let annotated = "template:\n    metadata: {annotations: {dapr.io/enabled: \"true\"}}\n";
    let injected = job(&container("work", "x"), "").replace("template:\n", annotated);
    let proxy = container("fluent-bit", "fluent/fluent-bit:3");
    let two = job(&(proxy.clone() + &container("work", "x")), "");
    let slow = proxy.clone() + "        startupProbe: {tcpSocket: {port: 1}}\n";
    let hook = "        lifecycle: {postStart: {exec: {command: [wait]}}}\n";
    let rows = [
        (two.replace("Never", "OnFailure"), None, RESTARTS),
        (injected.replace("Never", "OnFailure"), None, RESTARTS),
        (
            two.replace("spec:\n  t", "spec:\n  podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [3]}}]}\n  t"),
            None,
            "a rule of podFailurePolicy names no container",
        ),
        (job(&(slow.clone() + &container("work", "x")), ""), None, "the main container now waits for the startupProbe of fluent-bit, "),
        (job(&(proxy.clone() + hook + &container("work", "x")), ""), None, "the main container now waits for the postStart hook of fluent-bit, "),
        (
            job(&(slow.clone() + hook + &container("work", "x")), ""),
            None,
            "the main container now waits for the startupProbe and the postStart hook of fluent-bit, ",
        ),
        (CRON.to_owned(), Some(To::Sidecarjob), "spec.timeZone is absent"),
        (two.replace("{name: a}", "{name: a, annotations: {helm.sh/hook: x}}"), Some(To::Sidecarjob), "Helm and Argo CD do not wait"),
        (
            two.replace("image: x", "image: x\n        command: [sh, -c, 'work; curl -X POST localhost:15020/quitquitquit']"),
            None,
            "a workaround is needless now: work asks a sidecar to stop (/quitquitquit)",
        ),
    ];
    for (text, to, expected) in rows {
        let notes = notes(&text, to);
        assert!(notes.len() == 1 && notes[0].starts_with(expected), "{notes:?}\n{expected}");
    }
    let follows = "containers:\n      - {name: work, image: w, command: [sh, -c, 'work > /v/log'], volumeMounts: [{name: v, mountPath: /v}]}\n      \
                   - {name: log, image: busybox, command: [sh, -c, 'tail -f /v/log'], volumeMounts: [{name: v, mountPath: /v}]}\n      \
                   volumes: [{name: v, emptyDir: {}}]\n";
    for nothing in [two, job("", "").replace("containers:\n", follows)] {
        assert_eq!(notes(&nothing, None), [""; 0], "{nothing}");
    }
}

/// The sample, as the batch/v1 Job that it once was.
#[test]
fn the_workaround_with_a_shared_volume_is_recognised() {
    let sample = include_str!("../../../config/samples/shared-volume-workaround.yaml");
    let job = sample.replace("sidecarjob.dev/v1alpha1", "batch/v1").replace("kind: SidecarJob", "kind: Job");
    let Converted { text, reports } = converted(&job, &wanted(None));
    let lines = reports[0].lines();
    assert!(lines[0].contains("-> native: main cleanup-cluster; sidecar ffwd (likely: "), "{lines:?}");
    assert!(
        lines[1].contains(
            "cleanup-cluster writes the file main-terminated in volume tmp-pod, and ffwd waits for it: remove both"
        ),
        "{lines:?}"
    );
    assert!(text.contains("      initContainers:\n      - name: ffwd\n        restartPolicy: Always\n"), "{text}");
}

/// Two containers that share a volume, with these scripts.
fn sharing(one: (&str, &str), other: (&str, &str)) -> String {
    let container = |(name, script): (&str, &str)| {
        format!(
            "      - name: {name}\n        image: b\n        command: [sh, -c, {script:?}]\n        volumeMounts: [{{name: s, mountPath: /s}}]\n"
        )
    };
    job(&(container(one) + &container(other)), "") + "      volumes: [{name: s, emptyDir: {}}]\n"
}

#[test]
fn who_waits_for_its_input_or_for_a_server_is_no_sidecar() {
    let asks = "and nothing says which of them is the main container: --main NAME or --sidecar NAME says it; if all are, name each \
                with --main";
    let main = ("main", "until [ -f /s/creds ]; do sleep 1; done; ./main");
    let agent = "vault agent -config=/c & while ! test -s /s/x; do sleep 1; done; touch /s/creds; wait";
    let rows = [
        (
            sharing(
                ("dump", "pg_dump app > /s/a.sql && touch /s/done"),
                ("upload", "while [ ! -f /s/done ]; do sleep 5; done; aws s3 cp /s/a.sql s3://b/"),
            ),
            asks,
        ),
        (
            sharing(main, ("creds", "./fetch > /s/creds; tail -f /dev/null")),
            "-> native: main main; sidecar creds (likely: its command has \"tail -f\", which never ends); ",
        ),
        (
            sharing(main, ("vault-agent", agent)),
            "-> native: main main; sidecar vault-agent (likely: the name is that of vault-agent); ",
        ),
        (
            sharing(main, ("db", "/cloud_sql_proxy & touch /s/creds; wait"))
                .replacen("image: b", "image: x", 1)
                .replace("image: b", "image: gcr.io/cloudsql-docker/gce-proxy"),
            "-> native: main main; sidecar db (likely: the image is that of cloud_sql_proxy v1); ",
        ),
        (sharing(("work", "work > /s/out.json"), ("send", "cat /s/out.json | curl -d @- http://x")), asks),
        (
            sharing(
                ("cache", "fetch > /s/cache.tgz"),
                ("build", "if [ -f /s/cache.tgz ]; then tar xf /s/cache.tgz; fi; ./build"),
            ),
            asks,
        ),
        (sharing(("a", "while true; do nc -z db 5432 && exec ./migrate; sleep 1; done"), ("b", "work")), asks),
        (sharing(("a", "tail -f /x | grep -m1 done"), ("b", "timeout 3600 sh -c 'while true; do x; done'")), asks),
        (sharing(("a", "echo 'use tail -f log'; ./work"), ("b", "work")), asks),
        (
            sharing(("work", "work; touch /s/done"), ("logs", "until [ -f /s/done ]; do ship; sleep 1; done")),
            "-> native: main work; sidecar logs (likely: it waits for a file of work); ",
        ),
    ];
    for (text, expected) in rows {
        let Converted { reports, .. } = converted(&text, &wanted(None));
        let lines = reports[0].lines();
        assert!(lines[0].contains(expected), "{lines:?}\n{expected}\n{text}");
        let is_workaround = expected.contains("waits for a file");
        assert_eq!(lines.iter().any(|line| line.contains("a workaround is needless")), is_workaround, "{lines:?}");
    }
}
