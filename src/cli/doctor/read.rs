//! How are the facts read? In three rounds of calls in parallel, within one time for all.
//!
//! The first round asks whether the API server answers and who asks. A call that fails is a fact that is unknown, never the
//! end of the command.

use std::fmt::Debug;

use chrono::Utc;
use futures::{StreamExt, join, stream};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReview};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use crate::api::{crd, install};
use crate::cli::deployment;
use crate::cli::doctor::facts::{Answer, Fact, Facts, Policies, Unread};
use crate::cli::doctor::installed;
use crate::cli::doctor::probe;
use crate::cli::doctor::rights::{self, Right};
use crate::cli::failure::{Failure, Kind};
use crate::cli::when;

/// At most so many nodes are read.
const NODES: u32 = 500;
/// So many access reviews are under way at once.
const REVIEWS: usize = 8;
/// The group of policies and webhooks.
const ADMISSION: &str = "admissionregistration.k8s.io";
/// Its versions, the newest first.
const VERSIONS: [&str; 3] = ["v1", "v1beta1", "v1alpha1"];

/// One who asks, until the time is over.
struct Reader {
    client: Client,
    /// `None`: a time that is out of all bounds, so the calls have only the bounds of the client.
    until: Option<Instant>,
}

/// Reads all facts before `until`. `flags` are for proposed commands.
pub async fn facts(client: Client, namespace: &str, flags: &str, until: Option<Instant>) -> Facts {
    let mut facts = Facts::unknown(namespace, flags, Utc::now());
    let reader = Reader { client, until };
    let what = "read the version of the API server";
    facts.version = reader.ask("get for /version", what, reader.client.apiserver_version()).await;
    if matches!(facts.version, Err(Unread::Failed(_))) {
        return facts; // it is down, or rejects the credentials
    }
    reader.who(&mut facts).await;
    reader.cluster(&mut facts).await;
    reader.controller(&mut facts).await;
    facts
}

impl Reader {
    /// Asks once. `right` is the permission that the call needs.
    async fn ask<T>(&self, right: &str, what: &str, answer: impl Future<Output = kube::Result<T>>) -> Fact<T> {
        match self.in_time(answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(unread(right, &Failure::of(what, &error))),
            Err(_) => Err(Unread::Failed(format!("failed to {what}: no answer within --timeout"))),
        }
    }

    async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T, Elapsed> {
        match self.until {
            Some(until) => timeout_at(until, answer).await,
            None => Ok(answer.await),
        }
    }

    /// The user, and the clock of the API server.
    async fn who(&self, facts: &mut Facts) {
        let api: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let review = SelfSubjectReview::default();
        let params = PostParams::default();
        let created = api.create(&params, &review);
        facts.user = self.ask("create for selfsubjectreviews", "ask who you are", created).await.map(|answer| {
            if let Some(time) = &answer.metadata.creation_timestamp {
                facts.now = when::of(time);
            }
            answer.status.and_then(|status| status.user_info?.username).unwrap_or_default()
        });
    }

    /// What depends on no other answer.
    async fn cluster(&self, facts: &mut Facts) {
        let namespace = facts.namespace.clone();
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let own = rights_of_commands(&namespace);
        let definitions: Api<_> = Api::all(self.client.clone());
        let crds = crd::all().into_iter().map(|own| {
            let definitions = definitions.clone();
            async move {
                let name = own.name_any();
                let what = format!("read CustomResourceDefinition {name}");
                let there = self.ask("get for customresourcedefinitions", &what, definitions.get(&name)).await;
                (own, there)
            }
        });
        let place = self.ask("get for namespaces", "read the namespace", namespaces.get(&namespace));
        let all = (
            self.list(Api::all(self.client.clone()), "nodes", ListParams::default().limit(NODES)),
            self.list(Api::all(self.client.clone()), "mutatingwebhookconfigurations", ListParams::default()),
            self.list(Api::namespaced(self.client.clone(), &namespace), "resourcequotas", ListParams::default()),
            self.list(Api::namespaced(self.client.clone(), &namespace), "limitranges", ListParams::default()),
        );
        let policies = (self.policies("mutatingadmissionpolic"), self.policies("validatingadmissionpolic"));
        let probes = (self.probe(&namespace, "bare"), self.probe(&namespace, "annotated"));
        let answers = join!(
            futures::future::join_all(crds),
            place,
            all.0,
            all.1,
            all.2,
            all.3,
            policies.0,
            policies.1,
            probes.0,
            probes.1,
            self.deployments(),
            self.own(own)
        );
        (facts.crds, facts.place, facts.nodes, facts.webhooks) = (answers.0, answers.1, answers.2, answers.3);
        (facts.quotas, facts.limits, facts.mutating, facts.validating) = (answers.4, answers.5, answers.6, answers.7);
        (facts.bare, facts.annotated, facts.deployments, facts.own_rights) =
            (answers.8, answers.9, answers.10, answers.11);
    }

