//! A namespace and a controller for each test, and how to wait for what should be.

#![allow(dead_code)] // each test target uses its part

#[path = "../piped/mod.rs"]
pub mod piped;
pub mod policy;
pub mod webhook;

use std::future::Future;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Event, Namespace, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::json;
use sidecarjob::api::{SidecarJob, SidecarJobStatus, labels};

/// How long anything may take. Long, since a loaded machine is slow; what takes it all has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A namespace with a controller that looks at nothing else.
pub struct World {
    pub client: Client,
    pub namespace: String,
    controller: Option<Controller>,
    flags: Vec<String>,
}

/// Runs a test in a world of its own; the namespace goes afterwards, and what it held is printed if the test failed.
pub async fn world<F, Fut>(name: &str, flags: &[&str], test: F)
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    install_crds(&client().await).await;
    in_world(name, Some(flags), test).await;
}

/// The same, on a cluster whose CRDs are what they are: the test itself installs them.
pub async fn world_as_it_is<F, Fut>(name: &str, flags: &[&str], test: F)
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    in_world(name, Some(flags), test).await;
}

/// The same, where nothing reconciles.
pub async fn world_without_controller<F, Fut>(name: &str, test: F)
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    install_crds(&client().await).await;
    in_world(name, None, test).await;
}

async fn client() -> Client {
    Client::try_default().await.expect("KUBECONFIG names a cluster: run make test")
}

async fn in_world<F, Fut>(name: &str, flags: Option<&[&str]>, test: F)
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let client = client().await;
    let namespace = fresh_namespace(name);
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let object = serde_json::from_value(json!({"metadata": {"name": namespace}})).expect("a Namespace");
    namespaces.create(&PostParams::default(), &object).await.expect("the namespace is created");
    let runs = flags.is_some();
    let flags: Vec<String> = flags.unwrap_or_default().iter().map(ToString::to_string).collect();
    let controller = runs.then(|| Controller::start(&namespace, &flags));
    let world = World { client: client.clone(), namespace: namespace.clone(), controller, flags };
    default_service_account(&world).await;
    let outcome = tokio::spawn(test(world)).await;
    if outcome.is_err() {
        eprintln!("{}", dump(&client, &namespace).await);
    }
    let _ = std::fs::remove_file(log_file(&namespace));
    let _ = release_all(&client, &namespace).await;
    let _ = namespaces.delete(&namespace, &DeleteParams::default()).await;
    outcome.expect("the test passed");
}

