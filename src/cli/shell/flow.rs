//! Does a script come to its end, and after how many seconds at least?
//!
//! All paths through the script are followed. A path comes to an end, leaves a loop, returns, exits, or gets stuck.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::shell::pipe::reads_all;
use crate::cli::shell::visit;
use crate::cli::shell::{Command, Form, Item, Join, Loop, Pipeline, parsed};

mod builtin;
mod job;
mod path;

pub use job::BY_NAME;
use job::Job;
pub use path::{Flow, Stuck};

/// The most commands that are followed, and how deep: what is beyond says nothing.
const MOST: usize = 5_000;
const DEEPEST: usize = 60;
/// So many bytes of a script cost as much as following a command.
const COSTS: usize = 100;

/// What the reader of a script takes for granted.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Whether a program with these words serves, and so never ends.
    pub serves: &'a dyn Fn(&[String]) -> bool,
    /// Of `a && b`, `a` goes well, unless it is a test.
    pub all_goes_well: bool,
}

/// What the paths through the list come to. Without an end and without a place where it gets stuck: too much to follow.
pub fn flow(list: &[Item], rules: Rules<'_>) -> Flow {
    let mut reader = Reader::of(list, rules);
    let flow = reader.whole(list);
    if reader.steps > MOST { Flow::either() } else { flow }
}

