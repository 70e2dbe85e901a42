//! "Well-known sidecars are recognised and stopped as their makers mean it": real programs where a registry has them.

use sidecarjob::api::Phase;

use crate::manifest::{end, job, pod, shell, signal_image, standin};
use crate::support::{World, is_true, world};

/// Runs it to its end, which must be success, and gives the Pod.
async fn completes(w: &World, yaml: &str, name: &str) -> k8s_openapi::api::core::v1::Pod {
    w.apply(yaml).await;
    let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
    assert_eq!(status.phase, Some(Phase::Complete), "{name}");
    w.pods_of(name).await.remove(0)
}

/// A shared script: the main container waits until the sidecar listens there.
fn main_after(port: u16) -> String {
    shell("main", &format!("until nc 127.0.0.1 {port} </dev/null; do sleep 0.2; done; sleep 1"))
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_real_program_cloud_sql_proxy() {
    let image = signal_image();
    world("sqlproxy", &[&image], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: cloud-sql-proxy}]";
        let proxy = |flags: &str| {
            format!(
                r#"name: cloud-sql-proxy, image: "sidecarjob.test/cloud-sql-proxy:1", args: [{flags}--token, x, --lazy-refresh, "p:r:i?port=15432"]"#
            )
        };
        let on = job("on", spec, &[main_after(15432), proxy("--quitquitquit, ")]);
        let pod = completes(&w, &on, "on").await;
        assert_eq!(end(&pod, "cloud-sql-proxy").exit_code, 0);
        assert!(w.logs(&pod, "cloud-sql-proxy").await.contains("/quitquitquit received request"));
        let off = job("off", spec, &[main_after(15432), proxy("")]);
        let pod = completes(&w, &off, "off").await;
        assert_eq!(end(&pod, "cloud-sql-proxy").exit_code, 143, "not turned on: SIGTERM, and that decides nothing");
        assert!(w.event("off", "SidecarStopFailed").await.contains(":9091/quitquitquit"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_real_program_envoy() {
    world("envoy", &[], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: envoy}]";
        let config = "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}";
        let envoy = format!(
            r#"name: envoy, image: "sidecarjob.test/envoy:1", args: [--config-yaml, "{config}", --concurrency, "1"]"#
        );
        let pod = completes(&w, &job("envoy", spec, &[main_after(9901), envoy]), "envoy").await;
        assert_eq!(end(&pod, "envoy").exit_code, 0);
        assert!(w.event("envoy", "StoppingSidecar").await.contains("HTTP POST :9901/quitquitquit"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_real_programs_nginx_and_haproxy() {
    let image = signal_image();
    world("debian", &[&image], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: nginx}, {name: haproxy}]";
        let nginx = r#"name: nginx, image: "sidecarjob.test/nginx:1", command: [sh, -c, "mkdir -p /var/log/nginx /var/lib/nginx; printf 'daemon off; user root; pid /tmp/pid; error_log stderr notice; events {} http { access_log off; server { listen 8081; } }' >/tmp/c; exec /usr/sbin/nginx -c /tmp/c"]"#;
        let haproxy = r#"name: haproxy, image: "sidecarjob.test/haproxy:1", command: [sh, -c, "printf 'defaults\n mode http\n timeout client 9s\n timeout server 9s\n timeout connect 9s\nlisten l\n bind :8082\n' >/tmp/c; exec /usr/sbin/haproxy -db -f /tmp/c"]"#;
        let main = shell(
            "main",
            "for p in 8081 8082; do until nc 127.0.0.1 $p </dev/null; do sleep 0.2; done; done; sleep 1",
        );
        let pod = completes(&w, &job("debian", spec, &[main, nginx.into(), haproxy.into()]), "debian").await;
        let log = w.logs(&pod, "nginx").await;
        assert!(log.contains("gracefully shutting down"), "SIGQUIT, not SIGTERM:\n{log}");
        assert_eq!((end(&pod, "nginx").exit_code, end(&pod, "haproxy").exit_code), (0, 0));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn stand_ins_that_speak_the_documented_endpoints() {
    let image = signal_image();
    world("standins", &[&image], |w| async move {
        // name, flags of the stand-in, what it is asked by
        let all = [
            ("istio-proxy", "-listen 127.0.0.1:15020", "got POST /quitquitquit"),
            ("linkerd-proxy", "-listen 127.0.0.1:4191 -path /shutdown -refuse", "got TERMINATED"),
            ("vault-agent", "-listen 127.0.0.1:8200 -path /agent/v1/quit", "got POST /agent/v1/quit"),
            ("daprd", "-listen 127.0.0.1:3500 -path /v1.0/shutdown", "got POST /v1.0/shutdown"),
            ("consul-dataplane", "-listen 127.0.0.1:20600 -path /graceful_shutdown", "got POST /graceful_shutdown"),
        ];
        let names = all.map(|(name, _, _)| format!("{{name: {name}}}")).join(", ");
        let spec = format!("  sidecarMode: Managed\n  sidecars: [{names}]");
        let mut containers = vec![shell("main", "sleep 2")];
        containers.extend(all.map(|(name, flags, _)| standin(name, flags)));
        let pod = completes(&w, &pod("standins", &spec, "", &containers), "standins").await;
        for (name, _, said) in all {
            let log = w.logs(&pod, name).await;
            assert!(log.contains(said), "{name} should say {said:?}:\n{log}");
            assert_eq!(end(&pod, name).exit_code, 0, "{name}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_recipe_of_ones_own_from_a_file() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("recipes.yaml");
    let own = "[{name: acme, containers: [acme], stop: [{http: {port: 7, method: PUT, path: /bye}}], since: '1', \
               onByDefault: true, ifOff: ''}]";
    std::fs::write(&file, own).expect("written");
    let flag = format!("--recipes={}", file.display());
    world("ownrecipe", &[&flag], |w| async move {
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: acme}]";
        let acme = standin("acme", "-listen 127.0.0.1:7 -method PUT -path /bye");
        let pod = completes(&w, &job("acme", spec, &[shell("main", "sleep 1"), acme]), "acme").await;
        assert!(w.logs(&pod, "acme").await.contains("got PUT /bye"));
    })
    .await;
}
