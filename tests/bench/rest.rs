//! What do finished runs cost? The start of a controller that finds them, and a while in which nothing happens.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::failure::Result;
use crate::figures::Outcome;
use crate::load::{self, Ends};
use crate::measure::{Before, Stage, Task, warm_up};
use crate::server::Server;
use crate::workload::{Runs, Side};

/// How many runs are finished at once.
const AT_ONCE: usize = 32;

/// Makes finished runs, then starts the controller: how long until a new run ends, and what happens in the time after it.
pub async fn measure(server: Server, task: Task) -> Result<Vec<Outcome>> {
    let count = task.workload.size(task.scale);
    let runs = task.workload.runs(task.side, count);
    load::create(server.clone(), runs.clone(), std::sync::Arc::default()).await?;
    finish(&server, task.side, &runs).await?;
    let before = Before::now(&task.cluster, None)?;
    let controller = task.start(&server).await?;
    let begin = std::time::Instant::now();
    warm_up(&server, &task).await?;
    let stage = Stage { server, controller, task };
    let start = ended_after(begin.elapsed());
    let start = before.after(&stage, "restart", &start, count as u64).await?;
    let length = Duration::from_secs_f64((300.0 * stage.task.scale).max(30.0));
    let before = Before::now(&stage.task.cluster, Some(stage.controller.pid()))?;
    tokio::time::sleep(length).await; // what happens in this time is what is measured
    let rest = before.at_once(&stage, "rest", &ended_after(length), count as u64).await?;
    Ok(vec![start, rest])
}

fn ended_after(time: Duration) -> Ends {
    let seconds = time.as_secs_f64();
    Ends { wall: seconds, latencies: vec![seconds], ..Ends::default() }
}

/// Writes the status of a finished run to all of them, in place of a controller.
async fn finish(server: &Server, side: Side, runs: &Runs) -> Result<()> {
    let status = json!({ "status": finished(side) });
    let one = |object: &Value| {
        let path = format!("{}/{}/status", runs.created_at, object["metadata"]["name"].as_str().unwrap_or_default());
        let status = &status;
        async move { server.merge(&path, status).await }
    };
    stream::iter(&runs.objects).map(one).buffer_unordered(AT_ONCE).try_collect::<()>().await
}

fn finished(side: Side) -> Value {
    let time = "2026-01-01T00:00:00Z";
    let condition = |type_: &str| {
        json!({"type": type_, "status": "True", "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods", "lastTransitionTime": time, "lastProbeTime": time})
    };
    let mut conditions = ["SuccessCriteriaMet", "Complete"].map(condition);
    if side == Side::Ours {
        for condition in conditions.iter_mut().filter_map(Value::as_object_mut) {
            condition.remove("lastProbeTime");
        }
    }
    json!({"startTime": time, "completionTime": time, "succeeded": 1, "ready": 0, "conditions": conditions,
        "uncountedTerminatedPods": {}})
}
