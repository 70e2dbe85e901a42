//! How much work may a search for times be?
//!
//! A user can write schedules and exclusions for which a search passes years before it finds a time. A search counts
//! its steps, and ends with `Spent` when the budget is used up. A step is about one look at the rules of a time zone.
//! The number of steps is the same on every machine, so a schedule that fits the budget fits on every machine. The time
//! of a step differs: docs/schedules.md says what we measured.

use thiserror::Error;

/// The steps of one decision of the controller about one object.
pub const OF_A_DECISION: u32 = 100_000;

/// The steps of one command of a user, who can wait for the answer.
pub const OF_A_COMMAND: u32 = 100_000_000;

/// The steps that a search may still take.
#[derive(Debug, PartialEq, Eq)]
pub struct Budget {
    given: u32,
    left: u32,
}

/// The budget is used up: the search ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the search takes too many steps")]
pub struct Spent;

impl Budget {
    /// A budget of `steps` steps.
    pub const fn of(steps: u32) -> Self {
        Self { given: steps, left: steps }
    }

    /// Takes `steps` steps. If fewer are left, no step is left afterwards.
    pub fn take(&mut self, steps: u32) -> Result<(), Spent> {
        match self.left.checked_sub(steps) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                return Err(Spent);
            }
        }
        Ok(())
    }

    /// How many steps have been taken.
    pub const fn taken(&self) -> u32 {
        self.given - self.left
    }

    /// Does some work with half of the steps that are left. The other half stays for the caller, even if the work does
    /// not finish.
    pub fn half<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let mut half = Self::of(self.left / 2);
        let done = work(&mut half);
        self.left -= half.taken();
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_and_half_of_it_leaves_the_other_half() {
        let mut budget = Budget::of(10);
        assert_eq!((budget.take(4), budget.taken()), (Ok(()), 4));
        assert_eq!(budget.half(|half| half.take(4)), Err(Spent), "half of six are three");
        assert_eq!((budget.take(3), budget.taken()), (Ok(()), 10));
        assert_eq!(budget.take(1), Err(Spent));
    }
}
