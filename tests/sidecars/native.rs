//! "Native: the kubelet starts them first, in time, and stops them last, in order."

use sidecarjob::api::Phase;

use crate::manifest::{MODES, end, job, pod, said_at, shell, standin};
use crate::support::{is_true, world};

const TICKS: &str = "cut -d' ' -f1 /proc/uptime | tr '\\\\n' ' '";

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_proxy_is_up_before_the_init_containers_and_another_after_them() {
    world("before", &[], |w| async move {
        let spec = "  sidecars:\n  - {name: proxy, start: {before: Init}}\n  - {name: late}\n";
        let init = "      initContainers:\n      - {name: migrate, image: \"busybox:1.37\", command: [sh, -c, \
                    \"nc 127.0.0.1 8080 </dev/null && echo 0 reached the proxy\"]}\n";
        let proxy = standin("proxy", "-listen :8080")
            + ", startupProbe: {httpGet: {port: 8080, path: /ready}, periodSeconds: 1}";
        let yaml = pod("before", spec, init, &[shell("main", "exit 0"), proxy, standin("late", "")]);
        w.apply(&yaml).await;
        w.until("before", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        let pod = w.pods_of("before").await.remove(0);
        assert!(w.logs(&pod, "migrate").await.contains("reached the proxy"));
        assert!(said_at(&w, &pod, "late", "started").await > said_at(&w, &pod, "proxy", "started").await);
        let late = end(&pod, "late").started_at.expect("a time");
        assert!(end(&pod, "migrate").finished_at.expect("a time") <= late);
        assert!(late <= end(&pod, "main").started_at.expect("a time"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn main_waits_until_the_sidecar_is_ready_if_the_spec_says_so() {
    world("ready", &[], |w| async move {
        let main = || shell("main", &format!("{TICKS}; echo begins"));
        let side =
            || standin("side", "-listen :8080 -ready 4s") + ", readinessProbe: {httpGet: {port: 8080, path: /ready}}";
        let until = |until: &str| format!("  sidecars: [{{name: side, start: {{until: {until}}}}}]");
        w.apply(&job("ready", &until("Ready"), &[main(), side()])).await;
        w.apply(&job("started", &until("Started"), &[main(), side()])).await;
        for (name, waits) in [("ready", true), ("started", false)] {
            w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            let pod = w.pods_of(name).await.remove(0);
            let wait = said_at(&w, &pod, "main", "begins").await - said_at(&w, &pod, "side", "started").await;
            assert_eq!(wait >= 4.0, waits, "{name}: {wait} s");
        }
        assert!(!w.events("ready").await.iter().any(|(reason, _)| reason == "SidecarLimit"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn until_ready_without_any_probe_is_said() {
    world("noprobe", &[], |w| async move {
        let spec = "  sidecars: [{name: side, start: {until: Ready}}]";
        w.apply(&job("noprobe", spec, &[shell("main", "exit 0"), standin("side", "")])).await;
        assert!(w.event("noprobe", "SidecarLimit").await.contains("readinessProbe"));
        w.until("noprobe", "Complete", |s| s.phase == Some(Phase::Complete)).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_is_not_up_in_time_fails_the_pod_and_the_logs_stay() {
    world("late", &["--pod-failure-backoff=100ms"], |w| async move {
        let spec = "  backoffLimit: 1\n  sidecars: [{name: side, start: {until: Ready, deadlineSeconds: 30}}]";
        let side =
            standin("side", "-listen :8080 -ready 1h") + ", readinessProbe: {httpGet: {port: 8080, path: /ready}}";
        w.apply(&job("late", spec, &[shell("main", "exit 0"), side])).await;
        // A plain sidecar is up when it has started; main works beside it.
        let spec =
            "  backoffLimit: 1\n  sidecarMode: Managed\n  sidecars: [{name: side, start: {deadlineSeconds: 20}}]";
        let side = standin("side", "-listen :8080 -ready 1h")
            + ", startupProbe: {httpGet: {port: 8080, path: /ready}, periodSeconds: 1, failureThreshold: 1000}";
        w.apply(&job("plain", spec, &[standin("main", ""), side])).await;
        let waiting = w.condition("late", "Waiting").await;
        assert_eq!(waiting.reason, "SidecarNotUp");
        assert!(waiting.message.contains("start.deadlineSeconds"), "{}", waiting.message);
        let failed = w.condition("late", "Failed").await;
        assert_eq!(failed.reason, "BackoffLimitExceeded");
        assert!(w.event("late", "SidecarStartDeadlineExceeded").await.contains("sidecar side was not up 30s"));
        assert_eq!(w.condition("plain", "Failed").await.reason, "BackoffLimitExceeded");
        assert!(w.event("plain", "SidecarStartDeadlineExceeded").await.contains("sidecar side was not up 20s"));
        for name in ["late", "plain"] {
            let pods = w.pods_of(name).await;
            assert_eq!(pods.len(), 2, "{name}: tried again up to the limit");
            for pod in &pods {
                let why = &pod.metadata.annotations.as_ref().expect("some")["sidecarjob.dev/failed"];
                assert_eq!(why, "SidecarStartDeadlineExceeded", "{name}");
                assert!(w.logs(pod, "side").await.contains("got TERMINATED"), "{name}");
            }
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn they_stop_one_after_the_other_in_the_order_of_the_spec() {
    world("natorder", &[], |w| async move {
        let spec = "  sidecars:\n  - {name: third, stop: {order: 3}}\n  - {name: first, stop: {order: 1}}\n  \
                    - {name: second, stop: {order: 2}}\n";
        let containers = [
            shell("main", "exit 0"),
            standin("third", "-drain 500ms"),
            standin("first", "-drain 500ms"),
            standin("second", "-drain 500ms"),
        ];
        w.apply(&job("natorder", spec, &containers)).await;
        w.until("natorder", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        let pod = w.pods_of("natorder").await.remove(0);
        for (before, after) in [("first", "second"), ("second", "third")] {
            let (ended, told) = (said_at(&w, &pod, before, "ended").await, said_at(&w, &pod, after, "got TERM").await);
            assert!(ended <= told, "{before} ended at {ended}, {after} was told at {told}");
        }
    })
    .await;
}

/// What the kubelet does, and what we say about it.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pre_stop_hook_does_not_wait_its_turn_which_is_said_and_in_managed_mode_its_command_does() {
    world("hooks", &[], |w| async move {
        let hook = |stop: &str| {
            format!("- {{name: hooked, stop: {{order: 2{stop}}}}}\n  - {{name: first, stop: {{order: 1{stop}}}}}\n")
        };
        let touch = ", exec: {command: [touch, /tmp/hook]}";
        let script = format!(
            "trap 'exit 0' TERM; until test -f /tmp/hook; do sleep 0.05; done; {TICKS}; echo hook; \
             while ! test -f /tmp/never; do sleep 0.05; done"
        );
        let ends = format!("until test -f /tmp/hook; do sleep 0.05; done; {TICKS}; echo hook; exit 0");
        let pre_stop = ", lifecycle: {preStop: {exec: {command: [touch, /tmp/hook]}}}";
        let slow = standin("first", "-drain 3s");
        let native = format!("  sidecars:\n  {}", hook(""));
        w.apply(&job("native", &native, &[shell("main", "sleep 1"), shell("hooked", &script) + pre_stop, slow])).await;
        let managed = format!("  sidecarMode: Managed\n  sidecars:\n  {}", hook(touch));
        let drains = format!("until test -f /tmp/hook; do sleep 0.05; done; sleep 3; {TICKS}; echo ended; exit 0");
        let both = [shell("main", "sleep 1"), shell("hooked", &ends), shell("first", &drains)];
        w.apply(&job("managed", &managed, &both)).await;
        for (name, waits) in [("native", false), ("managed", true)] {
            w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            let pod = w.pods_of(name).await.remove(0);
            let (ended, hook) = (said_at(&w, &pod, "first", "ended").await, said_at(&w, &pod, "hooked", "hook").await);
            assert_eq!(hook >= ended, waits, "{name}: the hook ran at {hook}, the one before it ended at {ended}");
        }
        assert!(w.event("native", "SidecarLimit").await.contains("preStop hook of sidecar hooked"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_command_that_stops_it_is_run_by_the_kubelet() {
    world("natexec", &[], |w| async move {
        let spec = "  sidecars: [{name: side, stop: {exec: {command: [touch, /tmp/stop]}}}]";
        let side = shell("side", "trap : TERM; until test -f /tmp/stop; do sleep 0.1; done; echo 0 flushed");
        w.apply(&job("natexec", spec, &[shell("main", "exit 0"), side])).await;
        w.until("natexec", "finished", |s| is_true(s, "Finished")).await;
        let pod = w.pods_of("natexec").await.remove(0);
        assert!(w.logs(&pod, "side").await.contains("flushed"));
        assert_eq!(end(&pod, "side").exit_code, 0, "it was not killed");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_way_to_stop_it_that_the_kubelet_does_not_know_is_said() {
    world("notused", &[], |w| async move {
        let managed = "  sidecarMode: Managed\n  sidecars: [{name: b, stop: {recipe: isto}}]";
        w.apply(&job("managed", managed, &[shell("main", "exit 0"), standin("b", "")])).await;
        let spec = "  sidecars:\n  - {name: a, stop: {http: {port: 80}}}\n  - {name: b, stop: {recipe: isto}}\n  \
                    - {name: c, stop: {signal: SIGQUIT}}";
        let containers = [shell("main", "exit 0"), standin("a", ""), standin("b", ""), standin("c", "")];
        w.apply(&job("notused", spec, &containers)).await;
        w.until("notused", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        let said = w.event("notused", "SidecarLimit").await;
        assert!(said.contains("stop.http of sidecar a has no effect"), "{said}");
        assert!(said.contains("stop.signal SIGQUIT of sidecar c has no effect"), "{said}");
        let no_recipe =
            |said: &str| said.contains("names the recipe isto, which does not exist") && said.contains("linkerd");
        assert!(no_recipe(&said), "{said}");
        w.until("managed", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert!(no_recipe(&w.event("managed", "SidecarLimit").await), "a managed one too");
        assert!(w.logs(&w.pods_of("managed").await[0], "b").await.contains("got TERMINATED"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn probes_hooks_resources_and_volumes_are_kept_and_kubectl_logs_takes_main() {
    world("kept", &[], |w| async move {
        let side = || standin("side", "-listen :8080")
            + ", volumeMounts: [{name: v, mountPath: /v}], resources: {requests: {cpu: 1m}}, ports: [{containerPort: 8080}]\
               , livenessProbe: {httpGet: {port: 8080, path: /ready}}, readinessProbe: {httpGet: {port: 8080, path: /ready}}\
               , lifecycle: {preStop: {httpGet: {port: 8080, path: /ready}}}";
        let more = "      volumes: [{name: v, emptyDir: {}}]\n";
        for (name, mode) in MODES {
            let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&pod(name, &spec, more, &[side(), shell("main", "echo it is main")])).await;
        }
        for (name, mode) in MODES {
            w.until(name, "finished", |s| is_true(s, "Finished")).await;
            let pod = w.pods_of(name).await.remove(0);
            let spec = pod.spec.clone().expect("a spec");
            let list = if mode == "Native" { spec.init_containers.expect("a sidecar") } else { spec.containers };
            let side = list.into_iter().find(|c| c.name == "side").expect("it is there");
            assert!(side.liveness_probe.is_some() && side.readiness_probe.is_some() && side.startup_probe.is_none());
            assert!(side.lifecycle.is_some() && side.ports.is_some(), "{name}");
            assert!(side.volume_mounts.is_some_and(|v| v.iter().any(|v| v.mount_path == "/v")), "{name}");
            assert!(side.resources.is_some_and(|r| r.requests.is_some()), "{name}");
            let pod = pod.metadata.name.expect("a name");
            assert_eq!(w.kubectl_ok(&["logs", &pod], "").trim(), "it is main", "{name}");
        }
    })
    .await;
}
