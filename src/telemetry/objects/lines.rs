//! How are the series of one object written? A line for each.

use std::fmt::{Display, Write};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Writes lines of one metric about one object.
pub struct Lines<'a> {
    out: &'a mut String,
    metric: &'static str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Lines<'a> {
    /// Of that metric and that object.
    pub fn of(out: &'a mut String, metric: &'static str, namespace: &'a str, name: &'a str) -> Self {
        Self { out, metric, namespace, name }
    }

    /// The series, if there is a value.
    pub fn value(&mut self, value: Option<impl Display>) {
        if let Some(value) = value {
            self.with(&[], value);
        }
    }

    /// The series, in seconds since 1970, if there is a time.
    pub fn time(&mut self, time: Option<&Time>) {
        self.value(time.map(|time| time.0.as_second()));
    }

    /// The series, as 1 or 0.
    pub fn flag(&mut self, is: bool) {
        self.with(&[], u8::from(is));
    }

    /// A series with more labels.
    pub fn with(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let Self { out, metric, namespace, name } = self;
        let _ = write!(out, "{metric}{{namespace=\"{namespace}\",name=\"{name}\"");
        for (label, text) in labels {
            let _ = write!(out, ",{label}=\"");
            escape(text, out);
            out.push('"');
        }
        let _ = writeln!(out, "}} {value}");
    }
}

/// As both text formats want it.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}
