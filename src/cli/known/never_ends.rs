//! Why does a container surely never end by itself? A well-known sidecar by name and image, or a command that says so.

use crate::cli::container::Container;
use crate::cli::endless;
use crate::cli::known::{self, Likeness};

/// A clause for people. `None`: the container may end.
pub fn never_ends(container: &Container) -> Option<String> {
    if endless::endless(container).is_some_and(|endless| endless.is_sure) {
        return Some(match container.script() {
            Some(_) => "its script loops for ever".to_owned(),
            None => format!("{:?} never ends", container.words().join(" ")),
        });
    }
    well_known(container)
        .map(|name| format!("it is the well-known sidecar {name}, which runs until it is told to stop"))
}

/// GKE's webhook replaces a container with this name, and its own one ends by itself.
const REPLACED: &str = "gke-gcsfuse-sidecar";

/// The sidecar that the container is: by the name that an injector gives and no other container has, by name and image, or, if the
/// sidecar has a recipe, by the image.
fn well_known(container: &Container) -> Option<String> {
    let is_it = |likeness: &Likeness| match (likeness.by_name, likeness.by_image) {
        (true, by_image) => by_image || known::is_telling(&container.name),
        (false, by_image) => by_image && likeness.has_recipe,
    };
    let found = known::sidecars(container).into_iter().find(|likeness| !likeness.ends && is_it(likeness));
    found.filter(|_| container.name != REPLACED).map(|likeness| likeness.of)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_well_known_sidecar_is_known_by_what_no_other_container_has() {
        let rows = [
            ("name and image", json!({"name": "nginx", "image": "docker.io/library/nginx:1.27"}), true),
            ("a name of an injector, with an image of one's own", json!({"name": "istio-proxy", "image": "x/y"}), true),
            ("a common name, with an image of one's own", json!({"name": "envoy", "image": "x/y"}), false),
            ("the image alone", json!({"name": "p", "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2"}), true),
            ("a port in the image", json!({"name": "p", "image": "reg:5000/istio/proxyv2@sha256:0"}), true),
            (
                "version 1 of cloud_sql_proxy, which has no recipe",
                json!({"name": "cloudsql-proxy", "image": "gcr.io/cloudsql-docker/gce-proxy:1.33", "command": ["/cloud_sql_proxy"]}),
                true,
            ),
            ("a sidecar without a recipe", json!({"name": "promtail", "image": "grafana/promtail:2.9"}), true),
            ("its image alone", json!({"name": "p", "image": "grafana/promtail:2.9"}), false),
            (
                "what GKE's webhook replaces",
                json!({"name": "gke-gcsfuse-sidecar", "image": "gke.gcr.io/gcs-fuse-csi-driver-sidecar-mounter:v1"}),
                false,
            ),
            ("the end of another image", json!({"name": "p", "image": "x/my-nginx"}), false),
            (
                "the image with another command",
                json!({"name": "p", "image": "hashicorp/vault", "command": ["vault", "kv"]}),
                false,
            ),
            (
                "the image with a command that ends",
                json!({"name": "p", "image": "hashicorp/vault", "args": ["kv", "get"]}),
                false,
            ),
            ("Vault's agent", json!({"name": "p", "image": "hashicorp/vault", "args": ["agent", "-config=x"]}), true),
            (
                "Istio's init container",
                json!({"name": "istio-init", "image": "istio/proxyv2", "args": ["istio-iptables"]}),
                false,
            ),
            ("a check of a configuration", json!({"name": "nginx", "image": "nginx", "args": ["-t"]}), false),
            (
                "the name, with a program",
                json!({"name": "cloud-sql-proxy", "image": "x", "command": ["/proxy", "-i=a:b:c"]}),
                true,
            ),
            (
                "the name, with a script that ends",
                json!({"name": "cloud-sql-proxy", "image": "x", "command": ["sh", "-c", "exit"]}),
                false,
            ),
            ("something else", json!({"name": "work", "image": "busybox"}), false),
        ];
        for (case, container, expected) in rows {
            assert_eq!(never_ends(&Container::of(&container)).is_some(), expected, "{case}");
        }
    }

    /// Name, image, command and arguments; whether it is a sidecar.
    type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], bool);

    /// Lint and convert have one answer.
    fn assert_rows(rows: &[Row], is_init: bool) {
        for (name, image, command, args, expected) in rows {
            let value = json!({"name": name, "image": image, "command": command, "args": args});
            let container = Container { is_init, ..Container::of(&value) };
            assert_eq!(never_ends(&container).is_some(), *expected, "lint: {value}");
            assert_eq!(crate::cli::convert::known::sign(&container).is_some(), *expected, "convert: {value}");
        }
    }

    #[test]
    fn a_server_that_only_checks_or_another_program_of_its_image_ends() {
        let rows: &[Row] = &[
            ("nginx", "nginx", &["nginx", "-t"], &[], false),
            ("nginx", "nginx", &["cp", "-r", "/a", "/b"], &[], false),
            ("copy", "nginx", &["sh", "-c", "curl -f http://x/done"], &[], false),
            ("nginx", "nginx", &[], &["nginx", "-g", "daemon off;"], true),
            ("nginx", "nginx", &["nginx", "-g", "daemon off;"], &[], true),
            ("nginx", "nginx", &["/docker-entrypoint.sh"], &["nginx", "-g", "daemon off;"], true),
            ("nginx", "nginx", &["sh", "-c", "envsubst < /a > /b && exec nginx -g 'daemon off;'"], &[], true),
            ("nginx", "nginx", &["sh", "-c", "[ -f /debug ] && exec nginx -g 'daemon off;'"], &[], false),
            ("nginx", "nginx", &["sh", "-c", "envsubst < /a > /b; exec nginx -g 'daemon off;'"], &[], true),
            ("nginx", "nginx", &[], &["cp", "-r", "/a", "/b"], false),
            ("fluent-bit", "fluent/fluent-bit", &[], &["a"], true),
            ("vault-agent", "hashicorp/vault", &[], &["kv", "get", "x"], false),
            ("pgbouncer", "edoburu/pgbouncer", &["psql", "-c", "select 1"], &[], false),
            ("pgbouncer", "edoburu/pgbouncer", &["pgbouncer", "-v", "/etc/pgbouncer.ini"], &[], true),
            ("haproxy", "haproxy:3", &[], &["-c", "-f", "/x"], false),
            ("haproxy", "haproxy:3", &[], &["-f", "/x"], true),
            ("filebeat", "beats/filebeat", &["filebeat", "setup"], &[], false),
            ("filebeat", "beats/filebeat", &[], &["-e", "-c", "/x.yml"], true),
            ("cloudflared", "cloudflare/cloudflared", &[], &["tunnel", "create", "x"], false),
            ("cloudflared", "cloudflare/cloudflared", &["cloudflared", "tunnel", "route", "dns", "x"], &[], false),
            ("cloudflared", "cloudflare/cloudflared", &[], &["tunnel", "--no-autoupdate", "run", "list"], true),
            ("fluentd", "fluentd", &[], &["--dry-run"], false),
            ("fluentd", "fluentd", &[], &["-v"], true),
            ("fluent-bit", "fluent/fluent-bit", &["/fluent-bit/bin/fluent-bit", "--dry-run"], &[], false),
            ("fluent-bit", "fluent/fluent-bit", &[], &["-v", "-c", "/x"], true),
            ("telegraf", "telegraf", &["telegraf", "--test"], &[], false),
            ("vector", "timberio/vector", &[], &["validate"], false),
            ("envoy", "envoyproxy/envoy", &["envoy", "--mode", "validate", "-c", "/x"], &[], false),
            ("envoy", "envoyproxy/envoy", &["envoy", "--mode=validate", "-c", "/x"], &[], false),
            ("envoy", "envoyproxy/envoy", &["envoy", "-c", "/x"], &[], true),
            ("otc-container", "opentelemetry-collector", &[], &["validate", "--config=/x"], false),
            ("otc-container", "opentelemetry-collector", &[], &["--config=/x"], true),
            ("creds", "hashicorp/vault", &["sh", "-c", "vault kv put secret/x a=b"], &[], false),
            ("vault-agent", "hashicorp/vault", &["vault", "agent", "-config=/x"], &[], true),
            ("vault-agent", "hashicorp/vault", &[], &["agent", "-config=/x", "-exit-after-auth"], false),
            ("vector", "acme/vectorize", &["python", "embed.py"], &[], false),
            ("xray", "x/xray-cli", &[], &["scan"], false),
            ("cloud-sql-proxy", "google/cloud-sdk", &["sh", "-c", "gcloud sql export sql a b"], &[], false),
            ("cloud-sql-proxy", "cloud-sql-connectors/cloud-sql-proxy", &[], &["-t", "TOKEN", "a:b:c"], true),
            ("cloud-sql-proxy", "cloud-sql-connectors/cloud-sql-proxy", &[], &["--version"], false),
            ("db", "cloud-sql-connectors/cloud-sql-proxy", &["sh", "-c", "exec /cloud-sql-proxy a:b:c"], &[], true),
            ("cloudsql-proxy", "cloudsql-docker/gce-proxy", &["sh", "-c", "exec /cloud_sql_proxy -i=a"], &[], true),
            ("cloudsql-proxy", "cloudsql-docker/gce-proxy", &["/cloud_sql_proxy", "-instances=a:b:c"], &[], true),
            ("cloudsql-proxy", "cloudsql-docker/gce-proxy", &["timeout", "60", "/cloud_sql_proxy"], &[], false),
            ("work", "cloud-sql-connectors/cloud-sql-proxy", &["sh", "-c", "/cloud-sql-proxy a & ./work"], &[], false),
            ("dind", "docker:27-dind", &[], &[], true),
            ("dind", "docker:27-dind", &["docker", "build", "."], &[], false),
            ("dind", "docker:27-dind", &["dockerd", "--host=unix:///x"], &[], true),
        ];
        assert_rows(rows, false);
    }

    #[test]
    fn a_server_that_its_own_script_stops_is_a_sidecar_and_ends() {
        let rows = [
            ("/cloud_sql_proxy a & P=$!; until curl -f work/done; do sleep 1; done; kill $P", true),
            ("/cloud_sql_proxy a & P=$!; while ! [ -f /s/done ]; do sleep 1; done; kill $P; wait", true),
            ("/cloud_sql_proxy a & P=$!; ./migrate; kill $P", false),
            ("timeout 60 /cloud_sql_proxy a", false),
        ];
        for (script, expected) in rows {
            let image = "cloudsql-docker/gce-proxy";
            let value = json!({"name": "cloudsql-proxy", "image": image, "command": ["sh", "-c", script]});
            let container = Container::of(&value);
            assert_eq!(never_ends(&container), None, "{script}");
            assert_eq!(crate::cli::convert::known::sign(&container).is_some(), expected, "{script}");
        }
    }

    #[test]
    fn an_agent_of_vault_among_the_init_containers_may_end() {
        let rows: &[Row] = &[
            ("vault-agent", "hashicorp/vault", &[], &["agent", "-config=/x", "-exit-after-auth=true"], false),
            ("vault-agent", "hashicorp/vault", &[], &["agent", "-config=/x"], false),
            ("nginx", "nginx", &[], &[], true),
        ];
        assert_rows(rows, true);
    }
}
