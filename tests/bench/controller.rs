//! How is a controller under measure started? As a process with a ServiceAccount of its own, as in a cluster.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::failure::{Result, Tried};
use crate::server::Server;
use crate::workload::Side;

/// The users as which the two controllers come to the API server.
pub const USERS: [&str; 2] = [
    "system:serviceaccount:sidecarjob-system:sidecarjob-controller",
    "system:serviceaccount:kube-system:bench-controller-manager",
];

/// A controller that runs. Dropped, the process is killed.
pub struct Controller {
    child: Child,
    profiler: Option<Child>,
}

/// What a controller is started with.
pub struct Start<'a> {
    /// The folder of the cluster.
    pub cluster: &'a Path,
    /// The program `sidecarjob`.
    pub program: &'a Path,
    /// Where perf writes a profile, if it is wanted.
    pub profile: Option<&'a Path>,
}

impl Controller {
    /// Starts the controller of that side.
    pub async fn start(server: &Server, side: Side, start: &Start<'_>) -> Result<Self> {
        let kubeconfig = kubeconfig(server, side, start.cluster).await?;
        let log = start.cluster.join("log/measured.log");
        let log = File::create(&log).tried(|| format!("making {}", log.display()))?;
        let errors = log.try_clone().tried(|| "sharing the log")?;
        let child = command(side, start, &kubeconfig).stdout(log).stderr(errors).stdin(Stdio::null()).spawn();
        let child = child.tried(|| format!("starting the controller of side {side:?}"))?;
        Ok(Self { profiler: start.profile.map(|file| profile(child.id(), file)).transpose()?, child })
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(mut profiler) = self.profiler.take() {
            let _ = profiler.wait(); // perf ends with the process that it looks at
        }
    }
}

/// Killed with this process, however that ends.
fn leashed(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// Both without leader election, since one replica runs. kube-controller-manager runs only what is measured, without the
/// limits on its requests, and with as many workers as it takes to be bound by the API server.
fn command(side: Side, start: &Start<'_>, kubeconfig: &Path) -> Command {
    match side {
        Side::Ours => {
            let mut command = leashed(start.program);
            command.args(["controller", "--leader-elect=false", "--bind-address=127.0.0.1:10299", "--kubeconfig"]);
            command.arg(kubeconfig);
            command
        }
        Side::Theirs => {
            let mut command = leashed("devcluster");
            command.args(["kube-controller-manager", "--controllers=job-controller,cronjob-controller"]);
            command.args(["--leader-elect=false", "--kube-api-qps=5000", "--kube-api-burst=10000"]);
            command.args(["--concurrent-job-syncs=50", "--concurrent-cron-job-syncs=50"]);
            command.args(["--authentication-skip-lookup", "--secure-port=10298", "--bind-address=127.0.0.1"]);
            command.arg(format!("--kubeconfig={}", kubeconfig.display()));
            command.arg(format!("--cert-dir={}", start.cluster.join("pki/measured").display()));
            command
        }
    }
}

/// Samples the stacks of the process until the process ends. 64 KiB of each stack, which is the most that perf takes: with
/// less, most of them are cut off, since futures in futures are large.
fn profile(pid: u32, file: &Path) -> Result<Child> {
    let mut perf = Command::new("perf");
    perf.args(["record", "--quiet", "--freq=499", "--call-graph=dwarf,65528", "--pid"]).arg(pid.to_string());
    perf.arg("--output").arg(file).stdout(Stdio::null()).spawn().tried(|| "starting perf record")
}

/// Makes the ServiceAccount, where it is missing, and a kubeconfig with a token of it.
async fn kubeconfig(server: &Server, side: Side, cluster: &Path) -> Result<PathBuf> {
    let (namespace, name) = match side {
        Side::Ours => ("sidecarjob-system", "sidecarjob-controller"),
        Side::Theirs => ("kube-system", "bench-controller-manager"),
    };
    let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
    if side == Side::Theirs {
        server.create(&accounts, &json!({"metadata": {"name": name}})).await?;
        let binding = json!({"metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]});
        server.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &binding).await?;
    }
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let answer = server.ask(&format!("{accounts}/{name}/token"), &request).await?;
    let admin = cluster.join("kubeconfig.inside");
    let text = fs::read_to_string(&admin).tried(|| format!("reading {}", admin.display()))?;
    let mut config: Value = serde_saphyr::from_str(&text).tried(|| format!("reading {}", admin.display()))?;
    config["users"][0]["user"] = json!({"token": answer["status"]["token"]});
    let file = cluster.join("kubeconfig.measured");
    fs::write(&file, config.to_string()).tried(|| format!("writing {}", file.display()))?;
    Ok(file)
}
