//! What has a process used? CPU seconds and memory, as the kernel counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::failure::{Result, Tried};

/// How many units of /proc/PID/stat are one second. Linux shows 100 to programs, whatever its own clock does.
const TICKS: f64 = 100.0;

/// CPU seconds of the process until now, of all its threads; 0 of a process that is gone.
pub fn cpu(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = after_name.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    let (user, system) = (fields.get(11), fields.get(12));
    (user.unwrap_or(&0.0) + system.unwrap_or(&0.0)) / TICKS
}

/// The most memory that the process ever had in RAM, in MiB; 0 of a process that is gone.
pub fn peak_rss(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// CPU seconds of the whole machine until now.
pub fn machine_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let fields: Vec<f64> = fields.map(|field| field.parse().unwrap_or(0.0)).collect();
    let busy = [0, 1, 2, 5, 6].map(|n| fields.get(n).copied().unwrap_or(0.0));
    busy.iter().sum::<f64>() / TICKS
}

/// The processes of the cluster in this folder, by the name of the component.
pub fn components(cluster: &Path) -> Result<BTreeMap<String, u32>> {
    let file = cluster.join("init.pid");
    let init = fs::read_to_string(&file).tried(|| format!("reading {}", file.display()))?;
    let file = format!("/proc/{0}/task/{0}/children", init.trim());
    let children = fs::read_to_string(&file).tried(|| format!("reading {file}"))?;
    let named = children.split_whitespace().filter_map(|pid| {
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        let mut words = command.split('\0');
        let first = words.next()?.to_owned();
        let name = if first.ends_with("devcluster") { words.next()?.to_owned() } else { first };
        Some((name, pid.parse().ok()?))
    });
    Ok(named.collect())
}
