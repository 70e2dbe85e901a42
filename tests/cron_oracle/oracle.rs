//! The Go program: built once, asked by lines.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::{go_program, piped};

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
    let mut oracle = Command::new(go_program::build("cron_oracle"));
    let out =
        piped::output(oracle.arg(goroot().join("lib/time/zoneinfo.zip")).env("TZ", "UTC"), &(lines.join("\n") + "\n"));
    assert!(out.status.success(), "the oracle failed: {}", String::from_utf8_lossy(&out.stderr));
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

fn goroot() -> PathBuf {
    let out = Command::new("go").args(["env", "GOROOT"]).output();
    let out = out.expect("Go is on the PATH: install it from https://go.dev/dl");
    String::from_utf8(out.stdout).expect("UTF-8").trim().into()
}
