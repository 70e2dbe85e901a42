//! What does a command print that changes objects? A line or a name for each at once, or at the end the objects.

use std::io::{self, Write};

use serde_json::Value;

use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::output;
use crate::cli::output::Format;
use crate::cli::target::Target;
use crate::printable;

/// An object that was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    resource: String,
    text: String,
    object: Value,
}

impl Changed {
    /// `done`: what was done, for the line behind the name.
    pub fn of(target: &Target, done: &str, object: Value) -> Self {
        let resource = target.resource();
        Self { text: format!("{resource} {done}"), resource, object }
    }

    /// With a line that is not made of the name.
    pub fn with_text(self, text: &str) -> Self {
        Self { text: text.to_owned(), ..self }
    }
}

/// The objects of one command. A failure does not end the command: the next object is tried.
pub struct Changes {
    format: Format,
    objects: Vec<Value>,
    failed: Option<Failed>,
}

impl Changes {
    /// None yet.
    pub fn new(format: Format) -> Self {
        Self { format, objects: Vec::new(), failed: None }
    }

    /// One more. All failures but the last one are told at once; the last one is the error of the command.
    pub fn add(
        &mut self,
        one: Result<Changed, Failed>,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> io::Result<()> {
        match (one, self.format) {
            (Ok(Changed { text, .. }), Format::Text | Format::Wide) => printable::say(out, text),
            (Ok(Changed { resource, .. }), Format::Name) => printable::say(out, resource),
            (Ok(Changed { object, .. }), Format::Json | Format::Yaml) => {
                self.objects.push(object);
                Ok(())
            }
            (Err(error), _) => match self.failed.replace(error) {
                Some(before) => printable::say(err, format_args!("error: {before}")),
                None => Ok(()),
            },
        }
    }

    /// Writes the objects.
    pub fn end(self, out: &mut (dyn Write + Send)) -> Result<End, Failed> {
        output::values(out, self.format, self.objects)?;
        self.failed.map_or(Ok(End::Good), Err)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What stands on stdout and stderr after these changes.
    fn printed(format: Format, names: &[&str], failures: &[&str]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut changes = Changes::new(format);
        for name in names {
            let object = json!({"metadata": {"name": name, "managedFields": []}});
            let changed = Changed::of(&name.parse().unwrap(), "stopped", object);
            changes.add(Ok(changed), &mut out, &mut err).unwrap();
        }
        for failure in failures {
            changes.add(Err(Failed::Refused((*failure).to_owned())), &mut out, &mut err).unwrap();
        }
        let ended = changes.end(&mut out);
        assert_eq!(ended.is_ok(), failures.is_empty());
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn each_change_is_a_line_a_name_or_an_object() {
        let text = "sidecarjob.sidecarjob.dev/a stopped\nsidecarjob.sidecarjob.dev/b stopped\n";
        assert_eq!(printed(Format::Text, &["a", "b"], &[]).0, text);
        assert_eq!(printed(Format::Name, &["a"], &[]).0, "sidecarjob.sidecarjob.dev/a\n");
        let parse = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        assert_eq!(parse(&printed(Format::Json, &["a"], &[]).0), json!({"metadata": {"name": "a"}}));
        let two = parse(&printed(Format::Json, &["a", "b"], &["no"]).0);
        assert_eq!((&two["kind"], &two["items"][1]["metadata"]["name"]), (&json!("List"), &json!("b")));
        assert_eq!(printed(Format::Json, &[], &["no"]).0, "", "nothing was changed");
    }

    #[test]
    fn the_last_failure_is_the_error_and_those_before_are_told_at_once() {
        assert_eq!(printed(Format::Text, &[], &["one", "two"]).1, "error: one\n");
    }
}
