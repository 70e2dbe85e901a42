//! Which requests did the controller send? The audit log of the API server has each of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::failure::{Result, Tried};

/// For how long the controller sends no request when it has done all its work.
const QUIET: Duration = Duration::from_millis(1500);
/// The longest wait for that.
const PATIENCE: Duration = Duration::from_secs(30);

/// The audit log of one cluster.
pub struct Audit {
    log: PathBuf,
    /// Where the part of the log begins that counts.
    begin: usize,
}

/// Requests by verb and resource: `update jobs/status`. A refused one has the code behind it: `update jobs/status 409`.
pub type Requests = BTreeMap<String, u64>;

impl Audit {
    /// Writes the policy into the cluster's folder, and returns the flags of the API server for it. Only requests of these
    /// users are logged, so the log costs both controllers the same and others nothing.
    pub fn flags(cluster: &Path, users: &[&str]) -> Result<String> {
        let policy = cluster.join("audit-policy.json");
        let rules = json!({
            "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived", "ResponseStarted"],
            "rules": [{"level": "Metadata", "users": users}, {"level": "None"}]
        });
        fs::write(&policy, rules.to_string()).tried(|| format!("writing {}", policy.display()))?;
        Ok(format!("--audit-policy-file={} --audit-log-path={}", policy.display(), log(cluster).display()))
    }

    /// The log from here on.
    pub fn new(cluster: &Path) -> Self {
        let mut audit = Self { log: log(cluster), begin: 0 };
        audit.begin = audit.length();
        audit
    }

    fn length(&self) -> usize {
        fs::metadata(&self.log).map_or(0, |file| usize::try_from(file.len()).unwrap_or(usize::MAX))
    }

    /// Waits until the controller sends nothing any more. Returns how long ago the last request was.
    pub async fn quiet(&self) -> Duration {
        let (begin, mut since, mut length) = (Instant::now(), Instant::now(), self.length());
        while since.elapsed() < QUIET && begin.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.length();
            if now != length {
                (since, length) = (Instant::now(), now);
            }
        }
        since.elapsed()
    }

    /// The requests since the beginning.
    pub fn requests(&self) -> Result<Requests> {
        let text = fs::read(&self.log).tried(|| format!("reading {}", self.log.display()))?;
        let mut requests = Requests::new();
        for line in text.get(self.begin..).unwrap_or_default().split(|byte| *byte == b'\n') {
            let Ok(event) = serde_json::from_slice::<Value>(line) else { continue };
            *requests.entry(key(&event)).or_default() += 1;
        }
        Ok(requests)
    }
}

fn log(cluster: &Path) -> PathBuf {
    cluster.join("audit.log")
}

/// What a line of the log is counted as.
pub fn key(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let what = &event["objectRef"];
    let mut key = format!("{} {}", text(&event["verb"]), text(&what["resource"]));
    if let Some(part) = what["subresource"].as_str() {
        key += &format!("/{part}");
    }
    match event["responseStatus"]["code"].as_u64() {
        Some(code) if code >= 400 => format!("{key} {code}"),
        _ => key,
    }
}
