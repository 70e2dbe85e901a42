//! Our cron against the original: robfig/cron v3.0.1, which CronJob uses, built with Go from `cron_oracle/`.
//!
//! Odd and random expressions, in every zone, around changes of clocks: the same times, the same refusals, or the test
//! fails. Drawn from a seed: `SIDECARJOB_SEED=N` draws others, `SIDECARJOB_CASES=N` draws more.

#[path = "world/dice.rs"]
mod dice;
#[path = "cron_oracle/expressions.rs"]
mod expressions;
mod go_program;
#[path = "cron_oracle/oracle.rs"]
mod oracle;
mod piped;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use dice::Dice;
use oracle::{Answer, Question};
use sidecarjob::cron::{Budget, Dst, Expression, Times, Zone, admission, budget};

/// Random cases, besides those that are laid out.
const CASES: u64 = 120_000;
/// How many times of each case are compared.
const TIMES: usize = 3;
/// The years in question. Go's rules and chrono-tz' may come from different releases, which differ in the past.
const YEARS: [&str; 2] = ["1996-01-01T00:00:00Z", "2090-01-01T00:00:00Z"];

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn unix(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().expect("a time").timestamp()
}

/// What our own cron says.
fn ours(question: &Question) -> Answer {
    let expression = match Expression::parse(&question.schedule) {
        Ok(expression) => expression,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    let times = Times::of(expression, Zone::UTC, Dst::CronJob);
    let next = |at| times.next(at, &mut Budget::of(budget::OF_A_DECISION)).expect("one schedule is not too complex");
    let first = next(DateTime::from_timestamp(question.from, 0).expect("a time"));
    let all = std::iter::successors(first, |at| next(*at)).take(question.n);
    Answer::Times(all.map(|at| at.timestamp()).collect())
}

/// The seconds at which a zone's clocks are changed.
fn changes(zone: Zone) -> Vec<i64> {
    const STEP: i64 = 7 * 86_400;
    let offset = |unix: i64| zone.wall(unix).map(|wall| wall.and_utc().timestamp() - unix);
    let steps = (unix(YEARS[0])..unix(YEARS[1])).step_by(STEP as usize);
    let changed = steps.filter(|from| offset(*from) != offset(from + STEP));
    changed
        .map(|from| {
            let (mut before, mut after) = (from, from + STEP);
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if offset(middle) == offset(from) { before = middle } else { after = middle }
            }
            after
        })
        .collect()
}

/// Hard expressions in every zone at the changes of the years from 2000 on, then random ones.
fn questions(dice: &mut Dice) -> Vec<Question> {
    let zones: Vec<(Zone, Vec<i64>)> = Zone::all().map(|zone| (zone, changes(zone))).collect();
    let mut all = Vec::new();
    let ask = |zone: &str, text: &str, from| Question { schedule: format!("TZ={zone} {text}"), from, n: TIMES };
    for (zone, changes) in &zones {
        let recent: Vec<i64> = changes.iter().copied().filter(|at| *at > unix("2000-01-01T00:00:00Z")).collect();
        let some = recent.iter().step_by(recent.len().div_ceil(6).max(1));
        for at in some.copied().chain([unix("2026-11-25T00:00:00Z")]) {
            for text in expressions::HARD {
                let before = [3_600, 7_200, 86_400, 5 * 86_400][dice.roll(4) as usize];
                all.push(ask(zone.name(), text, at - before));
            }
        }
    }
    let slow =
        ["UTC", "America/New_York", "Australia/Lord_Howe"].iter().flat_map(|zone| expressions::SLOW.map(|e| (zone, e)));
    all.extend(slow.map(|(zone, text)| ask(zone, text, unix("2026-11-25T00:00:00Z"))));
    for n in 0..from_env("SIDECARJOB_CASES", CASES) {
        let (zone, changes) = &zones[n as usize % zones.len()];
        let from = match dice.pick(changes) {
            Some(at) if !dice.one_in(4) => at + i64::from(dice.roll(6 * 86_400)) - 4 * 86_400,
            _ => unix(YEARS[0]) + i64::from(dice.roll(94 * 365)) * 86_400 + i64::from(dice.roll(86_400)),
        };
        let text = expressions::random(dice);
        all.push(match dice.roll(10) {
            0 => Question { schedule: text, from, n: TIMES },
            1 if dice.one_in(2) => Question { schedule: format!("CRON_TZ={}  {text}", zone.name()), from, n: TIMES },
            _ => ask(zone.name(), &text, from),
        });
    }
    all.push(ask("Pacific/Kiritimati", "* 3-16 * * 0", unix("1994-12-28T22:04:22Z"))); // the last: it takes a core
    all
}

