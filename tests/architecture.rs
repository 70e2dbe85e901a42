//! The doors of the house: what may know of what, and what every file owes its reader.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 500;

/// All Rust files below `src`, as (path from the root of the project, text).
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).expect("below").display().to_string();
                files.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    assert!(files.len() > 30, "the sources were found");
    files
}

/// The code: comments are not code, and tests may do more.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..tests].lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(n, l)| (n + 1, l))
}

fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("/tests/")
}

/// Each line of these files that has one of these words.
fn find(in_files: impl Fn(&str) -> bool, words: &[&str], rule: &str) -> Vec<String> {
    let files = sources();
    let chosen: Vec<_> = files.iter().filter(|(file, _)| in_files(file) && !is_test(file)).collect();
    assert!(!chosen.is_empty(), "the rule has files to look at: {rule}");
    let hits = chosen.iter().flat_map(|(file, text)| {
        code(text)
            .filter(|(_, line)| words.iter().any(|w| line.contains(w)))
            .map(move |(n, line)| format!("{file}:{n}: {}\n    {rule}", line.trim()))
    });
    hits.collect()
}

fn assert_none(hits: Vec<String>) {
    assert!(hits.is_empty(), "{}", hits.join("\n"));
}

#[test]
fn arrows_point_one_way() {
    let below = |folder: &'static str| move |file: &str| file.starts_with(&format!("src/{folder}/"));
    assert_none(find(
        below("api"),
        &["crate::engine", "crate::controller", "crate::cli", "crate::telemetry"],
        "api depends on no other module: move what it needs into api",
    ));
    assert_none(find(
        below("cron"),
        &["crate::api", "crate::engine", "crate::controller", "crate::cli", "crate::telemetry"],
        "cron depends on no other module: it is told all that it needs",
    ));
    assert_none(find(
        below("engine"),
        &["crate::controller", "crate::cli", "crate::telemetry"],
        "engine knows api only: add what it needs to Observed",
    ));
    assert_none(find(
        below("cli"),
        &["crate::engine", "crate::controller"],
        "cli knows api only: it shows what is written",
    ));
    assert_none(find(
        below("telemetry"),
        &["crate::engine", "crate::controller", "crate::cli"],
        "telemetry is told, it does not ask",
    ));
    assert_none(find(|file: &str| file == "src/printable.rs", &["crate::"], "printable depends on no other module"));
    assert_none(find(below("controller"), &["crate::cli"], "the controller does not know the verbs of people"));
}

