//! In which format do clients get the metrics? OpenMetrics if they ask for it, else the older text format of Prometheus.
//!
//! In the older format, the family name of a counter also ends in `_total`: readers of families expect it there.

use std::collections::HashSet;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The newer one.
    OpenMetrics,
    /// The older one, of Prometheus.
    Prometheus,
}

impl Form {
    /// The format that the client's `Accept` header asks for.
    pub fn wanted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// OpenMetrics text in this format.
    pub fn of(self, openmetrics: String) -> String {
        match self {
            Self::OpenMetrics => openmetrics,
            Self::Prometheus => as_prometheus(&openmetrics),
        }
    }

    /// The last line, if the format has one.
    pub fn end(self) -> Option<String> {
        (self == Self::OpenMetrics).then(|| "# EOF\n".to_owned())
    }
}

/// Converts OpenMetrics text to the older format.
fn as_prometheus(openmetrics: &str) -> String {
    let types = openmetrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let counters: HashSet<&str> = types.filter_map(|about| about.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines().filter(|l| *l != "# EOF" && !l.starts_with("# UNIT ")) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(name) => {
                text.push_str(&format!("# {what} {name}_total {rest}\n"));
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_its_whole_name_in_the_older_form() {
        let new = "# HELP runs_finished Runs, finished.\n# TYPE runs_finished counter\nruns_finished_total{a=\"b c\"} 1\n\
                   # HELP took Seconds.\n# TYPE took histogram\n# UNIT took seconds\ntook_sum 0.5\n# EOF\n";
        let old = "# HELP runs_finished_total Runs, finished.\n# TYPE runs_finished_total counter\n\
                   runs_finished_total{a=\"b c\"} 1\n# HELP took Seconds.\n# TYPE took histogram\ntook_sum 0.5\n";
        assert_eq!(as_prometheus(new), old);
    }

    #[test]
    fn only_who_asks_gets_the_newer_form() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
        assert_eq!(Form::wanted(prometheus), Form::OpenMetrics);
        assert_eq!(Form::wanted("text/plain"), Form::Prometheus);
        assert_eq!(Form::wanted("*/*"), Form::Prometheus);
    }
}
