//! Where does a measurement run? On a control plane of its own, new and empty, made by tests/devcluster.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::audit::Audit;
use crate::controller::USERS;
use crate::failure::{Failure, Result, Tried};
use crate::workload::{Side, Workload};

/// What runs beside the measured controller: what Pods, namespaces and owners need. With a real kubelet: all that a
/// cluster has, but for what is measured.
const LEAN: &str = "serviceaccount-controller,root-ca-certificate-publisher-controller,namespace-controller,\
                    garbage-collector-controller";
const ALL: &str = "*,-job-controller,-cronjob-controller";

/// A cluster that is up. Dropped, it goes, and so does its folder.
pub struct Cluster {
    dir: PathBuf,
}

/// A script of tests/devcluster.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/devcluster").join(name)
}

impl Cluster {
    /// Starts it in that folder.
    pub fn up(dir: &Path, workload: Workload) -> Result<Self> {
        std::fs::create_dir_all(dir).tried(|| format!("making {}", dir.display()))?;
        let dir = dir.canonicalize().tried(|| format!("finding {}", dir.display()))?;
        let cluster = Self { dir };
        let real = workload == Workload::Kubelet;
        let mut up = Command::new(script("up"));
        up.args(["--leash", &std::process::id().to_string()]);
        if !real {
            up.arg("--control-plane");
        }
        up.arg(&cluster.dir).stdout(Stdio::null());
        up.env("APISERVER_ARGS", Audit::flags(&cluster.dir, &USERS)?);
        up.env("KCM_ARGS", format!("--controllers={}", if real { ALL } else { LEAN }));
        run(&mut up, "tests/devcluster/up")?;
        Ok(cluster)
    }

    /// Installs `config/default` as an admin does. Only for this controller: kube-controller-manager is measured on a
    /// cluster that knows nothing of SidecarJobs.
    pub fn install(&self, side: Side) -> Result<()> {
        if side == Side::Theirs {
            return Ok(());
        }
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/default");
        let config = config.display().to_string();
        self.kubectl(&["apply", "--server-side", "--kustomize", &config])?;
        self.kubectl(&["--namespace=sidecarjob-system", "delete", "deployment", "sidecarjob-controller"])?;
        self.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"])
    }

    fn kubectl(&self, args: &[&str]) -> Result<()> {
        let mut command = self.inside("kubectl");
        run(command.args(args).stdout(Stdio::null()), &format!("kubectl {}", args.join(" ")))
    }

    /// A command in the network of the cluster.
    pub fn inside(&self, program: &str) -> Command {
        let mut command = Command::new(self.dir.join("run"));
        command.arg(program);
        command
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let down = Command::new(script("down")).arg("--purge").arg(&self.dir).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!(
                "warning: the cluster in {0} is still there: tests/devcluster/down --purge {0}",
                self.dir.display()
            );
        }
    }
}

/// Runs a command, which must succeed.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().tried(|| what)?;
    if status.success() { Ok(()) } else { Err(Failure(format!("{what} failed with {status}; its output is above"))) }
}