    /// What depends on where the controller is.
    async fn controller(&self, facts: &mut Facts) {
        let found = installed::Found::of(facts);
        let pods = Api::namespaced(self.client.clone(), &found.namespace);
        let pods = self.list(pods, "pods", ListParams::default().labels(install::SELECTOR));
        let leases: Api<k8s_openapi::api::coordination::v1::Lease> =
            Api::namespaced(self.client.clone(), &found.lease_namespace);
        let right = format!("get for leases in namespace {}", found.lease_namespace);
        let lease = self.ask(&right, "read the Lease of the controller", leases.get(installed::LEASE));
        let scope = found.watches.as_ref().map(|_| facts.namespace.as_str());
        let mut asked = Vec::new();
        if facts.deployments.as_ref().map_or(true, |all| !all.is_empty()) {
            asked = rights::of_controller(scope, &found.lease_namespace);
            asked.extend(install::WAYS_TO_STOP.iter().flat_map(|(_, _, yaml)| rights::of_way(yaml, &facts.namespace)));
        }
        let answers = join!(pods, lease, self.theirs(&found, asked));
        (facts.pods, facts.lease, facts.controller_rights) = answers;
    }

    async fn list<K>(&self, api: Api<K>, plural: &str, params: ListParams) -> Fact<Vec<K>>
    where
        K: Clone + DeserializeOwned + Debug,
    {
        let answer = self.ask(&format!("list for {plural}"), &format!("list {plural}"), api.list(&params)).await;
        answer.map(|list| list.items)
    }

    /// Policies and bindings, in the newest version that is served. `stem` is the plural without its end.
    async fn policies(&self, stem: &str) -> Policies {
        let kinds = VERSIONS.map(|version| async move {
            let group = format!("{ADMISSION}/{version}");
            let what = format!("ask which kinds of {group} there are");
            self.ask(&format!("get for /apis/{group}"), &what, self.client.list_api_group_resources(&group)).await
        });
        let plural = format!("{stem}ies");
        let (mut served, mut unknown) = (Vec::new(), None);
        for (version, kinds) in VERSIONS.iter().zip(futures::future::join_all(kinds).await) {
            match kinds {
                Ok(kinds) if kinds.resources.iter().any(|kind| kind.name == plural) => {
                    served.push((*version).to_owned())
                }
                Ok(_) | Err(Unread::Absent) => {}
                Err(why) => unknown = Some(why),
            }
        }
        let Some(newest) = served.first() else {
            let served = unknown.map_or(Ok(served), Err);
            return Policies { served, policies: Err(Unread::NotAsked), bindings: Err(Unread::NotAsked) };
        };
        let bindings = format!("{stem}ybindings");
        let (policies, bindings) = join!(self.objects(newest, &plural), self.objects(newest, &bindings));
        Policies { served: Ok(served), policies, bindings }
    }

    /// Objects of a kind that has several versions, as they are.
    async fn objects(&self, version: &str, plural: &str) -> Fact<Vec<Value>> {
        let gvk = GroupVersionKind::gvk(ADMISSION, version, "");
        let kind = ApiResource::from_gvk_with_plural(&gvk, plural);
        let objects = self.list(Api::<DynamicObject>::all_with(self.client.clone(), &kind), plural, <_>::default());
        Ok(objects.await?.into_iter().filter_map(|object| serde_json::to_value(object).ok()).collect())
    }

