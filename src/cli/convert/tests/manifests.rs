//! What manifests of real projects have: comments in odd places, names that are no texts, queues, old versions, hand-made stops.

use super::*;

const PROXY: &str = "      - name: fluent-bit\n        image: fluent/fluent-bit:3\n";
const MOVED: &str = "      - name: fluent-bit\n        restartPolicy: Always\n        image: fluent/fluent-bit:3\n";

fn assert_converted(case: &str, text: &str, expected: &str) {
    let (new, line) = told(text, &wanted(None));
    assert_eq!(new, expected, "{case}: {line}");
    assert_eq!(told(&new, &wanted(None)).0, new, "{case}, twice");
}

#[test]
fn a_comment_stays_with_the_lines_that_it_belongs_to() {
    let work = container("work", "x");
    let off = "        # resources: {}\n        # env: []\n";
    let init = |end: &str| format!("      initContainers:\n      - name: wait\n        image: b\n{end}");
    let pod = |init: &str, containers: &str| {
        job("", "").replace("      containers:\n", &format!("{init}      containers:\n{containers}"))
    };
    let rows = [
        (
            "a field that is switched off, of a sidecar that is the first container",
            pod("", &format!("{PROXY}{off}      # the work\n{work}")),
            pod(&format!("      initContainers:\n{MOVED}{off}"), &format!("      # the work\n{work}")),
        ),
        (
            "of a sidecar that is the last container",
            pod("", &format!("{work}{off}{PROXY}{off}")) + "      # behind\n",
            pod(&format!("      initContainers:\n{MOVED}{off}"), &format!("{work}{off}")) + "      # behind\n",
        ),
        (
            "of the last init container",
            pod(&init(off), &format!("{work}{PROXY}")),
            pod(&format!("{}{MOVED}", init(off)), &work),
        ),
        (
            "of a list of init containers that is empty",
            pod("      initContainers: [] # none yet\n", &format!("{work}{PROXY}")),
            pod(&format!("      initContainers: # none yet\n{MOVED}"), &work),
        ),
        (
            "of a list of init containers without a value",
            pod("      initContainers: # none yet\n", &format!("{work}{PROXY}")),
            pod(&format!("      initContainers: # none yet\n{MOVED}"), &work),
        ),
    ];
    for (case, text, expected) in rows {
        assert_converted(case, &text, &expected);
    }
}

#[test]
fn a_comment_between_containers_in_brackets_is_refused_and_not_lost() {
    let list = "containers: [\n        {name: work, image: x},   # the work\n        {name: fluent-bit, image: 'fluent/fluent-bit:3'}  # the logs\n      ]\n";
    let text = job("", "").replace("containers:\n", list);
    let (new, line) = told(&text, &wanted(None));
    assert_eq!(new, text);
    assert!(line.contains("error: Job a: line 9: a comment stands between containers in brackets"), "{line}");
}

#[test]
fn a_block_scalar_at_the_end_of_the_init_containers_keeps_its_empty_lines() {
    let init =
        "      initContainers:\n      - name: wait\n        image: b\n        args:\n        - |+\n          a\n\n\n";
    let with = |init: &str, containers: &str| {
        job(containers, "").replace("      containers:\n", &format!("{init}      containers:\n"))
    };
    let text = with(init, &(container("work", "x") + PROXY));
    assert_converted("kept", &text, &with(&format!("{init}{MOVED}"), &container("work", "x")));
}

#[test]
fn a_line_that_moves_keeps_its_own_line_break() {
    let text = job(&container("work", "x"), "") + &PROXY.replace('\n', "\r\n");
    let moved = format!("      initContainers:\n{}      containers:\n", MOVED.replace('\n', "\r\n"));
    assert_converted("CRLF", &text, &job(&container("work", "x"), "").replace("      containers:\n", &moved));
}

#[test]
fn documents_that_only_an_end_marker_divides_are_converted_each() {
    let text = format!("{JOB}...\n{JOB}");
    let Converted { text: new, reports } = converted(&text, &wanted(None));
    assert_eq!(new, format!("{NATIVE}...\n{NATIVE}"), "{:?}", reports[0].lines());
}

