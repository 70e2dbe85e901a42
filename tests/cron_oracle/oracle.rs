//! The Go program: built once, asked by lines.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// When does this fire after that second?
#[derive(Clone, Debug)]
pub struct Question {
    pub schedule: String,
    pub from: i64,
    pub n: usize,
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Times(Vec<i64>),
    Refused(String),
    Endless,
}

pub fn ask(questions: &[Question]) -> Vec<Answer> {
    let lines = questions.iter().map(|q| json!({"schedule": q.schedule, "from": q.from, "n": q.n}));
    run(lines.map(|line| line.to_string()).collect())
}

pub fn ask_zones(names: &[String]) -> Vec<Answer> {
    run(names.iter().map(|name| json!({"zone": name}).to_string()).collect())
}

fn run(lines: Vec<String>) -> Vec<Answer> {
    let n = lines.len();
    let mut child = Command::new(build())
        .arg(goroot().join("lib/time/zoneinfo.zip"))
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle starts");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all((lines.join("\n") + "\n").as_bytes()));
    let out = child.wait_with_output().expect("the oracle ends");
    writer.join().expect("no panic").expect("the oracle reads");
    assert!(out.status.success(), "the oracle failed");
    let answers: Vec<Answer> = String::from_utf8(out.stdout).expect("UTF-8").lines().map(answer).collect();
    assert_eq!(answers.len(), n, "an answer for each question");
    answers
}

fn answer(line: &str) -> Answer {
    let value: Value = serde_json::from_str(line).expect("JSON");
    match value["refused"].as_str() {
        Some(why) => Answer::Refused(why.to_owned()),
        None if value["endless"] == true => Answer::Endless,
        None => Answer::Times(value["times"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect()),
    }
}

fn go(args: &[&str], dir: &Path) -> String {
    let out = Command::new("go").args(args).current_dir(dir).env("GOFLAGS", "-mod=readonly").output();
    let out = out.expect("Go is on the PATH: install it from https://go.dev/dl");
    assert!(out.status.success(), "go {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

fn goroot() -> PathBuf {
    go(&["env", "GOROOT"], Path::new("/")).into()
}

/// The program; Go itself sees whether anything is to be built. Each test process has its own, so that none is written
/// while another one runs it.
fn build() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cron_oracle");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cron-oracle");
    static ONCE: std::sync::OnceLock<()> = std::sync::OnceLock::new();
    ONCE.get_or_init(|| {
        go(&["build", "-trimpath", "-o", program.to_str().expect("UTF-8"), "."], &source);
    });
    program
}
