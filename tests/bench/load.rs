//! When did each run end? Creates runs as fast as the API server takes them, and watches them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::failure::{Failure, Result};
use crate::server::{Change, Server};
use crate::workload::Runs;

/// How many objects are created at once.
const AT_ONCE: usize = 32;
/// For how long nothing may happen before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(180);

/// What was seen of a workload.
#[derive(Default)]
pub struct Ends {
    /// Seconds from the begin to the last end.
    pub wall: f64,
    /// Seconds from the create to the end of each run, sorted.
    pub latencies: Vec<f64>,
    /// How many units (Pods) were done at which second.
    pub curve: Vec<(f64, u64)>,
    /// Runs that failed.
    pub failed: u64,
}

#[derive(Deserialize)]
struct Run {
    metadata: Metadata,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize, Default)]
struct Status {
    #[serde(default)]
    succeeded: u64,
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    type_: String,
    status: String,
}

/// What the watch said of a run, and when.
pub struct News {
    name: String,
    at: Instant,
    /// The run is over, and has failed if it says so.
    ended: Option<bool>,
    succeeded: u64,
}

/// Begins to watch the runs. The watch ends when the receiver is dropped, or the task.
pub fn watch(server: &Server, path: &str) -> (tokio::task::JoinHandle<Result<()>>, mpsc::UnboundedReceiver<News>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (server, path) = (server.clone(), path.to_owned());
    let task = tokio::spawn(async move {
        let each = |change: Change<Run>| {
            let (run, at) = (change.object, Instant::now());
            let is = |type_: &str| run.status.conditions.iter().any(|c| c.type_ == type_ && c.status == "True");
            let ended = if is("Complete") { Some(false) } else { is("Failed").then_some(true) };
            let _ = sender.send(News { name: run.metadata.name, at, ended, succeeded: run.status.succeeded });
        };
        server.watch(&path, each).await
    });
    (task, receiver)
}

/// Creates the runs, and waits until each has ended.
pub async fn run(server: &Server, runs: &Runs) -> Result<Ends> {
    let (task, mut news) = watch(server, &runs.seen_at);
    let begin = Instant::now();
    let created: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let creator = tokio::spawn(create(server.clone(), runs.clone(), created.clone()));
    let since = |name: &str| created.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
    let ends = collect(&mut news, runs.objects.len(), runs.units, begin, since).await;
    task.abort();
    match creator.await {
        Ok(result) => result?,
        Err(error) => return Err(Failure(format!("creating the runs failed: {error}"))),
    }
    ends
}

/// Creates all objects, and notes when each create began.
pub async fn create(server: Server, runs: Runs, created: Arc<Mutex<HashMap<String, Instant>>>) -> Result<()> {
    let one = |object: Value| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let (server, path, created) = (server.clone(), runs.created_at.clone(), created.clone());
        async move {
            created.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Instant::now());
            server.create(&path, &object).await
        }
    };
    stream::iter(runs.objects.clone()).map(one).buffer_unordered(AT_ONCE).try_collect::<()>().await
}

/// Collects the ends of that many runs. `since` says when the time of a run began.
async fn collect(
    news: &mut mpsc::UnboundedReceiver<News>,
    runs: usize,
    units: u64,
    begin: Instant,
    since: impl Fn(&str) -> Option<Instant>,
) -> Result<Ends> {
    let mut ends = Ends::default();
    let mut done: HashMap<String, (u64, bool)> = HashMap::new();
    let mut sum = 0;
    while ends.latencies.len() < runs {
        let next = tokio::time::timeout(PATIENCE, news.recv()).await;
        let Ok(Some(one)) = next else {
            return Err(Failure(format!("{} of {runs} runs ended, and then nothing happened", ends.latencies.len())));
        };
        let Some(start) = since(&one.name) else { continue };
        let before = done.entry(one.name).or_default();
        let now = if one.ended.is_some() { units } else { one.succeeded.min(units).max(before.0) };
        if now != before.0 {
            sum += now - before.0;
            ends.curve.push((one.at.duration_since(begin).as_secs_f64(), sum));
        }
        if let (Some(failed), false) = (one.ended, before.1) {
            ends.failed += u64::from(failed);
            ends.latencies.push(one.at.saturating_duration_since(start).as_secs_f64());
            ends.wall = one.at.duration_since(begin).as_secs_f64();
        }
        *before = (now, before.1 || one.ended.is_some());
    }
    ends.latencies.sort_by(f64::total_cmp);
    Ok(ends)
}

/// Waits until that many runs exist. Their times begin at `due`.
pub async fn appear(news: &mut mpsc::UnboundedReceiver<News>, runs: usize, due: Instant) -> Result<Ends> {
    let mut ends = Ends::default();
    let mut seen = std::collections::HashSet::new();
    while seen.len() < runs {
        let next = tokio::time::timeout(PATIENCE, news.recv()).await;
        let Ok(Some(one)) = next else {
            return Err(Failure(format!("{} of {runs} runs were created, and then nothing happened", seen.len())));
        };
        if seen.insert(one.name) {
            let late = one.at.saturating_duration_since(due).as_secs_f64();
            ends.latencies.push(late);
            ends.curve.push((late, seen.len() as u64));
            ends.wall = late;
        }
    }
    ends.latencies.sort_by(f64::total_cmp);
    Ok(ends)
}
