//! What may a line for people contain? Only what can be seen.
//!
//! Registries, webhooks and whoever writes a status choose the words that we print. A control character in them could
//! colour or erase the terminal, a line break could forge a line of ours, a change of direction could turn words round.
//! All that is printed goes through here; no other file of `cli` writes a line (`tests/architecture.rs`). Knows nobody.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, Write};

/// The text on one line; what can't be seen is written out: a line break as `\n`, an escape as `\u{1b}`.
///
/// A backslash stays as it is, so the form can't be read back. Programs read JSON.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |c, to| to.extend(c.escape_default()))
}

/// JSON, with what can't be seen written as `\u001b`: what a program reads is the same as before.
///
/// `serde_json` writes C0 controls like this already, and nothing else. In JSON such a character stands in strings alone;
/// the line breaks between the parts of a pretty form would be escaped, too: the form must be compact.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    replaced(text, |c, to| {
        c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
            let _ = write!(to, "\\u{unit:04x}"); // to a String: never fails
        });
    })
}

/// Writes the text as one line.
pub fn say(out: &mut (impl Write + ?Sized), text: impl Display) -> io::Result<()> {
    writeln!(out, "{}", line(&text.to_string()))
}

/// Writes a line in a colour. The colour is ours, the text is somebody else's.
pub(crate) fn say_in(
    out: &mut (impl Write + ?Sized),
    colour: Colour,
    before: impl Display,
    text: &str,
) -> io::Result<()> {
    let (on, off) = match colour {
        Colour::Plain => ("", ""),
        Colour::Green => ("\x1b[32m", "\x1b[0m"),
        Colour::Red => ("\x1b[31m", "\x1b[0m"),
    };
    writeln!(out, "{}{on}{}{off}", line(&before.to_string()), line(text))
}

/// Writes the value as one line of JSON.
pub(crate) fn say_json(out: &mut (impl Write + ?Sized), value: &serde_json::Value) -> io::Result<()> {
    writeln!(out, "{}", json(&value.to_string()))
}

/// Of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// The terminal's own.
    Plain,
    /// As it should.
    Green,
    /// As it should not.
    Red,
}

fn replaced(text: &str, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.chars().any(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut to = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| if is_unseen(c) { write(c, &mut to) } else { to.push(c) });
    Cow::Owned(to)
}

/// It moves or changes what is seen, and is not seen itself.
fn is_unseen(c: char) -> bool {
    c.is_control() // C0, DEL and C1: line breaks, escapes, and the one-character form of an escape
        || matches!(c,
            // Line and paragraph separators.
            '\u{2028}' | '\u{2029}'
            // The direction of writing: marks, embeddings, overrides, isolates.
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Of no width: two names that look alike may differ by these.
            | '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
