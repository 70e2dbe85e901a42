//! Which commands are in a script, and which of them stand in which?

use crate::cli::shell::lex::{Token, tokens};
use crate::cli::shell::{Command, Form, Item, Join, List, Pipeline, Simple, Word};

mod compound;

/// The longest script that is read.
const LONGEST: usize = 256 * 1024;
/// How deep commands may stand in each other.
const DEEPEST: usize = 40;
/// Words that end a list of commands.
const ENDS: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];
/// Operators before a file that is written.
const WRITES: [&str; 6] = [">", ">>", ">|", "&>", "&>>", "<>"];
/// Operators before another word that is no argument.
const READS: [&str; 6] = ["<", "<<", "<<-", "<<<", "<&", ">&"];

/// The commands of a script; `None`: it is no script of a shell, or too long or too deep.
pub fn parsed(text: &str) -> Option<List> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let list = parser.list()?;
    parser.peek().is_none().then_some(list)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_operator(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Operator(here)) if *here == operator)
    }

    fn takes_operator(&mut self, operator: &str) -> bool {
        let is_here = self.is_operator(operator);
        self.at += usize::from(is_here);
        is_here
    }

    /// The word here, if it can be a keyword.
    fn keyword(&self) -> Option<&str> {
        match self.peek()? {
            Token::Word(word) if !word.is_quoted => Some(&word.text),
            _ => None,
        }
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let is_here = self.keyword() == Some(keyword);
        self.at += usize::from(is_here);
        is_here
    }

    fn wants(&mut self, keyword: &str) -> Option<()> {
        self.takes(keyword).then_some(())
    }

    fn word(&mut self) -> Option<Word> {
        let Token::Word(word) = self.peek()? else { return None };
        let word = word.clone();
        self.at += 1;
        Some(word)
    }

    fn skip_lines(&mut self) {
        while self.takes_operator("\n") {}
    }

    /// Commands up to a word or a bracket that ends them.
    fn list(&mut self) -> Option<List> {
        let mut list = List::new();
        loop {
            self.skip_lines();
            let is_end = match self.peek() {
                None => true,
                Some(Token::Operator(operator)) => [")", ";;", ";&", ";;&"].contains(operator),
                Some(_) => self.keyword().is_some_and(|word| ENDS.contains(&word)),
            };
            if is_end {
                return Some(list);
            }
            let mut item = self.item()?;
            item.is_background = self.takes_operator("&");
            let is_separate = item.is_background || self.takes_operator(";") || self.is_operator("\n");
            list.push(item);
            if !is_separate {
                return Some(list);
            }
        }
    }

    fn item(&mut self) -> Option<Item> {
        let mut item = Item { first: self.pipeline()?, ..Item::default() };
        loop {
            let join = match () {
                () if self.takes_operator("&&") => Join::And,
                () if self.takes_operator("||") => Join::Or,
                () => return Some(item),
            };
            self.skip_lines();
            item.rest.push((join, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Option<Pipeline> {
        let mut pipeline = Pipeline::default();
        self.takes("time");
        while self.takes("!") {
            pipeline.is_negated = !pipeline.is_negated;
        }
        loop {
            pipeline.commands.push(self.command()?);
            if !self.takes_operator("|") && !self.takes_operator("|&") {
                return Some(pipeline);
            }
            self.skip_lines();
        }
    }

    fn command(&mut self) -> Option<Command> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let form = self.compound()?;
        let command = match form {
            Some(form) => {
                let mut writes = Vec::new();
                while self.redirection(&mut writes)? {}
                Command { form, writes }
            }
            None => self.simple()?,
        };
        self.depth -= 1;
        Some(command)
    }

    /// Whether a redirection stands here; a file that is written is added.
    fn redirection(&mut self, writes: &mut Vec<String>) -> Option<bool> {
        let Some(Token::Operator(operator)) = self.peek() else { return Some(false) };
        let (is_write, is_read) = (WRITES.contains(operator), READS.contains(operator));
        if !is_write && !is_read {
            return Some(false);
        }
        self.at += 1;
        let file = self.word()?.text;
        writes.extend(is_write.then_some(file));
        Some(true)
    }

    fn simple(&mut self) -> Option<Command> {
        let (mut simple, mut writes) = (Simple::default(), Vec::new());
        let start = self.at;
        loop {
            if self.redirection(&mut writes)? {
                continue;
            }
            let Some(word) = self.word() else { break };
            match assigned(&word).filter(|_| simple.words.is_empty()) {
                Some((name, value)) => {
                    let value = value + &self.array();
                    simple.assigns.push((name, value));
                }
                None if word.text == "[[" && simple.words.is_empty() => self.test(&mut simple)?,
                None => {
                    // `local x=(a b)`
                    let array = if word.text.ends_with('=') { self.array() } else { String::new() };
                    simple.words.push(Word { text: format!("{}{array}", word.text), ..word });
                }
            }
        }
        (self.at > start).then_some(Command { form: Form::Simple(simple), writes })
    }

    /// The words of `[[ … ]]`, with its operators.
    fn test(&mut self, simple: &mut Simple) -> Option<()> {
        simple.words.push("[[".into());
        loop {
            let token = self.peek()?.clone();
            self.at += 1;
            match token {
                Token::Word(word) if word.text == "]]" => return Some(()),
                Token::Word(word) => simple.words.push(word),
                Token::Operator(operator) => simple.words.push(operator.into()),
                Token::Arithmetic(text) => simple.words.push(text.as_str().into()),
            }
        }
    }

    /// The values of an array: `x=(a b)`.
    fn array(&mut self) -> String {
        let mut text = String::new();
        if self.takes_operator("(") {
            loop {
                match self.word() {
                    Some(word) => text += &format!(" {}", word.text),
                    None if self.takes_operator("\n") => {}
                    None => break,
                }
            }
            self.takes_operator(")");
        }
        text
    }
}

/// Name and value of `NAME=VALUE`.
fn assigned(word: &Word) -> Option<(String, String)> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.trim_end_matches('+');
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '[' | ']'));
    is_name.then(|| (name.to_owned(), value.to_owned()))
}
