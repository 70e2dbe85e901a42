//! Which conditions does an object have? A list with one entry for each type.
//!
//! `lastTransitionTime` changes only when the status of the condition changes. Conditions of other writers stay as they
//! are.

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::engine::observed::time;

/// All conditions, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions(pub Vec<Condition>);

impl Conditions {
    /// The condition of this type.
    pub fn get(&self, type_: &str) -> Option<&Condition> {
        self.0.iter().find(|c| c.type_ == type_)
    }

    /// The condition of this type, if it is True.
    pub fn when_true(&self, type_: &str) -> Option<&Condition> {
        self.get(type_).filter(|c| c.status == "True")
    }

    /// The condition of this type exists and is True.
    pub fn is_true(&self, type_: &str) -> bool {
        self.when_true(type_).is_some()
    }

    /// Since when the condition of this type is True.
    pub fn true_since(&self, type_: &str) -> Option<DateTime<Utc>> {
        self.when_true(type_).map(|c| time::from_wire(&c.last_transition_time))
    }

    /// Sets a condition. Its time changes only if its status changes. Conditions have no generation of their own:
    /// `status.observedGeneration` applies to all.
    pub fn set(&mut self, type_: &str, status: bool, reason: &str, message: &str, now: DateTime<Utc>) {
        let status = if status { "True" } else { "False" };
        let found = self.0.iter_mut().find(|c| c.type_ == type_);
        let since = match &found {
            Some(c) if c.status == status && !is_default(c) => c.last_transition_time.clone(),
            _ => time::to_wire(now),
        };
        let new = Condition {
            type_: type_.into(),
            status: status.into(),
            reason: reason.into(),
            message: message.into(),
            last_transition_time: since,
            observed_generation: None,
        };
        match found {
            Some(c) => *c = new,
            None => self.0.push(new),
        }
    }

    /// Sets a condition to False, if it is True.
    pub fn clear(&mut self, type_: &str, reason: &str, message: &str, now: DateTime<Utc>) {
        if self.is_true(type_) {
            self.set(type_, false, reason, message, now);
        }
    }
}

/// The condition is from the CRD's default status, whose time is the epoch: no controller has written it.
fn is_default(condition: &Condition) -> bool {
    time::from_wire(&condition.last_transition_time) == DateTime::UNIX_EPOCH
}

#[cfg(test)]
mod tests;