/// The API server answers a JobList whose items have no kind.
#[test]
fn the_items_of_a_job_list_need_no_kind() {
    let item = |text: &str| {
        let lines = text.split_once("metadata:").map_or("", |(_, rest)| rest).trim_end().replace('\n', "\n  ");
        format!("kind: JobList\napiVersion: batch/v1\nitems:\n- metadata:{lines}\n")
    };
    assert_converted("a list", &item(JOB), &item(NATIVE));
}

#[test]
fn what_nobody_could_run_is_refused_with_its_line() {
    let two = |name: &str| job(&(container(name, "x") + PROXY), "");
    let init = "      initContainers:\n      - name: cloud-sql-proxy\n        image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2\n";
    let by_image = init.replace("name: cloud-sql-proxy", "name: db");
    let looping = "      initContainers:\n      - name: logs\n        image: x\n        command: [sh, -c, \"while true; do date; sleep 1; done\"]\n";
    let rows = [
        (two("1"), 9, "spec.template.spec.containers[0].name is 1, and a name is a text: write the name in quotes"),
        (
            two("yes"),
            9,
            "spec.template.spec.containers[0].name is true, and a name is a text: write the name in quotes",
        ),
        (two("work").replace("name: work\n        ", ""), 9, "spec.template.spec.containers[0] has no name"),
        (
            two("work").replace("name: a}", "name: 'a-{{ .Release.Name }}'}"),
            3,
            "metadata.name has a template ({{), which must be rendered first, for example by helm template",
        ),
        (
            two("work").replace("{name: a}", "{generateName: \"{{ workflow }}-\"}"),
            3,
            "metadata.generateName has a template ({{), which must be rendered first, for example by helm template",
        ),
        (
            job(&container("work", "x"), "").replace("      containers:\n", &format!("{init}      containers:\n")),
            9,
            "the init container cloud-sql-proxy never ends (it is the well-known sidecar cloud-sql-proxy, which runs until it is \
             told to stop), so no main container would start: give it restartPolicy: Always",
        ),
        (
            job(&container("work", "x"), "").replace("      containers:\n", &format!("{by_image}      containers:\n")),
            9,
            "the init container db never ends (it is the well-known sidecar cloud-sql-proxy, which runs until it is told to stop), \
             so no main container would start: give it restartPolicy: Always",
        ),
        (
            job(&container("work", "x"), "").replace("      containers:\n", &format!("{looping}      containers:\n")),
            9,
            "the init container logs never ends (its script loops for ever), so no main container would start: give it \
             restartPolicy: Always",
        ),
    ];
    for (text, at, expected) in rows {
        let (new, line) = told(&text, &wanted(None));
        assert_eq!(new, text);
        assert!(
            line.starts_with(&format!("j.yaml:{at}: error: Job ")) && line.ends_with(expected),
            "{line}\n{expected}"
        );
    }
}

