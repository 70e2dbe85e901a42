//! What does an object become: what was asked for, or the least that solves its case? And why?

use clap::ValueEnum;

use crate::api::kubernetes;
use crate::api::labels;
use crate::cli::container::Container;
use crate::cli::convert::injection::Injection;
use crate::cli::convert::roles::Roles;
use crate::cli::convert::work::Work;

/// Why an injected sidecar needs another form.
const BY_HAND: &str = "native sidecars by hand do not help against that";

/// The forms of a Job with sidecars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// Init containers with restartPolicy: Always; the kubelet does the rest (Kubernetes 1.29 or newer)
    Native,
    /// The annotation sidecarjob.dev/main and the admission policy; no controller (1.36 or newer)
    Annotation,
    /// A Job that the controller of SidecarJob runs: spec.managedBy (1.32 or newer)
    ManagedBy,
    /// A SidecarJob or SidecarCronJob (1.30 or newer)
    Sidecarjob,
}

impl To {
    /// As on the command line and in the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Annotation => "annotation",
            Self::ManagedBy => "managed-by",
            Self::Sidecarjob => "sidecarjob",
        }
    }

    /// The first minor version of Kubernetes that can do it.
    fn since(self) -> u32 {
        match self {
            Self::Native => kubernetes::NATIVE_SIDECARS,
            Self::Annotation => kubernetes::MUTATING_POLICIES,
            Self::ManagedBy => kubernetes::MANAGED_BY,
            Self::Sidecarjob => kubernetes::SIDECARJOB,
        }
    }
}

/// What happens with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It stays as it is, because of this.
    Stays(String),
    /// It becomes this, because of this.
    Becomes(To, String),
}

/// The choice, or a sentence why there is none. `minor`: of Kubernetes.
pub fn choose(
    work: &Work,
    roles: &Roles,
    injections: &[Injection],
    asked: Option<To>,
    minor: u32,
) -> Result<Choice, String> {
    if let Some(done) = done(work, roles, injections, asked)? {
        return Ok(Choice::Stays(done));
    }
    let to = match asked {
        Some(to) if minor < to.since() => {
            return Err(format!(
                "--to={} needs Kubernetes 1.{} or newer, and this is 1.{minor}",
                to.word(),
                to.since()
            ));
        }
        Some(to) => return asked_for(to, work, roles, injections),
        None => least(work, roles, injections, minor),
    };
    if minor < to.since() {
        let why = beyond_kubelet(injections, minor);
        return Err(format!("{why}, and a SidecarJob needs Kubernetes 1.{} or newer: upgrade the cluster", to.since()));
    }
    Ok(Choice::Becomes(to, reason(to, work, injections, minor)))
}

/// Why there is nothing to do, if so.
fn done(work: &Work, roles: &Roles, injections: &[Injection], asked: Option<To>) -> Result<Option<String>, String> {
    let is = |to: To| asked.is_none() || asked == Some(to);
    if work.containers.is_empty() {
        return Ok(Some("has no containers".into()));
    }
    if work.kind.is_ours() {
        return Ok(Some(format!("is a {} already", work.kind.name())));
    }
    let other = |what: &str| Err(format!("{what}: remove it first, or leave --to out"));
    if let Some(main) = work.mark(labels::MAIN) {
        let done = format!("has the annotation {}: {main} already", labels::MAIN);
        return if is(To::Annotation) { Ok(Some(done)) } else { other(&done) };
    }
    match managed_by(work) {
        Some(labels::CONTROLLER) if is(To::ManagedBy) => {
            return Ok(Some(format!("has managedBy: {} already", labels::CONTROLLER)));
        }
        Some(labels::CONTROLLER) => return other(&format!("has managedBy: {}", labels::CONTROLLER)),
        Some(labels::BUILT_IN_CONTROLLER) | None => {}
        Some(controller) => return Err(format!("belongs to the controller {controller} (managedBy)")),
    }
    if !roles.sidecars.is_empty() || !injections.is_empty() {
        return Ok(None);
    }
    let native = work.native();
    match asked {
        Some(To::ManagedBy | To::Sidecarjob) => Ok(None),
        Some(To::Annotation) if roles.said => Ok(None),
        _ if native.is_empty() => Ok(Some("has no sidecar, so there is nothing to solve".into())),
        _ => Ok(Some(format!("has native sidecars already ({}), so there is nothing to solve", native.join(", ")))),
    }
}