/// The modules that a file names, in `use` lines and elsewhere, as paths from the crate; `{…}` and `super` written out.
fn uses(module: &str, text: &str) -> Vec<String> {
    let text: String = code(text).map(|(_, line)| line.trim().to_owned() + " ").collect();
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let inline = text.split("crate::").skip(1).map(|rest| rest.split(|c| !is_path(c)).next().unwrap_or_default());
    let inline: Vec<String> = inline.filter(|path| !path.is_empty()).map(str::to_owned).collect();
    let lines = text
        .split("use ")
        .skip(1)
        .filter_map(|rest| rest.split(';').next())
        .map(|line| line.replace(" as ", "::as::").replace(' ', ""));
    let own: Vec<&str> = module.split("::").collect();
    let absolute = |path: String| {
        let up = path.matches("super::").count();
        let below = own[..own.len().saturating_sub(up)].join("::");
        match path.strip_prefix("crate::") {
            Some(path) => path.to_owned(),
            None if up > 0 => format!("{below}::{}", path.replace("super::", "")),
            None => format!("{module}::{}", path.replace("self::", "")),
        }
    };
    lines.flat_map(|line| branches(&line)).map(absolute).chain(inline).collect()
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn branches(tree: &str) -> Vec<String> {
    let Some((stem, rest)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in rest[..rest.rfind('}').unwrap_or(rest.len())].chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 { parts.push(String::new()) } else { parts.last_mut().expect("one").push(c) }
    }
    parts.iter().flat_map(|part| branches(part)).map(|branch| format!("{stem}{branch}")).collect()
}

/// The path of a file's module from the crate.
fn module(file: &str) -> String {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    if path == "lib" { String::new() } else { path }
}

/// The list of ARCHITECTURE.md. `judgement` is what `deeds` and `report` get, so it comes before them. `schedule` decides
/// about another kind, with some types of `observed` and `plan`.
#[test]
fn each_folder_of_the_engine_uses_only_those_before_it() {
    const ORDER: [&str; 9] =
        ["observed", "plan", "count", "result", "judgement", "build", "deeds", "report", "schedule"];
    let place = |module: &str| {
        let name = module.strip_prefix("engine::")?.split("::").next()?;
        ORDER.iter().position(|known| *known == name)
    };
    let files = sources();
    let files: Vec<_> = files.iter().filter(|(file, _)| file.starts_with("src/engine/") && !is_test(file)).collect();
    let (mut uses_seen, mut wrong) = (0, Vec::new());
    for (file, text) in files {
        let module = module(file);
        if module == "engine" {
            continue; // the list of all
        }
        let own = place(&module).unwrap_or_else(|| panic!("{file}: give its folder a place in ORDER"));
        for used in uses(&module, text) {
            uses_seen += 1;
            if place(&used).is_some_and(|used| used > own) {
                wrong.push(format!("{file} uses {used}, and {} comes before that", ORDER[own]));
            }
        }
    }
    assert!(uses_seen > 200, "the uses were found");
    assert_none(wrong);
}

/// Beyond a parent and its children, which are one thing in several files.
#[test]
fn no_files_stand_in_a_circle() {
    let files = sources();
    let files: Vec<_> = files.iter().filter(|(file, _)| !is_test(file)).map(|(f, text)| (module(f), text)).collect();
    let known = |path: &str| -> Option<&str> {
        let holds = |m: &&str| format!("{path}::").starts_with(&format!("{m}::"));
        files.iter().map(|(m, _)| m.as_str()).filter(holds).max_by_key(|m| m.len())
    };
    let kin = |a: &str, b: &str| format!("{a}::").starts_with(&format!("{b}::")) || b.starts_with(&format!("{a}::"));
    let edges: BTreeMap<&str, BTreeSet<&str>> = files
        .iter()
        .map(|(from, text)| {
            let to = uses(from, text);
            (from.as_str(), to.iter().filter_map(|path| known(path)).filter(|to| !kin(from, to)).collect())
        })
        .collect();
    assert!(edges.values().map(BTreeSet::len).sum::<usize>() > 200, "the uses were found");
    // Who uses nobody who is left can't stand in a circle.
    let mut left: BTreeSet<&str> = edges.keys().copied().collect();
    while let Some(free) = left.iter().copied().find(|from| edges[from].is_disjoint(&left)) {
        left.remove(free);
    }
    let told = |from: &&str| format!("{from} uses {:?}", edges[*from].intersection(&left).collect::<Vec<_>>());
    assert!(left.is_empty(), "in a circle, or above one:\n{}", left.iter().map(told).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_engine_is_pure() {
    let engine = |file: &str| file.starts_with("src/engine/") || file.starts_with("src/cron/");
    let words = [
        "async ", ".await", "tokio", "tracing", "kube::", "::now()", "HashMap", "HashSet", "std::env", "std::fs",
        "rand::", "println!",
    ];
    assert_none(find(
        engine,
        &words,
        "the engine has no client, clock, randomness or log: what it needs is an argument",
    ));
}

#[test]
fn the_clock_is_read_in_one_place() {
    let shell = |file: &str| file.starts_with("src/controller/") && file != "src/controller/clock.rs";
    let words = ["Utc::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];
    assert_none(find(shell, &words, "ask Context::now, or controller::clock"));
}

/// The list of ARCHITECTURE.md.
#[test]
fn the_api_server_is_called_in_few_places() {
    const PLACES: [&str; 15] = [
        "apply",
        "cluster",
        "create",
        "events/post",
        "leader/",
        "orphans",
        "read_again",
        "reconcile",
        "run",
        "schedules/apply",
        "schedules/create",
        "schedules/queue",
        "schedules/run_watch",
        "stop/",
        "wire/",
    ];
    let others = |file: &str| {
        let place = file.trim_start_matches("src/controller/");
        file.starts_with("src/controller/")
            && !PLACES.iter().any(|p| place == format!("{p}.rs") || p.ends_with('/') && place.starts_with(p))
    };
    let words = ["Api::namespaced", "Api::all", "cluster::api", ".request(", "client.send("];
    assert_none(find(
        others,
        &words,
        "a call of the API server belongs to one of the places that ARCHITECTURE.md names",
    ));
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("a page");
    for place in PLACES {
        let name = place.trim_end_matches('/').trim_end_matches("/mod").replace('/', "::");
        assert!(text.contains(&format!("`{name}`")), "ARCHITECTURE.md does not name {name}");
    }
}

#[test]
fn the_client_of_the_controller_is_made_in_one_place() {
    let others = |file: &str| file.starts_with("src/controller/") && file != "src/controller/cluster.rs";
    assert_none(find(
        others,
        &["ClientBuilder", "Client::new(", "Client::try_", "Config::infer", "Config::from_"],
        "cluster::Clients are the clients with places for the calls in flight, and with the gate",
    ));
}

/// A policy gets values and returns a value: `engine::report::next` makes the status, and `engine::report::note` the
/// conditions.
#[test]
fn no_policy_changes_a_status() {
    let policies = |file: &str| {
        file.starts_with("src/engine/")
            && !file.starts_with("src/engine/schedule/report/")
            && !["src/engine/report/note.rs", "src/engine/observed/conditions.rs"].contains(&file)
    };
    let words = [
        "&mut Status",
        "&mut Conditions",
        "mut status",
        "conditions.set(",
        "conditions.clear(",
        ".set(type",
        ".clear(type",
        "conditions.0.push(",
    ];
    assert_none(find(policies, &words, "return a Note or a value: engine::report::next makes the status of them"));
}

#[test]
fn a_pod_is_deleted_for_four_reasons_and_never_for_its_sidecars() {
    let reasons =
        ["deeds/pods.rs", "deeds/replace.rs", "deeds/suspend.rs", "plan.rs"].map(|file| format!("src/engine/{file}"));
    let others = |file: &str| {
        file.starts_with("src/engine/") && !file.contains("schedule") && !reasons.contains(&file.to_owned())
    };
    assert_none(find(
        others,
        &["Step::Delete(", "Step::Delete)", "end_unrecorded("],
        "sidecars are stopped by a deadline: logs stay",
    ));
}

#[test]
fn lines_for_people_are_written_by_one_module() {
    let rule = "a line may quote what others wrote: write it by printable::say, which escapes it";
    let all = |file: &str| file != "src/printable.rs";
    assert_none(find(all, &["print!(", "println!("], rule));
    // Definitions of our own, which are many lines.
    let verbs = |file: &str| file == "src/main.rs" || file.starts_with("src/cli/") && file != "src/cli/crds.rs";
    assert_none(find(verbs, &["writeln!(", "write_all(", "write!(out", "write!(err"], rule));
    let logs = |file: &str| file.starts_with("src/") && file != "src/telemetry/logs.rs";
    assert_none(find(
        logs,
        &["tracing_subscriber"],
        "the log is formatted in telemetry::logs, which escapes each field",
    ));
}

#[test]
fn names_of_ours_are_written_once() {
    let others = |file: &str| !file.starts_with("src/api/") && file != "src/main.rs";
    assert_none(find(
        others,
        &["\"sidecarjob.dev", "\"kubectl.kubernetes.io"],
        "labels and annotations live in src/api/labels.rs",
    ));
    let words = constants();
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut hits = find(others, &words, "labels, conditions, reasons and kinds live in src/api");
    // Words of Kubernetes about a Pod, which are ours about a run, too.
    hits.retain(|hit| !["observed/pod.rs", "watch/story/containers.rs"].iter().any(|file| hit.contains(file)));
    assert_none(hits);
}

/// The values of all constants of these files.
fn constants() -> Vec<String> {
    let files = sources();
    let ours = files.iter().filter(|(file, _)| {
        ["labels.rs", "conditions.rs", "conditions/schedule.rs", "kind.rs"]
            .iter()
            .any(|f| file.ends_with(&format!("src/api/{f}")))
    });
    let values = ours.flat_map(|(_, text)| text.split("pub const ").skip(1));
    let quoted = values.filter_map(|rest| rest.split(';').next()?.split('"').nth(1).map(str::to_owned));
    let all: Vec<String> = quoted.chain(["SidecarJob".to_owned()]).filter(|value| !value.is_empty()).collect();
    assert!(all.len() > 100, "the constants were found");
    all
}

#[test]
fn the_status_is_written_by_one_function() {
    let others = |file: &str| file != "src/controller/apply.rs" && file != "src/controller/schedules/apply.rs";
    assert_none(find(
        others,
        &["replace_status", "patch_status", "_subresource(\"status\"", "put_status"],
        "only controller::apply::status writes a status",
    ));
}

#[test]
fn every_file_says_what_question_it_answers() {
    let silent: Vec<_> = sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(f, _)| f).collect();
    assert_eq!(silent, [""; 0], "begin each file with `//!`: what question it answers, what it leaves to others");
}

#[test]
fn files_are_short_enough_to_read() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(file, text)| !is_test(file) && text.lines().count() > MAX_LINES)
        .map(|(file, text)| format!("{file}: {} lines", text.lines().count()))
        .collect();
    assert_eq!(long, [""; 0], "split by question");
}
