//! Which series does each object have? The shapes of kube-state-metrics' `kube_job_…` and `kube_cronjob_…`, for SidecarJobs and
//! SidecarCronJobs.
//!
//! Nothing is kept for them: a scrape makes the series from the objects in view. All series of one metric have to stand
//! together, so a scrape goes through the objects once for each metric.

mod lines;
mod runs;
mod schedules;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;

use crate::api::{SidecarCronJob, SidecarJob};
use crate::telemetry::in_view::Draining;
use lines::Lines;

/// So many objects are written in one go. Then other work has its turn.
pub const AT_ONCE: usize = 200;

/// One metric of all objects of a kind. A gauge.
struct Metric<T> {
    /// The name.
    name: &'static str,
    /// What it says, in one sentence without a full stop.
    help: &'static str,
    /// Writes the series of one object.
    write: fn(&T, &mut Lines),
}

/// The series of all objects, in pieces.
pub fn pieces(
    runs: Vec<Arc<SidecarJob>>,
    schedules: Vec<Arc<SidecarCronJob>>,
    draining: &[Draining],
) -> impl Iterator<Item = String> + Send + use<> {
    let (runs, schedules): (Arc<[_]>, Arc<[_]>) = (runs.into(), schedules.into());
    let blocked = runs::blocked(draining);
    let of_runs = runs::METRICS.iter().flat_map(move |metric| of_all(metric, runs.clone()));
    let of_schedules = schedules::METRICS.iter().flat_map(move |metric| of_all(metric, schedules.clone()));
    of_runs.chain(std::iter::once(blocked)).chain(of_schedules)
}

/// One metric of all objects of a kind: its head, and pieces of lines.
fn of_all<T>(metric: &'static Metric<T>, all: Arc<[Arc<T>]>) -> impl Iterator<Item = String> + Send + use<T>
where
    T: Resource + Send + Sync + 'static,
{
    let count = all.len();
    let lines = (0..count).step_by(AT_ONCE).map(move |from| {
        let mut text = String::new();
        for object in &all[from..count.min(from + AT_ONCE)] {
            let meta = object.meta();
            let (Some(namespace), Some(name)) = (&meta.namespace, &meta.name) else { continue };
            (metric.write)(object, &mut Lines::of(&mut text, metric.name, namespace, name));
        }
        text
    });
    std::iter::once(head(metric.name, metric.help)).chain(lines)
}

fn head(name: &str, help: &str) -> String {
    format!("# HELP {name} {help}.\n# TYPE {name} gauge\n")
}

/// The condition of that type, if it is True.
fn when_true<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == type_ && c.status == "True")
}

/// The reason itself if it is one of these, otherwise `Other`: a label has few values, whoever wrote the status.
fn known(reason: &str, all: &[&'static str]) -> &'static str {
    all.iter().find(|known| **known == reason).copied().unwrap_or("Other")
}

#[cfg(test)]
mod tests;
