//! What is told of each object, on stderr and with `-o json`?

use serde_json::{Value, json};

use crate::cli::convert::choice::To;
use crate::cli::convert::roles::Sidecar;
use crate::cli::convert::work::at;
use crate::cli::manifest::{Fault, Form, Object, Path};
use crate::cli::workload::Kind;

/// What happened with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It stays as it is, because of this.
    Stays(String),
    /// It became this, because of this.
    Becomes(To, String),
    /// It stays as it is, and the user must do something.
    Refused(String),
}

/// One object.
#[derive(Clone, Debug)]
pub struct Report {
    /// The file.
    pub file: String,
    /// The line on which the object begins, or which is refused.
    pub line: usize,
    /// The kind before; `None`: the document is no YAML.
    pub kind: Option<Kind>,
    /// The name.
    pub name: String,
    /// The namespace of the object, or nothing.
    pub namespace: String,
    /// The names of the plain containers and the init containers: a sidecar that has moved has its name still.
    pub containers: Vec<String>,
    /// The main containers.
    pub main: Vec<String>,
    /// The containers that are sidecars, and are written as such.
    pub sidecars: Vec<Sidecar>,
    /// Who will inject a sidecar.
    pub injected: Vec<&'static str>,
    /// What happened.
    pub result: Happened,
    /// What to know, and what to remove.
    pub notes: Vec<String>,
    /// The object after the change.
    pub object: Value,
    /// The first byte of its document, and its path there.
    pub document: usize,
    /// See `document`.
    pub path: Path,
}

/// The name; one that is no text, as it is written.
fn name(object: &Object<'_>) -> String {
    let path = Path::default().then("metadata").then("name");
    match object.find(&path).map(|found| &found.value.target().form) {
        Some(Form::Scalar { text, .. }) if object.name().is_empty() && !at(object.value, &path).is_null() => {
            text.clone()
        }
        _ => object.name().to_owned(),
    }
}

impl Report {
    /// A report without a result.
    pub fn of(object: &Object<'_>, kind: Kind) -> Self {
        Self {
            file: object.file().to_owned(),
            line: object.first_line(),
            kind: Some(kind),
            name: name(object),
            namespace: object.namespace().to_owned(),
            containers: Vec::new(),
            main: Vec::new(),
            sidecars: Vec::new(),
            injected: Vec::new(),
            result: Happened::Stays(String::new()),
            notes: Vec::new(),
            object: Value::Null,
            document: object.document.range.start,
            path: object.path.clone(),
        }
    }

    /// The report of a document that is no YAML.
    pub fn of_fault(fault: &Fault) -> Self {
        Self {
            file: fault.file.clone(),
            line: fault.position.line,
            kind: None,
            name: String::new(),
            namespace: String::new(),
            containers: Vec::new(),
            main: Vec::new(),
            sidecars: Vec::new(),
            injected: Vec::new(),
            result: Happened::Refused(fault.what.clone()),
            notes: Vec::new(),
            object: Value::Null,
            document: usize::MAX,
            path: Path::default(),
        }
    }

    /// Whether the text of the object changed.
    pub fn is_changed(&self) -> bool {
        matches!(self.result, Happened::Becomes(..))
    }

    /// Whether the user must do something.
    pub fn is_refused(&self) -> bool {
        matches!(self.result, Happened::Refused(_))
    }

    fn subject(&self) -> String {
        match self.kind {
            Some(kind) if self.name.is_empty() => format!("{} without a name", kind.name()),
            Some(kind) => format!("{} {}", kind.name(), self.name),
            None => "the document".to_owned(),
        }
    }

    /// The line for people, and one for each note.
    pub fn lines(&self) -> Vec<String> {
        let place = format!("{}:{}", self.file, self.line);
        let subject = self.subject();
        let first = match &self.result {
            Happened::Refused(why) if self.kind.is_none() => format!("{place}: error: {why}"),
            Happened::Refused(why) => format!("{place}: error: {subject}: {why}"),
            Happened::Stays(why) => format!("{place}: {subject} stays as it is: it {why}"),
            Happened::Becomes(to, why) => format!("{place}: {subject} -> {}: {}{why}", to.word(), self.roles()),
        };
        let notes = self.notes.iter().map(|note| format!("{place}: warning: {subject}: {note}"));
        std::iter::once(first).chain(notes).collect()
    }

    /// `main work; sidecar ffwd (likely: …); `
    fn roles(&self) -> String {
        let sidecar = |of: &Sidecar| format!("sidecar {} ({}: {}); ", of.name, of.confidence, of.why);
        let sidecars: String = self.sidecars.iter().map(sidecar).collect();
        format!("main {}; {sidecars}", self.main.join(", "))
    }

    /// The object of `-o json`.
    pub fn json(&self) -> Value {
        let sidecar = |of: &Sidecar| json!({"name": of.name, "confidence": of.confidence.to_string(), "why": of.why});
        let kind = self.kind.map(Kind::name);
        let (to, reason) = match &self.result {
            Happened::Becomes(to, why) => (Some(to.word()), why),
            Happened::Stays(why) | Happened::Refused(why) => (None, why),
        };
        json!({
            "file": self.file, "line": self.line, "kind": kind, "name": self.name, "namespace": self.namespace,
            "to": to, "toKind": self.is_changed().then(|| self.object["kind"].clone()),
            "main": self.main, "sidecars": self.sidecars.iter().map(sidecar).collect::<Vec<_>>(), "injectedBy": self.injected,
            "reason": reason, "notes": self.notes, "changed": self.is_changed(), "refused": self.is_refused()
        })
    }
}
