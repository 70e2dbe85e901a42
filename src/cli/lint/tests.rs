//! "What is a finding, and what is none": tables of manifests, beside the cases on a real cluster (tests/lint).

mod advice;

use chrono::TimeZone;
use serde_json::json;

use super::*;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 26, 12, 0, 0).unwrap()
}

/// The report of a manifest.
fn report(text: &str) -> Report {
    let mut report = Report::default();
    of_text(&Arc::new(manifest::Source::new("x.yaml", None, text)), now(), &mut report);
    report
}

/// The names of the findings, each with the field.
fn found(text: &str) -> Vec<String> {
    let report = report(text);
    assert_eq!((report.unreadable, report.objects), (vec![], 1), "{text}");
    report.found.iter().map(|one| format!("{} {}", one.finding.rule.name, one.finding.path)).collect()
}

/// A manifest of this kind with these lines in the spec of the run and in the spec of the Pod.
fn run(kind: &str, spec: &str, pod: &str) -> String {
    let version = if kind.starts_with("Sidecar") { "sidecarjob.dev/v1alpha1" } else { "batch/v1" };
    let indent = |text: &str, by: usize| text.lines().map(|l| format!("{}{l}\n", " ".repeat(by))).collect::<String>();
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: etl}}\nspec:\n{}  template:\n    spec:\n{}",
        indent(spec, 2),
        indent(pod, 6)
    )
}

const WORK: &str = "- {name: work, image: w}\n";
const PROXY: &str = "- {name: cloud-sql-proxy, image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2}\n";
const NATIVE: &str = "initContainers:\n- {name: mesh, image: m, restartPolicy: Always}\n";

