//! How does the dashboard look? An SVG of the panels, drawn from the answers of a real Prometheus. It is not Grafana: the
//! queries, titles and data are those of the dashboard, and the form is plain.
//!
//! `UPDATE_PICTURE=1 tests/run`, or the test of the dashboard alone, writes docs/monitoring/dashboard.svg anew.

use std::fmt::Write;

use serde_json::Value;

use crate::dashboard::Panel;
use crate::prometheus::{Prometheus, values};
use crate::tools::root;

const WIDTH: f64 = 960.0;
const GAP: f64 = 10.0;
const STAT: (f64, f64) = (145.0, 70.0);
const CHART: (f64, f64) = (465.0, 170.0);
const COLOURS: [&str; 8] = ["#0b62c4", "#d9730d", "#2e8540", "#a11d33", "#6b4fbb", "#00838f", "#8d6e00", "#5f6b7a"];
/// Lines and names of lines that fit into one chart.
const MOST_LINES: usize = 6;

type Range = (f64, f64);

/// Draws the stats and the charts of the dashboard, and writes the file.
pub fn write(prometheus: &Prometheus, panels: &[Panel], range: Range) {
    let (stats, charts): (Vec<&Panel>, Vec<&Panel>) =
        panels.iter().filter(|panel| panel.kind != "table" && panel.kind != "heatmap").partition(|p| p.kind == "stat");
    let mut body = String::new();
    let (mut x, mut y) = (GAP, GAP);
    for panel in stats {
        stat(&mut body, prometheus, panel, (x, y));
        x += STAT.0 + GAP;
        if x + STAT.0 > WIDTH {
            (x, y) = (GAP, y + STAT.1 + GAP);
        }
    }
    (x, y) = (GAP, y + STAT.1 + GAP);
    for (n, panel) in charts.iter().enumerate() {
        chart(&mut body, prometheus, panel, (x, y), range);
        (x, y) = if n % 2 == 0 { (GAP + CHART.0 + GAP, y) } else { (GAP, y + CHART.1 + GAP) };
    }
    let height = y + CHART.1 * f64::from(u8::from(x > GAP)) + GAP;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" font-family=\"sans-serif\" font-size=\"10\">\n\
         <rect width=\"{WIDTH}\" height=\"{height:.0}\" fill=\"#f4f5f7\"/>\n{body}</svg>\n"
    );
    let folder = root().join("docs/monitoring");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("dashboard.svg"), svg).expect("written");
}

fn frame(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), title: &str) {
    let _ = writeln!(
        svg,
        r##"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="white" stroke="#d8dbe0"/>"##
    );
    text(svg, (x + 8.0, y + 15.0), "font-weight=\"bold\"", title);
}

fn text(svg: &mut String, (x, y): (f64, f64), more: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" {more}>{words}</text>"#);
}

fn stat(svg: &mut String, prometheus: &Prometheus, panel: &Panel, at: (f64, f64)) {
    frame(svg, at, STAT, &panel.title);
    let series = panel.queries.iter().flat_map(|(_, expr)| prometheus.query(expr, None).unwrap_or_default());
    let sum: f64 = series.filter_map(|series| values(&series).last().map(|(_, value)| *value)).sum();
    let colour = if panel.title == "Blocked" && sum > 0.0 { COLOURS[3] } else { COLOURS[0] };
    let more = format!(r#"font-size="28" text-anchor="middle" fill="{colour}""#);
    text(svg, (at.0 + STAT.0 / 2.0, at.1 + 52.0), &more, &number(sum));
}

/// A line for each series.
fn chart(svg: &mut String, prometheus: &Prometheus, panel: &Panel, at: (f64, f64), range: Range) {
    frame(svg, at, CHART, &panel.title);
    let step = ((range.1 - range.0) / 120.0).max(1.0);
    let asked =
        panel.queries.iter().map(|(legend, expr)| (legend, prometheus.query(expr, Some((range.0, range.1, step)))));
    let lines: Vec<(String, Vec<(f64, f64)>)> = asked
        .flat_map(|(legend, found)| found.unwrap_or_default().into_iter().map(move |s| (name(legend, &s), values(&s))))
        .filter(|(_, points)| !points.is_empty())
        .take(MOST_LINES)
        .collect();
    let most = lines.iter().flat_map(|(_, points)| points).map(|(_, value)| *value).fold(0.0, f64::max);
    let top = if most > 0.0 { most * 1.1 } else { 1.0 };
    let (left, right) = (at.0 + 46.0, at.0 + CHART.0 - 10.0);
    let (up, down) = (at.1 + 26.0, at.1 + CHART.1 - 36.0);
    let x = |t: f64| left + (right - left) * (t - range.0) / (range.1 - range.0);
    let y = |v: f64| down - (down - up) * v / top;
    for part in [0.0, 0.5, 1.0] {
        let _ = writeln!(
            svg,
            r##"<line x1="{left:.1}" y1="{0:.1}" x2="{right:.1}" y2="{0:.1}" stroke="#e6e8eb"/>"##,
            y(top * part)
        );
        text(svg, (left - 5.0, y(top * part) + 3.0), "text-anchor=\"end\" fill=\"#5f6b7a\"", &number(top * part));
        let second = (range.1 - range.0) * part;
        let label = if part == 0.0 { "0 s".to_owned() } else { format!("{second:.0} s") };
        let anchor = if part == 1.0 { "end" } else { "middle" };
        text(svg, (x(range.0 + second), down + 12.0), &format!("text-anchor=\"{anchor}\" fill=\"#5f6b7a\""), &label);
    }
    for (n, (_, points)) in lines.iter().enumerate() {
        let path: Vec<String> = points.iter().map(|(t, v)| format!("{:.1},{:.1}", x(*t), y(*v))).collect();
        let colour = COLOURS[n % COLOURS.len()];
        let _ = writeln!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.5"/>"#,
            path.join(" ")
        );
    }
    let mut from = left;
    for (n, (name, _)) in lines.iter().enumerate() {
        let y = at.1 + CHART.1 - 9.0;
        let colour = COLOURS[n % COLOURS.len()];
        let _ = writeln!(svg, r#"<rect x="{from:.1}" y="{:.1}" width="10" height="3" fill="{colour}"/>"#, y - 4.0);
        text(svg, (from + 13.0, y), "font-size=\"9\"", name);
        from += 20.0 + 4.8 * name.len() as f64;
    }
}

/// The legend, with the labels of the series filled in.
fn name(legend: &str, series: &Value) -> String {
    let labels = series["metric"].as_object().cloned().unwrap_or_default();
    let filled = labels.iter().fold(legend.to_owned(), |text, (label, value)| {
        text.replace(&format!("{{{{{label}}}}}"), value.as_str().unwrap_or_default())
    });
    // The namespace of a test says nothing to a reader.
    filled.rsplit('/').next().unwrap_or_default().to_owned()
}

fn number(value: f64) -> String {
    match value {
        v if v == v.trunc() => format!("{v:.0}"),
        v if v.abs() >= 10.0 => format!("{v:.0}"),
        v if v.abs() >= 1.0 => format!("{v:.1}"),
        v if v.abs() >= 0.01 => format!("{v:.2}"),
        v => format!("{v:.4}"),
    }
}
