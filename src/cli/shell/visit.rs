//! Which commands may run at all, wherever they stand in a script?

use std::collections::BTreeMap;

use crate::cli::shell::program::Program;
use crate::cli::shell::{Command, Form, Item, List, Pipeline, parsed};

/// How deep scripts may stand in scripts.
const DEEPEST: usize = 6;

/// The pipelines of an item.
pub fn pipelines(item: &Item) -> impl Iterator<Item = &Pipeline> {
    std::iter::once(&item.first).chain(item.rest.iter().map(|(_, pipeline)| pipeline))
}

/// The commands of the list, without the inner ones.
pub fn commands(list: &[Item]) -> impl Iterator<Item = &Command> {
    list.iter().flat_map(pipelines).flat_map(|pipeline| &pipeline.commands)
}

/// The command as a list.
pub fn alone(command: &Command) -> List {
    let first = Pipeline { is_negated: false, commands: vec![command.clone()] };
    vec![Item { first, ..Item::default() }]
}

/// Calls `seen` with each command of the list, the inner ones behind the outer one.
pub fn each<'a>(list: &'a [Item], seen: &mut dyn FnMut(&'a Command)) {
    for command in commands(list) {
        seen(command);
        inner(command, &mut |list| each(list, seen));
    }
}

/// Calls `seen` with each list in the command.
fn inner<'a>(command: &'a Command, seen: &mut dyn FnMut(&'a [Item])) {
    match &command.form {
        Form::Simple(_) | Form::Arithmetic(_) => {}
        Form::Group(list) | Form::Subshell(list) | Form::For(list) => seen(list),
        Form::If(branches, rest) => {
            for (condition, body) in branches {
                seen(condition);
                seen(body);
            }
            rest.iter().for_each(|list| seen(list));
        }
        Form::Loop(looped) => {
            seen(&looped.condition);
            seen(&looped.body);
        }
        Form::Case(branches, _) => branches.iter().for_each(|list| seen(list)),
        Form::Function(_, body) => inner(body, seen),
    }
}

/// The functions that are defined in the list.
pub fn functions(list: &[Item]) -> BTreeMap<&str, &Command> {
    let mut all = BTreeMap::new();
    each(list, &mut |command| {
        if let Form::Function(name, body) = &command.form {
            all.insert(name.as_str(), &**body);
        }
    });
    all
}

/// The programs of the list.
pub fn programs(list: &[Item]) -> Vec<Program> {
    let mut all = Vec::new();
    each(list, &mut |command| {
        if let Form::Simple(simple) = &command.form {
            all.push(Program::of(&simple.words));
        }
    });
    all
}

/// The list, and the scripts in it: those of shells, and those of traps.
pub fn scripts(list: &List) -> Vec<List> {
    let mut all = vec![list.clone()];
    below(list, 0, &mut all);
    all
}

fn below(list: &[Item], depth: usize, all: &mut Vec<List>) {
    for program in programs(list) {
        let of_trap = || program.arguments().first().filter(|_| program.name() == "trap").cloned();
        let script = program.script.clone().or_else(of_trap);
        if let Some(list) = script.filter(|_| depth < DEEPEST).and_then(|script| parsed(&script)) {
            below(&list, depth + 1, all);
            all.push(list);
        }
    }
}
