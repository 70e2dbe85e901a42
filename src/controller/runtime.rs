//! On which threads does the program work, and how often does the thread look for news?
//!
//! One thread does all the work: a reconcile computes for microseconds and waits for milliseconds, and threads that wake each
//! other cost more than they save. In a rush the thread pauses before each look for news, and so finds more news at once: to
//! wake up for each message costs more than to read the message (docs/adr/0074-pauses-in-a-rush.md).

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::controller::load::Load;

/// The pause: short beside a call in a rush, which takes tens of milliseconds. A longer pause saves little more.
const PAUSE: Duration = Duration::from_millis(5);

/// The runtime of the program. Its thread pauses while the load is high.
pub fn runtime(load: &Load) -> io::Result<Runtime> {
    let load = load.clone();
    let before_a_look = move || thread::sleep(pause(&load));
    Builder::new_current_thread().enable_all().on_thread_park(before_a_look).build()
}

/// None while every object has its turn: one run alone never waits for a pause.
fn pause(load: &Load) -> Duration {
    if load.is_high() { PAUSE } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_pauses_only_while_objects_wait_for_their_turns() {
        let load = Load::default();
        let mut pauses = vec![pause(&load)];
        load.one_more();
        pauses.push(pause(&load));
        load.one_fewer();
        pauses.push(pause(&load));
        assert_eq!(pauses, [Duration::ZERO, PAUSE, Duration::ZERO]);
    }
}
