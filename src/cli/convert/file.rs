//! What becomes of one text: which objects change, which stay, which are refused, and what is the new text?

use std::sync::Arc;

use serde_json::Value;

use crate::api::labels;
use crate::cli::container::Container;
use crate::cli::convert::change::Change;
use crate::cli::convert::check::{self, Care};
use crate::cli::convert::choice::{self, Choice, To};
use crate::cli::convert::injection;
use crate::cli::convert::known;
use crate::cli::convert::limits;
use crate::cli::convert::reason;
use crate::cli::convert::report::{Happened, Report};
use crate::cli::convert::rewrite;
use crate::cli::convert::roles::{self, Said, Sidecar};
use crate::cli::convert::template;
use crate::cli::convert::text::WAYS;
use crate::cli::convert::work::{Work, place};
use crate::cli::convert::workaround::{self, Workaround};
use crate::cli::manifest::edit::Edits;
use crate::cli::manifest::{Document, Fault, Object, Path, Source, documents};
use crate::cli::workload::Kind;

/// What the user wants.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `--to`.
    pub to: Option<To>,
    /// `--main` and `--sidecar`.
    pub said: Said,
    /// The minor version of Kubernetes.
    pub minor: u32,
}

/// The new text, and what is told of each object.
#[derive(Debug)]
pub struct Converted {
    /// The whole text; the same bytes if nothing changed.
    pub text: String,
    /// One for each Job, CronJob, SidecarJob and SidecarCronJob, and for each document that is no YAML.
    pub reports: Vec<Report>,
}

/// Converts all objects of a text. An object that is refused stays as it is.
pub fn convert(source: &Arc<Source>, wanted: &Wanted) -> Converted {
    let read = documents(source);
    let mut reports = Vec::new();
    for care in [Care::Quick, Care::Thorough] {
        let mut edits = Edits::default();
        reports = changes(&read, wanted, care, &mut edits);
        let fits = |text: &String| edits.is_empty() || values(&check::read(text)) == expected(&read, &reports);
        if let Some(text) = edits.apply(&source.text).filter(fits) {
            return Converted { text, reports };
        }
    }
    // Each change was checked alone. If they do not fit together, none is made.
    let why = "the changes of this file do not fit together in the text: convert its objects in files of their own";
    let changed = reports.iter_mut().filter(|report| report.is_changed());
    changed.for_each(|report| report.result = Happened::Refused(why.into()));
    Converted { text: source.text.clone(), reports }
}

/// The edits of all objects, and what is told of each.
fn changes(read: &[Result<Document, Fault>], wanted: &Wanted, care: Care, edits: &mut Edits) -> Vec<Report> {
    let mut reports = Vec::new();
    for document in read {
        let objects = match document {
            Ok(document) => document.objects(),
            Err(fault) => {
                reports.push(Report::of_fault(fault));
                continue;
            }
        };
        for object in objects {
            match template::kind_of(&object) {
                Some(kind) => reports.push(one(&object, kind, wanted, care, edits)),
                None => reports.extend(template::hidden_kind(&object).as_ref().map(Report::of_fault)),
            }
        }
    }
    reports
}

/// The values of the documents; `None`: it is no YAML.
fn values(read: &[Result<Document, Fault>]) -> Vec<Option<Value>> {
    read.iter().map(|document| document.as_ref().ok().map(|document| document.value.clone())).collect()
}

/// The values of the text with the changed objects in place.
fn expected(read: &[Result<Document, Fault>], reports: &[Report]) -> Vec<Option<Value>> {
    let changed = |document: &Document| {
        let mut value = document.value.clone();
        for report in reports.iter().filter(|report| report.is_changed() && report.document == document.range.start) {
            *place(&mut value, &report.path) = report.object.clone();
        }
        value
    };
    read.iter().map(|document| document.as_ref().ok().map(changed)).collect()
}

fn one(object: &Object<'_>, kind: Kind, wanted: &Wanted, care: Care, all: &mut Edits) -> Report {
    let work = Work::of(kind, object.value);
    let mut report = Report::of(object, kind);
    report.containers = work.containers.iter().chain(&work.init).map(|container| container.name.clone()).collect();
    match decided(object, &work, wanted, &mut report) {
        Err(why) => report.result = Happened::Refused(why),
        Ok((Choice::Stays(why), _)) => report.result = Happened::Stays(why),
        Ok((Choice::Becomes(to, why), change)) => match edited(object, &change, care) {
            Ok(edits) => {
                all.extend(edits);
                report.notes.extend(limits::notes(&change, &work, object.value));
                report.object = change.of(object.value);
                report.result = Happened::Becomes(to, why);
            }
            Err(why) => report.result = Happened::Refused(why),
        },
    }
    report
}

