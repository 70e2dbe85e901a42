//! The budget is what docs/performance.md says. `UPDATE_BUDGET=1 cargo test --test budget` writes its tables anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// Between these lines the page has the tables.
const BEGIN: &str = "<!-- Counted by tests/budget.rs: begin -->\n";
const END: &str = "<!-- Counted by tests/budget.rs: end -->\n";

/// What a row counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    Requests,
    Bytes,
    Conversions,
    Allocations,
}

impl Figure {
    /// Bytes and allocations may be up to a tenth more than the page says; all else is exact.
    fn holds(self, counted: usize, budget: usize) -> bool {
        match self {
            Self::Requests | Self::Conversions => counted == budget,
            Self::Bytes | Self::Allocations => counted * 10 <= budget * 11,
        }
    }
}

/// A table of figures: a row for each figure, a column for each kind of run.
pub struct Table {
    pub about: &'static str,
    pub heads: Vec<&'static str>,
    pub rows: Vec<(Figure, String, Vec<usize>)>,
}

impl Table {
    pub fn new(about: &'static str, heads: Vec<&'static str>) -> Self {
        Self { about, heads, rows: Vec::new() }
    }

    pub fn row(&mut self, figure: Figure, name: &str, cells: impl IntoIterator<Item = usize>) {
        self.rows.push((figure, name.to_owned(), cells.into_iter().collect()));
    }

    fn markdown(&self) -> String {
        let mut text = format!("| {} | {} |\n|---|", self.about, self.heads.join(" | "));
        text += &"---|".repeat(self.heads.len());
        for (_, name, cells) in &self.rows {
            let cells: Vec<String> = cells.iter().map(|n| number(*n)).collect();
            let _ = write!(text, "\n| {name} | {} |", cells.join(" | "));
        }
        text + "\n"
    }
}

/// With a comma after the thousands; nothing is a dash.
fn number(n: usize) -> String {
    match n {
        0 => "–".into(),
        1..1000 => n.to_string(),
        _ => format!("{},{:03}", number(n / 1000), n % 1000),
    }
}

/// The tables as the page has them.
pub fn text(tables: &[Table]) -> String {
    tables.iter().map(Table::markdown).collect::<Vec<_>>().join("\n")
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md")
}

/// The page before, between and after the two lines.
fn page() -> [String; 3] {
    let text = fs::read_to_string(file()).expect("the page is there");
    let (before, rest) = text.split_once(BEGIN).expect("the page has a line where the tables begin");
    let (between, after) = rest.split_once(END).expect("the page has a line where the tables end");
    [before, between, after].map(str::to_owned)
}

/// Writes the tables of the page anew.
pub fn write(tables: &[Table]) {
    let [before, _, after] = page();
    fs::write(file(), format!("{before}{BEGIN}\n{}\n{END}{after}", text(tables))).expect("the page is written");
}

/// The numbers of the page by row and column.
fn budget() -> BTreeMap<(String, String), usize> {
    let [_, between, _] = page();
    let (mut heads, mut all) = (Vec::new(), BTreeMap::new());
    for line in between.lines().filter(|line| !line.starts_with("|---")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let numbers: Option<Vec<usize>> =
            cells.iter().skip(1).map(|cell| cell.replace('–', "0").replace(',', "").parse().ok()).collect();
        match numbers {
            Some(numbers) => {
                let named = heads.iter().zip(numbers).map(|(head, n)| ((cells[0].to_owned(), String::clone(head)), n));
                all.extend(named);
            }
            None => heads = cells.iter().skip(1).map(|head| (*head).to_owned()).collect(),
        }
    }
    all
}

/// Each figure of that sort which the budget does not allow, one a line.
pub fn over_budget(tables: &[Table], figure: Figure) -> Vec<String> {
    let counted: BTreeMap<(String, String), (Figure, usize)> = tables
        .iter()
        .flat_map(|table| table.rows.iter().map(move |row| (table, row)))
        .flat_map(|(table, (figure, name, cells))| {
            table.heads.iter().zip(cells).map(|(head, n)| ((name.clone(), (*head).to_owned()), (*figure, *n)))
        })
        .collect();
    let budget = budget();
    let keys: BTreeSet<_> = counted.keys().chain(budget.keys()).collect();
    let mut lines = Vec::new();
    for key in keys {
        // A row that was not counted is a request that nobody makes any more.
        let (of, n) = counted.get(key).copied().unwrap_or((Figure::Requests, 0));
        let most = budget.get(key).copied().unwrap_or(0);
        if of == figure && !of.holds(n, most) {
            lines.push(format!("{}, {}: {}; the page has {}", key.0, key.1, number(n), number(most)));
        }
    }
    lines
}
