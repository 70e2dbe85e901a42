//! What does kubectl make of a scalar: a text, a number, true, false or nothing?
//!
//! kubectl reads YAML 1.1: `yes` is true, `0644` is 420.

use serde_json::{Number, Value};

/// The notation of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// `|` or `>`.
    Block,
}

const OF_YAML: &str = "tag:yaml.org,2002:";

/// The value of a scalar.
pub(super) fn value(text: &str, style: Style, tag: Option<&str>) -> Value {
    let as_text = || Value::String(text.to_owned());
    match tag.map(|tag| tag.strip_prefix(OF_YAML).unwrap_or("")) {
        None if style == Style::Plain => plain(text).unwrap_or_else(as_text),
        Some("int" | "bool" | "null") => plain(text).unwrap_or_else(as_text),
        Some("float") => float(text).unwrap_or_else(as_text),
        _ => as_text(),
    }
}

/// What a text without quotes means; `None`: a text.
fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => return Some(true.into()),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Some(false.into());
        }
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let digits = text.replace('_', "");
    whole(&digits).or_else(|| float(&digits))
}

/// A whole number, in the bases of Go: `0x`, `0b`, `0o`, and `0` for octal.
fn whole(text: &str) -> Option<Value> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_str() {
        "0" => (10, "0"),
        other => [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)]
            .into_iter()
            .find_map(|(prefix, base)| Some((base, other.strip_prefix(prefix)?)))
            .unwrap_or((10, other)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let number = u64::from_str_radix(digits, base).ok()?;
    match negative {
        false => Some(number.into()),
        true => Some(i64::try_from(-i128::from(number)).ok()?.into()),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Value> {
    let has_only = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    let number: f64 = has_only.then(|| text.parse().ok()).flatten()?;
    Number::from_f64(number).map(Value::Number)
}
