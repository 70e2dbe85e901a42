//! How do the curves look? An SVG of the units that were done at each second: a line for each round of each side.

use std::fmt::Write;

use crate::figures::Outcome;
use crate::workload::Side;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 40.0;
/// Parts of an axis.
const PARTS: u32 = 5;

/// Draws the curves of one workload; nothing if there is no curve.
pub fn draw(title: &str, unit: &str, outcomes: &[&Outcome]) -> Option<String> {
    let points = || outcomes.iter().flat_map(|outcome| &outcome.curve);
    let (seconds, units) = (points().map(|p| p.0).fold(0.0, f64::max), points().map(|p| p.1).max()? as f64);
    if points().count() < 2 * outcomes.len() || seconds <= 0.0 {
        return None;
    }
    let x = |second: f64| LEFT + (WIDTH - LEFT - RIGHT) * second / seconds;
    let y = |unit: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * unit / units;
    let mut svg = head(title);
    for part in 0..=PARTS {
        let share = f64::from(part) / f64::from(PARTS);
        let (across, up) = (x(share * seconds), y(share * units));
        line(&mut svg, (LEFT, up), (WIDTH - RIGHT, up));
        label(&mut svg, (LEFT - 6.0, up + 4.0), "end", &format!("{:.0}", share * units));
        label(&mut svg, (across, HEIGHT - BOTTOM + 16.0), "middle", &format!("{:.1}", share * seconds));
    }
    label(&mut svg, (WIDTH / 2.0, HEIGHT - 6.0), "middle", "seconds");
    label(&mut svg, (LEFT, TOP - 8.0), "middle", unit);
    for outcome in outcomes {
        let path: Vec<String> =
            outcome.curve.iter().map(|(second, n)| format!("{:.1},{:.1}", x(*second), y(*n as f64))).collect();
        let _ = writeln!(
            svg,
            r#"<polyline points="{:.1},{:.1} {}" fill="none" stroke="{}" stroke-width="1.5"/>"#,
            x(0.0),
            y(0.0),
            path.join(" "),
            colour(outcome.side)
        );
    }
    Some(svg + "</svg>\n")
}

fn colour(side: Side) -> &'static str {
    match side {
        Side::Ours => "#0b62c4",
        Side::Theirs => "#d9730d",
    }
}

fn head(title: &str) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
<text x="{LEFT}" y="16" font-size="13">{title}</text>
"#
    );
    for (at, side, name) in [(400.0, Side::Ours, "SidecarJob"), (490.0, Side::Theirs, "kube-controller-manager")] {
        let _ = writeln!(
            svg,
            r#"<rect x="{at}" y="24" width="12" height="3" fill="{}"/><text x="{}" y="29">{name}</text>"#,
            colour(side),
            at + 17.0
        );
    }
    svg
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        r##"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="#dddddd"/>"##,
        from.0, from.1, to.0, to.1
    );
}

fn label(svg: &mut String, at: (f64, f64), anchor: &str, text: &str) {
    let _ = writeln!(svg, r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}">{text}</text>"#, at.0, at.1);
}
