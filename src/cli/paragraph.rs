//! How does a paragraph look? On a terminal its lines break between words; in a pipe it is one line.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::printable;

/// A line is not longer than this, on however wide a terminal: people read short lines faster.
const WIDEST: usize = 100;

/// Writes the text. `width`: the width of the terminal; `None`: no terminal.
pub fn print(out: &mut (impl Write + ?Sized), text: &str, width: Option<usize>) -> io::Result<()> {
    let Some(width) = width else { return printable::say(out, text) };
    let text = printable::line(text);
    lines(&text, width.min(WIDEST)).iter().try_for_each(|line| printable::say(out, line))
}

/// The lines of the text beside an indent of that width, which each caller writes itself.
pub fn lines_beside(text: &str, indent: usize, width: Option<usize>) -> Vec<String> {
    let text = printable::line(text);
    match width {
        Some(width) => lines(&text, width.min(WIDEST).saturating_sub(indent)),
        None => vec![text.into_owned()],
    }
}

/// A word that is longer than a line stays whole: somebody may copy it.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str, width: Option<usize>) -> String {
        let mut out = Vec::new();
        print(&mut out, text, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_break_between_words_on_a_terminal_only() {
        let text = "SidecarJob etl waits for the image registry.example.com/team/etl:1";
        assert_eq!(printed(text, None), format!("{text}\n"));
        assert_eq!(
            printed(text, Some(24)),
            "SidecarJob etl waits for\nthe image\nregistry.example.com/team/etl:1\n",
            "a long word stays whole"
        );
        assert_eq!(printed("a\nb", Some(80)), "a\\nb\n", "a line break of somebody else is none");
    }
}