/// A sentence; the manifest; the findings.
type Row = (&'static str, String, &'static [&'static str]);

fn assert_rows(rows: Vec<Row>) {
    for (case, text, expected) in rows {
        assert_eq!(found(&text), expected, "{case}\n{text}");
    }
}

#[test]
fn a_run_hangs_if_it_waits_for_a_container_that_never_ends() {
    let plain = format!("containers:\n{WORK}{PROXY}");
    let alone = format!("containers:\n{PROXY}");
    let asks = "[sh, -c, 'work; curl -X POST localhost:9091/quitquitquit']";
    let asked = format!("containers:\n- {{name: work, image: w, command: {asks}}}\n{PROXY}");
    let kills = "- {name: work, image: w, command: [sh, -c, 'work; pkill cloud-sql-proxy']}";
    let own = format!("containers:\n{kills}\n{PROXY}");
    let killed = format!("shareProcessNamespace: true\n{own}");
    let agent = asked.replace("curl -X POST localhost:9091/quitquitquit", "pilot-agent request POST quitquitquit");
    let istio = agent.replace(PROXY, "- {name: istio-proxy, image: istio/proxyv2}\n");
    let by_env = asked
        .replace("localhost:9091/quitquitquit", "$QUIT")
        .replace("command:", "env: [{name: QUIT, value: 'http://localhost:9091/quitquitquit'}], command:");
    let own_argument = PROXY.replace('}', ", args: [--quitquitquit]}");
    let two = format!("{asked}- {{name: fluent-bit, image: fluent/fluent-bit}}\n");
    let one_is_killed =
        "shareProcessNamespace: true\n".to_owned() + &two.replace(asks, "[sh, -c, 'work; pkill fluent-bit']");
    let old = plain
        .replace("cloud-sql-connectors/cloud-sql-proxy:2", "cloudsql-docker/gce-proxy:1")
        .replace("cloud-sql-", "cloudsql-");
    let native = format!("initContainers:\n{}containers:\n{WORK}", PROXY.replace('}', ", restartPolicy: Always}"));
    let init = format!("initContainers:\n{PROXY}containers:\n{WORK}");
    let always = format!("containers:\n{WORK}- {{name: side, image: s, restartPolicy: Always}}\n");
    let rule = |codes: &str| format!("restartPolicyRules: [{{action: Restart, exitCodes: {{{codes}}}}}]");
    let by_rule = always.replace("restartPolicy: Always", &rule("operator: NotIn, values: [3]"));
    let stays = "containers:\n- {name: work, image: w, command: [sh, -c, 'migrate; sleep infinity']}\n";
    let first = &["sidecar-never-ends spec.template.spec.containers[0].name"];
    let hangs = &["sidecar-never-ends spec.template.spec.containers[1].name"];
    assert_rows(vec![
        ("a Job with a proxy", run("Job", "", &plain), hangs),
        ("a proxy that the main container asks to stop", run("Job", "", &asked), &[]),
        ("a proxy that gets a signal from the main container", run("Job", "", &killed), &[]),
        ("a signal to a process of the same container", run("Job", "", &own), hangs),
        ("Istio's proxy that its own program asks to stop", run("Job", "", &istio), &[]),
        ("another proxy beside a request to Istio's", run("Job", "", &agent), hangs),
        ("a proxy that is asked at an address in the environment", run("Job", "", &by_env), &[]),
        (
            "a proxy with the quit endpoint on, which nobody calls",
            run("Job", "", &plain.replace(PROXY, &own_argument)),
            hangs,
        ),
        (
            "a proxy that is asked to stop, and another sidecar",
            run("Job", "", &two),
            &["sidecar-never-ends spec.template.spec.containers[2].name"],
        ),
        ("a signal to one of two sidecars", run("Job", "", &one_is_killed), hangs),
        ("a sidecar without a recipe", run("Job", "", &old), hangs),
        ("a proxy alone: nobody meant it to end", run("Job", "", &alone), &[]),
        ("a native sidecar", run("Job", "", &native), &[]),
        (
            "a proxy among the init containers",
            run("Job", "", &init),
            &["init-container-never-ends spec.template.spec.initContainers[0].name"],
        ),
        ("a plain container that is always restarted", run("Job", "", &always), hangs),
        ("the same in a SidecarJob", run("SidecarJob", "", &always), &[]),
        ("a container that a rule always restarts", run("Job", "", &by_rule), hangs),
        ("the same in a SidecarJob, where no rule makes a sidecar", run("SidecarJob", "", &by_rule), hangs),
        ("a container alone that is always restarted", run("Job", "", &always.replace(WORK, "")), first),
        (
            "a proxy among the init containers, before a main container that stays",
            run("Job", "", &format!("initContainers:\n{PROXY}{stays}")),
            &["init-container-never-ends spec.template.spec.initContainers[0].name"],
        ),
        ("a SidecarJob that does not name it", run("SidecarJob", "", &plain), hangs),
        ("a SidecarJob that names it", run("SidecarJob", "sidecars: [{name: cloud-sql-proxy}]", &plain), &[]),
        (
            "a SidecarJob that names its main container",
            run("SidecarJob", "mainContainers: {names: [work]}", &plain),
            &[],
        ),
        (
            "a SidecarJob whose main container is the proxy",
            run("SidecarJob", "mainContainers: {names: [cloud-sql-proxy]}", &plain),
            &["main-is-sidecar spec.mainContainers.names"],
        ),
        ("another manager's Job has its own rules for it", run("Job", "managedBy: x.io/y", &plain), hangs),
    ]);
}

#[test]
fn a_script_never_ends_only_if_it_surely_comes_to_the_loop() {
    let scripts = |script: &str| {
        let of = |name: &str| format!("- name: {name}\n  image: b\n  command: [sh, -c]\n  args:\n  - |\n");
        let lines: String = script.lines().map(|line| format!("    {line}\n")).collect();
        run("Job", "", &format!("containers:\n{WORK}{}{lines}", of("side")))
    };
    let hangs = &["sidecar-never-ends spec.template.spec.containers[1].name"];
    assert_rows(vec![
        ("a debugger's rest", scripts("migrate || sleep infinity"), &[]),
        ("a debugger's branch", scripts("if [ -n \"$DEBUG\" ]; then sleep infinity; fi; prepare"), &[]),
        ("a script that is written", scripts("cat > loop.sh <<E\nwhile true; do x; done\nE\nrun"), &[]),
        ("a comment", scripts("# never write: while true; do x; done\nrun"), &[]),
        ("an argument", scripts("kubectl run d --image=busybox -- sleep infinity"), &[]),
        ("a word of an option", scripts("while true; do curl --connect-timeout 5 x; done"), hangs),
        ("an address", scripts("while true; do curl 'http://x?a=1&b=2'; sleep 1; done"), hangs),
        ("in place of the shell", scripts("exec sleep infinity"), hangs),
        ("no script of a shell", scripts("while true; do 'x"), &[]),
    ]);
}

/// A Job with these annotations on the Job and on its Pods.
fn annotated(on_job: &str, on_pods: &str, spec: &str, containers: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: etl\n  annotations: {{{on_job}}}\nspec:\n  {spec}\n  template:\n    \
         metadata:\n      annotations: {{{on_pods}}}\n    spec:\n      containers:\n{}",
        containers.lines().map(|line| format!("      {line}\n")).collect::<String>()
    )
}

#[test]
fn an_annotation_has_an_effect_only_where_it_is_read() {
    let both = format!("{WORK}- {{name: side, image: s}}\n");
    let proxied = format!("{WORK}{PROXY}");
    let ours = "managedBy: sidecarjob.dev/controller";
    assert_rows(vec![
        ("main on the Pods", annotated("", "sidecarjob.dev/main: work", "suspend: false", &proxied), &[]),
        (
            "main on the Job",
            annotated("sidecarjob.dev/main: work", "", "suspend: false", &both),
            &["annotation-without-effect metadata.annotations[sidecarjob.dev/main]"],
        ),
        (
            "sidecars on the Job",
            annotated("sidecarjob.dev/sidecars: side", "", "suspend: false", &both),
            &["annotation-without-effect metadata.annotations[sidecarjob.dev/sidecars]"],
        ),
        ("sidecars of a Job that we run", annotated("sidecarjob.dev/sidecars: side", "", ours, &both), &[]),
        (
            "a name that is not there",
            annotated("sidecarjob.dev/sidecars: sied", "", ours, &both),
            &["sidecar-not-in-template metadata.annotations[sidecarjob.dev/sidecars]"],
        ),
        ("a name that an injector uses", annotated("sidecarjob.dev/sidecars: istio-proxy", "", ours, &both), &[]),
        (
            "the roles the wrong way round",
            annotated("", "sidecarjob.dev/main: cloud-sql-proxy", "suspend: false", &proxied),
            &["main-is-sidecar spec.template.metadata.annotations[sidecarjob.dev/main]"],
        ),
    ]);
}

#[test]
fn a_webhook_adds_a_sidecar_unless_it_is_told_otherwise() {
    let injects = "vault.hashicorp.com/agent-inject: 'true'";
    let finding = &["injected-sidecar spec.template.metadata.annotations[vault.hashicorp.com/agent-inject]"];
    let asked = |mark: &str, script: &str| {
        annotated("", mark, "suspend: false", &format!("- {{name: work, image: w, command: [sh, -c, '{script}']}}\n"))
    };
    assert_rows(vec![
        ("Vault", annotated("", injects, "suspend: false", WORK), finding),
        ("switched off", annotated("", "vault.hashicorp.com/agent-inject: 'false'", "suspend: false", WORK), &[]),
        (
            "a revision that the cluster may not have",
            annotated("", "istio.io/rev: canary", "suspend: false", WORK),
            &[],
        ),
        (
            "who may make the sidecar end",
            annotated("", "kuma.io/sidecar-injection: enabled", "suspend: false", WORK),
            &[],
        ),
        (
            "only before the start",
            annotated(
                "",
                &format!("{injects}, vault.hashicorp.com/agent-pre-populate-only: 'true'"),
                "suspend: false",
                WORK,
            ),
            &[],
        ),
        (
            "with the main container named",
            annotated("", &format!("{injects}, sidecarjob.dev/main: work"), "suspend: false", WORK),
            &[],
        ),
        ("a Job that we run", annotated("", injects, "managedBy: sidecarjob.dev/controller", WORK), &[]),
        ("an agent that is asked to quit", asked(injects, "work; curl -X POST localhost:8200/agent/v1/quit"), &[]),
        (
            "an agent beside a request to another one",
            asked(injects, "work; curl -X POST localhost:3500/v1.0/shutdown"),
            finding,
        ),
        ("Dapr", asked("dapr.io/enabled: 'true'", "work; curl -X POST http://localhost:3500/v1.0/shutdown"), &[]),
        ("Linkerd", asked("linkerd.io/inject: enabled", "linkerd-await --shutdown -- work"), &[]),
        ("Istio", asked("sidecar.istio.io/inject: 'true'", "work; curl -XPOST localhost:15020/quitquitquit"), &[]),
        ("Istio, by scuttle", asked("sidecar.istio.io/inject: 'true'", "scuttle work"), &[]),
        ("on the Job, where no injector reads it", annotated(injects, "", "suspend: false", WORK), &[]),
    ]);
}

/// Messages with a part that depends on the rest of the object.
#[test]
fn a_message_says_what_the_object_has() {
    let quit = "vault.hashicorp.com/agent-inject: 'true', vault.hashicorp.com/agent-enable-quit: 'true'";
    let deadline = |pod: &str| run("Job", "activeDeadlineSeconds: 300", pod);
    let rows = [
        (
            annotated("", quit, "suspend: false", WORK),
            "Job etl: vault.hashicorp.com/agent-inject makes Vault add the container vault-agent to the Pods; unless a program asks \
             the container to end, the Job never completes",
        ),
        (deadline(&format!("containers:\n{WORK}{PROXY}")), "so the Job fails after 300s, though work has succeeded"),
        (
            deadline(&format!("containers:\n{WORK}{}{PROXY}", WORK.replace("work", "more"))),
            "so the Job fails after 300s, though work and more have succeeded",
        ),
    ];
    for (text, expected) in rows {
        let messages: Vec<String> = report(&text).found.into_iter().map(|found| found.finding.message).collect();
        assert!(messages.len() == 1 && messages[0].ends_with(expected), "{messages:?}\n{expected}");
    }
}

#[test]
fn containers_that_tell_each_other_by_a_file_hang_if_the_file_is_missing() {
    let containers = |writes: &str, waits: &str| {
        let mount = "volumeMounts: [{name: tmp, mountPath: /tmp/pod}]";
        let one = |name: &str, script: &str| {
            format!("- name: {name}\n  image: b\n  {mount}\n  command: [sh, -c]\n  args:\n  - |\n    {script}\n")
        };
        run("Job", "", &format!("containers:\n{}{}", one("work", writes), one("side", waits)))
    };
    let finding = &["shared-file-workaround spec.template.spec.containers[1].name"];
    assert_rows(vec![
        ("touch", containers("work; touch /tmp/pod/done", "until [ -f /tmp/pod/done ]; do sleep 1; done"), finding),
        (
            "by a trap",
            containers("trap 'touch /tmp/pod/done' EXIT; work", "while ! test -e /tmp/pod/done; do x; done"),
            finding,
        ),
        (
            "a redirection",
            containers("work; echo $? > /tmp/pod/done", "until test -s '/tmp/pod/done'; do x; done"),
            finding,
        ),
        ("another file", containers("touch /tmp/pod/done.tmp", "until [ -f /tmp/pod/done ]; do sleep 1; done"), &[]),
        (
            "a file that is not shared",
            containers("touch /other/done", "until [ -f /other/done ]; do sleep 1; done"),
            &[],
        ),
        ("no loop", containers("touch /tmp/pod/done", "test -f /tmp/pod/done"), &[]),
        (
            "work behind the loop",
            containers(
                "dump; touch /tmp/pod/done",
                "until [ -f /tmp/pod/done ]; do sleep 1; done; aws s3 cp /a s3://b",
            ),
            &[],
        ),
        (
            "a sidecar that says that it is ready",
            containers("touch /tmp/pod/up; sleep infinity", "until [ -f /tmp/pod/up ]; do sleep 1; done; ./main"),
            &["sidecar-never-ends spec.template.spec.containers[0].name"],
        ),
    ]);
}

#[test]
fn readiness_delays_nobody_but_the_startup_probe_does() {
    let native = |probe: &str| {
        run(
            "Job",
            "",
            &format!("initContainers:\n- {{name: p, image: m, restartPolicy: Always, {probe}}}\ncontainers:\n{WORK}"),
        )
    };
    let ours = |until: &str, probe: &str| {
        let spec = format!("sidecars: [{{name: p, start: {{until: {until}}}}}]");
        run("SidecarJob", &spec, &format!("containers:\n{WORK}- {{name: p, image: m{probe}}}\n"))
    };
    let probe = "{exec: {command: ['true']}}";
    assert_rows(vec![
        (
            "readiness alone",
            native(&format!("readinessProbe: {probe}")),
            &["readiness-does-not-wait spec.template.spec.initContainers[0].readinessProbe"],
        ),
        ("both", native(&format!("readinessProbe: {probe}, startupProbe: {probe}")), &[]),
        (
            "a postStart hook that waits",
            native(&format!("readinessProbe: {probe}, lifecycle: {{postStart: {probe}}}")),
            &[],
        ),
        (
            "a preStop hook, which delays nobody",
            native(&format!("readinessProbe: {probe}, lifecycle: {{preStop: {probe}}}")),
            &["readiness-does-not-wait spec.template.spec.initContainers[0].readinessProbe"],
        ),
        ("no probe: nobody asked for it", native("env: []"), &[]),
        (
            "a main container that waits itself",
            native(&format!("readinessProbe: {probe}")).replace(
                "image: w",
                "image: w, command: [sh, -c, 'set -e; until nc -z localhost 5432; do sleep 1; done; run']",
            ),
            &[],
        ),
        (
            "a main container that works before it waits",
            native(&format!("readinessProbe: {probe}")).replace(
                "image: w",
                "image: w, command: [sh, -c, 'run; until nc -z localhost 5432; do sleep 1; done']",
            ),
            &["readiness-does-not-wait spec.template.spec.initContainers[0].readinessProbe"],
        ),
        ("until Ready without a probe", ours("Ready", ""), &["readiness-does-not-wait spec.sidecars[0].start.until"]),
        (
            "until Ready with a preStop hook alone",
            ours("Ready", &format!(", lifecycle: {{preStop: {probe}}}")),
            &["readiness-does-not-wait spec.sidecars[0].start.until"],
        ),
        ("until Ready with a postStart hook", ours("Ready", &format!(", lifecycle: {{postStart: {probe}}}")), &[]),
        ("until Ready with one", ours("Ready", &format!(", readinessProbe: {probe}")), &[]),
        ("until Started", ours("Started", ""), &[]),
    ]);
}

#[test]
fn restarts_and_failures_count_as_kubernetes_counts_them() {
    let native = |policy: &str| format!("restartPolicy: {policy}\n{NATIVE}containers:\n{WORK}");
    let own = |policy: &str| {
        format!("restartPolicy: {policy}\ncontainers:\n- {{name: work, image: w, restartPolicy: OnFailure}}\n")
    };
    let rule = |rest: &str| format!("podFailurePolicy: {{rules: [{{{rest}}}]}}");
    let by_rule = |codes: &str| {
        let rules = format!("restartPolicy: Never, restartPolicyRules: [{{action: Restart, exitCodes: {{{codes}}}}}]");
        own("Never").replace("restartPolicy: OnFailure", &rules)
    };
    let ignores = |code: &str| format!("{{action: Ignore, onExitCodes: {{operator: In, values: [{code}]}}}}");
    let killed = &["failure-policy-matches-sidecar spec.podFailurePolicy.rules[0].onExitCodes"];
    let never = native("Never");
    let marks = "dapr.io/enabled: 'true', sidecarjob.dev/main: work";
    let injected = annotated("", marks, "suspend: false", WORK)
        .replace("      containers:", "      restartPolicy: Never\n      containers:");
    assert_rows(vec![
        (
            "OnFailure",
            run("Job", "", &native("OnFailure")),
            &["sidecar-restarts-count spec.template.spec.restartPolicy"],
        ),
        ("a high limit", run("Job", "backoffLimit: 100", &native("OnFailure")), &[]),
        (
            "OnFailure, and the annotation makes a native sidecar of what a webhook adds",
            injected.replace("Never", "OnFailure"),
            &["sidecar-restarts-count spec.template.spec.restartPolicy"],
        ),
        ("the same with Never", injected.clone(), &[]),
        ("Never", run("Job", "", &never), &[]),
        ("a SidecarJob", run("SidecarJob", "", &native("OnFailure")), &[]),
        (
            "a container's own policy",
            run("Job", "", &own("Never")),
            &["restarts-for-ever spec.template.spec.containers[0].restartPolicy"],
        ),
        ("with a deadline", run("Job", "activeDeadlineSeconds: 60", &own("Never")), &[]),
        ("with a deadline of the Pod", run("Job", "", &format!("activeDeadlineSeconds: 60\n{}", own("Never"))), &[]),
        ("beside OnFailure of the Pod", run("Job", "", &own("OnFailure")), &[]),
        (
            "a rule that restarts after a failure",
            run("Job", "", &by_rule("operator: In, values: [42]")),
            &["restarts-for-ever spec.template.spec.containers[0].restartPolicyRules[0]"],
        ),
        (
            "Ignore",
            run("SidecarJob", &rule("action: Ignore, onExitCodes: {operator: In, values: [3]}"), &never),
            &["restarts-for-ever spec.podFailurePolicy.rules[0].action"],
        ),
        (
            "Ignore, with a deadline of the Pod: each Pod fails before it",
            run(
                "Job",
                &rule("action: Ignore, onExitCodes: {operator: In, values: [3]}"),
                &format!("activeDeadlineSeconds: 60\n{never}"),
            ),
            &["restarts-for-ever spec.podFailurePolicy.rules[0].action"],
        ),
        (
            "two rules that match a sidecar, and two that ignore",
            run(
                "Job",
                &format!("podFailurePolicy: {{rules: [{}]}}", [ignores("137"), ignores("143")].join(", ")),
                &never,
            ),
            &[
                "restarts-for-ever spec.podFailurePolicy.rules[0].action",
                "failure-policy-matches-sidecar spec.podFailurePolicy.rules[0].onExitCodes",
                "restarts-for-ever spec.podFailurePolicy.rules[1].action",
                "failure-policy-matches-sidecar spec.podFailurePolicy.rules[1].onExitCodes",
            ],
        ),
        (
            "Ignore by conditions",
            run("Job", &rule("action: Ignore, onPodConditions: [{type: DisruptionTarget}]"), &never),
            &[],
        ),
        ("137", run("Job", &rule("action: FailJob, onExitCodes: {operator: In, values: [137]}"), &never), killed),
        ("not 42", run("Job", &rule("action: FailJob, onExitCodes: {operator: NotIn, values: [42]}"), &never), killed),
        ("another code", run("Job", &rule("action: FailJob, onExitCodes: {operator: In, values: [42]}"), &never), &[]),
        (
            "with a name",
            run(
                "Job",
                &rule("action: FailJob, onExitCodes: {containerName: work, operator: In, values: [137]}"),
                &never,
            ),
            &[],
        ),
        (
            "no sidecar",
            run(
                "Job",
                &rule("action: FailJob, onExitCodes: {operator: In, values: [137]}"),
                &format!("containers:\n{WORK}"),
            ),
            &[],
        ),
        (
            "in a SidecarJob",
            run("SidecarJob", &rule("action: FailJob, onExitCodes: {operator: In, values: [137]}"), &never),
            &[],
        ),
    ]);
}

#[test]
fn a_sidecar_needs_time_to_stop_and_the_deadline_includes_it() {
    let hook = |grace: &str, hook: &str| {
        let side = format!("- name: p\n  image: m\n  restartPolicy: Always\n  lifecycle: {{preStop: {hook}}}\n");
        run("Job", "", &format!("{grace}\ninitContainers:\n{side}containers:\n{WORK}"))
    };
    let ten = "terminationGracePeriodSeconds: 10";
    let exec = |command: &str| format!("{{exec: {{command: {command}}}}}");
    let late = &["prestop-outlives-grace spec.template.spec.initContainers[0].lifecycle.preStop.exec.command"];
    let deadline = &["deadline-shorter-than-drain spec.activeDeadlineSeconds"];
    let native = format!("{NATIVE}containers:\n{WORK}");
    let exec_late = &["prestop-outlives-grace spec.sidecars[0].stop.exec.command"];
    let stop = |exec: &str, grace: &str, more: &str| {
        let spec = format!("sidecars: [{{name: mesh, stop: {{exec: {{{exec}}}{grace}}}}}]\n{more}");
        run("SidecarJob", &spec, &format!("containers:\n{WORK}- {{name: mesh, image: m}}\n"))
    };
    assert_rows(vec![
        ("longer than the default", hook("hostname: x", &exec("[sleep, '31']")), late),
        ("shorter than the default", hook("hostname: x", &exec("[sleep, '20']")), &[]),
        ("as long", hook(ten, &exec("[/bin/sleep, '10']")), late),
        ("in a script", hook(ten, &exec("[sh, -c, 'sleep 5; flush; sleep 5']")), late),
        ("in a script that goes on if all goes well", hook(ten, &exec("[sh, -c, 'sleep 15 && quit']")), late),
        ("in minutes", hook(ten, &exec("[sleep, 1m]")), late),
        ("in seconds that are few", hook(ten, &exec("[sleep, 9s]")), &[]),
        ("in a branch of a script", hook(ten, &exec("[sh, -c, 'test -f /x || sleep 15']")), &[]),
        ("in the other branch", hook(ten, &exec("[sh, -c, '[ -f /fast ] && sleep 60; true']")), &[]),
        ("as the argument of another program", hook(ten, &exec("[sh, -c, 'echo will not sleep 60']")), &[]),
        ("behind a redirection", hook(ten, &exec("[sh, -c, 'drain 2>&1; sleep 15']")), late),
        ("in the background", hook(ten, &exec("[sh, -c, 'sleep 15 & quit']")), &[]),
        ("cut off", hook(ten, &exec("[timeout, '5', sleep, '60']")), &[]),
        ("without an end", hook(ten, &exec("[sleep, infinity]")), late),
        ("in a loop without an end", hook(ten, &exec("[sh, -c, 'while true; do sleep 1; done']")), late),
        (
            "sleep of the kubelet",
            hook(ten, "{sleep: {seconds: 10}}"),
            &["prestop-outlives-grace spec.template.spec.initContainers[0].lifecycle.preStop.sleep.seconds"],
        ),
        ("stop.exec of a SidecarJob", stop("command: [sleep, '40']", "", ""), exec_late),
        ("stop.exec with a grace period for it", stop("command: [sleep, '40']", ", gracePeriodSeconds: 60", ""), &[]),
        (
            "stop.exec of a managed sidecar, which is no hook",
            stop("command: [sleep, '40']", "", "sidecarMode: Managed"),
            &[],
        ),
        ("a short deadline", run("Job", "activeDeadlineSeconds: 30", &native), deadline),
        (
            "a short deadline of the Pod",
            run("Job", "", &format!("activeDeadlineSeconds: 20\nterminationGracePeriodSeconds: 60\n{native}")),
            &["deadline-shorter-than-drain spec.template.spec.activeDeadlineSeconds"],
        ),
        ("a longer one", run("Job", "activeDeadlineSeconds: 31", &native), &[]),
        ("without sidecars", run("Job", "activeDeadlineSeconds: 3", &format!("containers:\n{WORK}")), &[]),
        ("in a SidecarJob", run("SidecarJob", "activeDeadlineSeconds: 3", &native), &[]),
        (
            "deleted at once",
            run("Job", "ttlSecondsAfterFinished: 0", &format!("containers:\n{WORK}")),
            &["logs-lost spec.ttlSecondsAfterFinished"],
        ),
        ("deleted later", run("Job", "ttlSecondsAfterFinished: 60", &format!("containers:\n{WORK}")), &[]),
    ]);
}

/// A schedule with these lines in its spec.
fn schedule(kind: &str, spec: &str) -> String {
    let version = if kind.starts_with("Sidecar") { "sidecarjob.dev/v1alpha1" } else { "batch/v1" };
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let pod = "{template: {spec: {containers: [{name: work, image: w}]}}}";
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: etl}}\nspec:\n{spec}  jobTemplate:\n    spec: {pod}\n"
    )
}

