//! An Application whose manifests are in a Git repository of the test.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};

use crate::support::{World, eventually};

/// The Argo CD whose ConfigMap has the scripts of contrib/argocd.
pub const WITH_SCRIPTS: &str = "argocd";
/// The one whose ConfigMap is as Argo CD brings it.
pub const WITHOUT: &str = "argocd-plain";

/// How Argo CD applies and compares.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// `compare-options` of the Application.
    pub compare: &'static str,
    /// `syncOptions` of the Application.
    pub options: &'static [&'static str],
}

pub struct Application {
    name: String,
    api: Api<DynamicObject>,
    repository: PathBuf,
    /// How many syncs were asked for.
    syncs: AtomicU32,
}

impl Application {
    pub async fn new(w: &World, argocd: &str, name: &str, how: How, manifests: &[&str]) -> Self {
        let name = format!("{}-{name}", w.namespace);
        let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
        let api = Api::namespaced_with(w.client.clone(), argocd, &ApiResource::from_gvk(&kind));
        let repository = crate::folder("TOOLS_GIT").join(&name);
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "annotations": {"argocd.argoproj.io/compare-options": how.compare}},
            "spec": {
                "project": "default",
                "source": {"repoURL": format!("file://{}", repository.display()), "path": ".", "targetRevision": "main"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": w.namespace},
                "syncPolicy": {"syncOptions": how.options}
            }
        });
        let application = Self { name, api, repository, syncs: AtomicU32::new(0) };
        std::fs::create_dir_all(&application.repository).expect("a folder");
        application.git(&["init", "--quiet", "--initial-branch=main"]);
        application.commit(manifests);
        let object = serde_json::from_value(object).expect("an object");
        application.api.create(&PostParams::default(), &object).await.expect("the Application is created");
        application
    }

    fn git(&self, args: &[&str]) {
        let out = Command::new("git")
            .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
            .args(args)
            .current_dir(&self.repository)
            .output()
            .expect("git runs");
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// These manifests are in Git now, and no others.
    pub fn commit(&self, manifests: &[&str]) {
        std::fs::write(self.repository.join("all.yaml"), manifests.join("---\n")).expect("written");
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=change"]);
    }

    async fn get(&self) -> Option<Value> {
        self.api.get(&self.name).await.ok().map(|application| application.data)
    }

    async fn patch(&self, patch: Value) {
        self.api.patch(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await.expect("the patch is taken");
    }

    /// A user starts a sync, with pruning.
    pub async fn sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let info = json!([{"name": "number", "value": self.syncs.load(Ordering::Relaxed).to_string()}]);
        let options = self.get().await.expect("there")["spec"]["syncPolicy"]["syncOptions"].clone();
        let sync = json!({"prune": true, "syncStrategy": {"hook": {}}, "syncOptions": options});
        self.patch(json!({"operation": {"info": info, "sync": sync, "initiatedBy": {"username": "test"}}})).await;
    }

    /// Waits until the last sync that was started is in such a state; gives its `operationState`.
    async fn sync_is(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let number = self.syncs.load(Ordering::Relaxed).to_string();
        let last = std::sync::Mutex::new(Value::Null);
        let ask = || async {
            let state = self.get().await?["status"]["operationState"].clone();
            *last.lock().expect("no panic") = state.clone();
            (state["operation"]["info"][0]["value"] == *number && is(&state)).then_some(state)
        };
        match tokio::time::timeout(std::time::Duration::from_secs(110), eventually(what, ask)).await {
            Ok(state) => state,
            Err(_) => panic!("waited for: {what}; the sync: {:#}", last.lock().expect("no panic")),
        }
    }

    /// Waits until the sync says that it waits for this.
    pub async fn waits_for(&self, what: &str) {
        let is = |state: &Value| {
            state["phase"] == "Running" && state["message"].as_str().is_some_and(|message| message.contains(what))
        };
        self.sync_is(&format!("the sync waits for {what}"), is).await;
    }

    /// Waits until the sync is over; gives its phase, and what it says of each object.
    pub async fn ended(&self) -> (String, String) {
        let state = self.sync_is("the sync ends", |state| !state["finishedAt"].is_null()).await;
        let said = |result: &Value| format!("{}: {}\n", result["name"], result["message"]);
        let results = state["syncResult"]["resources"].as_array().cloned().unwrap_or_default();
        let all: String = results.iter().map(said).collect();
        (state["phase"].as_str().expect("a phase").to_owned(), format!("{}\n{all}", state["message"]))
    }

    /// Lets Argo CD compare again; gives the sync status and the health of the Application, and the objects that differ.
    pub async fn compared(&self) -> (String, String, Vec<String>) {
        let key = "argocd.argoproj.io/refresh";
        self.patch(json!({"metadata": {"annotations": {key: "hard"}}})).await;
        eventually("Argo CD has compared", || async {
            let application = self.api.get(&self.name).await.ok()?;
            let is_done = !application.metadata.annotations.unwrap_or_default().contains_key(key);
            is_done.then_some(())
        })
        .await;
        let status = self.get().await.expect("there")["status"].clone();
        let word = |field: &str| status[field]["status"].as_str().unwrap_or_default().to_owned();
        let all = status["resources"].as_array().cloned().unwrap_or_default();
        let differs = |resource: &&Value| resource["status"] != "Synced";
        (
            word("sync"),
            word("health"),
            all.iter().filter(differs).map(|resource| resource["name"].to_string()).collect(),
        )
    }

    /// Waits until the Application has this health.
    pub async fn health(&self, want: &str) {
        eventually(&format!("the Application is {want}"), || async {
            (self.get().await?["status"]["health"]["status"] == want).then_some(())
        })
        .await;
    }
}
