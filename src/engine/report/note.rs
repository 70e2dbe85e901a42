//! What does one policy report: which conditions, and which events?
//!
//! A note is a value. [`Note::conditions`] is the one place that makes the next conditions from the notes.

use chrono::{DateTime, Utc};

use crate::engine::observed::conditions::Conditions;
use crate::engine::plan::Event;

/// The conditions that one policy sets, and the events about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    conditions: Vec<Entry>,
    /// The controller sends these events when the status is stored.
    pub events: Vec<Event>,
}

/// One condition, as a policy sets it.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    type_: &'static str,
    status: Truth,
    reason: String,
    message: String,
}

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    True,
    False,
    /// False if the stored condition is True. Otherwise the condition stays as it is, or absent.
    NoLongerTrue,
}

impl Note {
    /// The condition of this type is True.
    pub fn is_true(type_: &'static str, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::one(type_, Truth::True, reason.into(), message.into())
    }

    /// The condition of this type is False.
    pub fn is_false(type_: &'static str, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::one(type_, Truth::False, reason.into(), message.into())
    }

    /// The condition of this type becomes False if the stored one is True.
    pub fn no_longer_true(type_: &'static str, reason: &str) -> Self {
        Self::one(type_, Truth::NoLongerTrue, reason.into(), String::new())
    }

    fn one(type_: &'static str, status: Truth, reason: String, message: String) -> Self {
        Self { conditions: vec![Entry { type_, status, reason, message }], events: Vec::new() }
    }

    /// Events without a condition.
    pub fn of_events(events: impl IntoIterator<Item = Event>) -> Self {
        Self { conditions: Vec::new(), events: events.into_iter().collect() }
    }

    /// The same note with these events.
    pub fn with_events(self, events: impl IntoIterator<Item = Event>) -> Self {
        [self, Self::of_events(events)].into_iter().collect()
    }

    /// The next conditions: the stored ones with those of this note.
    pub fn conditions(&self, stored: &Conditions, now: DateTime<Utc>) -> Conditions {
        let mut next = stored.clone();
        for Entry { type_, status, reason, message } in &self.conditions {
            match status {
                Truth::True => next.set(type_, true, reason, message, now),
                Truth::False => next.set(type_, false, reason, message, now),
                Truth::NoLongerTrue => next.clear(type_, reason, message, now),
            }
        }
        next
    }
}

/// All notes in one, in their order.
impl FromIterator<Note> for Note {
    fn from_iter<T: IntoIterator<Item = Self>>(notes: T) -> Self {
        notes.into_iter().fold(Self::default(), |mut all, note| {
            all.conditions.extend(note.conditions);
            all.events.extend(note.events);
            all
        })
    }
}
