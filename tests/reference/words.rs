//! Conditions, reasons and events, from the comments beside their literals in `src/api/conditions.rs`.

use std::fs;

use regex::Regex;

/// A literal and its comment.
#[derive(Clone, Debug)]
pub struct Word {
    /// The module of the literal: types, reasons, events, pod, schedule.
    pub list: String,
    pub constant: String,
    pub literal: String,
    /// Normal or Warning, if the word is the reason of an event.
    event: Option<String>,
    meaning: String,
    todo: String,
}

/// Text in a cell of a table.
pub fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The comments and literals: `conditions.rs`, and of schedules the file in its folder, as a module like the others.
pub fn source() -> String {
    let read = |file: &str| fs::read_to_string(super::root().join("src/api").join(file)).expect("the source");
    let schedule: String = read("conditions/schedule.rs").lines().map(|line| format!("    {line}\n")).collect();
    format!("{}pub mod schedule {{\n{schedule}}}\n", read("conditions.rs"))
}

/// The words that people meet: all but the messages, and the results of runs in a history.
pub fn all() -> Vec<Word> {
    let source = source();
    let module = Regex::new(r"^pub mod (\w+) \{").expect("a pattern");
    let literal = Regex::new(r#"^    pub const ([A-Z_]+): &str = "([A-Za-z]+)";"#).expect("a pattern");
    let (mut list, mut comment, mut words) = (String::new(), Vec::new(), Vec::new());
    for line in source.lines() {
        if let Some(found) = module.captures(line) {
            list = found[1].to_owned();
        }
        match line.strip_prefix("    /// ") {
            Some(text) => comment.push(text),
            None => {
                if let Some(found) = literal.captures(line).filter(|_| list != "messages") {
                    words.extend(word(&list, &found[1], &found[2], &comment));
                }
                comment.clear();
            }
        }
    }
    assert!(words.len() > 80, "the words were found: {}", words.len());
    words
}

/// The results of runs have no advice, and are told of with the field of the history.
fn word(list: &str, constant: &str, literal: &str, comment: &[&str]) -> Option<Word> {
    let text = comment.join(" ");
    let Some((meaning, todo)) = text.split_once(" What to do: ") else {
        assert!(text.starts_with("Result of a run"), "{constant} has no `What to do:` in its comment");
        return None;
    };
    let (meaning, event) = match meaning.split_once(" Event: ") {
        Some((meaning, type_)) => (meaning, Some(type_.trim_end_matches('.').to_owned())),
        None => (meaning, None),
    };
    let own = ["Normal", "Warning"].into_iter().find(|type_| list == "events" && meaning.starts_with(type_));
    let event = event.or(own.map(str::to_owned));
    assert!(event.iter().all(|type_| ["Normal", "Warning"].contains(&type_.as_str())), "{constant}: {event:?}");
    let [list, constant, literal] = [list, constant, literal].map(str::to_owned);
    Some(Word { list, constant, literal, event, meaning: meaning.to_owned(), todo: capital(todo) })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

const GENERATED: &str =
    "<!-- Generated from src/api. Never edited: UPDATE_REFERENCE=1 cargo test --test reference -->\n";

/// `Stalled=True: the API server …` in two parts: of which condition, and what.
fn of_condition(meaning: &str) -> (String, String) {
    match meaning.split_once(": ") {
        Some((of, what)) if of.len() < 50 && !of.contains('`') => (of.to_owned(), capital(what)),
        _ if meaning.len() < 70 && meaning.contains("=") => (meaning.trim_end_matches('.').to_owned(), String::new()),
        _ => (String::new(), meaning.to_owned()),
    }
}

/// The page of conditions and their reasons.
pub fn conditions() -> String {
    let all = all();
    let of = |list: &'static str| all.iter().filter(move |word| word.list == list);
    let mut page = format!(
        "{GENERATED}\n# Conditions and reasons\n\n\
         `status.observedGeneration` says which generation of the spec all conditions describe. A condition that does not\n\
         apply is absent or False. [tools.md](../tools.md) says what tools make of them.\n\n\
         ## Conditions\n\n| condition | meaning | what to do |\n|---|---|---|\n"
    );
    for word in of("types") {
        page += &format!("| `{}` | {} | {} |\n", word.literal, cell(&word.meaning), cell(&word.todo));
    }
    page += "\nA SidecarCronJob has `Ready` and `Stalled`; a SidecarJob has all but `Ready`. A batch/v1 Job that this\n\
             controller runs has the conditions of a Job, and if it has sidecars `SidecarMissing`, `PodChanged` and `Waiting`.\n";
    for (title, list) in [("Reasons of a SidecarJob", "reasons"), ("Reasons of a SidecarCronJob", "schedule")] {
        page += &format!("\n## {title}\n\n| reason | of | meaning | what to do |\n|---|---|---|---|\n");
        for word in of(list) {
            let (of, what) = of_condition(&word.meaning);
            if list == "schedule" && !of.contains('=') {
                continue; // an event, and no reason of a condition
            }
            page += &format!("| `{}` | {} | {} | {} |\n", word.literal, cell(&of), cell(&what), cell(&word.todo));
        }
    }
    page += "\nThe reason `StepFailed` is also one of a SidecarCronJob.\n\n\
             ## Reasons of Pods and containers\n\nIn `status.lastFailure`, `status.containers` and `status.recentPods`. Other words\n\
             there are Kubernetes' own, for example `Evicted`, and the reasons above that are of a Pod.\n\n\
             | reason | meaning | what to do |\n|---|---|---|\n";
    for word in of("pod") {
        page += &format!("| `{}` | {} | {} |\n", word.literal, cell(&word.meaning), cell(&word.todo));
    }
    page
}

/// The page of events.
pub fn events() -> String {
    let mut page = format!(
        "{GENERATED}\n# Events\n\n\
         `kubectl describe` and `kubectl events --for` show them. The controller sends an event when its cause is stored,\n\
         and limits the events of one object and of one namespace ([isolation.md](../isolation.md)). If many runs end at once, the\n\
         event `Completed` of a run may come before the controller has sent `SuccessfulCreate`: then one event says both, and its\n\
         note names the Pod, as in `Job completed; created pod: etl-x7k2p`. In the same way `SawCompletedJob` of a schedule replaces\n\
         a waiting `SuccessfulCreate`. An event about a batch/v1 Job has the source `job-controller`, as the events of the\n\
         built-in controller.\n"
    );
    let all = all();
    let of = |schedule: bool| all.iter().filter(move |w| w.event.is_some() && (w.list == "schedule") == schedule);
    let head = "| reason | type | about | when | what to do |\n|---|---|---|---|---|\n";
    page += &format!("\n## About a run\n\n{head}");
    for word in of(false) {
        page += &line(word, "SidecarJob, Job");
    }
    page += &format!("\n## About a schedule\n\n{head}");
    for word in of(true) {
        page += &line(word, "SidecarCronJob");
    }
    page + "\n`StepFailed` may also be about a SidecarCronJob.\n"
}

fn line(word: &Word, about: &str) -> String {
    let event = word.event.as_deref().unwrap_or_default();
    let (mut about, mut when) = (about, word.meaning.as_str());
    if let Some((head, rest)) = word.meaning.split_once(": ").filter(|_| ["events", "types"].contains(&&*word.list)) {
        about = if head.contains("about a Job") { "Job" } else { about };
        when = rest;
    }
    let cells = [about.to_owned(), cell(&capital(when)), cell(&word.todo)].join(" | ");
    format!("| `{}` | {event} | {cells} |\n", word.literal)
}
