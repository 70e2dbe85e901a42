//! Which words and operators has a script?

use crate::cli::shell::Word;

/// The operators, a longer one before its beginning.
const OPERATORS: [&str; 24] = [
    ";;&", "<<<", "<<-", "&>>", "&&", "||", ";;", ";&", "|&", "<<", "<&", "<>", ">>", ">&", ">|", "&>", ";", "&", "|",
    "(", ")", "<", ">", "\n",
];
/// How deep quotes and substitutions may stand in each other.
const DEEPEST: usize = 40;

/// The longest `(( … ))` that is looked for.
const LONGEST: usize = 200;

/// A piece of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word.
    Word(Word),
    /// An operator; `\n` is one.
    Operator(&'static str),
    /// The text in `(( … ))`.
    Arithmetic(String),
}

/// Reads a script.
struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// The ends of the here-documents that begin on the next line, and whether tabs before the end are left out.
    documents: Vec<(String, bool)>,
}

/// The pieces of a script; `None`: a quote or a bracket is not closed.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut lexer = Lexer { text, at: 0, documents: Vec::new() };
    let mut all = Vec::new();
    while let Some(token) = lexer.next()? {
        match (all.last(), &token) {
            (Some(Token::Operator(start @ ("<<" | "<<-"))), Token::Word(end)) => {
                lexer.documents.push((end.text.clone(), *start == "<<-"));
            }
            (_, Token::Operator("\n")) => lexer.skip_documents(),
            _ => {}
        }
        all.push(token);
    }
    Some(all)
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            match rest.as_bytes().first() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if rest.starts_with("\\\n") => self.at += 2,
                Some(b'#') => self.at += rest.find('\n').unwrap_or(rest.len()),
                _ => return,
            }
        }
    }

    /// `Some(None)` at the end.
    fn next(&mut self) -> Option<Option<Token>> {
        self.skip_blanks();
        let rest = self.rest();
        if rest.is_empty() {
            return Some(None);
        }
        if let Some(end) = rest.strip_prefix("((").and_then(end_of_arithmetic) {
            let text = rest[2..2 + end].trim().to_owned();
            self.at += end + 4;
            return Some(Some(Token::Arithmetic(text)));
        }
        let is_file = rest.starts_with("<(") || rest.starts_with(">(");
        let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator)).filter(|_| !is_file);
        if let Some(operator) = operator {
            self.at += operator.len();
            return Some(Some(Token::Operator(operator)));
        }
        let word = self.word()?;
        // `2>` is a redirection of that number.
        let is_number = !word.is_quoted && word.text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && self.rest().starts_with(['<', '>']) {
            return self.next();
        }
        Some(Some(Token::Word(word)))
    }

    fn word(&mut self) -> Option<Word> {
        let mut word = Word::default();
        if self.rest().starts_with("<(") || self.rest().starts_with(">(") {
            let end = self.at + 2 + end_of_brackets(&self.rest()[2..], '(', ')', 0)?;
            word.text.push_str(&self.text[self.at..end]);
            self.at = end;
        }
        while let Some(c) = self.peek() {
            match c {
                '\'' => {
                    let inner = self.rest()[1..].find('\'')?;
                    word.text.push_str(&self.rest()[1..=inner]);
                    word.is_quoted = true;
                    self.at += inner + 2;
                }
                '"' => {
                    word.is_quoted = true;
                    self.double_quoted(&mut word.text)?;
                }
                '\\' => {
                    let escaped = self.rest()[1..].chars().next();
                    self.at += 1 + escaped.map_or(0, char::len_utf8);
                    word.text.extend(escaped.filter(|c| *c != '\n'));
                    word.is_quoted = true;
                }
                '$' | '`' => self.expansion(&mut word.text)?,
                c if c.is_ascii_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '<' | '>') => break,
                c => {
                    word.text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        Some(word)
    }

    fn double_quoted(&mut self, text: &mut String) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                '"' => {
                    self.at += 1;
                    return Some(());
                }
                '\\' => {
                    let escaped = self.rest()[1..].chars().next()?;
                    self.at += 1 + escaped.len_utf8();
                    if !matches!(escaped, '"' | '\\' | '$' | '`' | '\n') {
                        text.push('\\');
                    }
                    text.extend(Some(escaped).filter(|c| *c != '\n'));
                }
                '$' | '`' => self.expansion(text)?,
                c => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    /// `$x`, `${…}`, `$(…)`, `` `…` ``: as they are written.
    fn expansion(&mut self, text: &mut String) -> Option<()> {
        let length = length_of_expansion(self.rest(), 0)?;
        text.push_str(&self.rest()[..length]);
        self.at += length;
        Some(())
    }

    /// Skips the bodies of here-documents. One that has no end goes to the end of the script.
    fn skip_documents(&mut self) {
        for (end, strips) in std::mem::take(&mut self.documents) {
            let mut length = 0;
            for line in self.rest().split_inclusive('\n') {
                length += line.len();
                let line = line.trim_end_matches(['\n', '\r']);
                if (if strips { line.trim_start_matches('\t') } else { line }) == end {
                    break;
                }
            }
            self.at += length;
        }
    }
}

/// The length of the expansion with which the text begins.
fn length_of_expansion(text: &str, depth: usize) -> Option<usize> {
    if text.starts_with('`') {
        let is_end = |at: usize| !text[1..at].ends_with('\\');
        return Some(text.match_indices('`').map(|(at, _)| at).find(|at| *at > 0 && is_end(*at))? + 1);
    }
    match text.as_bytes().get(1) {
        Some(b'(') => Some(2 + end_of_brackets(&text[2..], '(', ')', depth + 1)?),
        Some(b'{') => Some(2 + end_of_brackets(&text[2..], '{', '}', depth + 1)?),
        _ => Some(1),
    }
}

/// Where the bracket that is open before the text is closed: the byte behind it.
fn end_of_brackets(text: &str, open: char, close: char, depth: usize) -> Option<usize> {
    let (mut level, mut at) = (1, 0);
    if depth > DEEPEST {
        return None;
    }
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '\'' if open == '(' => rest[1..].find('\'')? + 2,
            '"' => 1 + end_of_quote(&rest[1..], depth + 1)?,
            '$' | '`' => length_of_expansion(rest, depth + 1)?,
            c => c.len_utf8(),
        };
        level += i32::from(c == open) - i32::from(c == close);
        if level == 0 {
            return Some(at);
        }
    }
    None
}

/// The byte behind the `"` that ends the text.
fn end_of_quote(text: &str, depth: usize) -> Option<usize> {
    let mut at = 0;
    if depth > DEEPEST {
        return None;
    }
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '"' => return Some(at + 1),
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '$' | '`' => length_of_expansion(rest, depth + 1)?,
            c => c.len_utf8(),
        };
    }
    None
}

/// Where `))` ends the arithmetic whose `((` stands before the text. `((a); b)` is none: its brackets are closed apart.
fn end_of_arithmetic(text: &str) -> Option<usize> {
    let mut level = 2;
    for (at, c) in text.char_indices().take(LONGEST) {
        match c {
            '(' => level += 1,
            ')' if level == 2 => return text[at..].starts_with("))").then_some(at),
            ')' => level -= 1,
            '\n' => return None,
            _ => {}
        }
    }
    None
}
