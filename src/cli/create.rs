//! How does a command create one SidecarJob, and never two?
//!
//! The answer to a create may get lost: the API server stored the object, and the client does not know. So the command
//! chooses the name, writes an ID of its own into the annotation `sidecarjob.dev/started-by`, and after a lost answer looks
//! whether the object with the name has the ID.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use kube::api::PostParams;
use kube::core::Request;
use kube::{Client, Resource};
use serde_json::{Value, json};

use crate::api::SidecarJob;
use crate::api::labels;
use crate::cli::connect::Cluster;
use crate::cli::failed::Failed;
use crate::cli::failure::Failure;
use crate::cli::failure::Kind as FailureKind;
use crate::cli::failure::call;
use crate::cli::target::Kind;
use crate::cli::target::Target;

/// The longest name of a SidecarJob.
const NAME_MAX: usize = 63;
/// The characters of Kubernetes' own generated names: no vowels, so no words.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// So many random characters end a generated name.
const RANDOM: usize = 5;
/// So many names may be taken.
const MOST_NAMES: u32 = 1000;
/// The waits before a create is tried again.
const WAITS: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// The name of the run that is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// This name.
    Exact(String),
    /// This beginning and random characters, as `metadata.generateName`.
    Generated(String),
    /// The first of NAME-r1, NAME-r2 … that is free, from this number on.
    Rerun(String, u32),
    /// The run of a schedule by hand: NAME-m and this number of seconds, or else the same with -2, -3 … behind it.
    ByHand(String, i64),
}

impl Name {
    /// The name at the first try.
    pub fn first(&self) -> String {
        self.candidate(0, NAME_MAX).unwrap_or_default()
    }

    /// The name at the n-th try. `room`: how long names may be. `None`: no more names.
    fn candidate(&self, n: u32, room: usize) -> Option<String> {
        let joined = |base: &str, end: &str| {
            let most = base.len().min(room.saturating_sub(end.len()));
            format!("{}{end}", base.get(..most).unwrap_or(base).trim_end_matches(['-', '.']))
        };
        match self {
            Self::Exact(name) => (n == 0).then(|| name.clone()),
            Self::Generated(base) => {
                let most = base.len().min(room.saturating_sub(RANDOM));
                (n < 10).then(|| format!("{}{}", base.get(..most).unwrap_or(base), random()))
            }
            Self::Rerun(base, first) => {
                (n < MOST_NAMES).then(|| joined(base, &format!("-r{}", first.saturating_add(n))))
            }
            Self::ByHand(base, seconds) => (n < MOST_NAMES).then(|| match n {
                0 => joined(base, &format!("-m{seconds}")),
                n => joined(base, &format!("-m{seconds}-{}", n.saturating_add(1))),
            }),
        }
    }
}

/// Random characters for a name.
fn random() -> String {
    let mut bits = random_bits();
    let mut next = || {
        let length = ALPHABET.len() as u64;
        let letter = usize::try_from(bits % length).map_or('x', |n| char::from(ALPHABET[n]));
        bits /= length;
        letter
    };
    (0..RANDOM).map(|_| next()).collect()
}

/// The standard library's random keys of a hash, which differ with each call.
fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Who starts a run, and of what.
#[derive(Clone, Debug)]
pub struct Record {
    fields: Value,
    id: String,
}

impl Record {
    /// A record with a new ID. `from`: of what, as `sidecarjob/NAME`.
    pub fn new(user: &str, now: DateTime<Utc>, from: Option<(&str, String)>) -> Self {
        let id = format!("{:016x}", random_bits());
        let mut fields = json!({"user": user, "time": now.to_rfc3339_opts(SecondsFormat::Secs, true), "id": id});
        if let Some((word, of)) = from {
            fields[word] = json!(of);
        }
        Self { fields, id }
    }

    /// The record with this field too.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.fields[field] = value;
        self
    }

    /// Writes the record into the annotation, with the fields of the record that is there.
    fn put(&self, object: &mut Value) {
        let annotations = &mut object["metadata"]["annotations"];
        let there = annotations[labels::STARTED_BY].as_str().and_then(|text| serde_json::from_str(text).ok());
        let mut all = there.filter(Value::is_object).unwrap_or_else(|| json!({}));
        for (name, value) in self.fields.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        annotations[labels::STARTED_BY] = json!(all.to_string());
    }

    fn is_in(&self, object: &Value) -> bool {
        let text = object["metadata"]["annotations"][labels::STARTED_BY].as_str().unwrap_or_default();
        let record: Value = serde_json::from_str(text).unwrap_or_default();
        record["id"] == json!(self.id)
    }
}

/// A run to create.
#[derive(Debug)]
pub struct New {
    /// The SidecarJob; its name is replaced.
    pub object: Value,
    /// The name.
    pub name: Name,
    /// Who creates it.
    pub record: Record,
    /// The API server checks the object and does not store it.
    pub is_dry: bool,
}