#[test]
fn a_schedule_fires_when_cron_says() {
    let cron = |spec: &str| schedule("CronJob", spec);
    let ours = |spec: &str| schedule("SidecarCronJob", spec);
    let never = &["schedule-never-fires spec.schedule"];
    let changes = &["schedule-clock-change spec.schedule"];
    let minute = &["schedule-every-minute spec.schedule"];
    let either = &["schedule-day-or-weekday spec.schedule"];
    let short = &["starting-deadline-too-short spec.startingDeadlineSeconds"];
    assert_rows(vec![
        ("daily", cron("schedule: 0 2 * * *"), &[]),
        ("31 February", cron("schedule: 0 0 31 2 *"), never),
        ("31 February, suspended", cron("schedule: 0 0 31 2 *\nsuspend: true"), &[]),
        ("no schedule at all", cron("schedule: tomorrow"), never),
        ("H is ours alone", cron("schedule: H 2 * * *"), never),
        ("H", ours("schedule: H 2 * * *"), &[]),
        (
            "an unknown zone",
            cron("schedule: 0 2 * * *\ntimeZone: Europe/Berln"),
            &["schedule-never-fires spec.timeZone"],
        ),
        ("all excluded", ours("schedule: 0 2 * * *\nexclude: ['* 0-3 * * *']"), never),
        ("one of two", ours("schedules: [0 2 * * *, 0 2 * *]"), &["schedule-never-fires spec.schedules[1]"]),
        (
            "@every with a shorter deadline",
            cron("schedule: '@every 1h'\nstartingDeadlineSeconds: 200"),
            &["schedule-never-fires spec.startingDeadlineSeconds"],
        ),
        ("the same in a SidecarCronJob", ours("schedule: '@every 1h'\nstartingDeadlineSeconds: 200"), &[]),
        ("in a gap", cron("schedule: 30 2 * * *\ntimeZone: Europe/Berlin"), changes),
        ("in no gap", cron("schedule: 30 4 * * *\ntimeZone: Europe/Berlin"), &[]),
        ("without a zone", cron("schedule: 30 2 * * *"), &[]),
        ("every hour", cron("schedule: 30 * * * *\ntimeZone: Europe/Berlin"), &[]),
        ("once", ours("schedule: 30 2 * * *\ntimeZone: Europe/Berlin\ndstPolicy: RunOnce"), &[]),
        ("excluded", ours("schedule: 30 2 * * *\ntimeZone: Europe/Berlin\nexclude: ['* * * 3,10 0']"), &[]),
        ("a star", cron("schedule: '* 2 * * *'"), minute),
        ("a question mark, which is a star", cron("schedule: '? 2 * * *'"), minute),
        (
            "a question mark in a gap",
            cron("schedule: '? 2 * * *'\ntimeZone: Europe/Berlin"),
            &["schedule-every-minute spec.schedule", "schedule-clock-change spec.schedule"],
        ),
        ("a range of hours", cron("schedule: '* 8-17 * * *'"), &[]),
        ("each minute", cron("schedule: '* * * * *'"), &[]),
        ("both days", cron("schedule: 0 2 1-7 * 1"), either),
        ("a star of two", cron("schedule: 0 2 */1 * 1"), &[]),
        ("a short deadline", cron("schedule: 0 2 * * *\nstartingDeadlineSeconds: 5"), short),
        ("ten seconds", cron("schedule: 0 2 * * *\nstartingDeadlineSeconds: 10"), &[]),
    ]);
}

