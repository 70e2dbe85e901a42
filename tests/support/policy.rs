//! The policies of a folder of `config/`, in force in one namespace alone, so that tests can run side by side.

use serde_json::{Value, json};

use super::{World, eventually, kubectl};

/// Copies of the policies, removed when dropped.
pub struct Policy {
    namespace: String,
    objects: String,
}

impl Policy {
    /// Copies the policies of `config/FOLDER` under names of their own and binds them to the world's namespace. Returns
    /// when a Pod of that kind is answered as it should be; `in_force` is asked again until it says so.
    pub async fn install(w: &World, folder: &str, in_force: impl Fn(&World) -> bool) -> Self {
        let objects = scoped(w, folder);
        w.kubectl_ok(&["apply", "-f", "-"], &objects);
        let policy = Self { namespace: w.namespace.clone(), objects };
        eventually(&format!("the policies of config/{folder} are in force"), || async { in_force(w).then_some(()) })
            .await;
        policy
    }

    /// All of the folder that [`one_annotation`] names.
    pub async fn one_annotation(w: &World) -> Self {
        Self::install(w, &one_annotation(), annotation_is_in_force).await
    }
}

/// The folder of `config` with the policies of one annotation: `components/policy`, or its variant for an older Kubernetes,
/// which `make compat` names.
pub fn one_annotation() -> String {
    std::env::var("SIDECARJOB_POLICY").unwrap_or("components/policy".into())
}

impl Drop for Policy {
    fn drop(&mut self) {
        kubectl(&self.namespace, &["delete", "--ignore-not-found", "-f", "-"], &self.objects);
    }
}

/// All three policies answer: what is not main is moved, and said, and a name that is not there is refused.
pub fn annotation_is_in_force(w: &World) -> bool {
    let probe = |main: &str| {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "in-force", "annotations": {"sidecarjob.dev/main": main}},
            "spec": {"containers": [{"name": "work", "image": "w"}, {"name": "side", "image": "s"}]}
        });
        w.kubectl(
            &["create", "--dry-run=server", "-o", "jsonpath={.spec.initContainers[*].name}", "-f", "-"],
            &pod.to_string(),
        )
    };
    let right = probe("work");
    String::from_utf8_lossy(&right.stdout) == "side"
        && String::from_utf8_lossy(&right.stderr).contains("Warning")
        && !probe("wrok").status.success()
}

/// The folder's objects as a list, each name with the namespace behind it, each binding for the namespace alone.
fn scoped(w: &World, folder: &str) -> String {
    let path = format!("{}/config/{folder}", env!("CARGO_MANIFEST_DIR"));
    let rendered = w.kubectl_ok(&["kustomize", &path], "");
    let items: Vec<Value> = rendered
        .split("\n---\n")
        .map(|yaml| serde_saphyr::from_str(yaml).expect("YAML"))
        .map(|object| scope(object, &w.namespace))
        .collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn scope(mut object: Value, namespace: &str) -> Value {
    let own = |name: &Value| json!(format!("{}-{namespace}", name.as_str().expect("a name")));
    object["metadata"]["name"] = own(&object["metadata"]["name"]);
    if object["kind"].as_str().expect("a kind").ends_with("Binding") {
        object["spec"]["policyName"] = own(&object["spec"]["policyName"]);
        let here = &mut object["spec"]["matchResources"]["namespaceSelector"]["matchLabels"];
        here["kubernetes.io/metadata.name"] = json!(namespace);
    }
    object
}