impl New {
    /// The object with its name at the n-th try, and with the record. An empty namespace is left out.
    pub fn at_try(&self, n: u32, namespace: &str) -> Option<Value> {
        let indexed = self.object["spec"]["completionMode"] == "Indexed";
        let highest = self.object["spec"]["completions"].as_i64().unwrap_or(1).saturating_sub(1);
        let room = NAME_MAX - if indexed { 1 + highest.max(0).to_string().len() } else { 0 }; // NAME-INDEX is a host name
        let name = self.name.candidate(n, room)?;
        let mut object = self.object.clone();
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        object["metadata"]["name"] = json!(name);
        if !namespace.is_empty() {
            object["metadata"]["namespace"] = json!(namespace);
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("generateName");
            let is_map = metadata.get("annotations").is_none_or(|all| all.is_object() || all.is_null());
            if is_map {
                self.record.put(&mut object);
            }
        }
        Some(object)
    }

    /// Creates the run, and gives it as the API server stored it. `cluster`: the flags, for advice.
    pub async fn create(&self, cluster: &Cluster, client: &Client, namespace: &str) -> Result<Value, Failed> {
        let there = cluster.in_namespace(namespace);
        let mut n = 0;
        while let Some(object) = self.at_try(n, namespace) {
            if let Some(stored) = self.one(&there, client, namespace, &object).await? {
                return Ok(stored);
            }
            n += 1;
        }
        let target = Target::new(Kind::SidecarJob, &self.name.first());
        Err(Failed::Refused(match &self.name {
            Name::Exact(_) => format!(
                "{target} exists already in namespace {namespace}: choose another name, or kubectl delete scj {}{} first",
                target.name,
                there.flags()
            ),
            Name::Generated(_) | Name::Rerun(..) | Name::ByHand(..) => {
                format!(
                    "all names from {target} on are taken in namespace {namespace}: delete old runs, or give a name"
                )
            }
        }))
    }

    /// Creates the run with this name; `None` if another run has the name.
    async fn one(
        &self,
        there: &Cluster,
        client: &Client,
        namespace: &str,
        object: &Value,
    ) -> Result<Option<Value>, Failed> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let what = format!("create SidecarJob {name}");
        let mut waits = WAITS.into_iter();
        loop {
            let failure = match call(what.as_str(), post(client, namespace, object, self.is_dry)).await {
                Ok(stored) => return Ok(Some(stored)),
                Err(failure) if failure.kind.is_passing() || failure.kind == FailureKind::Taken => failure, // by us?
                Err(failure) if failure.kind == FailureKind::NoObject => return Err(no_namespace(namespace)),
                Err(failure) => return Err(failure.into()),
            };
            match call(format!("read SidecarJob {name}"), get(client, namespace, name)).await {
                Ok(there) => return Ok(self.record.is_in(&there).then_some(there)),
                Err(other) if other.kind == FailureKind::Forbidden => return Err(failure.into()),
                Err(_) => {}
            }
            match waits.next() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(unknown(failure, name, there)),
            }
        }
    }
}

/// The only object that a create needs is its namespace.
fn no_namespace(namespace: &str) -> Failed {
    Failed::Gone(format!(
        "there is no namespace {namespace}: choose another one with -n, or create it: kubectl create namespace {namespace}"
    ))
}

/// The API server gave no answer, or one that does not say whether it stored the run.
fn unknown(failure: Failure, name: &str, there: &Cluster) -> Failed {
    match failure.kind.is_passing() {
        true => {
            let next = format!("{} shows whether SidecarJob {name} exists all the same", there.command("list"));
            Failed::MayExist { failure, next }
        }
        false => failure.into(),
    }
}

fn url(namespace: &str) -> String {
    SidecarJob::url_path(&(), Some(namespace))
}

/// A create that rejects unknown fields, as kubectl's does.
async fn post(client: &Client, namespace: &str, object: &Value, is_dry: bool) -> kube::Result<Value> {
    let params = PostParams { dry_run: is_dry, ..PostParams::default() };
    let body = serde_json::to_vec(object).map_err(kube::Error::SerdeError)?;
    let mut request = Request::new(url(namespace)).create(&params, body).map_err(kube::Error::BuildRequest)?;
    if let Ok(strict) = format!("{}&fieldValidation=Strict", request.uri()).parse() {
        *request.uri_mut() = strict;
    }
    client.request(request).await
}

async fn get(client: &Client, namespace: &str, name: &str) -> kube::Result<Value> {
    let request = Request::new(url(namespace)).get(name, &Default::default()).map_err(kube::Error::BuildRequest)?;
    client.request(request).await
}

#[cfg(test)]
mod tests;