    /// Sends a Pod that is not stored.
    async fn probe(&self, namespace: &str, form: &str) -> Fact<Answer> {
        let right = Right::of("", "pods", "create", Some(namespace));
        match self.may(&right).await {
            Ok(true) => {}
            Ok(false) => return Err(Unread::Needs(format!("{right} (a dry run)"))),
            Err(why) => return Err(why),
        }
        let pod = if form == "bare" { probe::bare("sidecarjob-doctor") } else { probe::annotated("sidecarjob-doctor") };
        let pod = pod.map_err(|error| Unread::Failed(error.to_string()))?;
        let params = PostParams { dry_run: true, ..PostParams::default() };
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let what = "create a Pod in a dry run";
        match self.in_time(api.create(&params, &pod)).await {
            Ok(Ok(pod)) => Ok(Answer::Taken(Box::new(pod))),
            Ok(Err(error)) => refused(&error).map_or_else(|| Err(unread("", &Failure::of(what, &error))), Ok),
            Err(_) => Err(Unread::Failed(format!("failed to {what}: no answer within --timeout"))),
        }
    }

    async fn deployments(&self) -> Fact<Vec<Deployment>> {
        let right = format!("list for deployments in namespace {}", install::NAMESPACE);
        match self.in_time(deployment::all(&self.client)).await {
            Ok(answer) => answer.map_err(|failure| unread(&right, &failure)),
            Err(_) => Err(Unread::Failed("failed to list deployments: no answer within --timeout".into())),
        }
    }

    async fn may(&self, right: &Right) -> Fact<bool> {
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(right.attributes()), ..<_>::default() };
        let review = SelfSubjectAccessReview { spec, ..<_>::default() };
        let answer = self.review(&review, "create for selfsubjectaccessreviews").await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    async fn own(&self, rights: Vec<Right>) -> Vec<(Right, Fact<bool>)> {
        let asked = rights.into_iter().map(|right| async {
            let may = self.may(&right).await;
            (right, may)
        });
        stream::iter(asked).buffered(REVIEWS).collect().await
    }

    /// The same for the controller. If the first question is not allowed, no other is asked.
    async fn theirs(&self, found: &installed::Found, rights: Vec<Right>) -> Vec<(Right, Fact<bool>)> {
        let ask = |right: Right| async {
            let review = SubjectAccessReview { spec: found.asks(&right), ..<_>::default() };
            let answer = self.review(&review, "create for subjectaccessreviews").await;
            (right, answer.map(|answer| answer.status.is_some_and(|status| status.allowed)))
        };
        let mut rights = rights.into_iter();
        let Some(first) = rights.next() else { return Vec::new() };
        let first = ask(first).await;
        if let (_, Err(why)) = &first {
            let why = why.clone();
            let rest = rights.map(|right| (right, Err(why.clone())));
            return std::iter::once(first).chain(rest).collect();
        }
        let rest: Vec<_> = stream::iter(rights.map(ask)).buffered(REVIEWS).collect().await;
        std::iter::once(first).chain(rest).collect()
    }

    async fn review<K>(&self, review: &K, right: &str) -> Fact<K>
    where
        K: kube::Resource<Scope = kube::core::ClusterResourceScope, DynamicType = ()>
            + Clone
            + Debug
            + Serialize
            + DeserializeOwned,
    {
        let api: Api<K> = Api::all(self.client.clone());
        self.ask(right, "ask for permissions", api.create(&PostParams::default(), review)).await
    }
}

/// Each permission of the commands, once.
fn rights_of_commands(namespace: &str) -> Vec<Right> {
    let mut all: Vec<Right> = Vec::new();
    for right in rights::of_commands(namespace).into_iter().flat_map(|(_, rights)| rights) {
        if !all.contains(&right) {
            all.push(right);
        }
    }
    all
}

fn unread(right: &str, failure: &Failure) -> Unread {
    match failure.kind {
        Kind::Forbidden => Unread::Needs(right.to_owned()),
        Kind::NoObject | Kind::NotServed => Unread::Absent,
        _ => Unread::Failed(failure.without_advice()),
    }
}

/// The words with which admission rejects the Pod; `None`: the call failed for another reason. A webhook that knows no dry
/// run says nothing about Pods. The API server answers 500 if a webhook does not answer.
fn refused(error: &kube::Error) -> Option<Answer> {
    let kube::Error::Api(status) = error else { return None };
    if status.message.contains("failed calling webhook") && status.code >= 500 {
        return Some(Answer::Unanswered(status.message.clone()));
    }
    let says = matches!(status.code, 400..500) && ![401, 404, 408, 429].contains(&status.code);
    (says && !status.message.contains("dry run")).then(|| Answer::Refused(status.message.clone()))
}
