//! What is `H`? A number that the program computes from the object's name, and that never changes. Other objects have
//! other numbers, so that a thousand schedules of one hour do not all fire in the same minute.
//!
//! As in Jenkins, `H` is a number of the field's range (for days of the month 1 to 28, which every month has), `H(0-29)`
//! a number of this range, `H/15` and `H(0-29)/10` steps that begin at such a number. CronJob rejects `H`, so every
//! schedule that CronJob accepts has the same meaning here.

use crate::cron::expression::ParseError;
use crate::cron::field::Bounds;
use crate::cron::field::DAY;
use crate::cron::field::HOUR;
use crate::cron::field::MINUTE;
use crate::cron::field::MONTH;
use crate::cron::field::WEEKDAY;

const FIELDS: [&Bounds; 5] = [&MINUTE, &HOUR, &DAY, &MONTH, &WEEKDAY];

/// The last day that every month has.
const LAST_SURE_DAY: u64 = 28;

/// Does the expression have an `H`?
pub fn is_in(expression: &str) -> bool {
    let fields = expression.split_whitespace().flat_map(|field| field.split(','));
    !expression.starts_with(['@', 'T', 'C']) && fields.into_iter().any(|part| part.starts_with('H'))
}

/// The expression with a number for each `H`, computed from the object's `name` (`namespace/name`).
pub fn resolve(expression: &str, name: &str) -> Result<String, ParseError> {
    if !is_in(expression) {
        return Ok(expression.to_owned());
    }
    let fields = expression.split_whitespace().enumerate().map(|(n, field)| match FIELDS.get(n) {
        Some(bounds) => {
            let parts = field.split(',').map(|part| one(part, bounds, number(name, n)));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.join(","))
        }
        None => Ok(field.to_owned()),
    });
    Ok(fields.collect::<Result<Vec<_>, ParseError>>()?.join(" "))
}

/// The delay of this object: `0 <= jitter <= most`.
pub fn jitter(name: &str, most: u32) -> u32 {
    let n = number(name, FIELDS.len()) % (u64::from(most) + 1);
    u32::try_from(n).unwrap_or(0)
}

/// One entry of a list.
fn one(part: &str, bounds: &Bounds, n: u64) -> Result<String, ParseError> {
    let Some(rest) = part.strip_prefix('H') else { return Ok(part.to_owned()) };
    let wrong = |why: &str| ParseError::Hash(format!("{}: {part:?} {why}", bounds.name));
    let (range, step) = match rest.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (rest, None),
    };
    let last = if bounds.name == DAY.name { LAST_SURE_DAY } else { bounds.max.into() };
    let (first, last) = match range {
        "" => (u64::from(bounds.min), last),
        _ => {
            parse_range(range).ok_or_else(|| wrong("is no H: write H, H(FIRST-LAST), H/STEP or H(FIRST-LAST)/STEP"))?
        }
    };
    if first < bounds.min.into() || last > bounds.max.into() || first > last {
        return Err(wrong(&format!("is not within {}-{}", bounds.min, bounds.max)));
    }
    let room = last - first + 1;
    match step {
        None => Ok((first + n % room).to_string()),
        Some(step) => {
            let step: u64 = step.parse().ok().filter(|s| *s > 0).ok_or_else(|| wrong("has no step of 1 or more"))?;
            Ok(format!("{}-{last}/{step}", first + n % step.min(room)))
        }
    }
}

fn parse_range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix('(')?.strip_suffix(')')?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// The hash, the same in every version of this program: FNV-1a of the name and the field, mixed so that every bit counts.
fn number(name: &str, field: usize) -> u64 {
    let bytes = name.bytes().chain([b'/', b'0' + u8::try_from(field).unwrap_or(9)]);
    let fnv = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let n = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    n ^ (n >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cron::Expression;
    use std::collections::BTreeMap;

    #[test]
    fn one_object_has_one_number_and_a_thousand_objects_spread() {
        assert_eq!(resolve("H H * * *", "ns/a"), resolve("H H * * *", "ns/a"));
        let mut minutes: BTreeMap<String, u32> = BTreeMap::new();
        for n in 0..6_000 {
            *minutes.entry(resolve("H 0 * * *", &format!("team/nightly-{n}")).unwrap()).or_default() += 1;
        }
        assert_eq!(minutes.len(), 60, "every minute is used");
        assert!(minutes.values().all(|n| (60..150).contains(n)), "about 100 of 6,000 in each: {minutes:?}");
    }

    #[test]
    fn the_numbers_never_change_between_versions() {
        assert_eq!(resolve("H H H H H", "default/nightly").unwrap(), "26 13 15 4 4");
        assert_eq!(jitter("default/nightly", 3_600), 2_460);
    }

    #[test]
    fn ranges_and_steps_stay_within_their_bounds() {
        for n in 0..500 {
            let name = format!("ns/{n}");
            for text in ["H(0-29)/10 H(8-18) H H H", "H/90 * H/40 H/5 H(1-5)", "1,H,3 H/2 * * *"] {
                let resolved = resolve(text, &name).unwrap();
                assert!(Expression::parse(&resolved).is_ok(), "{text} became {resolved}");
            }
            let day: u64 = resolve("0 0 H * *", &name).unwrap().split(' ').nth(2).unwrap().parse().unwrap();
            assert!((1..=28).contains(&day));
            assert!(jitter(&name, 60) <= 60 && jitter(&name, 0) == 0);
        }
    }

    #[test]
    fn what_is_no_h_is_refused_or_left_alone() {
        for text in ["0 0 * * THU", "@hourly", "* * * * *"] {
            assert_eq!(resolve(text, "ns/a").unwrap(), text);
        }
        for text in ["HH * * * *", "H() * * * *", "H(5-1) * * * *", "H(0-99) * * * *", "H/0 * * * *", "H/x * * * *"] {
            assert!(resolve(text, "ns/a").is_err(), "{text}");
        }
        assert!(Expression::parse("H * * * *").is_err(), "CronJob's own reading refuses it");
    }
}
