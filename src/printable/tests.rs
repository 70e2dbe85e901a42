//! What does the program print of text that others wrote?

use super::*;

#[test]
fn what_can_not_be_seen_is_written_out_and_all_else_stays() {
    for (what, text, expect) in [
        ("words", "exceeded quota: pods=3, limit 3", "exceeded quota: pods=3, limit 3"),
        ("letters of all scripts", "naïve Größe 日本語 עברית 🚢 e\u{301}", "naïve Größe 日本語 עברית 🚢 e\u{301}"),
        ("quotes and backslashes", r#"C:\new "x" 'y'"#, r#"C:\new "x" 'y'"#),
        ("a line that forges ours", "no\n  9.0s  SidecarJob Complete", r"no\n  9.0s  SidecarJob Complete"),
        ("a line that is overwritten", "Failed\rComplete", r"Failed\rComplete"),
        ("Windows' line break", "a\r\nb", r"a\r\nb"),
        ("a colour", "\x1b[32mgood\x1b[0m", r"\u{1b}[32mgood\u{1b}[0m"),
        ("a cleared screen", "\x1b[2J\x1b[H", r"\u{1b}[2J\u{1b}[H"),
        ("a title, a clipboard, a link (OSC)", "\x1b]52;c;cm0=\x07", r"\u{1b}]52;c;cm0=\u{7}"),
        ("the same with one character (C1)", "\u{9b}31m \u{9d}0;x\u{9c}", r"\u{9b}31m \u{9d}0;x\u{9c}"),
        ("a next line (C1)", "a\u{85}b", r"a\u{85}b"),
        ("a backspace, a delete", "abc\x08\x08\x7f", r"abc\u{8}\u{8}\u{7f}"),
        ("tabs, vertical tabs, form feeds, nothing", "a\tb\x0bc\x0cd\0", r"a\tb\u{b}c\u{c}d\u{0}"),
        ("Unicode's line breaks", "a\u{2028}b\u{2029}c", r"a\u{2028}b\u{2029}c"),
        ("a text that is turned round", "\u{202e}etelpmoC\u{202c}", r"\u{202e}etelpmoC\u{202c}"),
        ("isolates and marks", "\u{2066}\u{2069}\u{200f}\u{61c}", r"\u{2066}\u{2069}\u{200f}\u{61c}"),
        ("nothing between letters", "pay\u{200b}pal\u{feff}\u{ad}", r"pay\u{200b}pal\u{feff}\u{ad}"),
        (
            "letters that are drawn as nothing",
            "a\u{115f}\u{1160}\u{3164}\u{ffa0}",
            r"a\u{115f}\u{1160}\u{3164}\u{ffa0}",
        ),
        ("a Braille pattern without dots", "a\u{2800}b", r"a\u{2800}b"),
        ("variants of a letter", "a\u{fe00}b\u{fe0f}", r"a\u{fe00}b\u{fe0f}"),
        (
            "emoji with their style",
            "⚠\u{fe0f} ✔\u{fe0f} ❤\u{fe0f} 🖼\u{fe0f}",
            "⚠\u{fe0f} ✔\u{fe0f} ❤\u{fe0f} 🖼\u{fe0f}",
        ),
        ("a style of an emoji twice, or of a digit", "⚠\u{fe0f}\u{fe0f} 1\u{fe0f}", "⚠\u{fe0f}\\u{fe0f} 1\\u{fe0f}"),
        ("a style of nothing, and another one", "\u{fe0f}⚠\u{fe0e}", r"\u{fe0f}⚠\u{fe0e}"),
        ("invisible letters (tags)", "\u{e0041}", r"\u{e0041}"),
    ] {
        assert_eq!(line(text), expect, "{what}");
        assert_eq!(line(&line(text)), expect, "{what}: again");
    }
}

#[test]
fn no_control_is_ever_printed() {
    let all: String = ('\0'..=char::MAX).collect();
    for printed in [line(&all), json(&all)] {
        let left: Vec<char> =
            printed.chars().filter(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(c)).collect();
        assert_eq!(left, []);
    }
}

#[test]
fn json_is_escaped_and_reads_back_the_same() {
    let value = serde_json::json!({"text": "\x1b[2J\n\u{9b}31m \u{202e}x\u{e0041} \u{7f} é \\ \""});
    let mut out = Vec::new();
    say_json(&mut out, &value).unwrap();
    let printed = String::from_utf8(out).unwrap();
    assert_eq!(
        printed, "{\"text\":\"\\u001b[2J\\n\\u009b31m \\u202ex\\udb40\\udc41 \\u007f é \\\\ \\\"\"}\n",
        "one line, nothing in it that a terminal obeys"
    );
    assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), value);
}

#[test]
fn a_line_is_one_line_and_its_colour_is_ours() {
    let mut out = Vec::new();
    say(&mut out, "a\nb").unwrap();
    say_in(&mut out, Colour::Red, "  1.0s  ", "c\x1b[32m\nd").unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "a\\nb\n  1.0s  \x1b[31mc\\u{1b}[32m\\nd\x1b[0m\n");
}

#[test]
fn json_and_yaml_on_many_lines_read_back_the_same_and_nothing_in_them_is_obeyed() {
    let evil = "\x1b[2J\n  forged: line\u{9b}31m \u{202e}x";
    let plain = "a line\nanother: line\n";
    for text in [evil, plain] {
        let value = serde_json::json!({"spec": {"yes": "0644", "text": text}, "list": [1, "on", null]});
        for form in [say_json_lines, say_yaml] {
            let mut out = Vec::new();
            form(&mut out, &value).unwrap();
            let printed = String::from_utf8(out).unwrap();
            assert!(!printed.chars().any(|c| c != '\n' && is_unseen(c)), "{printed}");
            assert!(!printed.lines().any(|line| line.starts_with("  forged")), "{printed}");
            assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&printed).unwrap(), value, "{printed}");
        }
    }
}
