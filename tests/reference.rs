//! docs/reference is what the code says: every field from the CRDs, every condition, reason and event from `src/api`.
//! `UPDATE_REFERENCE=1 cargo test --test reference` (`make crds`) writes the pages anew.

#[path = "reference/fields.rs"]
mod fields;
#[path = "reference/rules.rs"]
mod rules;
#[path = "reference/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages, with their texts.
static PAGES: LazyLock<Vec<(PathBuf, String)>> = LazyLock::new(|| {
    let page = |name: &str, text: String| (root().join("docs/reference").join(name), text);
    vec![
        page("sidecarjob.md", fields::sidecarjob()),
        page("sidecarcronjob.md", fields::sidecarcronjob()),
        page("conditions.md", words::conditions()),
        page("events.md", words::events()),
    ]
});

/// A page, which `the_pages_are_what_the_code_says` compares with its file.
fn text(name: &str) -> &'static str {
    &PAGES.iter().find(|(file, _)| file.ends_with(name)).expect("a page").1
}

#[test]
fn the_pages_are_what_the_code_says() {
    for (file, want) in PAGES.iter() {
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            fs::write(file, want).expect("written");
        }
        let have = fs::read_to_string(file).unwrap_or_default();
        assert!(
            have == *want,
            "{} differs from the code; run: UPDATE_REFERENCE=1 cargo test --test reference",
            file.display()
        );
    }
}

/// The literals of all conditions, reasons and events.
#[test]
fn each_condition_reason_and_event_is_on_a_page() {
    let source = words::source();
    let literal = Regex::new(r#"pub const [A-Z_]+: &str =\s*"([A-Za-z]+)";"#).expect("a pattern");
    let pages = [text("conditions.md"), text("events.md"), text("sidecarcronjob.md")].concat();
    let (mut seen, mut missing) = (0, Vec::new());
    for found in literal.captures_iter(&source) {
        seen += 1;
        let word = found[1].to_owned();
        if !pages.contains(&format!("`{word}`")) && !pages.contains(&format!(" {word}")) {
            missing.push(word);
        }
    }
    assert!(seen > 90, "the literals were found: {seen}");
    assert_eq!(missing, [""; 0], "a word of src/api/conditions.rs is on no page");
}

/// An event that the code sends by a literal: on the page with the same type.
#[test]
fn each_event_that_the_code_sends_is_on_the_page_with_its_type() {
    let sent =
        Regex::new(r"Event::(normal|warning)\(\s*(?:types|reasons|events|schedule)::([A-Z_]+)").expect("a pattern");
    let all = words::all();
    let page = text("events.md");
    let mut seen = 0;
    for file in sources(&root().join("src")) {
        let source = fs::read_to_string(&file).expect("the source");
        let is_schedule = file.to_string_lossy().contains("/schedule");
        for found in sent.captures_iter(&source) {
            seen += 1;
            let type_ = if &found[1] == "normal" { "Normal" } else { "Warning" };
            let of_here = |word: &&words::Word| word.constant == found[2] && (word.list == "schedule") == is_schedule;
            let word = all.iter().find(of_here).or_else(|| all.iter().find(|word| word.constant == found[2]));
            let word = word.unwrap_or_else(|| panic!("{}: {} has no comment", file.display(), &found[2]));
            assert!(page.contains(&format!("| `{}` | {type_} |", word.literal)), "{}: {}", file.display(), &found[0]);
        }
    }
    assert!(seen > 25, "the events were found: {seen}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let of = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(of).filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

#[test]
fn every_rule_of_the_crds_has_its_message_on_a_page() {
    let (own, of_template) = rules::of_schedule();
    let of_run = rules::of_run();
    assert!(of_run.len() > 40 && own.len() > 5, "the rules were found: {} and {}", of_run.len(), own.len());
    let in_run = |(path, message): rules::Rule| (path, message.replace("spec.jobTemplate.spec.", "spec."));
    let of_run = of_run.into_iter().chain(of_template.into_iter().map(in_run)).map(|rule| ("sidecarjob.md", rule));
    for (page, (_, message)) in of_run.chain(own.into_iter().map(|rule| ("sidecarcronjob.md", rule))) {
        assert!(text(page).contains(&words::cell(&message)), "{page}: {message}");
    }
}
