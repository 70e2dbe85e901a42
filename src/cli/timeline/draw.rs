//! How does a timeline look as text? All Pods on one scale; each container is a bar of characters, one kind of character for
//! each role, so that no colour is needed. Pure.

use chrono::{DateTime, Utc};
use unicode_width::UnicodeWidthStr;

use crate::api::conditions::pod;
use crate::cli::roles::Role;
use crate::cli::table::cut;
use crate::cli::timeline::row::Lane;
use crate::cli::timeline::row::Row;
use crate::cli::when;
use crate::printable::Colour;

/// What the characters mean.
const LEGEND: &str = "# main  + init  = sidecar  ~ drain  . not started  > runs  * native";
/// A bar is not shorter than this, on however narrow a terminal.
const SHORTEST: usize = 10;

/// One line: what comes before its coloured part, and that part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The name of the lane.
    pub before: String,
    /// The colour of the rest.
    pub colour: Colour,
    /// The bar, and how the container ended.
    pub text: String,
}

/// The time on the bars, and their length.
struct Scale {
    from: DateTime<Utc>,
    seconds: i64,
    width: usize,
}

impl Scale {
    /// The column of this time.
    fn column(&self, at: DateTime<Utc>) -> usize {
        let after = (at - self.from).num_seconds().clamp(0, self.seconds);
        let last = self.width.saturating_sub(1);
        usize::try_from(after * i64::try_from(last).unwrap_or(0) / self.seconds.max(1)).unwrap_or(0).min(last)
    }
}

/// The lines of these rows, on a terminal of this width.
pub fn lines(rows: &[Row], now: DateTime<Utc>, width: usize) -> Vec<Line> {
    let plain = |before: &str| Line { before: cut(before, Some(width)), colour: Colour::Plain, text: String::new() };
    let Some(from) = rows.iter().filter_map(|row| row.created_at).min() else {
        return rows.iter().map(|row| plain(&head(row, now))).collect(); // without a start there is no scale
    };
    let to = rows.iter().map(|row| row.end(now)).max().unwrap_or(now);
    let tails = rows.iter().flat_map(|row| &row.containers).map(|lane| tail(lane).width());
    let labels = rows.iter().flat_map(|row| &row.containers).map(|lane| label(lane).width());
    // The name takes a third of the line at most, and the end of the line a quarter.
    let names = labels.max().unwrap_or(0).min((width / 3).max(8));
    let ends = tails.max().unwrap_or(0).min((width / 4).max(4));
    let bar = width.saturating_sub(names + ends + 4).max(SHORTEST);
    let scale = Scale { from, seconds: (to - from).num_seconds().max(1), width: bar };
    let mut lines = Vec::new();
    for row in rows {
        lines.push(plain(&head(row, now)));
        lines.extend(row.containers.iter().map(|lane| {
            let name = cut(&label(lane), Some(names));
            let before = format!("  {name}{} ", " ".repeat(names.saturating_sub(name.width())));
            let text = format!("{} {}", bar_of(row, lane, &scale, now), cut(&tail(lane), Some(ends)));
            Line { before, colour: colour(lane), text: text.trim_end().to_owned() }
        }));
    }
    lines.push(axis(&scale, names, to));
    lines.push(plain(LEGEND));
    lines
}

/// `Pod api-7-x7k2p  index 7  attempt 3  node-3  Failed  main 2m10s  drain 41s by vault-agent`
fn head(row: &Row, now: DateTime<Utc>) -> String {
    let mut words = vec![format!("Pod {}", row.name)];
    words.extend(row.index.map(|index| format!("index {index}")));
    words.extend(row.attempt.map(|attempt| format!("attempt {}", i64::from(attempt) + 1))); // people count from 1
    words.extend(row.node.clone());
    words.push(row.result.clone());
    words.extend(row.main_took(now).map(|took| format!("main {}", when::short(took))));
    if let Some((seconds, by)) = row.drain_seconds.zip(row.drained_by.as_ref()) {
        words.push(format!("drain {} by {by}", when::seconds(seconds)));
    }
    if !row.exists {
        words.push("(gone)".into());
    }
    words.join("  ")
}

fn label(lane: &Lane) -> String {
    format!("{} {}{}", lane.role.word(), lane.name, if lane.native { "*" } else { "" })
}

/// How the container ended: exit code and reason, how long it drained, how often it started again.
fn tail(lane: &Lane) -> String {
    let usual = [pod::COMPLETED, pod::ERROR];
    let reason = lane.reason.as_deref().filter(|reason| !usual.contains(reason));
    let exit = lane.exit_code.map(|code| code.to_string());
    let drain = lane.drain_seconds.map(|s| format!("~{}", when::seconds(s)));
    let restarts = (lane.restarts > 0).then(|| format!("{}x again", lane.restarts));
    let words = [exit, reason.map(ToOwned::to_owned), drain, restarts];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn colour(lane: &Lane) -> Colour {
    match (lane.role, lane.exit_code) {
        (Role::Main | Role::Init, Some(0)) => Colour::Green,
        (Role::Main | Role::Init, Some(_)) => Colour::Red,
        _ => Colour::Plain,
    }
}

fn bar_of(row: &Row, lane: &Lane, scale: &Scale, now: DateTime<Utc>) -> String {
    let mut bar = vec![' '; scale.width];
    let (own, created) = (character(lane.role), row.created_at.unwrap_or(scale.from));
    let first = lane.spans.first().and_then(|span| span.started_at);
    let waits_until = first.unwrap_or_else(|| row.end(now));
    fill(&mut bar, scale.column(created), scale.column(waits_until), '.');
    for span in &lane.spans {
        let start = span.started_at.unwrap_or(created);
        let end = span.finished_at.unwrap_or(now);
        fill(&mut bar, scale.column(start), scale.column(end), own);
        let main = row.main_finished_at.filter(|main| lane.role == Role::Sidecar && end > *main);
        if let Some(main) = main.map(|main| main.max(start)) {
            // A drain of a second is a character too: somebody looks for it.
            let to = scale.column(end);
            fill(&mut bar, (scale.column(main) + 1).min(to), to, '~');
        }
        if span.finished_at.is_none() {
            fill(&mut bar, scale.column(end), scale.column(end), '>');
        }
    }
    bar.into_iter().collect()
}

fn fill(bar: &mut [char], from: usize, to: usize, with: char) {
    bar.iter_mut().take(to + 1).skip(from).for_each(|c| *c = with);
}

fn character(role: Role) -> char {
    match role {
        Role::Main => '#',
        Role::Sidecar => '=',
        Role::Init => '+',
    }
}

/// The beginning and the end of the scale.
fn axis(scale: &Scale, names: usize, to: DateTime<Utc>) -> Line {
    let end = format!("{} {}", when::between(scale.from, to), to.format("%H:%M:%SZ"));
    let begin = scale.from.format("%H:%M:%SZ").to_string();
    let (begin, end) = if begin.width() + end.width() + 1 < scale.width {
        (begin, end)
    } else {
        ("0s".into(), when::between(scale.from, to))
    };
    let gap = scale.width.saturating_sub(begin.width() + end.width()).max(1);
    Line { before: " ".repeat(names + 3), colour: Colour::Plain, text: format!("{begin}{}{end}", " ".repeat(gap)) }
}