#[test]
fn the_message_of_a_clock_change_has_the_dates() {
    let text = schedule("CronJob", "schedule: 30 2 * * *\ntimeZone: Europe/Berlin");
    let report = report(&text);
    assert_eq!(
        report.found[0].finding.message,
        "CronJob etl: 30 2 * * * in Europe/Berlin does not run at 2027-03-28 02:30, and runs twice at 2027-10-31 02:30"
    );
}

#[test]
fn a_field_has_its_line_and_column_and_an_absent_one_those_of_its_parent() {
    let job = "  apiVersion: batch/v1\n  kind: Job\n  metadata: {name: a}\n  spec:\n    ttlSecondsAfterFinished: 0\n    template: {}\n";
    let text = format!(
        "# a comment\n---\n{}---\napiVersion: v1\nkind: List\nitems:\n- {}",
        job.replace("\n  ", "\n").trim_start(),
        job.trim_start()
    );
    let places: Vec<Place> = report(&text).found.into_iter().map(|one| one.place).collect();
    let at = |line, column| Place::File { name: "x.yaml".into(), line, column };
    assert_eq!(places, [at(7, 3), at(17, 5)], "{text}");
}

#[test]
fn a_document_that_is_no_yaml_is_told_and_the_others_are_looked_at() {
    let job =
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {ttlSecondsAfterFinished: 0, template: {}}\n";
    let report = report(&format!("{job}---\na: [\n---\n{job}"));
    assert_eq!(report.unreadable.len(), 1, "{report:?}");
    assert!(report.unreadable[0].starts_with("x.yaml:"), "{}", report.unreadable[0]);
    assert!(report.is_bad(Severity::Error) && report.objects >= 1, "{report:?}");
}

#[test]
fn half_written_objects_are_no_panic() {
    let whole = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x", "annotations": {}},
        "spec": {"schedule": "* 2 1 * 1", "jobTemplate": {"spec": {"podFailurePolicy": {"rules": [{"onExitCodes": {}}]},
            "template": {"spec": {"containers": [{"name": "a", "command": ["sh", "-c"]}, {"name": "b"}]}}}}}
    });
    // Each value of the object in turn is another kind of value.
    for wrong in [json!(null), json!(5), json!("x"), json!([1]), json!({"a": 1})] {
        let mut pointers = Vec::new();
        pointers_of(&whole, String::new(), &mut pointers);
        for pointer in pointers {
            let mut object = whole.clone();
            *object.pointer_mut(&pointer).unwrap() = wrong.clone();
            let _ = findings(&object, now());
        }
    }
}

fn pointers_of(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| pointers_of(value, format!("{at}/{key}"), all)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| pointers_of(value, format!("{at}/{n}"), all))
        }
        _ => {}
    }
    all.push(at);
}