/// Follows a script.
struct Reader<'a> {
    rules: Rules<'a>,
    functions: BTreeMap<&'a str, &'a Command>,
    /// What the script kills.
    kills: BTreeSet<String>,
    jobs: Vec<Job>,
    /// What runs in the background, or a signal, may end what comes now.
    is_doubtful: bool,
    steps: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn of(list: &'a [Item], rules: Rules<'a>) -> Self {
        let functions = visit::functions(list);
        let kills = job::kills(list);
        Self { rules, functions, kills, jobs: Vec::new(), is_doubtful: false, steps: 0, depth: 0 }
    }

    /// The list that the shell was given.
    fn whole(&mut self, list: &[Item]) -> Flow {
        if job::ends_the_shell(list) { Flow::either() } else { self.list(list) }
    }

    fn list(&mut self, list: &[Item]) -> Flow {
        let mut flow = Flow::ok();
        for item in list {
            if !flow.falls() {
                break;
            }
            let next = self.item(item);
            flow = flow.then(next);
        }
        flow
    }

    fn item(&mut self, item: &Item) -> Flow {
        let flow = self.joined(item);
        if !item.is_background {
            return flow;
        }
        self.jobs.push(Job { name: None, stuck: flow.apart().never_ends() });
        self.is_doubtful = true;
        Flow::ok()
    }

    fn joined(&mut self, item: &Item) -> Flow {
        let mut flow = self.pipeline(&item.first);
        let mut before = &item.first;
        for (join, pipeline) in &item.rest {
            if *join == Join::And && self.rules.all_goes_well && flow.is_ok && !builtin::is_test(before) {
                flow.is_failed = false;
            }
            let (runs, skips) = match join {
                Join::And => (flow.is_ok, Flow { is_ok: false, ..flow.clone() }),
                Join::Or => (flow.is_failed, Flow { is_failed: false, ..flow.clone() }),
            };
            if runs {
                let next = self.pipeline(pipeline);
                flow = flow.then(next).or(skips);
                before = pipeline;
            }
        }
        flow
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Flow {
        let flow = match pipeline.commands.as_slice() {
            [one] => self.command(one),
            all => self.piped(all),
        };
        match pipeline.is_negated {
            true => Flow { is_ok: flow.is_failed, is_failed: flow.is_ok, ..flow },
            false => flow,
        }
    }

    /// As the last command; it goes on as long as a command before it does, if all behind that one read to the end.
    fn piped(&mut self, commands: &[Command]) -> Flow {
        let mut flows: Vec<Flow> = commands.iter().map(|command| self.command(command).apart()).collect();
        let seconds = flows.iter().filter(|flow| flow.falls()).map(|flow| flow.seconds).max().unwrap_or(0);
        let Some(mut flow) = flows.pop().map(|last| Flow { seconds, ..last }) else { return Flow::either() };
        for (before, reader) in flows.iter().zip(&commands[1..]).rev() {
            if !flow.falls() {
                break;
            }
            if !reads_all(reader) {
                break;
            }
            if let Some(stuck) = before.never_ends() {
                flow = Flow::stuck(stuck.piece, stuck.is_sure);
            }
        }
        flow
    }

    fn command(&mut self, command: &Command) -> Flow {
        self.steps += 1;
        if self.steps > MOST || self.depth >= DEEPEST {
            return Flow::either();
        }
        self.depth += 1;
        let flow = match &command.form {
            Form::Simple(simple) => self.simple(simple),
            Form::Group(list) => self.list(list),
            Form::Subshell(list) => self.list(list).apart(),
            Form::If(branches, rest) => self.branches(branches, rest.as_deref()),
            Form::Loop(looped) => self.looped(looped),
            Form::For(body) => {
                let body = self.list(body);
                Flow { is_ok: true, is_failed: true, seconds: 0, ..body }.left()
            }
            Form::Case(branches, takes_all) => {
                let none = if *takes_all { Flow::default() } else { Flow::ok() };
                branches.iter().fold(none, |flow, list| flow.or(self.list(list)))
            }
            Form::Function(..) => Flow::ok(),
            Form::Arithmetic(text) => match text.parse::<i64>() {
                Ok(0) => Flow::failed(),
                Ok(_) => Flow::ok(),
                Err(_) => Flow::either(),
            },
        };
        self.depth -= 1;
        flow
    }

    fn condition(&mut self, list: &[Item]) -> Flow {
        let rules = self.rules;
        self.rules.all_goes_well = false;
        let flow = self.list(list);
        self.rules = rules;
        flow
    }

    fn branches(&mut self, branches: &[(Vec<Item>, Vec<Item>)], rest: Option<&[Item]>) -> Flow {
        let Some(((condition, body), others)) = branches.split_first() else {
            return rest.map_or_else(Flow::ok, |rest| self.list(rest));
        };
        let condition = self.condition(condition);
        let mut flow = Flow { is_ok: false, is_failed: false, ..condition.clone() };
        if condition.is_ok {
            flow = condition.clone().then(self.list(body)).or(flow);
        }
        if condition.is_failed {
            flow = condition.then(self.branches(others, rest)).or(flow);
        }
        flow
    }

    fn looped(&mut self, looped: &Loop) -> Flow {
        let condition = self.condition(&looped.condition);
        let (enters, ends) = match looped.is_until {
            true => (condition.is_failed, condition.is_ok),
            false => (condition.is_ok, condition.is_failed),
        };
        if !enters {
            return Flow { is_ok: condition.falls(), is_failed: false, ..condition };
        }
        let seconds = condition.seconds;
        let all = condition.then(self.list(&looped.body));
        if ends || all.leaves > 0 {
            return Flow { is_ok: true, is_failed: true, seconds, ..all }.left();
        }
        let is_sure = !self.is_doubtful && all.stuck.as_ref().is_none_or(|stuck| stuck.is_sure);
        let stuck = Some(Stuck { piece: looped.head.clone(), is_sure });
        Flow { is_ok: false, is_failed: false, stuck, ..all }.left()
    }

    /// A script that a shell runs for this one.
    fn script(&mut self, text: &str) -> Flow {
        self.steps += text.len() / COSTS;
        let Some(list) = parsed(text).filter(|_| self.steps <= MOST) else { return Flow::either() };
        let mut reader = Reader { steps: self.steps, depth: self.depth, ..Reader::of(&list, self.rules) };
        let flow = reader.whole(&list);
        self.steps = reader.steps;
        flow
    }
}