fn managed_by(work: &Work) -> Option<&str> {
    work.managed_by.as_deref()
}

fn asked_for(to: To, work: &Work, roles: &Roles, injections: &[Injection]) -> Result<Choice, String> {
    if to == To::Native && roles.sidecars.is_empty() {
        let native = work.native();
        return match native.is_empty() {
            true => Err(beyond_native(injections)),
            false => Ok(Choice::Stays(format!("has native sidecars already ({})", native.join(", ")))),
        };
    }
    match own_policy(work, roles) {
        Some(own) if matches!(to, To::Native | To::Annotation) => Err(format!(
            "container {} has a restartPolicy of its own, and a native sidecar always restarts: remove the field, or use \
             --to=sidecarjob",
            own.name
        )),
        _ => Ok(Choice::Becomes(to, "as --to says".into())),
    }
}

/// The sidecar whose own restartPolicy no native sidecar can have. A main container may have any.
fn own_policy<'a>(work: &'a Work, roles: &Roles) -> Option<&'a Container> {
    work.containers.iter().find(|container| {
        container.restart.as_deref().is_some_and(|policy| policy != "Always")
            && roles.sidecars.iter().any(|sidecar| sidecar.name == container.name)
    })
}

/// Whether a tool waits for the end of the Job, and does not know our kinds.
pub fn is_hook(work: &Work) -> bool {
    work.annotation("helm.sh/hook").is_some() || work.annotation("argocd.argoproj.io/hook").is_some()
}

/// Whether Kueue queues the Job.
pub fn is_queued(work: &Work) -> bool {
    work.has_label(labels::KUEUE_QUEUE)
}

fn least(work: &Work, roles: &Roles, injections: &[Injection], minor: u32) -> To {
    let enough = if injections.is_empty() { To::Native } else { To::Annotation };
    match () {
        () if minor >= enough.since() && own_policy(work, roles).is_none() => enough,
        () if (is_hook(work) || is_queued(work)) && minor >= To::ManagedBy.since() => To::ManagedBy,
        () => To::Sidecarjob,
    }
}

fn reason(to: To, work: &Work, injections: &[Injection], minor: u32) -> String {
    match to {
        To::Native => "plain native sidecars solve this: the kubelet stops them when the main container is done".into(),
        To::Annotation => {
            format!(
                "{}; {BY_HAND}; the annotation needs Kubernetes 1.36 and the admission policy",
                injected(injections)
            )
        }
        _ => {
            let why = beyond_kubelet(injections, minor);
            let what = match to {
                To::ManagedBy if is_hook(work) => "a hook must stay a Job, so the controller runs it",
                To::ManagedBy => "Kueue queues Jobs, so the Job stays one, and the controller runs it",
                _ => "the controller stops the sidecars",
            };
            format!("{why}; {what}")
        }
    }
}

/// Why neither native sidecars nor the annotation are enough.
fn beyond_kubelet(injections: &[Injection], minor: u32) -> String {
    match () {
        () if !injections.is_empty() => {
            format!("{}; {BY_HAND}, and the annotation needs Kubernetes 1.36", injected(injections))
        }
        () if minor < To::Native.since() => format!("Kubernetes 1.{minor} has no native sidecars"),
        () => "a sidecar has a restartPolicy of its own, which a native sidecar can't have".into(),
    }
}

/// What `--to=native` does not solve.
pub fn beyond_native(injections: &[Injection]) -> String {
    format!("{}, which --to=native can't move: --to=annotation or --to=sidecarjob can", injected(injections))
}

fn injected(injections: &[Injection]) -> String {
    let all: Vec<_> = injections.iter().map(|injection| format!("{} ({})", injection.by, injection.mark)).collect();
    format!("a webhook adds a sidecar: {}", all.join(", "))
}
