//! When is an object reconciled? When it was woken or when its time has come, never otherwise: so a wake-up that is
//! missing is found. This stands in for kube's queue, of one object.

use std::time::Duration;

use kube::runtime::controller::Action;
use tokio::time::Instant;

/// Whether the object is to be reconciled.
#[derive(Default)]
pub struct Turn {
    woken: bool,
    due: Option<Instant>,
}

impl Turn {
    pub fn wake(&mut self) {
        self.woken = true;
    }

    /// As the last reconcile has asked for.
    pub fn next(&mut self, action: &Action) {
        self.due = wait(action).map(|wait| Instant::now() + wait);
    }

    /// Its turn has come, and is taken.
    pub fn take(&mut self) -> bool {
        let due = self.due.take_if(|at| *at <= Instant::now()).is_some();
        let turn = std::mem::take(&mut self.woken) || due;
        if turn {
            self.due = None;
        }
        turn
    }

    /// How long until it wants to look again.
    pub fn rest(&self) -> Option<Duration> {
        self.due.map(|at| at.saturating_duration_since(Instant::now()))
    }
}

/// kube tells no way to read it but this.
pub fn wait(action: &Action) -> Option<Duration> {
    let text = format!("{action:?}");
    let text = text.split_once("Some(")?.1.trim_end_matches([' ', '}', ')']);
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number");
    let scale = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" => 1e-6,
        _ => 1e-9,
    };
    Some(Duration::from_secs_f64(number * scale) + Duration::from_millis(1))
}
