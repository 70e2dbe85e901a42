//! What does one scrape tell? The counts of the process, the state of the moment, and the series of each object.
//!
//! The program has one thread. So a scrape comes in pieces: between two pieces other work has its turn, and at no time is
//! all text of many objects in memory.

use std::sync::Arc;

use clap::ValueEnum;

use crate::api::Kind;
use crate::telemetry::in_view::{Draining, InView};
use crate::telemetry::objects;

/// With `auto`, so many SidecarJobs and SidecarCronJobs have series of their own. With one more, none has.
pub const MOST_OBJECTS: usize = 5_000;

/// Does each object have series of its own?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PerObject {
    /// As long as there are not too many objects.
    #[default]
    Auto,
    /// However many there are.
    On,
    /// Never.
    Off,
}

impl PerObject {
    /// Whether so many objects have series of their own, and whether only their number is why not.
    pub fn decide(self, objects: usize) -> (bool, bool) {
        match self {
            Self::On => (true, false),
            Self::Off => (false, false),
            Self::Auto => (objects <= MOST_OBJECTS, objects > MOST_OBJECTS),
        }
    }
}

/// What all views show together.
pub struct Seen {
    views: Vec<Arc<dyn InView>>,
    /// How many objects there are, by kind; empty before the controller works.
    pub counts: Vec<(&'static str, usize)>,
    /// Pods whose sidecars still run.
    pub draining: Vec<Draining>,
}

impl Seen {
    /// Looks.
    pub fn now(views: Vec<Arc<dyn InView>>) -> Self {
        let mut counts: Vec<(&'static str, usize)> = Vec::new();
        for (kind, count) in views.iter().flat_map(|view| view.counts()) {
            match counts.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, all)) => *all += count,
                None => counts.push((kind, count)),
            }
        }
        let draining = views.iter().flat_map(|view| view.draining()).collect();
        Self { views, counts, draining }
    }

    /// How many objects could have series of their own.
    pub fn objects(&self) -> usize {
        let has_series = |kind: &str| kind != Kind::Job.name();
        self.counts.iter().filter(|(kind, _)| has_series(kind)).map(|(_, count)| count).sum()
    }

    /// The series of each object, in pieces.
    pub fn series(&self) -> impl Iterator<Item = String> + Send + use<> {
        let runs = self.views.iter().flat_map(|view| view.runs()).collect();
        let schedules = self.views.iter().flat_map(|view| view.schedules()).collect();
        objects::pieces(runs, schedules, &self.draining)
    }
}
