//! What do the commands read of a run, whether it is a SidecarJob or a batch/v1 Job?

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use kube::Resource;
use serde::de::DeserializeOwned;

use crate::api::CompletionMode;
use crate::api::SidecarJob;
use crate::api::SidecarJobStatus;
use crate::api::conditions::types;
use crate::api::labels;
use crate::cli::target::Kind;

/// A condition that is True.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holds {
    /// The type of the condition.
    pub type_: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence; may be empty.
    pub message: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The run is Complete, not Failed.
    pub is_complete: bool,
    /// The condition `Complete` or `Failed`.
    pub condition: Holds,
}

impl Ending {
    /// The end in a few words, with the reason of a failure.
    pub fn words(&self) -> String {
        let Holds { type_, reason, message } = &self.condition;
        match (self.is_complete, message.is_empty()) {
            (true, _) => type_.clone(),
            (false, true) => format!("{type_}: {reason}"),
            (false, false) => format!("{type_}: {reason}: {message}"),
        }
    }
}

/// A run of Pods to completion.
pub trait Run:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    /// The kind.
    const KIND: Kind;

    /// The label that all Pods of the run have; its value is the UID of the run.
    const UID_LABEL: &'static str;

    /// The conditions that are True.
    fn conditions(&self) -> Vec<Holds>;

    /// How many Pods may run at once.
    fn parallelism(&self) -> i32;

    /// How many Pods must succeed, if the spec says so.
    fn completions(&self) -> Option<i32>;

    /// Each Pod has an index.
    fn is_indexed(&self) -> bool;

    /// `spec.suspend` is true.
    fn is_suspended(&self) -> bool;

    /// What happened so far; only a SidecarJob says so.
    fn history(&self) -> Option<&SidecarJobStatus>;

    /// The selector of the Pods of a run with this UID.
    fn selector(uid: &str) -> String {
        format!("{}={uid}", Self::UID_LABEL)
    }

    /// How the run ended; `None` while it is not over.
    fn ending(&self) -> Option<Ending> {
        let mut all = self.conditions().into_iter();
        let end = all.find(|c| c.type_ == types::COMPLETE || c.type_ == types::FAILED)?;
        Some(Ending { is_complete: end.type_ == types::COMPLETE, condition: end })
    }
}

impl Run for SidecarJob {
    const KIND: Kind = Kind::SidecarJob;
    const UID_LABEL: &'static str = labels::UID;

    fn conditions(&self) -> Vec<Holds> {
        let all = self.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
        let holds = all.iter().filter(|c| c.status == "True");
        let holds = holds.map(|c| (c.type_.clone(), c.reason.clone(), c.message.clone()));
        holds.map(|(type_, reason, message)| Holds { type_, reason, message }).collect()
    }

    fn parallelism(&self) -> i32 {
        self.spec.parallelism.unwrap_or(1)
    }

    fn completions(&self) -> Option<i32> {
        self.spec.completions
    }

    fn is_indexed(&self) -> bool {
        self.spec.completion_mode == Some(CompletionMode::Indexed)
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }

    fn history(&self) -> Option<&SidecarJobStatus> {
        self.status.as_ref()
    }
}

impl Run for Job {
    const KIND: Kind = Kind::Job;
    const UID_LABEL: &'static str = labels::CONTROLLER_UID;

    fn conditions(&self) -> Vec<Holds> {
        let all = self.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
        let holds = all.iter().filter(|c| c.status == "True").map(|c| Holds {
            type_: c.type_.clone(),
            reason: c.reason.clone().unwrap_or_default(),
            message: c.message.clone().unwrap_or_default(),
        });
        holds.collect()
    }

    fn parallelism(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.parallelism).unwrap_or(1)
    }

    fn completions(&self) -> Option<i32> {
        self.spec.as_ref()?.completions
    }

    fn is_indexed(&self) -> bool {
        let mode = self.spec.as_ref().and_then(|spec| spec.completion_mode.as_deref());
        mode == Some("Indexed")
    }

    fn is_suspended(&self) -> bool {
        self.spec.as_ref().and_then(|spec| spec.suspend) == Some(true)
    }

    fn history(&self) -> Option<&SidecarJobStatus> {
        None
    }
}
