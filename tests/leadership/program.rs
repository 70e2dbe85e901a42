//! The program under test, as one of several controllers.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::front::kubeconfig;
use crate::server::Server;

/// A controller, killed when dropped.
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// The name is in the address of each of its calls.
    pub fn start(server: &Server, name: &str) -> Self {
        let port = server.url.rsplit(':').next().expect("a port");
        let file = kubeconfig(&format!("{port}-{name}"), &format!("{}/{name}", server.url));
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("log-{port}-{name}"));
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_sidecarjob"), "controller"])
            .args(["--bind-address=127.0.0.1:0", "--stop-signal-image=x", "--kubeconfig"])
            .arg(file)
            .env("HOSTNAME", name)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("it starts");
        Self { child, log }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits until it has ended. Its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("our child") {
                return status.code();
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it goes on: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await; // the interval of asking
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}
