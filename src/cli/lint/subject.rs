//! What is a container of an object that runs Pods: a main container, a sidecar, an init container, and who runs the Pods?

use serde_json::Value;

use crate::api::{injectors, labels};
use crate::cli::container;
use crate::cli::lint::node::Node;
use crate::cli::workload::Kind;

/// An object that the findings are about.
pub struct Subject<'a> {
    /// The kind of the object.
    pub kind: Kind,
    /// The name, or the prefix of a generated name.
    pub name: String,
    /// The namespace, if the object has one.
    pub namespace: Option<&'a str>,
    /// The whole object.
    pub object: Node<'a>,
    /// The spec of the schedule, if the object is one.
    pub schedule: Option<Node<'a>>,
    /// The metadata of the run, and its spec.
    pub run: (Node<'a>, Node<'a>),
    /// Who runs the Pods.
    pub runner: Runner,
    /// The containers: init containers first.
    pub containers: Vec<Container<'a>>,
}

/// Who runs the Pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// The built-in controller of Jobs.
    BuiltIn,
    /// Our controller.
    Ours,
    /// Another one, by `spec.managedBy`.
    Other,
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its end decides the result, or the Pod waits for its end.
    Main,
    /// It is stopped when the main containers are done.
    Sidecar,
    /// It ends before the main containers start.
    Init,
}

/// A container of the template.
pub struct Container<'a> {
    /// The container.
    pub node: Node<'a>,
    /// What its fields say.
    pub said: container::Container,
    /// The name.
    pub name: &'a str,
    /// What it is for.
    pub role: Role,
    /// It stands among the init containers.
    pub is_init: bool,
}

impl<'a> Subject<'a> {
    /// `None`: an object of another kind.
    pub fn of(value: &'a Value) -> Option<Self> {
        let object = Node::root(value);
        let kind = Kind::of(object.at("apiVersion").text()?, object.at("kind").text()?)?;
        let run = object.along(&kind.run());
        let run = (run.at("metadata"), run.at("spec"));
        let metadata = object.at("metadata");
        let name = metadata.at("name").text().or(metadata.at("generateName").text()).unwrap_or_default();
        let mut subject = Self {
            kind,
            name: name.to_owned(),
            namespace: metadata.at("namespace").text(),
            schedule: kind.is_schedule().then(|| object.at("spec")),
            runner: runner(kind, &run.1),
            run,
            object,
            containers: Vec::new(),
        };
        subject.containers = subject.all_containers();
        Some(subject)
    }

