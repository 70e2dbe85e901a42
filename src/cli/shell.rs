//! What does a script run? Its commands, as a shell reads them: without quotes, comments and here-documents.
//!
//! A script that is no shell, or is too long or too deep, has no commands: then nothing is said of it.

pub mod flow;
pub mod idle;
mod lex;
mod parse;
mod pipe;
pub mod program;
pub mod ready;
pub mod visit;

pub use parse::parsed;

/// Commands in their order.
pub type List = Vec<Item>;

/// Pipelines that `&&` and `||` join.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// The first one.
    pub first: Pipeline,
    /// The others, each with what stands before it.
    pub rest: Vec<(Join, Pipeline)>,
    /// `&` stands behind them.
    pub is_background: bool,
}

/// When the next pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// `&&`.
    And,
    /// `||`.
    Or,
}

/// Commands that read from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// `!` stands before them.
    pub is_negated: bool,
    /// The commands; never empty in a script that was parsed.
    pub commands: Vec<Command>,
}

/// A command, and the files into which it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it does.
    pub form: Form,
    /// The files behind `>`, `>>` and the like.
    pub writes: Vec<String>,
}

/// The forms of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A program, a builtin or a function, with its arguments. Without words: only assignments or redirections.
    Simple(Simple),
    /// `{ … }`.
    Group(List),
    /// `( … )`.
    Subshell(List),
    /// `if … then … elif … else … fi`: conditions with what they decide, and the rest.
    If(Vec<(List, List)>, Option<List>),
    /// `while … do … done`, or `until`.
    Loop(Loop),
    /// `for … do … done` and `select`.
    For(List),
    /// The branches of `case`, and whether one of them takes everything.
    Case(Vec<List>, bool),
    /// A function that is defined here.
    Function(String, Box<Command>),
    /// `(( … ))`.
    Arithmetic(String),
}

/// A loop with a condition. `for ((;;))` is one too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The beginning, for people: `while true`.
    pub head: String,
    /// The loop goes on while the condition fails.
    pub is_until: bool,
    /// The condition.
    pub condition: List,
    /// What is repeated.
    pub body: List,
}

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simple {
    /// `NAME=VALUE` before the words.
    pub assigns: Vec<(String, String)>,
    /// The words.
    pub words: Vec<Word>,
}

/// A word without its quotes. What is expanded stands as it is written: `$x`, `$(date)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// A part was quoted, so that the word is no keyword.
    pub is_quoted: bool,
}

impl Word {
    /// Whether a part of the word is expanded when the script runs.
    pub fn is_expanded(&self) -> bool {
        self.text.contains(['$', '`'])
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), is_quoted: true }
    }
}

#[cfg(test)]
mod tests;
