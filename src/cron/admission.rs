//! Which schedules and time zones can admission reject? Their syntax, as text for CEL.
//!
//! Admission is never stricter than the parser. The parser may still reject a schedule that matches (`5-1` ends before it
//! begins), but it would reject every schedule that does not match. `tests/cron_oracle.rs` compares the two.

use crate::cron::zone::Zone;

/// The white space at which Go's `strings.Fields`, and `split_whitespace` here, split.
const SPACE: &str = r"[\s\v\x{85}\p{Z}]";

/// A regular expression (RE2) that matches every valid schedule, `H` included, without a time zone.
pub fn schedule() -> String {
    let fields = [
        field(r"0*[1-5]?[0-9]"),
        field(r"0*(1?[0-9]|2[0-3])"),
        field(r"0*([1-9]|[12][0-9]|3[01])"),
        field(r"0*([1-9]|1[0-2])|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"),
        field(r"0*[0-6]|(?i:sun|mon|tue|wed|thu|fr[i\x{130}]|sat)"),
    ];
    let fields = fields.join(&format!("{SPACE}+"));
    let every = r"@every [-+]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)";
    format!("^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|{every}|{SPACE}*{fields}{SPACE}*)$")
}

/// A list of ranges with numbers of this form; empty entries are allowed.
fn field(number: &str) -> String {
    let number = format!(r"(\+?({number}))");
    let range = format!(r"([*?](-[^,/\s\v\x{{85}}\p{{Z}}]*)?|{number}(-{number})?|H(\([0-9]+-[0-9]+\))?)");
    let part = format!(r"{range}(/\+?[0-9]*[1-9][0-9]*)?");
    format!("(,*{part}(,+{part})*,*|,+)")
}

/// All names of time zones.
pub fn zones() -> impl Iterator<Item = &'static str> {
    Zone::all().map(|zone| zone.name())
}