    /// The spec of the Job or SidecarJob.
    pub fn spec(&self) -> &Node<'a> {
        &self.run.1
    }

    /// The Pod template.
    pub fn template(&self) -> Node<'a> {
        self.spec().at("template")
    }

    /// The spec of the Pods.
    pub fn pod(&self) -> Node<'a> {
        self.template().at("spec")
    }

    /// An annotation of the Pod template.
    pub fn annotation(&self, name: &str) -> Node<'a> {
        self.template().way("metadata.annotations").at(name)
    }

    /// The annotations and labels of the Pod template, by which injectors are asked.
    pub fn marks(&self) -> Vec<(&'a str, &'a str)> {
        let of_template = ["annotations", "labels"].map(|part| self.template().at("metadata").at(part).fields());
        of_template.concat().iter().filter_map(|(key, node)| Some((*key, node.text()?))).collect()
    }

    /// The containers that well-known webhooks add because the Pod template asks for them, and whether a container is a native
    /// sidecar without more.
    pub fn injected(&self) -> Vec<(&'static str, bool)> {
        let marks = self.marks();
        let asked = injectors::ALL.iter().filter(|injector| injector.asked(&marks).is_some());
        let named = asked.filter_map(|injector| Some((injector.container?, injector.is_native(&marks))));
        named.filter(|(name, _)| !self.containers.iter().any(|one| one.name == *name)).collect()
    }

    /// The object is a Job or a CronJob.
    pub fn is_batch(&self) -> bool {
        !self.kind.is_ours()
    }

    /// The Pods are a Job's of the built-in controller.
    pub fn is_built_in(&self) -> bool {
        self.runner == Runner::BuiltIn
    }

    /// The kind of the runs: Job or SidecarJob.
    pub fn run_kind(&self) -> &'static str {
        self.kind.of_runs().name()
    }

    /// Kind and name, for people.
    pub fn words(&self) -> String {
        format!("{} {}", self.kind.name(), self.name)
    }

    /// The command that converts the object, with these flags.
    pub fn convert(&self, flags: &str) -> String {
        format!("kubectl sidecarjob convert -f FILE {flags}")
    }

    /// How a SidecarJob makes a container of its template a sidecar.
    pub fn name_in_sidecars(container: &str) -> String {
        format!("name it in spec.sidecars ([{{name: {container}}}])")
    }

    /// The command that makes a SidecarJob of it, and what has to be done before.
    pub fn convert_to_sidecarjob(&self) -> String {
        let command = self.convert("--to=sidecarjob");
        match self.annotation(labels::MAIN).is_there() {
            true => format!("{command}, when the annotation {} is removed", labels::MAIN),
            false => command,
        }
    }

    /// The main containers.
    pub fn mains(&self) -> impl Iterator<Item = &Container<'a>> {
        self.containers.iter().filter(|c| c.role == Role::Main)
    }

    /// The sidecars.
    pub fn sidecars(&self) -> impl Iterator<Item = &Container<'a>> {
        self.containers.iter().filter(|c| c.role == Role::Sidecar)
    }

    /// The seconds that the containers of a Pod have to stop.
    pub fn grace(&self) -> i64 {
        let own = self.pod().at("terminationGracePeriodSeconds").number().unwrap_or(30);
        let stops = self.spec().at("sidecars").items();
        let asked: i64 = stops.iter().filter_map(|s| s.way("stop.gracePeriodSeconds").number()).sum();
        if self.is_batch() { own } else { own.max(asked) }
    }

    /// The main containers that the spec or an annotation names; `None`: none does.
    pub fn named_mains(&self) -> Option<Vec<&'a str>> {
        match self.is_batch() {
            true => self.marked(labels::MAIN).map(|node| names(&node)),
            false => Some(self.spec().way("mainContainers.names")).filter(Node::is_there).map(|node| node.texts()),
        }
    }

    /// The annotation that has an effect: of the template, or of a Job that our controller runs.
    pub fn marked(&self, annotation: &str) -> Option<Node<'a>> {
        let on_run = self.run.0.at("annotations").at(annotation);
        let on_run = (self.runner == Runner::Ours && on_run.is_there()).then_some(on_run);
        on_run.or_else(|| Some(self.annotation(annotation)).filter(Node::is_there))
    }

    /// The sidecars that the spec or an annotation names, each with its place.
    pub fn named_sidecars(&self) -> Vec<(&'a str, Node<'a>)> {
        if !self.is_batch() {
            let all = self.spec().at("sidecars").items();
            return all.iter().filter_map(|s| Some((s.at("name").text()?, s.at("name")))).collect();
        }
        let marked = self.marked(labels::SIDECARS).filter(|_| self.runner == Runner::Ours);
        marked.map(|node| names(&node).into_iter().map(|name| (name, node.clone())).collect()).unwrap_or_default()
    }

    fn all_containers(&self) -> Vec<Container<'a>> {
        let pod = self.pod();
        let init = pod.at("initContainers").items().into_iter().map(|node| (node, true));
        let plain = pod.at("containers").items().into_iter().map(|node| (node, false));
        let named = init.chain(plain).filter_map(|(node, is_init)| Some((node.at("name").text()?, node, is_init)));
        named
            .map(|(name, node, is_init)| Container {
                role: self.role(&node, name, is_init),
                said: container::Container { is_init, ..container::Container::of(node.value()) },
                node,
                name,
                is_init,
            })
            .collect()
    }

    fn role(&self, node: &Node<'a>, name: &str, is_init: bool) -> Role {
        let always = node.at("restartPolicy").is("Always");
        let named = self.named_sidecars().iter().any(|(sidecar, _)| *sidecar == name);
        match self.named_mains() {
            _ if is_init && (always || named) => Role::Sidecar,
            _ if is_init => Role::Init,
            Some(mains) if mains.contains(&name) => Role::Main,
            Some(_) => Role::Sidecar,
            None if named || always && self.runner == Runner::Ours => Role::Sidecar,
            None => Role::Main,
        }
    }
}

fn runner(kind: Kind, run: &Node<'_>) -> Runner {
    let is_batch = !kind.is_ours();
    match run.at("managedBy").text() {
        Some(labels::CONTROLLER) => Runner::Ours,
        None if !is_batch => Runner::Ours,
        None | Some(labels::BUILT_IN_CONTROLLER) if is_batch => Runner::BuiltIn,
        _ => Runner::Other,
    }
}

/// The names in an annotation.
fn names<'a>(annotation: &Node<'a>) -> Vec<&'a str> {
    labels::names(annotation.text().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests;
