//! Is config/monitoring what the Prometheus operator takes? On a real API server with the operator's own CRDs.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::Value;

use crate::support::{eventually, world_without_controller};
use crate::tools::{TOOLS, folder, root};

/// Installs a CRD of the operator, unless the cluster has it.
async fn install(client: &Client, file: &str) {
    let text = std::fs::read_to_string(TOOLS.join(file)).expect("the CRD");
    let crd: Value = serde_saphyr::from_str(&text).expect("YAML");
    let name = crd["metadata"]["name"].as_str().expect("a name").to_owned();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    if api.get_opt(&name).await.expect("asked").is_none() {
        let params = PatchParams::apply("sidecarjob-tests").force();
        api.patch(&name, &params, &Patch::Apply(&crd)).await.expect("the CRD is installed");
    }
    eventually(&format!("{name} is established"), || async {
        let conditions = api.get(&name).await.ok()?.status?.conditions?;
        conditions.iter().any(|c| c.type_ == "Established" && c.status == "True").then_some(())
    })
    .await;
}

/// config/monitoring in a namespace of the test, as a folder that kustomize takes.
fn overlay(namespace: &str) -> std::path::PathBuf {
    let dir = folder("install");
    let up = "../".repeat(dir.components().count() - 1);
    let base = root().join("config/monitoring");
    let component = format!("{up}{}", base.strip_prefix("/").expect("absolute").display());
    let yaml = format!("components: [{component}]\nnamespace: {namespace}\n");
    std::fs::write(dir.join("kustomization.yaml"), yaml).expect("written");
    dir
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_api_server_takes_config_monitoring_as_the_operators_crds_want_it() {
    world_without_controller("monitoring", |w| async move {
        for file in ["servicemonitors.yaml", "prometheusrules.yaml"] {
            install(&w.client, file).await;
        }
        let dir = overlay(&w.namespace);
        let folder = dir.to_str().expect("UTF-8");
        w.kubectl_ok(&["apply", "--server-side", "--validate=strict", "-k", folder], "");
        let again = w.kubectl_ok(&["apply", "--server-side", "--validate=strict", "-k", folder], "");
        for what in [
            "service/sidecarjob-controller-metrics",
            "servicemonitor.monitoring.coreos.com/sidecarjob-controller",
            "prometheusrule.monitoring.coreos.com/sidecarjob",
            "configmap/sidecarjob-dashboard",
        ] {
            assert!(again.contains(&format!("{what} serverside-applied")), "{what}:\n{again}");
        }
        the_monitor_selects_the_service(&w.kubectl_ok(&["get", "service,servicemonitor,configmap", "-o", "json"], ""));
        std::fs::remove_dir_all(dir).expect("removed");
    })
    .await;
}

/// The labels fit, and so does the name of the port; the Service selects the Pods of config/controller.
fn the_monitor_selects_the_service(json: &str) {
    let all: Value = serde_json::from_str(json).expect("JSON");
    let of = |kind: &str, name: &str| {
        let mut items = all["items"].as_array().expect("items").iter();
        items
            .find(|item| item["kind"] == kind && item["metadata"]["name"] == name)
            .unwrap_or_else(|| panic!("{kind} {name}"))
    };
    let service = of("Service", "sidecarjob-controller-metrics");
    let monitor = of("ServiceMonitor", "sidecarjob-controller");
    for (label, value) in monitor["spec"]["selector"]["matchLabels"].as_object().expect("labels") {
        assert_eq!(&service["metadata"]["labels"][label], value, "{label}");
    }
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(
        (&endpoint["port"], &endpoint["honorLabels"]),
        (&service["spec"]["ports"][0]["name"], &Value::Bool(true))
    );
    let deployment = crate::tools::yaml("config/controller/deployment.yaml");
    let pod = &deployment["spec"]["template"];
    for (label, value) in service["spec"]["selector"].as_object().expect("labels") {
        assert_eq!(&pod["metadata"]["labels"][label], value, "{label}");
    }
    assert_eq!(pod["spec"]["containers"][0]["ports"][0]["name"], service["spec"]["ports"][0]["targetPort"]);
    let dashboard = of("ConfigMap", "sidecarjob-dashboard");
    assert_eq!(dashboard["metadata"]["labels"]["grafana_dashboard"], "1");
    let file = std::fs::read_to_string(root().join("config/monitoring/dashboard.json")).expect("the dashboard");
    assert_eq!(dashboard["data"]["dashboard.json"].as_str(), Some(file.as_str()));
}
