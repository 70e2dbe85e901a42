//! What does one measurement do? Runs in the network of its cluster: starts the controller, warms up, loads, counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use crate::audit::Audit;
use crate::controller::{Controller, Start};
use crate::failure::{Result, Tried};
use crate::figures::{Outcome, quantile, thinned};
use crate::load::{self, Ends};
use crate::server::Server;
use crate::workload::{self, NAMESPACE, Side, Workload};
use crate::{kubelet, process, rest};

/// What one measurement is.
#[derive(Clone, Debug, clap::Args)]
pub struct Task {
    /// What is asked of the controller
    #[arg(long)]
    pub workload: Workload,
    /// Whose controller it is
    #[arg(long)]
    pub side: Side,
    /// Which round it is
    #[arg(long)]
    pub round: usize,
    /// 1 is the full size
    #[arg(long)]
    pub scale: f64,
    /// The folder of the cluster
    #[arg(long)]
    pub cluster: PathBuf,
    /// The program `sidecarjob`
    #[arg(long)]
    pub program: PathBuf,
    /// Where perf writes a profile of the controller
    #[arg(long)]
    pub profile: Option<PathBuf>,
}

/// A control plane and the controller on it.
pub struct Stage {
    /// The API server.
    pub server: Server,
    /// What is measured.
    pub controller: Controller,
    /// What is measured, in words.
    pub task: Task,
}

impl Task {
    /// Starts the controller.
    pub async fn start(&self, server: &Server) -> Result<Controller> {
        let start = Start { cluster: &self.cluster, program: &self.program, profile: self.profile.as_deref() };
        Controller::start(server, self.side, &start).await
    }
}

/// Measures, and returns the figures.
pub async fn measure(task: Task) -> Result<Vec<Outcome>> {
    let server = Server::connect().await?;
    server.create("/api/v1/namespaces", &json!({"metadata": {"name": NAMESPACE}})).await?;
    await_account(&server).await?;
    if task.workload != Workload::Kubelet {
        kubelet::join(&server).await?;
        let simulator = kubelet::play(server.clone());
        tokio::spawn(async move {
            if let Err(error) = simulator.await {
                eprintln!("warning: the simulated kubelet ended: {error}");
            }
        });
    }
    if task.workload == Workload::Rest {
        return rest::measure(server, task).await;
    }
    let controller = task.start(&server).await?;
    warm_up(&server, &task).await?;
    let stage = Stage { server, controller, task };
    match stage.task.workload {
        Workload::Schedules => Ok(vec![schedules(&stage).await?]),
        Workload::Kubelet => on_a_kubelet(&stage).await,
        _ => Ok(vec![runs(&stage).await?]),
    }
}

