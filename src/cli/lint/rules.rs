//! Which findings are there, and what does the page of each say?

use crate::cli::lint::finding::Rule;
use crate::cli::lint::{hang, naming, retry, schedule, start, stop, workaround};

/// All rules, in the order of docs/lint.md.
pub static ALL: [&Rule; 19] = [
    &hang::SIDECAR_NEVER_ENDS,
    &hang::INIT_CONTAINER_NEVER_ENDS,
    &hang::MAIN_IS_SIDECAR,
    &naming::ANNOTATION_WITHOUT_EFFECT,
    &naming::SIDECAR_NOT_IN_TEMPLATE,
    &naming::INJECTED_SIDECAR,
    &workaround::SHARED_FILE_WORKAROUND,
    &start::READINESS_DOES_NOT_WAIT,
    &retry::SIDECAR_RESTARTS_COUNT,
    &retry::RESTARTS_FOR_EVER,
    &retry::FAILURE_POLICY_MATCHES_SIDECAR,
    &stop::PRESTOP_OUTLIVES_GRACE,
    &stop::DEADLINE_SHORTER_THAN_DRAIN,
    &stop::LOGS_LOST,
    &schedule::SCHEDULE_NEVER_FIRES,
    &schedule::SCHEDULE_CLOCK_CHANGE,
    &schedule::SCHEDULE_EVERY_MINUTE,
    &schedule::SCHEDULE_DAY_OR_WEEKDAY,
    &schedule::STARTING_DEADLINE_TOO_SHORT,
];

/// The names of all findings.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|rule| rule.name).collect()
}

/// The rule with this name.
pub fn named(name: &str) -> Option<&'static Rule> {
    ALL.into_iter().find(|rule| rule.name == name)
}

/// The page of a rule, in Markdown.
pub fn page(rule: &Rule) -> String {
    format!("## {}\n\n{}: {}\n\n{}\n", rule.name, capital(rule.severity.word()), rule.title, rule.page)
}

/// The page of a rule for a place without the other pages of docs/: links are words with the name of the page.
pub fn page_alone(rule: &Rule) -> String {
    without_links(&page(rule))
}

fn without_links(page: &str) -> String {
    let (mut text, mut rest) = (String::new(), page);
    while let Some((before, words, target, behind)) = first_link(rest) {
        let page = if target.starts_with('#') { "lint.md" } else { "" };
        let (open, close) = if before.ends_with('(') { (": ", "") } else { (" (", ")") };
        text += &format!("{before}{words}{open}docs/{page}{target}{close}");
        rest = behind;
    }
    text + rest
}

/// What stands before the first link, its words, its target, and what stands behind.
fn first_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, tail) = text.split_once("](")?;
    let (before, words) = head.rsplit_once('[')?;
    let (target, behind) = tail.split_once(')')?;
    Some((before, words, target, behind))
}

fn capital(word: &str) -> String {
    word[..1].to_ascii_uppercase() + &word[1..]
}

/// The pages of all rules with a table before them: the end of docs/lint.md.
pub fn pages() -> String {
    let row = |rule: &Rule| format!("| [{0}](#{0}) | {1} | {2} |\n", rule.name, rule.severity.word(), rule.title);
    let rows: String = ALL.iter().map(|rule| row(rule)).collect();
    let pages: String = ALL.iter().map(|rule| format!("\n{}", page(rule))).collect();
    format!("| finding | severity | what happens |\n|---|---|---|\n{rows}{pages}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_alone_has_the_names_of_other_pages_and_no_links() {
        let rows = [
            ("those of [Recipes](sidecars.md#recipes), too", "those of Recipes (docs/sidecars.md#recipes), too"),
            ("([one](one.md); it) [two](#two)", "(one: docs/one.md; it) two (docs/lint.md#two)"),
            ("`[{name: x}]` (y)", "`[{name: x}]` (y)"),
        ];
        for (page, expected) in rows {
            assert_eq!(without_links(page), expected);
        }
        assert!(ALL.iter().all(|rule| !page_alone(rule).contains("](")));
    }

    #[test]
    fn each_rule_has_a_name_of_its_own_in_kebab_case_a_sentence_and_an_example() {
        for (n, rule) in ALL.iter().enumerate() {
            assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.name);
            assert_eq!(ALL.iter().position(|other| other.name == rule.name), Some(n), "{}", rule.name);
            assert!(rule.title.ends_with('.') && rule.title.len() < 120, "{}", rule.title);
            assert!(rule.page.contains("```yaml"), "{}", rule.name);
            assert!(rule.page.lines().all(|line| line.chars().count() <= 130), "{}", rule.name);
        }
    }
}
