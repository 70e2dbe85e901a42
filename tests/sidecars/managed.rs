//! "Managed: each is asked in its own way and at its turn, and what does not listen is ended all the same."

use sidecarjob::api::Phase;

use crate::manifest::{MODES, end, job, pod, said_at, shell, signal_image, standin};
use crate::support::{World, is_true, world, world_without_controller};

/// Runs it to its end, which must be success, and gives the Pod.
async fn completes(w: &World, yaml: &str, name: &str) -> k8s_openapi::api::core::v1::Pod {
    w.apply(yaml).await;
    let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
    assert_eq!((status.phase, status.succeeded, status.failed), (Some(Phase::Complete), Some(1), Some(0)));
    w.pods_of(name).await.remove(0)
}

fn phase(pod: &k8s_openapi::api::core::v1::Pod) -> &str {
    pod.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or_default()
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_quit_endpoint_on_the_loopback_address_is_asked() {
    world("http", &[], |w| async move {
        let spec = "  backoffLimit: 0\n  sidecarMode: Managed\n  sidecars: [{name: side, stop: {http: {port: 15020}}}]";
        let side = standin("side", "-listen 127.0.0.1:15020");
        let pod = completes(&w, &job("http", spec, &[shell("main", "sleep 1"), side]), "http").await;
        assert!(w.logs(&pod, "side").await.contains("got POST /quitquitquit from 127.0.0.1"));
        assert_eq!((end(&pod, "side").exit_code, phase(&pod)), (0, "Succeeded"), "nothing had to be killed");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_command_is_run_in_it() {
    world("exec", &[], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: side, stop: {exec: {command: [touch, /tmp/stop]}}}]";
        let side = shell("side", "until test -f /tmp/stop; do sleep 0.1; done; echo 0 flushed");
        let pod = completes(&w, &job("exec", spec, &[shell("main", "sleep 1"), side]), "exec").await;
        assert!(w.logs(&pod, "side").await.contains("flushed"));
        assert_eq!((end(&pod, "side").exit_code, phase(&pod)), (0, "Succeeded"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_signal_reaches_process_1_of_an_image_without_a_shell() {
    let image = signal_image();
    world("signal", &[&image], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: side, stop: {signal: SIGQUIT}}]";
        let pod = completes(&w, &job("signal", spec, &[shell("main", "sleep 1"), standin("side", "")]), "signal").await;
        assert!(w.logs(&pod, "side").await.contains("got QUIT"));
        assert_eq!((end(&pod, "side").exit_code, phase(&pod)), (0, "Succeeded"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_signal_is_sent_as_the_user_that_the_container_runs_as() {
    let image = signal_image();
    world("user", &[&image], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: side, stop: {signal: SIGTERM}}]";
        let user = "      securityContext: {runAsUser: 1234, runAsNonRoot: true}\n";
        let pod =
            completes(&w, &pod("user", spec, user, &[shell("main", "sleep 1"), standin("side", "")]), "user").await;
        assert_eq!((end(&pod, "side").exit_code, phase(&pod)), (0, "Succeeded"));
        let ephemeral = pod.spec.expect("a spec").ephemeral_containers.expect("it was sent from one").remove(0);
        let security = ephemeral.security_context.expect("a security context");
        assert_eq!((security.run_as_user, security.run_as_non_root), (Some(1234), Some(true)));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_process_1_without_a_handler_ignores_the_signal_and_is_killed_after_its_grace() {
    let image = signal_image();
    world("nohandler", &[&image], |w| async move {
        let short = "      terminationGracePeriodSeconds: 2\n";
        for (name, mode) in MODES {
            let stop = "stop: {signal: SIGTERM, gracePeriodSeconds: 2}";
            let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side, {stop}}}]");
            let side = r#"name: side, image: "busybox:1.37", command: [sleep, "1000"]"#.to_owned();
            let pod = completes(&w, &pod(name, &spec, short, &[shell("main", "sleep 1"), side]), name).await;
            // Native sidecars are not asked for a Pod's phase.
            let want = if mode == "Native" { "Succeeded" } else { "Failed" };
            assert_eq!(
                (end(&pod, "side").exit_code, phase(&pod)),
                (137, want),
                "{name}: killed, and that decides nothing"
            );
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn they_stop_in_their_order_each_with_its_own_grace() {
    let image = signal_image();
    world("order", &[&image], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars:\n  \
                    - {name: mesh, stop: {order: 3, http: {port: 15020}}}\n  \
                    - {name: deaf, stop: {order: 1, gracePeriodSeconds: 3}}\n  \
                    - {name: logs, stop: {order: 2, gracePeriodSeconds: 15}}\n";
        let containers = [
            shell("main", "sleep 1"),
            standin("mesh", "-listen 127.0.0.1:15020"),
            standin("deaf", "-deaf"),
            standin("logs", "-drain 2s"),
        ];
        let short = "      terminationGracePeriodSeconds: 2\n";
        let pod = completes(&w, &pod("order", spec, short, &containers), "order").await;
        let first = said_at(&w, &pod, "deaf", "got TERMINATED").await;
        let second = said_at(&w, &pod, "logs", "got TERMINATED").await;
        let third = said_at(&w, &pod, "mesh", "got POST").await;
        let ended = said_at(&w, &pod, "logs", "ended").await;
        assert!(second - first > 1.5, "the next one's turn came when its grace was over: {first} {second}");
        assert!(ended <= third, "the last one's turn came when the one before had drained: {ended} {third}");
        assert_eq!(end(&pod, "logs").exit_code, 0, "nobody cut its drain short");
        assert_eq!(end(&pod, "mesh").exit_code, 0);
        assert_eq!(end(&pod, "deaf").exit_code, 137, "what ignores SIGTERM is killed when all had their turn");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_that_will_be_restarted_is_not_done() {
    world("onfailure", &[], |w| async move {
        let main = "if test -f /c/once; then sleep 2; exit 0; fi; touch /c/once; exit 1";
        let main = shell("main", main) + ", volumeMounts: [{name: c, mountPath: /c}]";
        let more = "      restartPolicy: OnFailure\n      volumes: [{name: c, emptyDir: {}}]\n";
        for (run, mode) in MODES {
            let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side, stop: {{http: {{port: 15020}}}}}}]");
            let yaml = pod(run, &spec, more, &[main.clone(), standin("side", "-listen 127.0.0.1:15020")]);
            let pod = completes(&w, &yaml, run).await;
            let words = if mode == "Native" { "got TERMINATED" } else { "got POST" };
            let quit = said_at(&w, &pod, "side", words).await;
            let started = said_at(&w, &pod, "side", "started").await;
            assert!(quit - started > 2.0, "{run}: it was there for the second try: {started} {quit}");
            let status = pod.status.clone().expect("a status");
            let all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
            let restarts = |name: &str| all.clone().find(|s| s.name == name).expect("there").restart_count;
            assert_eq!((restarts("main"), restarts("side")), (1, 0), "{run}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_endpoint_that_is_off_or_refuses_is_told_and_the_last_rung_follows() {
    world("off", &[], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: side, stop: {http: {port: 15020}}}]";
        let off = job("off", spec, &[shell("main", "sleep 1"), standin("side", "")]);
        let refuses = job("refuses", spec, &[shell("main", "sleep 1"), standin("side", "-listen :15020 -refuse")]);
        for (yaml, name, why) in [(off, "off", "refused"), (refuses, "refuses", "403")] {
            let pod = completes(&w, &yaml, name).await;
            assert!(w.logs(&pod, "side").await.contains("got TERMINATED"), "{name}");
            let note = w.event(name, "SidecarStopFailed").await;
            assert!(note.contains("HTTP POST :15020/quitquitquit") && note.contains(why), "{name}: {note}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_never_answers_holds_up_nobody_else() {
    world("hang", &["--concurrent-syncs=1"], |w| async move {
        let spec =
            "  sidecarMode: Managed\n  sidecars: [{name: side, stop: {gracePeriodSeconds: 6, http: {port: 15020}}}]";
        let hangs = standin("side", "-listen :15020 -hang");
        w.apply(&job("hangs", spec, &[shell("main", "sleep 0"), hangs])).await;
        w.event("hangs", "SidecarStopRequested").await;
        completes(&w, &job("other", "", &[shell("main", "sleep 0")]), "other").await;
        let status = w.until("hangs", "finished", |s| is_true(s, "Finished")).await;
        assert_eq!(status.phase, Some(Phase::Complete));
        let pod = w.pods_of("hangs").await.remove(0);
        let asked = said_at(&w, &pod, "side", "got POST").await;
        let told = said_at(&w, &pod, "side", "got TERMINATED").await;
        assert!((3.0..20.0).contains(&(told - asked)), "after its grace: {asked} {told}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_controller_that_is_killed_in_the_middle_goes_on_where_the_turn_is() {
    let image = signal_image();
    world("restart", &[&image], |mut w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars:\n  \
                    - {name: a, stop: {order: 1, gracePeriodSeconds: 60}}\n  \
                    - {name: b, stop: {order: 2, gracePeriodSeconds: 60}}\n";
        let containers = [shell("main", "sleep 1"), standin("a", "-drain 6s"), standin("b", "")];
        let native = spec.replace("Managed", "Native");
        // In both modes a stops first.
        w.apply(&job("native", &native, &containers)).await;
        w.apply(&job("restart", spec, &containers)).await;
        w.until("native", "result known", |s| is_true(s, "SuccessCriteriaMet")).await;
        let note = w.event("restart", "StoppingSidecar").await;
        assert!(note.contains("sidecar a "), "{note}");
        w.kill_controller();
        w.start_controller();
        for (name, is_managed) in [("native", false), ("restart", true)] {
            let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!(
                (status.phase, status.sidecars.as_deref()),
                (Some(Phase::Complete), Some("2/2 stopped")),
                "{name}"
            );
            let pod = w.pods_of(name).await.remove(0);
            let annotations = pod.metadata.annotations.clone().unwrap_or_default();
            assert_eq!(annotations.contains_key("sidecarjob.dev/stopping-since"), is_managed, "{name}");
            let (ended, turn) = (said_at(&w, &pod, "a", "ended").await, said_at(&w, &pod, "b", "got TERM").await);
            assert!(ended <= turn, "{name}: {ended} {turn}");
            assert_eq!((end(&pod, "a").exit_code, end(&pod, "b").exit_code), (0, 0), "{name}");
        }
    })
    .await;
}

/// A kubeconfig of a ServiceAccount that has the rights of config/rbac and no more, in this namespace.
fn least_rights(w: &World) -> std::path::PathBuf {
    let role = include_str!("../../config/rbac/controller.yaml").split("---").next().expect("the ClusterRole");
    let name = format!("least-{}", w.namespace);
    w.kubectl_ok(&["apply", "-f", "-"], &role.replace("name: sidecarjob-controller", &format!("name: {name}")));
    w.kubectl_ok(&["create", "serviceaccount", "least"], "");
    let account = format!("{}:least", w.namespace);
    w.kubectl_ok(&["create", "rolebinding", "least", "--clusterrole", &name, "--serviceaccount", &account], "");
    let token = w.kubectl_ok(&["create", "token", "least"], "");
    let config = w.kubectl_ok(&["config", "view", "--raw", "--minify", "-o", "json"], "");
    let mut config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    config["users"][0]["user"] = serde_json::json!({"token": token.trim()});
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.kubeconfig"));
    std::fs::write(&file, config.to_string()).expect("written");
    file
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_right_that_is_missing_is_said_once_with_its_component_and_the_ladder_goes_on() {
    world_without_controller("norights", |mut w| async move {
        let kubeconfig = format!("--kubeconfig={}", least_rights(&w).display());
        w.start_controller_with(&[&kubeconfig, "--stop-signal-image=sidecarjob.dev/none:1"]);
        for (name, way) in [
            ("http", "http: {port: 15020}"),
            ("again", "http: {port: 15020}"),
            ("exec", "exec: {command: [quit]}"),
            ("signal", "signal: SIGQUIT"),
        ] {
            let spec = format!("  sidecarMode: Managed\n  sidecars: [{{name: side, stop: {{{way}}}}}]");
            let side = standin("side", "-listen 127.0.0.1:15020");
            let pod = completes(&w, &job(name, &spec, &[shell("main", "exit 0"), side]), name).await;
            assert!(w.logs(&pod, "side").await.contains("got TERMINATED"), "{name}: the last rung followed");
        }
        for way in ["http", "exec", "signal"] {
            let note = w.event(way, "SidecarStopForbidden").await;
            assert!(note.contains(&format!("config/components/stop-{way}")), "{note}");
        }
        let native = "  sidecarMode: Native\n  sidecars: [{name: side, stop: {http: {port: 15020}}}]";
        completes(&w, &job("native", native, &[shell("main", "exit 0"), standin("side", "")]), "native").await;
        for name in ["again", "native"] {
            let events = w.events(name).await;
            assert!(!events.iter().any(|(reason, _)| reason == "SidecarStopForbidden"), "{name}: {events:?}");
        }
        w.kubectl_ok(&["delete", "clusterrole", &format!("least-{}", w.namespace)], "");
    })
    .await;
}