/// The choice and the change of it. What is found on the way goes into the report.
fn decided(object: &Object<'_>, work: &Work, wanted: &Wanted, report: &mut Report) -> Result<(Choice, Change), String> {
    let workarounds = workarounds(work);
    let injections = injection::asked(work);
    let change = |to: To, main: &[String], sidecars: Vec<String>| Change {
        kind: work.kind,
        to,
        main: main.to_vec(),
        sidecars,
        native: work.native().into_iter().map(str::to_owned).collect(),
    };
    let is_done = work.kind.is_ours() || work.mark(labels::MAIN).is_some() || work.managed_by.is_some();
    let needs_names = work.containers.len() > 1 || !injections.is_empty() || wanted.to.is_some();
    if let Some((path, what)) = unfit(object, work, is_done, needs_names) {
        report.line = object.line(&path);
        return Err(what);
    }
    let roles = match is_done {
        true => roles::Roles::default(),
        false => roles::roles(work, &wanted.said, &workarounds)?,
    };
    let choice = choice::choose(work, &roles, &injections, wanted.to, wanted.minor)?;
    if wanted.to == Some(To::Native) && !injections.is_empty() {
        report.notes.push(choice::beyond_native(&injections));
    }
    report.injected = injections.iter().map(|injection| injection.by).collect();
    let sidecars = roles.sidecars.iter().map(|sidecar| sidecar.name.clone()).collect();
    let to = if let Choice::Becomes(to, _) = choice { to } else { To::Native };
    let change = change(to, &roles.main, sidecars);
    (report.main, report.sidecars) = (roles.main, roles.sidecars);
    if matches!(choice, Choice::Becomes(To::Sidecarjob | To::ManagedBy, _)) {
        let native = work.init.iter().filter(|init| change.native.contains(&init.name));
        report.sidecars.splice(0..0, native.filter_map(|init| Some(Sidecar::of(&init.name, known::sign(init)?))));
    }
    if matches!(choice, Choice::Becomes(..)) {
        if let Some(why) = limits::refused(&change, work, object.value) {
            return Err(why);
        }
        report
            .notes
            .extend(workarounds.into_iter().map(|found| format!("a workaround is needless now: {}", found.what)));
    }
    Ok((choice, change))
}

/// What the plain containers do by hand to stop others. A sidecar that is native already is one of the others: it may have moved.
fn workarounds(work: &Work) -> Vec<Workaround> {
    let is_native = |init: &&Container| work.native().contains(&init.name.as_str());
    let mut all = work.clone();
    all.containers.extend(work.init.iter().filter(is_native).cloned());
    let is_plain = |found: &Workaround| work.containers.iter().any(|container| container.name == found.main);
    workaround::found(&all).into_iter().filter(is_plain).collect()
}

/// The field that is in the way of every form, and the sentence.
fn unfit(object: &Object<'_>, work: &Work, is_done: bool, needs_names: bool) -> Option<(Path, String)> {
    let nameless = || limits::nameless(object, work).filter(|_| needs_names && !is_done);
    let holds_up = || limits::holds_up(object, work).filter(|_| !is_done);
    template::unrendered(object).or_else(nameless).or_else(holds_up)
}

/// The edits whose text says exactly the change. All ways are tried.
fn edited(object: &Object<'_>, change: &Change, care: Care) -> Result<Edits, String> {
    if object.shared {
        return Err(
            "is written elsewhere in its document (an alias), so a change would reach other places: write it out"
                .into(),
        );
    }
    if let Some(why) = reason::no_lines(object) {
        return Err(why);
    }
    let expected = change.of(object.value);
    let (mut wrong, mut last) = (None, Edits::default());
    for way in WAYS {
        match rewrite::edits(object, change, way) {
            Ok(edits) if check::says(object, &edits, &expected, care) => return Ok(edits),
            Ok(edits) => last = edits,
            Err(why) => wrong = Some(why),
        }
    }
    Err(wrong.unwrap_or_else(|| reason::why_not(object, change, &last)))
}
