//! A Prometheus that scrapes one controller, and how to ask it. Both are processes on this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::eventually;
use crate::tools::{TOOLS, folder, rules};

/// Killed when dropped, and by the kernel when the test dies.
pub struct Prometheus {
    child: Child,
    port: u16,
    folder: PathBuf,
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Prometheus {
    /// Scrapes that port each second, and evaluates the rules of config/monitoring.
    pub async fn start(target: u16) -> Self {
        let (port, folder) = (free_port(), folder("prometheus"));
        let config = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "5s"},
            "rule_files": ["rules.json"],
            "scrape_configs": [{
                "job_name": "sidecarjob", "honor_labels": true,
                "static_configs": [{"targets": [format!("127.0.0.1:{target}")]}]
            }]
        });
        std::fs::write(folder.join("config.json"), config.to_string()).expect("written");
        std::fs::write(folder.join("rules.json"), rules(|_| {}).to_string()).expect("written");
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(TOOLS.join("prometheus"))
            .arg(format!("--config.file={}", folder.join("config.json").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus starts");
        let prometheus = Self { child, port, folder };
        eventually("Prometheus is ready", || async { get(port, "/-/ready").filter(|text| text.contains("200 OK")) })
            .await;
        prometheus
    }

    /// The result of a query now, or at each step of a range in seconds: a list of series.
    pub fn query(&self, expr: &str, range: Option<(f64, f64, f64)>) -> Result<Vec<Value>, String> {
        let expr = percent(expr);
        let path = match range {
            None => format!("/api/v1/query?query={expr}"),
            Some((from, to, step)) => format!("/api/v1/query_range?query={expr}&start={from}&end={to}&step={step}"),
        };
        let answer = self.json(&path)?;
        answer["data"]["result"].as_array().cloned().ok_or_else(|| answer.to_string())
    }

    /// The answer to a GET.
    pub fn json(&self, path: &str) -> Result<Value, String> {
        let text = get(self.port, path).ok_or("no answer")?;
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        serde_json::from_str(body).map_err(|e| format!("{e}: {text}"))
    }

    /// Waits until a query has a result.
    pub async fn until(&self, expr: &str) {
        eventually(&format!("Prometheus has {expr}"), || async {
            self.query(expr, None).ok().filter(|series| !series.is_empty()).map(drop)
        })
        .await;
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The values of a series: seconds since 1970 and a number, those that are not a number left out.
pub fn values(series: &Value) -> Vec<(f64, f64)> {
    let one = series.get("value").into_iter();
    let all = one.chain(series["values"].as_array().into_iter().flatten());
    let read = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_str()?.parse::<f64>().ok()?));
    all.filter_map(read).filter(|(_, value)| value.is_finite()).collect()
}

/// A whole HTTP answer.
pub fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
