//! How long is `1h30m`? For `@every`, parsed as Go's `time.ParseDuration` parses it.
//!
//! A duration is a sequence of numbers, each with a fraction and a unit; a sign may come first. The maximum is 63 bits of
//! nanoseconds.

/// Nanoseconds in each unit; µ has two spellings.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The greatest absolute value, also for negative durations.
const MAX: u64 = 1 << 63;

/// The duration in nanoseconds; `None` if the text is not a duration or the duration is too long.
pub fn nanoseconds(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (value, after) = one(rest)?;
        sum = sum.checked_add(value).filter(|sum| *sum <= MAX)?;
        rest = after;
    }
    match negative {
        true => 0_i64.checked_sub_unsigned(sum),
        false => i64::try_from(sum).ok(),
    }
}

/// A number and its unit, in nanoseconds, and the rest of the text.
fn one(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => digits(after),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok().filter(|n| *n <= MAX)? };
    let value = whole.checked_mul(unit).filter(|v| *v <= MAX)?;
    Some((value.checked_add(part(fraction, unit)).filter(|v| *v <= MAX)?, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The fraction of a unit, rounded down. It uses as many digits as Go does.
fn part(fraction: &str, unit: u64) -> u64 {
    let (mut n, mut scale, mut full) = (0_u64, 1_f64, false);
    for digit in fraction.bytes().map(|b| u64::from(b - b'0')) {
        if full || n > (MAX - 1) / 10 {
            full = true;
            continue;
        }
        let more = n * 10 + digit;
        if more > MAX {
            full = true;
            continue;
        }
        n = more;
        scale *= 10.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as Go does"
    )]
    let value = (n as f64 * (unit as f64 / scale)) as u64;
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, want) in [
            ("1h30m", Some(5_400_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            ("0", Some(0)),
            ("-1s", Some(-1_000_000_000)),
            ("+.5s", Some(500_000_000)),
            ("1s500ms", Some(1_500_000_000)),
            ("1µs1μs1us", Some(3_000)),
            ("2562047h47m16.854775807s", Some(i64::MAX)),
            ("-2562047h47m16.854775808s", Some(i64::MIN)),
            ("2562047h47m16.854775808s", None),
            ("", None),
            ("-", None),
            ("1", None),
            ("1 h", None),
            ("h", None),
            (".s", None),
            ("1d", None),
            ("1h ", None),
        ] {
            assert_eq!(nanoseconds(text), want, "{text:?}");
        }
    }
}
