//! What can be refused before it is stored? The form of schedules and zones, as text for CEL.
//!
//! Never stricter than what reads them later: a schedule that fits may still be refused there (`5-1` ends before it
//! begins), one that does not fit would be refused in any case. `tests/cron_oracle.rs` holds the two against each other.

use crate::cron::zone::Zone;

/// What `strings.Fields` of Go, and `split_whitespace` here, split at.
const SPACE: &str = r"[\s\v\x{85}\p{Z}]";

/// A regular expression (RE2) that every schedule fits which can be read, `H` included, with no zone in it.
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

/// A list of ranges whose numbers are like that; empty entries are fine.
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
