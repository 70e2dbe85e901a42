//! Which characters may a line for people contain? Only visible characters.
//!
//! Registries, webhooks and everybody who may write a status choose text that this program prints. A control character
//! in such text could colour or erase the terminal, a line break could forge a line, and a change of the writing
//! direction could reorder words. So every line goes through this module; no other file of `cli` prints a line
//! (`tests/architecture.rs`). This module depends on no other module.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, Write};

/// The text on one line, with invisible characters escaped: a line break as `\n`, an escape as `\u{1b}`.
///
/// A backslash stays as it is, so nobody can restore the text from this form. Programs read JSON.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |c, to| to.extend(c.escape_default()))
}

/// JSON with invisible characters escaped as `\u001b`: a program that reads the JSON gets the original text.
///
/// `serde_json` escapes only C0 controls in this way. In compact JSON such a character can only be part of a string.
/// The JSON must be compact, because this function would also escape the line breaks of a pretty form.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    replaced(text, |c, to| {
        c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
            let _ = write!(to, "\\u{unit:04x}"); // a write to a String never fails
        });
    })
}

/// Writes the text as one line.
pub fn say(out: &mut (impl Write + ?Sized), text: impl Display) -> io::Result<()> {
    writeln!(out, "{}", line(&text.to_string()))
}

/// Writes bytes as they are: the log of a container, which is the user's own output, and whose colours are meant. A log can
/// hold any bytes, and a terminal obeys them, as with `kubectl logs`.
pub(crate) fn raw(out: &mut (impl Write + ?Sized), bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes)
}

/// Writes a line in a colour. The program chooses the colour; the text may be somebody else's.
pub(crate) fn say_in(
    out: &mut (impl Write + ?Sized),
    colour: Colour,
    before: impl Display,
    text: &str,
) -> io::Result<()> {
    let (on, off) = colour.codes();
    writeln!(out, "{}{on}{}{off}", line(&before.to_string()), line(text))
}

/// Writes a line whose beginning has a colour. The program chooses the beginning; the text may be somebody else's.
pub(crate) fn say_after(
    out: &mut (impl Write + ?Sized),
    colour: Colour,
    beginning: &str,
    text: &str,
) -> io::Result<()> {
    let (on, off) = colour.codes();
    writeln!(out, "{on}{}{off}{}", line(beginning), line(text))
}

/// Writes the value as one line of JSON.
pub(crate) fn say_json(out: &mut (impl Write + ?Sized), value: &serde_json::Value) -> io::Result<()> {
    writeln!(out, "{}", json(&value.to_string()))
}

/// Writes the value as JSON on many lines, for people and programs.
pub(crate) fn say_json_lines(out: &mut (impl Write + ?Sized), value: &serde_json::Value) -> io::Result<()> {
    // Outside of its strings the pretty form has no invisible characters but line breaks, and within them none.
    format!("{value:#}").lines().try_for_each(|line| writeln!(out, "{}", json(line)))
}

/// Writes the value as YAML that Go's parser reads back unchanged. If a string has an invisible character other than a line
/// break, the value is written as JSON, which is YAML too, and in which the character is escaped.
pub(crate) fn say_yaml(out: &mut (impl Write + ?Sized), value: &serde_json::Value) -> io::Result<()> {
    let text = serde_saphyr::to_string(value).map_err(io::Error::other)?;
    if characters(&text).any(|(c, is_unseen)| c != '\n' && is_unseen) {
        return say_json_lines(out, value);
    }
    text.lines().try_for_each(|line| writeln!(out, "{line}"))
}

/// The colour of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// The terminal's own colour.
    Plain,
    /// For something that went well.
    Green,
    /// For something to look at.
    Yellow,
    /// For something that went wrong.
    Red,
}

impl Colour {
    /// What turns the colour on and off.
    fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Plain => ("", ""),
            Self::Green => ("\x1b[32m", "\x1b[0m"),
            Self::Yellow => ("\x1b[33m", "\x1b[0m"),
            Self::Red => ("\x1b[31m", "\x1b[0m"),
        }
    }
}

fn replaced(text: &str, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !characters(text).any(|(_, is_unseen)| is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut to = String::with_capacity(text.len() + 16);
    characters(text).for_each(|(c, is_unseen)| if is_unseen { write(c, &mut to) } else { to.push(c) });
    Cow::Owned(to)
}

/// The characters of the text, and whether each is one that can't be seen.
fn characters(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut before = None;
    text.chars().map(move |c| {
        let is_picture = c == EMOJI_STYLE && before.is_some_and(may_be_emoji);
        before = Some(c);
        (c, is_unseen(c) && !is_picture)
    })
}

/// Makes the character before it an emoji, as in ⚠️. One of these behind such a character can be seen, since the character
/// looks different with it; anywhere else nothing is seen of it.
const EMOJI_STYLE: char = '\u{fe0f}';

/// Whether the character is one that Unicode draws as text or as an emoji: symbols, no letters and no digits.
fn may_be_emoji(c: char) -> bool {
    matches!(c,
        '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23ff}' | 'Ⓜ'
        | '\u{25aa}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b55}' | '〰' | '〽' | '㊗' | '㊙'
        | '\u{1f004}'..='\u{1faff}')
}

/// Whether the character is invisible and may move or change what is visible.
fn is_unseen(c: char) -> bool {
    c.is_control() // C0, DEL and C1: line breaks, escapes, and the escape as one character
        || matches!(c,
            // Line and paragraph separators.
            '\u{2028}' | '\u{2029}'
            // Changes of the writing direction: marks, embeddings, overrides, isolates.
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Characters without width: two names that look alike may differ by these.
            | '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
            // Letters and a Braille pattern that are drawn as nothing, or as a space.
            | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests;
