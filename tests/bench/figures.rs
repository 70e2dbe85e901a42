//! What came out? The figures of each measurement, and the ratios of those that belong together.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::audit::Requests;
use crate::failure::{Result, Tried};
use crate::workload::Side;

/// How many points of a curve are kept.
const POINTS: usize = 150;

/// The figures of one measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The workload, or a part of one.
    pub name: String,
    /// Whose controller.
    pub side: Side,
    /// Which round, from 1.
    pub round: usize,
    /// How many units: Pods that counted, runs, or schedules.
    pub units: u64,
    /// Seconds from the begin to the last end.
    pub wall: f64,
    /// Seconds from the create to the end: half of the runs took no more.
    pub p50: f64,
    /// The same of 99 in 100 runs.
    pub p99: f64,
    /// CPU seconds of the controller.
    pub cpu: f64,
    /// The most memory of the controller since its start, in MiB.
    pub rss: f64,
    /// CPU seconds of the other components, by name; `bench` is the load and the simulated kubelet.
    pub components: BTreeMap<String, f64>,
    /// The controller's requests.
    pub requests: Requests,
    /// How many CPUs were busy with what is no part of the benchmark.
    pub others: f64,
    /// Runs that failed.
    pub failed: u64,
    /// How many units were done at which second.
    pub curve: Vec<(f64, u64)>,
    /// The version of the API server.
    pub kubernetes: String,
}

impl Outcome {
    /// Units a second.
    pub fn rate(&self) -> f64 {
        self.units as f64 / self.wall
    }

    /// CPU seconds of a component.
    pub fn component(&self, name: &str) -> f64 {
        self.components.get(name).copied().unwrap_or(0.0)
    }

    /// All requests of the controller.
    pub fn request_count(&self) -> f64 {
        self.requests.values().sum::<u64>() as f64
    }
}

/// One in a hundred, for example, of sorted values; 0 if there are none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((share * last).round() as usize).copied().unwrap_or(0.0)
}

/// As many points as a drawing can show; the last one is always kept.
pub fn thinned(curve: &[(f64, u64)]) -> Vec<(f64, u64)> {
    let step = curve.len().div_ceil(POINTS).max(1);
    let last = curve.len().saturating_sub(1);
    curve.iter().enumerate().filter(|(n, _)| n % step == 0 || *n == last).map(|(_, point)| *point).collect()
}

/// The middle of some values, the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Spread {
    /// Of some values, infinities and what is no number left out; none if nothing is left.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (least, greatest) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Some(Self { median, least, greatest })
    }
}

/// All measurements of one name: the rounds of both sides.
pub struct Pairs<'a> {
    /// The rounds that both sides have, in order.
    pub rounds: Vec<[&'a Outcome; 2]>,
}

impl<'a> Pairs<'a> {
    /// Of all outcomes, those with that name.
    pub fn of(outcomes: &'a [Outcome], name: &str) -> Self {
        let of = |side| outcomes.iter().filter(move |o| o.name == name && o.side == side);
        let pair = |ours: &'a Outcome| Some([ours, of(Side::Theirs).find(|theirs| theirs.round == ours.round)?]);
        Self { rounds: of(Side::Ours).filter_map(pair).collect() }
    }

    /// Ours through theirs, round by round.
    pub fn ratio(&self, figure: impl Fn(&Outcome) -> f64) -> Option<Spread> {
        Spread::of(self.rounds.iter().map(|[ours, theirs]| figure(ours) / figure(theirs)))
    }

    /// The figure of one side.
    pub fn figure(&self, side: Side, figure: impl Fn(&Outcome) -> f64) -> Option<Spread> {
        let n = usize::from(side == Side::Theirs);
        Spread::of(self.rounds.iter().map(|pair| figure(pair[n])))
    }
}

/// Writes the outcomes of one measurement.
pub fn write(file: &Path, outcomes: &[Outcome]) -> Result<()> {
    let text = serde_json::to_string(outcomes).tried(|| "writing figures")?;
    fs::write(file, text).tried(|| format!("writing {}", file.display()))
}

/// Reads one file of them.
pub fn read(file: &Path) -> Result<Vec<Outcome>> {
    let text = fs::read_to_string(file).tried(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).tried(|| format!("reading {}", file.display()))
}

/// Reads all outcomes in a folder, by round.
pub fn read_all(folder: &Path) -> Result<Vec<Outcome>> {
    let entries = fs::read_dir(folder).tried(|| format!("reading {}", folder.display()))?;
    let mut outcomes = Vec::new();
    for entry in entries {
        let path = entry.tried(|| format!("reading {}", folder.display()))?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            outcomes.extend(read(&path)?);
        }
    }
    outcomes.sort_by_key(|outcome| (outcome.round, outcome.side));
    Ok(outcomes)
}