/// Pods need the ServiceAccount of their namespace.
async fn await_account(server: &Server) -> Result<()> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default");
    let begin = Instant::now();
    loop {
        match server.get::<Value>(&path).await {
            Ok(_) => return Ok(()),
            Err(error) if begin.elapsed() > Duration::from_secs(30) => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// One run, to its end: all watches of the controller have begun, and the policies are compiled.
pub async fn warm_up(server: &Server, task: &Task) -> Result<f64> {
    let warm = if task.workload == Workload::Jobs { Workload::Jobs } else { Workload::Kubelet };
    let mut runs = warm.runs(task.side, 1);
    for object in &mut runs.objects {
        object["metadata"]["name"] = json!("warm-up");
    }
    Ok(load::run(server, &runs).await?.wall)
}

/// What was counted before a load.
pub struct Before {
    at: Instant,
    audit: Audit,
    components: BTreeMap<String, u32>,
    cpu: BTreeMap<String, f64>,
    own: f64,
    controller: f64,
    machine: f64,
}

impl Before {
    /// Counts. The CPU of a controller that has just started begins at 0.
    pub fn now(cluster: &Path, controller: Option<u32>) -> Result<Self> {
        let components = process::components(cluster)?;
        Ok(Self {
            at: Instant::now(),
            audit: Audit::new(cluster),
            cpu: used(&components),
            components,
            own: process::cpu(std::process::id()),
            controller: controller.map_or(0.0, process::cpu),
            machine: process::machine_cpu(),
        })
    }

    /// Waits until the controller is done with what follows the ends, and counts again.
    pub async fn after(self, stage: &Stage, name: &str, ends: &Ends, units: u64) -> Result<Outcome> {
        self.audit.quiet().await;
        self.at_once(stage, name, ends, units).await
    }

    /// Counts again.
    pub async fn at_once(self, stage: &Stage, name: &str, ends: &Ends, units: u64) -> Result<Outcome> {
        let pid = stage.controller.pid();
        let cpu = process::cpu(pid) - self.controller;
        let mut components: BTreeMap<_, _> =
            used(&self.components).into_iter().map(|(name, now)| (name.clone(), now - self.cpu[&name])).collect();
        components.insert("bench".into(), process::cpu(std::process::id()) - self.own);
        let ours = cpu + components.values().sum::<f64>();
        let busy = process::machine_cpu() - self.machine;
        let version: Value = stage.server.get("/version").await?;
        Ok(Outcome {
            name: name.to_owned(),
            side: stage.task.side,
            round: stage.task.round,
            units,
            wall: ends.wall,
            p50: quantile(&ends.latencies, 0.5),
            p99: quantile(&ends.latencies, 0.99),
            cpu,
            rss: process::peak_rss(pid),
            components,
            requests: self.audit.requests()?,
            others: ((busy - ours) / self.at.elapsed().as_secs_f64()).max(0.0),
            failed: ends.failed,
            curve: thinned(&ends.curve),
            kubernetes: version["gitVersion"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

fn used(components: &BTreeMap<String, u32>) -> BTreeMap<String, f64> {
    components.iter().map(|(name, pid)| (name.clone(), process::cpu(*pid))).collect()
}

/// Creates runs, and waits for their ends.
async fn runs(stage: &Stage) -> Result<Outcome> {
    let task = &stage.task;
    let runs = task.workload.runs(task.side, task.workload.size(task.scale));
    let before = Before::now(&task.cluster, Some(stage.controller.pid()))?;
    let ends = load::run(&stage.server, &runs).await?;
    before.after(stage, &task.workload.name(), &ends, runs.units * runs.objects.len() as u64).await
}

/// Creates schedules that are due at one minute, and waits for their runs. The figures begin shortly before that minute.
async fn schedules(stage: &Stage) -> Result<Outcome> {
    let task = &stage.task;
    let size = task.workload.size(task.scale);
    let ahead = TimeDelta::seconds(10 + i64::try_from(size / 80).unwrap_or(60));
    let due = Utc::now() + ahead + TimeDelta::minutes(1);
    let due = due.with_second(0).and_then(|time| time.with_nanosecond(0)).tried(|| "finding the next minute")?;
    let schedules = workload::schedules(task.side, size, due.hour(), due.minute());
    let (watch, mut news) = load::watch(&stage.server, &schedules.seen_at);
    load::create(stage.server.clone(), schedules.clone(), std::sync::Arc::default()).await?;
    let left = |until: chrono::DateTime<Utc>| (until - Utc::now()).to_std().unwrap_or_default();
    tokio::time::sleep(left(due - TimeDelta::seconds(1))).await;
    while news.try_recv().is_ok() {} // the warm-up
    let before = Before::now(&task.cluster, Some(stage.controller.pid()))?;
    let ends = load::appear(&mut news, size, Instant::now() + left(due)).await?;
    watch.abort();
    before.after(stage, &task.workload.name(), &ends, size as u64).await
}

/// One run alone, five times, and then 20 at once.
async fn on_a_kubelet(stage: &Stage) -> Result<Vec<Outcome>> {
    let (cluster, pid) = (&stage.task.cluster, stage.controller.pid());
    let runs = |prefix: &str, count: usize| {
        let mut runs = Workload::Kubelet.runs(stage.task.side, count);
        for (n, object) in runs.objects.iter_mut().enumerate() {
            object["metadata"]["name"] = json!(format!("{prefix}-{n}"));
        }
        runs
    };
    let before = Before::now(cluster, Some(pid))?;
    let mut alone = Ends::default();
    for n in 0..5 {
        let ends = load::run(&stage.server, &runs(&format!("alone-{n}"), 1)).await?;
        alone.latencies.extend(&ends.latencies);
        alone.wall += ends.wall;
        alone.failed += ends.failed;
    }
    alone.latencies.sort_by(f64::total_cmp);
    let one = before.after(stage, "kubelet-alone", &alone, 5).await?;
    let before = Before::now(cluster, Some(pid))?;
    let count = Workload::Kubelet.size(1.0);
    let ends = load::run(&stage.server, &runs("many", count)).await?;
    Ok(vec![one, before.after(stage, "kubelet-many", &ends, count as u64).await?])
}