#[test]
fn a_template_that_is_not_rendered_is_refused_with_its_line() {
    let alone = job(&container("work", "x"), "");
    let cron = CRON.replace("nightly", "n");
    let rows = [
        (&alone, "batch/v1", "'{{ .Values.v }}'", 1, "Job a: apiVersion"),
        (&alone, "kind: Job", "kind: '{{ .Values.kind }}'", 2, "kind"),
        (&alone, "{name: a}", "{name: '{{ .Release.Name }}-x'}", 3, "Job {{ .Release.Name }}-x: metadata.name"),
        (&alone, "{name: a}", "{name: a, labels: {l: '{{ .V }}'}}", 3, "Job a: metadata.labels.l"),
        (&alone, "{name: a}", "{name: a, annotations: {'{{ .K }}': v}}", 3, "Job a: metadata.annotations[{{ .K }}]"),
        (&alone, "image: x", "image: \"a:{{ .Values.tag }}\"", 10, "Job a: spec.template.spec.containers[0].image"),
        (&alone, "image: x", "env: [{name: '{{ .N }}'}]", 10, "Job a: spec.template.spec.containers[0].env[0].name"),
        (&alone, "Policy: Never", "Policy: '{{ .Values.p }}'", 7, "Job a: spec.template.spec.restartPolicy"),
        (&alone, "spec:\n  t", "spec:\n  backoffLimit: \"{{ .Values.b }}\"\n  t", 5, "Job a: spec.backoffLimit"),
        (&cron, "0 2 * * *", "{{ .Values.schedule }}", 5, "CronJob n: spec.schedule"),
        (
            &cron,
            "agent-inject: \"true\"",
            "agent-inject: \"{{ .Values.vault }}\"",
            11,
            "CronJob n: spec.jobTemplate.spec.template.metadata.annotations[vault.hashicorp.com/agent-inject]",
        ),
    ];
    let what = "has a template ({{), which must be rendered first, for example by helm template";
    for (text, old, new, at, field) in rows {
        assert!(text.contains(old), "{text}\nhas no\n{old}");
        let text = text.replacen(old, new, 1);
        let (same, line) = told(&text, &wanted(None));
        assert_eq!((same, line), (text, format!("j.yaml:{at}: error: {field} {what}")));
    }
}

/// Other programs have templates of their own, and so do drivers of volumes.
#[test]
fn braces_that_another_program_reads_are_text() {
    let fields = [
        "        env: [{name: A, value: '{{ .Name }}'}]\n",
        "        livenessProbe: {exec: {command: [docker, inspect, -f, '{{.State}}']}}\n",
        "        lifecycle: {preStop: {exec: {command: [sh, -c, 'echo {{ x }}']}}}\n",
        "      volumes: [{name: v, csi: {driver: d, volumeAttributes: {a: '{{ b }}'}}}]\n",
    ];
    let pod = "    metadata: {annotations: {vault.hashicorp.com/agent-inject-template-a: '{{ with secret \"a\" }}'}}\n";
    for field in fields {
        let text = job(&(container("work", "x") + field), pod) + "status: {conditions: [{message: '{{'}]}\n";
        let (same, line) = told(&text, &wanted(None));
        assert_eq!(same, text);
        assert!(line.ends_with("it has no sidecar, so there is nothing to solve"), "{line}");
    }
}

#[test]
fn a_name_that_is_no_text_is_told_as_it_is_written() {
    for name in ["123", "0644", "yes"] {
        let text = job(&container("work", "x"), "").replace("{name: a}", &format!("{{name: {name}}}"));
        assert_eq!(told(&text, &wanted(None)).1.split(" stays").next(), Some(&*format!("j.yaml:1: Job {name}")));
    }
}

#[test]
fn templates_in_the_arguments_of_a_container_are_text() {
    let args = "        args: ['{{ workflow.name }}', \"{{ ds }}\"]\n        command:\n        - sh\n        - -c\n        - |\n          \
                {{ range .Items }}\n          echo {{ .Name }}\n          {{ end }}\n";
    let with = |containers: &str| job(containers, "");
    let work = container("work", "x") + args;
    let moved = format!("      initContainers:\n{MOVED}      containers:\n");
    assert_converted("arguments", &with(&(work.clone() + PROXY)), &with(&work).replace("      containers:\n", &moved));
}

#[test]
fn an_init_container_that_ends_is_no_sidecar() {
    let proxy = "      - name: nginx\n        image: nginx:1\n";
    for ends in ["        args: [-t]\n", "        command: [cp, a, b]\n"] {
        let init = format!("      initContainers:\n{proxy}{ends}      containers:\n");
        let text = job(&container("work", "x"), "").replace("      containers:\n", &init);
        assert!(told(&text, &wanted(None)).1.ends_with("it has no sidecar, so there is nothing to solve"));
    }
}

