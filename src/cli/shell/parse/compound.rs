//! Which compound command stands here: a group, a branch, a loop, a function?

use crate::cli::shell::lex::Token;
use crate::cli::shell::parse::{ENDS, Parser};
use crate::cli::shell::{Form, List, Loop};

impl Parser {
    /// `Some(None)`: a simple command stands here.
    pub(super) fn compound(&mut self) -> Option<Option<Form>> {
        if let Some(Token::Arithmetic(text)) = self.peek() {
            let form = Form::Arithmetic(text.clone());
            self.at += 1;
            return Some(Some(form));
        }
        if self.takes_operator("(") {
            let list = self.list()?;
            return self.takes_operator(")").then_some(Some(Form::Subshell(list)));
        }
        let Some(keyword) = self.keyword().map(str::to_owned) else { return Some(None) };
        let is_function = !keyword.ends_with('=') && matches!(self.tokens.get(self.at + 1), Some(Token::Operator("(")));
        let form = match keyword.as_str() {
            "{" => self.group()?,
            "if" => self.branches()?,
            "while" | "until" => self.looped(keyword == "until")?,
            "for" | "select" => self.counted()?,
            "case" => self.cases()?,
            "function" => {
                self.at += 1;
                let name = self.word()?.text;
                if self.takes_operator("(") && !self.takes_operator(")") {
                    return None;
                }
                self.function(name)?
            }
            _ if is_function => {
                self.at += 2;
                self.takes_operator(")").then_some(())?;
                self.function(keyword)?
            }
            word if ENDS.contains(&word) => return None,
            _ => return Some(None),
        };
        Some(Some(form))
    }

    fn function(&mut self, name: String) -> Option<Form> {
        self.skip_lines();
        Some(Form::Function(name, Box::new(self.command()?)))
    }

    fn group(&mut self) -> Option<Form> {
        self.wants("{")?;
        let list = self.list()?;
        self.wants("}")?;
        Some(Form::Group(list))
    }

    fn branches(&mut self) -> Option<Form> {
        let mut branches = Vec::new();
        self.at += 1;
        loop {
            let condition = self.list()?;
            self.wants("then")?;
            branches.push((condition, self.list()?));
            if !self.takes("elif") {
                break;
            }
        }
        let rest = if self.takes("else") { Some(self.list()?) } else { None };
        self.wants("fi")?;
        Some(Form::If(branches, rest))
    }

    fn looped(&mut self, is_until: bool) -> Option<Form> {
        let start = self.at;
        self.at += 1;
        let condition = self.list()?;
        let head = self.tokens[start..self.at].iter().map_while(|token| match token {
            Token::Word(word) => Some(word.text.clone()),
            Token::Arithmetic(text) => Some(format!("(({text}))")),
            Token::Operator(_) => None,
        });
        let head = head.collect::<Vec<_>>().join(" ");
        let body = self.body()?;
        Some(Form::Loop(Loop { head, is_until, condition, body }))
    }

    fn body(&mut self) -> Option<List> {
        self.wants("do")?;
        let body = self.list()?;
        self.wants("done")?;
        Some(body)
    }

    fn counted(&mut self) -> Option<Form> {
        self.at += 1;
        let arithmetic = match self.peek()? {
            Token::Arithmetic(text) => Some(text.clone()),
            _ => None,
        };
        self.at += 1;
        while self.takes_operator("\n") || self.takes_operator(";") {}
        if self.takes("in") {
            while self.word().is_some() {}
            while self.takes_operator("\n") || self.takes_operator(";") {}
        }
        let body = match self.keyword() {
            Some("{") => {
                let Form::Group(body) = self.group()? else { return None };
                body
            }
            _ => self.body()?,
        };
        let is_endless = |text: &String| text.split(';').nth(1).is_some_and(|condition| condition.trim().is_empty());
        Some(match arithmetic.filter(is_endless) {
            None => Form::For(body),
            Some(text) => {
                Form::Loop(Loop { head: format!("for (({text}))"), is_until: false, condition: List::new(), body })
            }
        })
    }

    fn cases(&mut self) -> Option<Form> {
        self.at += 1;
        self.word()?;
        self.skip_lines();
        self.wants("in")?;
        let (mut branches, mut takes_all) = (Vec::new(), false);
        loop {
            self.skip_lines();
            if self.takes("esac") {
                return Some(Form::Case(branches, takes_all));
            }
            self.takes_operator("(");
            loop {
                takes_all |= self.word()?.text == "*";
                if !self.takes_operator("|") {
                    break;
                }
            }
            self.takes_operator(")").then_some(())?;
            branches.push(self.list()?);
            let _ = self.takes_operator(";;") || self.takes_operator(";&") || self.takes_operator(";;&");
        }
    }
}
