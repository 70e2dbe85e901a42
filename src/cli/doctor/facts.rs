//! What does `doctor` know of a cluster? Each fact was read, or there is a reason why not.

use std::fmt;

use chrono::{DateTime, Utc};
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Node, Pod, ResourceQuota};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::version::Info;
use serde_json::Value;

use crate::api::kubernetes;
use crate::cli::doctor::rights::Right;

/// What was read, or why it was not.
pub type Fact<T> = Result<T, Unread>;

/// Why a fact is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The user lacks this permission: `list for nodes`.
    Needs(String),
    /// The object, or the kind, does not exist.
    Absent,
    /// The API server does not know who asks, or gave no usable answer: the sentence says what was tried and why it failed.
    Failed(String),
    /// Nobody asked, because another answer was missing. The finding about that answer is enough.
    NotAsked,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs(right) => write!(f, "needs {right}"),
            Self::Absent => write!(f, "does not exist"),
            Self::Failed(why) => write!(f, "{why}"),
            Self::NotAsked => write!(f, "not asked"),
        }
    }
}

/// All that was read.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The version of this program.
    pub program: String,
    /// The namespace that the findings are about.
    pub namespace: String,
    /// The flags that were given, for proposed commands; with a space before each.
    pub flags: String,
    /// The time, by the clock of the API server if it told its time.
    pub now: DateTime<Utc>,
    /// The name of the user who asks.
    pub user: Fact<String>,
    /// The version of the API server.
    pub version: Fact<Info>,
    /// The nodes; of a large cluster the first ones.
    pub nodes: Fact<Vec<Node>>,
    /// The definitions that this program has, and those of the cluster.
    pub crds: Vec<(CustomResourceDefinition, Fact<CustomResourceDefinition>)>,
    /// MutatingAdmissionPolicies.
    pub mutating: Policies,
    /// ValidatingAdmissionPolicies.
    pub validating: Policies,
    /// The webhooks that may change a Pod.
    pub webhooks: Fact<Vec<MutatingWebhookConfiguration>>,
    /// The namespace.
    pub place: Fact<Namespace>,
    /// Its quotas.
    pub quotas: Fact<Vec<ResourceQuota>>,
    /// Its LimitRanges.
    pub limits: Fact<Vec<LimitRange>>,
    /// What admission makes of a Pod without annotations of ours: what webhooks do.
    pub bare: Fact<Answer>,
    /// What admission makes of a Pod as the controller sends it, with a plain container that our policy moves.
    pub annotated: Fact<Answer>,
    /// The controllers' Deployments, in all namespaces, or in the one of `config/default`.
    pub deployments: Fact<Vec<Deployment>>,
    /// The Pods of the controller.
    pub pods: Fact<Vec<Pod>>,
    /// The Lease of the controller.
    pub lease: Fact<Lease>,
    /// What the user may do, in the namespace.
    pub own_rights: Vec<(Right, Fact<bool>)>,
    /// What the controller may do.
    pub controller_rights: Vec<(Right, Fact<bool>)>,
}

/// One of the two kinds of policies.
#[derive(Clone, Debug)]
pub struct Policies {
    /// The API versions that the API server serves, the newest first.
    pub served: Fact<Vec<String>>,
    /// The policies.
    pub policies: Fact<Vec<Value>>,
    /// Their bindings.
    pub bindings: Fact<Vec<Value>>,
}

/// How the API server answered a dry run.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The Pod as the API server would store it.
    Taken(Box<Pod>),
    /// Admission rejects the Pod, with these words.
    Refused(String),
    /// A webhook does not answer, and the API server takes no Pod without the webhook; with the words of the API server.
    Unanswered(String),
}

impl Facts {
    /// Nothing is known yet.
    pub fn unknown(namespace: &str, flags: &str, now: DateTime<Utc>) -> Self {
        let policies = || Policies { served: not_asked(), policies: not_asked(), bindings: not_asked() };
        Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            namespace: namespace.to_owned(),
            flags: flags.to_owned(),
            now,
            user: not_asked(),
            version: not_asked(),
            nodes: not_asked(),
            crds: Vec::new(),
            mutating: policies(),
            validating: policies(),
            webhooks: not_asked(),
            place: not_asked(),
            quotas: not_asked(),
            limits: not_asked(),
            bare: not_asked(),
            annotated: not_asked(),
            deployments: not_asked(),
            pods: not_asked(),
            lease: not_asked(),
            own_rights: Vec::new(),
            controller_rights: Vec::new(),
        }
    }

    /// The minor version of Kubernetes 1; `None` if the version is unknown, or can't be read.
    pub fn minor(&self) -> Option<u32> {
        let version = self.version.as_ref().ok()?;
        kubernetes::minor(&version.major, &version.minor)
    }
}

fn not_asked<T>() -> Fact<T> {
    Err(Unread::NotAsked)
}