#[test]
fn only_the_restart_policy_of_a_sidecar_is_in_the_way_of_native_sidecars() {
    let own = "        restartPolicy: OnFailure\n";
    let main = job(&(container("work", "x") + own + PROXY), "");
    let sidecar = job(&(container("work", "x") + PROXY + own), "");
    let (_, line) = told(&main, &wanted(None));
    assert!(line.contains("-> native: main work; sidecar fluent-bit"), "{line}");
    let (_, line) = told(&sidecar, &wanted(None));
    assert!(line.contains("-> sidecarjob: ") && line.contains("a sidecar has a restartPolicy of its own"), "{line}");
}

#[test]
fn a_job_that_kueue_queues_stays_a_job() {
    let mesh = "    metadata: {annotations: {sidecar.istio.io/inject: \"true\"}}\n";
    let queued = job(&container("work", "x"), mesh)
        .replace("metadata: {name: a}", "metadata: {name: a, labels: {kueue.x-k8s.io/queue-name: q}}");
    let (new, line) = told(&queued, &Wanted { minor: 33, ..wanted(None) });
    assert!(new.contains("  managedBy: sidecarjob.dev/controller\n") && new.contains("kind: Job\n"), "{new}");
    assert!(line.ends_with("Kueue queues Jobs, so the Job stays one, and the controller runs it"), "{line}");
    let notes = notes(&queued, Some(To::Sidecarjob));
    assert_eq!(notes, ["Kueue does not queue a SidecarJob: --to=managed-by keeps the Job (Kubernetes 1.32 or newer)"]);
}

#[test]
fn a_stop_by_hand_is_needless_in_all_its_forms() {
    let with = |script: &str, pod: &str| {
        let command = format!("        command: [sh, -c, {script:?}]\n");
        job(&(container("work", "x") + &command + PROXY), "")
            .replace("      containers:\n", &format!("{pod}      containers:\n"))
    };
    let shares = "      shareProcessNamespace: true\n";
    let asks = |piece: &str| {
        format!(
            "a workaround is needless now: work asks a sidecar to stop ({piece}): remove the request from the command"
        )
    };
    let sends = "a workaround is needless now: work sends a signal to a sidecar (pkill): remove that from the command, and \
                 shareProcessNamespace if nothing else uses it";
    let rows = [
        (with("work; pilot-agent request POST quitquitquit", ""), asks("quitquitquit")),
        (with("linkerd-await --shutdown -- work", ""), asks("linkerd-await --shutdown")),
        (with("work; curl -X POST localhost:4191/shutdown", ""), asks(":4191/shutdown")),
        (with("work; pkill -INT fluent-bit", shares), sends.to_owned()),
    ];
    for (text, expected) in rows {
        assert_eq!(notes(&text, None), [expected], "{text}");
    }
    assert_eq!(notes(&with("work; pkill -INT helper", ""), None), [""; 0]);
}

#[test]
fn a_version_that_the_api_server_had_once_is_told() {
    for (version, until) in [("batch/v1beta1", "1.25"), ("batch/v2alpha1", "1.21")] {
        let old = CRON.replace("batch/v1", version);
        let expected = format!("apiVersion {version} is not served since Kubernetes {until}: write batch/v1");
        assert_eq!(notes(&old, None), [RESTARTS.to_owned(), expected]);
    }
}

/// A webhook adds a sidecar to a Job that also has one in its manifest.
#[test]
fn to_native_tells_what_it_leaves_each_time() {
    let mesh = "    metadata: {annotations: {sidecar.istio.io/inject: \"true\"}}\n";
    let text = job(&(container("work", "x") + PROXY), mesh);
    let left = "a webhook adds a sidecar: Istio (sidecar.istio.io/inject), which --to=native can't move: --to=annotation or \
                --to=sidecarjob can";
    let (new, line) = told_with_notes(&text);
    assert!(line[0].contains("-> native: ") && line[1].ends_with(left), "{line:?}");
    let (again, line) = told_with_notes(&new);
    assert_eq!(again, new);
    assert!(line[0].ends_with("it has native sidecars already (fluent-bit)") && line[1].ends_with(left), "{line:?}");
}

fn told_with_notes(text: &str) -> (String, Vec<String>) {
    let Converted { text, reports } = converted(text, &wanted(Some(To::Native)));
    (text, reports[0].lines())
}