#[test]
#[ignore = "needs Go: run make test"]
fn our_cron_is_the_originals() {
    let seed = from_env("SIDECARJOB_SEED", 6);
    let questions = questions(&mut Dice::new(seed));
    let theirs = oracle::ask(&questions);
    let (mut refused, mut endless, mut differences) = (0, 0, Vec::new());
    let (mut zones, mut distinct) = (BTreeSet::new(), BTreeSet::new());
    for (question, theirs) in questions.iter().zip(&theirs) {
        let ours = ours(question);
        refused += usize::from(matches!(ours, Answer::Refused(_)));
        endless += usize::from(*theirs == Answer::Endless);
        let (zone, text) = question.schedule.split_once(' ').unwrap_or_default();
        zones.insert(zone);
        distinct.insert(text);
        let same = match (&ours, theirs) {
            (Answer::Times(a), Answer::Times(b)) => a == b,
            (Answer::Times(_), Answer::Endless) => true, // ours has an end
            (a, b) => matches!((a, b), (Answer::Refused(_), Answer::Refused(_))),
        };
        if !same {
            differences.push(format!("{question:?}\n    ours   {ours:?}\n    theirs {theirs:?}"));
        }
    }
    println!(
        "{} cases, {} expressions, {} zones, {refused} refused by both, {endless} in which \
         the original's search never ends, {} differences (seed {seed})",
        questions.len(),
        distinct.len(),
        Zone::all().count(),
        differences.len()
    );
    assert!(questions.len() >= 100_000 && refused > 1_000 && zones.len() >= Zone::all().count());
    let some = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} differences, the first of them:\n{some}", differences.len());
}

#[test]
#[ignore = "needs Go: run make test"]
fn zones_are_taken_and_refused_as_the_original_does() {
    let mut dice = Dice::new(from_env("SIDECARJOB_SEED", 6));
    let mut names: BTreeSet<String> = Zone::all().map(|zone| zone.name().to_owned()).collect();
    let known = names.len();
    for name in names.clone() {
        names.extend([name.to_lowercase(), name.to_uppercase(), format!("{name}/"), format!("/{name}")]);
        names.extend([format!("./{name}"), format!("{name} "), format!("posix/{name}"), format!("right/{name}")]);
        names.insert(expressions::spoil(&mut dice, &name));
    }
    for name in ["", "Local", "local", "LOCAL", "Etc/Unknown", "..", ".", "America", "posixrules", "zone.tab", "+01:00"]
    {
        names.insert(name.into());
    }
    let names: Vec<String> = names.into_iter().collect();
    let theirs = oracle::ask_zones(&names);
    let taken = |answer: &Answer| !matches!(answer, Answer::Refused(_));
    let differ: Vec<_> = names.iter().zip(&theirs).filter(|(n, a)| Zone::parse(n).is_ok() != taken(a)).collect();
    println!("{} names of zones, {known} known, {} differences", names.len(), differ.len());
    assert_eq!(theirs.iter().filter(|a| taken(a)).count(), known, "we know all that they know");
    assert!(differ.is_empty(), "{differ:?}");
}

/// What is refused at admission would be refused by the parser too.
#[test]
fn admission_is_never_stricter_than_the_parser() {
    let mut dice = Dice::new(from_env("SIDECARJOB_SEED", 6));
    let form = regex::Regex::new(&admission::schedule()).expect("RE2 is a part of what regex reads");
    let mut counts: BTreeMap<(bool, bool), u32> = BTreeMap::new();
    let hard = expressions::HARD.iter().map(ToString::to_string);
    let drawn: Vec<String> = hard.chain((0..50_000).map(|_| expressions::random(&mut dice))).collect();
    for text in drawn.iter().filter(|text| !text.contains("TZ")) {
        let (fits, parses) = (form.is_match(text), Expression::parse(text).is_ok());
        assert!(fits || !parses, "{text:?} is a schedule and would be refused at admission");
        *counts.entry((fits, parses)).or_default() += 1;
    }
    let refused = counts[&(false, false)] + counts[&(true, false)];
    println!("of {refused} schedules that can't be read, {} are refused at admission", counts[&(false, false)]);
    assert!(
        counts[&(false, false)] * 10 > refused * 7,
        "most of what can't be read is refused at admission: {counts:?}"
    );
}