/// A namespace's name that no other test has, whatever they call themselves.
fn fresh_namespace(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("t-{name}-{:x}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The CRDs as this code has them.
async fn install_crds(client: &Client) {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in sidecarjob::api::crd::all() {
        let params = PatchParams::apply("sidecarjob-tests").force();
        api.patch(&crd.name_any(), &params, &Patch::Apply(&crd)).await.expect("the CRD is installed");
        let name = crd.name_any();
        eventually("the CRD is established", || async {
            let crd = api.get(&name).await.ok()?;
            let conditions = crd.status?.conditions?;
            conditions.iter().any(|c| c.type_ == "Established" && c.status == "True").then_some(())
        })
        .await;
    }
}

async fn default_service_account(world: &World) {
    use k8s_openapi::api::core::v1::ServiceAccount;
    let api: Api<ServiceAccount> = Api::namespaced(world.client.clone(), &world.namespace);
    eventually("the namespace has its ServiceAccount", || async { api.get("default").await.ok() }).await;
}

/// A test may have stopped its controller: nothing may hold the namespace back.
async fn release_all(client: &Client, namespace: &str) -> kube::Result<()> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    for pod in pods.list(&ListParams::default()).await? {
        let patch = json!({"metadata": {"finalizers": null}});
        pods.patch(&pod.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await?;
    }
    Ok(())
}

/// What the controller of that namespace logs.
fn log_file(namespace: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{namespace}.log"))
}

/// The program under test as a process, killed when dropped, and by the kernel when the test dies.
struct Controller(Child);

impl Controller {
    fn start(namespace: &str, flags: &[String]) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log_file(namespace)).expect("a log");
        let has_address = flags.iter().any(|flag| flag.starts_with("--bind-address"));
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_sidecarjob"), "controller"])
            .args(["--leader-elect=false", "--namespace", namespace])
            .args((!has_address).then_some("--bind-address=127.0.0.1:0"))
            .args(flags)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the controller starts");
        Self(child)
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl World {
    /// Kills the controller without warning.
    pub fn kill_controller(&mut self) {
        self.controller = None;
    }

    /// Starts one with these flags, where none runs.
    pub fn start_controller_with(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(ToString::to_string).collect();
        self.start_controller();
    }

    /// Starts it again.
    pub fn start_controller(&mut self) {
        self.controller = Some(Controller::start(&self.namespace, &self.flags));
    }

    /// Creates with strict field validation, as kubectl does: unknown fields are refused.
    pub async fn strict_create(&self, object: &DynamicObject, params: &PostParams) -> kube::Result<DynamicObject> {
        let path = format!("/apis/sidecarjob.dev/v1alpha1/namespaces/{}/sidecarjobs", self.namespace);
        let dry_run = if params.dry_run { "&dryRun=All" } else { "" };
        let request = http::Request::post(format!("{path}?fieldValidation=Strict{dry_run}"))
            .header("Content-Type", "application/json")
            .body(serde_json::to_vec(object).expect("JSON"))
            .expect("a request");
        self.client.request(request).await
    }

    pub fn jobs(&self) -> Api<SidecarJob> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates what the YAML says.
    pub async fn apply(&self, yaml: &str) -> SidecarJob {
        let job: SidecarJob = serde_saphyr::from_str(yaml).expect("the manifest is a SidecarJob");
        self.jobs().create(&PostParams::default(), &job).await.expect("the SidecarJob is created")
    }

    pub async fn patch(&self, name: &str, patch: serde_json::Value) -> SidecarJob {
        self.jobs().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.expect("the patch is taken")
    }

    /// Waits until the status is as it should be.
    pub async fn until(&self, name: &str, what: &str, is: impl Fn(&SidecarJobStatus) -> bool) -> SidecarJobStatus {
        let jobs = self.jobs();
        eventually(&format!("{name}: {what}"), || async { jobs.get(name).await.ok()?.status.filter(&is) }).await
    }

    /// Waits until the condition is True.
    pub async fn condition(&self, name: &str, type_: &str) -> Condition {
        let status = self.until(name, type_, |s| is_true(s, type_)).await;
        status.conditions.into_iter().find(|c| c.type_ == type_).expect("just seen")
    }

    /// The Pods of the SidecarJob, oldest first.
    pub async fn pods_of(&self, name: &str) -> Vec<Pod> {
        let params = ListParams::default().labels(&format!("{}={name}", labels::NAME));
        let mut pods = self.pods().list(&params).await.expect("Pods are listed").items;
        pods.sort_by_key(|p| p.labels().get(labels::ATTEMPT).and_then(|n| n.parse::<u32>().ok()));
        pods
    }

    /// Waits until the SidecarJob is gone.
    pub async fn gone(&self, name: &str) {
        let jobs = self.jobs();
        eventually(&format!("{name} is gone"), || async { jobs.get_opt(name).await.ok()?.is_none().then_some(()) })
            .await;
    }

    /// Waits until no Pod is left.
    pub async fn pods_gone(&self) {
        let pods = self.pods();
        let all = ListParams::default();
        eventually("all Pods are gone", || async { pods.list(&all).await.ok()?.items.is_empty().then_some(()) }).await;
    }

    /// What a container printed.
    pub async fn logs(&self, pod: &Pod, container: &str) -> String {
        let params = LogParams { container: Some(container.into()), ..LogParams::default() };
        self.pods().logs(&pod.name_any(), &params).await.expect("the logs are there")
    }

    /// Reasons and notes of the events about the SidecarJob.
    pub async fn events(&self, name: &str) -> Vec<(String, String)> {
        let api: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let params =
            ListParams::default().fields(&format!("involvedObject.kind=SidecarJob,involvedObject.name={name}"));
        let events = api.list(&params).await.expect("events are listed");
        events.items.into_iter().map(|e| (e.reason.unwrap_or_default(), e.message.unwrap_or_default())).collect()
    }

    /// Waits for an event with that reason.
    pub async fn event(&self, name: &str, reason: &str) -> String {
        eventually(&format!("{name}: event {reason}"), || async {
            self.events(name).await.into_iter().find(|(r, _)| r == reason).map(|(_, note)| note)
        })
        .await
    }

    /// What the controller has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_file(&self.namespace)).expect("the log is there")
    }

    /// Runs kubectl in the namespace, with the input on stdin.
    pub fn kubectl(&self, args: &[&str], input: &str) -> Output {
        kubectl(&self.namespace, args, input)
    }

    /// Runs kubectl, which must succeed, and gives what it printed.
    pub fn kubectl_ok(&self, args: &[&str], input: &str) -> String {
        let out = self.kubectl(args, input);
        assert!(out.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }
}

fn kubectl(namespace: &str, args: &[&str], input: &str) -> Output {
    let mut kubectl = Command::new(std::env::var("KUBECTL").unwrap_or("kubectl".into()));
    piped::output(kubectl.args(["--namespace", namespace]).args(args), input)
}

/// A SidecarJob with one container, `main`, which runs that in a shell, and these lines in its spec.
pub fn one_container(name: &str, spec: &str, main: &str) -> String {
    format!(
        r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {{name: {name}}}
spec:
{spec}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
      - {{name: main, image: "busybox:1.37", command: [sh, -c, "{main}"]}}
"#
    )
}

/// Whether the API server refused the controller a call, by the log. In a namespace that goes nothing can be created, which
/// is no right that is missing: a test before this one may have left such a namespace.
pub fn lacks_a_right(log: &str) -> bool {
    log.lines().any(|line| line.contains("forbidden") && !line.contains("it is being terminated"))
}

/// The condition is True.
pub fn is_true(status: &SidecarJobStatus, type_: &str) -> bool {
    status.conditions.iter().any(|c| c.type_ == type_ && c.status == "True")
}

/// Asks until there is an answer.
pub async fn eventually<T, Fut: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> Fut) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "waited {}s for: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(100)).await; // the interval of asking, not a wait for the answer
    }
}

/// All that there is, for a person to read.
async fn dump(client: &Client, namespace: &str) -> String {
    let jobs: Api<SidecarJob> = Api::namespaced(client.clone(), namespace);
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    let mut text = format!("--- what namespace {namespace} holds\n");
    for job in jobs.list(&ListParams::default()).await.into_iter().flatten() {
        text += &format!(
            "SidecarJob {} {}\n",
            job.name_any(),
            serde_json::to_string_pretty(&job.status).unwrap_or_default()
        );
    }
    for pod in pods.list(&ListParams::default()).await.into_iter().flatten() {
        let finalizers = pod.finalizers().join(",");
        text += &format!(
            "Pod {} [{finalizers}] {}\n",
            pod.name_any(),
            serde_json::to_string(&pod.status).unwrap_or_default()
        );
    }
    text += &std::fs::read_to_string(log_file(namespace)).unwrap_or_default();
    for event in events.list(&ListParams::default()).await.into_iter().flatten() {
        let about = event.involved_object.name.unwrap_or_default();
        text += &format!("event {about} {}: {}\n", event.reason.unwrap_or_default(), event.message.unwrap_or_default());
    }
    text
}
