//! What does the spec ask for that the mode of the sidecars can't do, which container is a sidecar although the spec does
//! not name it, and which range of indexes is written the wrong way round?

use crate::api::conditions::events;
use crate::engine::build::{managed, native};
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Observed, Sidecar, Spec, restarts_always};
use crate::engine::plan::Event;
use crate::engine::report::note::Note;

/// One event about what the mode of the sidecars can't do, one about containers that are sidecars although the spec does not
/// name them, and one about ranges of indexes that are written the wrong way round. Only with the first status of the run.
pub fn note(j: &Judgement) -> Note {
    let Observed { job, settings, .. } = j.seen;
    let (spec, Some(template)) = (&job.spec, &job.spec.template.spec) else { return Note::default() };
    if job.status.observed_generation.unwrap_or(0) > 0 || job.status.counts.active.is_some() {
        return Note::default();
    }
    let mut containers = template.containers.iter().chain(template.init_containers.iter().flatten());
    if spec.sidecars.is_empty() && !containers.any(restarts_always) {
        // Each limit is about an entry of `sidecars`, or about a container that always restarts. Most Jobs have neither.
        return Note::of_events(reversed(spec));
    }
    let limits = if spec.native(settings) {
        native::limits(template, &spec.roles, &spec.sidecars, &settings.recipes)
    } else {
        managed::limits(template, &spec.roles, &spec.sidecars, &settings.recipes)
    };
    let taken = taken(spec);
    let taken = (!taken.is_empty()).then(|| Event::normal(events::TAKEN_AS_SIDECAR, taken.join(". ")));
    // One event has all limits: of several events with the same reason people see only the first.
    let limits = (!limits.is_empty()).then(|| Event::warning(events::SIDECAR_LIMIT, limits.join(". ")));
    Note::of_events(taken.into_iter().chain(limits).chain(reversed(spec)))
}

/// The CRD has no rule for this: the API server bounds what a rule on a long text may cost.
fn reversed(spec: &Spec) -> Option<Event> {
    (!spec.reversed.is_empty()).then(|| {
        let note = format!(
            "spec.completedIndexes has {}, which ends before it begins: no index is in it, and the indexes run",
            spec.reversed
        );
        Event::warning(events::COMPLETED_INDEXES_REVERSED, note)
    })
}

/// The containers that are sidecars although `spec.sidecars` does not name them, in sentences; usually none.
fn taken(spec: &Spec) -> Vec<String> {
    let containers = spec.template.spec.iter().flat_map(|pod| &pod.containers);
    let not_named = |name: &str| Sidecar::named(&spec.sidecars, name).is_none();
    let taken = containers.filter(|c| restarts_always(c) && not_named(&c.name));
    taken
        .map(|c| format!("container {} is a sidecar, because it has restartPolicy Always and so never ends", c.name))
        .collect()
}
