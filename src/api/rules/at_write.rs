//! Which rules on several fields does the API server evaluate at which write?
//!
//! The API server evaluates every rule at every write, also where nothing has changed. So each of these rules is there
//! twice. For a create it is attached to the field that it is about ([`Group::at_create`]). For all later writes it is
//! part of one rule on the whole object, which ends at once at a status write ([`at_update`]).

use serde_json::{Value, json};

use crate::api::rules::Rule;

/// The write is a status write. The spec of such a write is the stored spec and needs no check: the API server takes the
/// spec of a status write, and the status of any other write, from the stored object.
pub const STATUS_WRITE: &str = "self.status != oldSelf.status";

/// The message if the API server can't evaluate the expression that chooses the messages.
const ABOUT: &str =
    "fields of spec.* need or exclude each other, and some do not fit: kubectl explain says which go together";

/// Rules with a common condition. The message comes from the first rule that does not hold.
pub struct Group {
    /// The condition under which all rules hold anyway. In it and in the rules, `self` is the field.
    pub unless: &'static str,
    /// What the rules are about: the message if the API server can't tell which rule does not hold. None: there is one
    /// rule, with one message.
    pub about: Option<&'static str>,
    pub rules: &'static [Rule],
}

/// A group as a part of a rule on the whole object.
pub struct Part {
    /// The whole condition.
    holds: String,
    /// Each rule with the condition of the group, and its message.
    rules: Vec<(String, String)>,
}

impl Group {
    /// The rule of the field itself. It ends at once where the field is stored already.
    pub fn at_create(&self) -> Value {
        let rules = self.placed("self");
        let mut rule = json!({
            "rule": format!("oldSelf.hasValue() || {} || ({})", self.unless, all(&rules)),
            "optionalOldSelf": true,
            "message": self.about.or(self.rules.first().map(|(_, message)| *message))
        });
        if self.about.is_some() {
            rule["messageExpression"] = json!(first_broken(&rules));
        }
        rule
    }

    /// The same for a later write. `path` is the path of the field, for example `self.spec`.
    pub fn at_update(&self, path: &str) -> Part {
        let rules = self.placed(path);
        let unless = self.unless.replace("self", path);
        let holds = format!("({unless} || ({}))", all(&rules));
        let each = |(rule, message)| (format!("{unless} || ({rule})"), message);
        Part { holds, rules: rules.into_iter().map(each).collect() }
    }

    fn placed(&self, path: &str) -> Vec<(String, String)> {
        self.rules.iter().map(|(rule, message)| (rule.replace("self", path), (*message).to_owned())).collect()
    }
}

impl Part {
    /// The part with its messages in other words.
    pub fn told(self, other: impl Fn(&str) -> String) -> Self {
        let rules = self.rules.into_iter().map(|(rule, message)| (rule, other(&message)));
        Self { rules: rules.collect(), ..self }
    }
}

/// The parts as one rule on the whole object, for all writes after the create. The message comes from the first rule that
/// does not hold.
///
/// A stored spec that breaks a newer rule may stay: otherwise nobody could remove a finalizer from the object. The
/// comparison with the stored spec costs more than the parts, so it comes last.
pub fn at_update(status_write: &str, parts: Vec<Part>) -> Value {
    let every: Vec<&str> = parts.iter().map(|part| part.holds.as_str()).collect();
    let every = every.join(" && ");
    let rules: Vec<(String, String)> = parts.into_iter().flat_map(|part| part.rules).collect();
    json!({
        "rule": format!("{status_write} || ({every}) || self.spec == oldSelf.spec"),
        "fieldPath": ".spec",
        "message": ABOUT,
        "messageExpression": first_broken(&rules)
    })
}

/// One rule for several, about the spec. Its message is that of the first rule that does not hold; a CEL expression chooses it.
pub fn all_of(unless: &str, about: &str, rules: &[(String, String)]) -> Value {
    json!({
        "rule": format!("{unless} || ({})", all(rules)),
        "fieldPath": ".spec",
        "message": about,
        "messageExpression": first_broken(rules)
    })
}

fn all(rules: &[(String, String)]) -> String {
    rules.iter().map(|(rule, _)| format!("({rule})")).collect::<Vec<_>>().join(" && ")
}

/// An expression for the message of the first rule that does not hold. The last rule is not evaluated.
fn first_broken(rules: &[(String, String)]) -> String {
    let quoted = |message: &str| json!(message).to_string();
    let mut backwards = rules.iter().rev();
    let last = backwards.next().map(|(_, message)| quoted(message)).unwrap_or_default();
    backwards.fold(last, |rest, (rule, message)| format!("!({rule}) ? {} : {rest}", quoted(message)))
}
