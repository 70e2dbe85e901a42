//! What the rules of our CRDs cost the API server at each write: the time that it spends on them, as it says itself,
//! beside the time that a whole write of the built-in kind takes.
//!
//! Rules are asked at each write of a status too; one in the wrong place costs more than a write (docs/adr/0046). The
//! API server counts the time of a rule once for each part of the object that it lies in, so what it says is too much;
//! before and after are told apart all the same. Both kinds are written in turns: a busy server is busy for both.

mod support;

use std::time::Instant;

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use serde_json::{Value, json};

use support::world_without_controller;

/// How many writes there are of each sort in a turn.
const WRITES: usize = 25;
const TURNS: usize = 4;

/// The part of a write of the built-in kind that all rules together may take by that count. It was 1.4 of one, with a rule
/// for each field that can't be changed, and is less than half of one.
const AT_MOST: f64 = 0.7;

/// A kind, its spec, and its status at a time, without and with a field that every second status has: most statuses of a
/// run have another number of fields than the status before.
struct Case {
    gvk: (&'static str, &'static str, &'static str),
    spec: Value,
    status: fn(&str) -> [Value; 2],
}

/// What has passed, and what of it rules took, in milliseconds.
#[derive(Clone, Copy, Default)]
struct Cost {
    time: f64,
    rules: f64,
}

impl Cost {
    fn add(&mut self, other: Self) {
        (self.time, self.rules) = (self.time + other.time, self.rules + other.rules);
    }
}

fn template() -> Value {
    json!({"spec": {
        "restartPolicy": "Never",
        "containers": [
            {"name": "main", "image": "busybox:1.37", "command": ["sh", "-c", "true"], "resources": {"requests": {"cpu": "10m"}}},
            {"name": "proxy", "image": "busybox:1.37", "args": ["x"], "env": [{"name": "A", "value": "b"}]}
        ]
    }})
}

fn pairs() -> [[Case; 2]; 2] {
    let job = json!({"suspend": true, "managedBy": "example.com/nobody", "template": template()});
    let mut ours = job.clone();
    ours["sidecars"] = json!([{"name": "proxy"}]);
    let cron = |job: &Value| json!({"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": job}});
    let (crons, our_crons) = (cron(&job), cron(&ours));
    let started =
        |time: &str| [json!({"startTime": time, "active": 1}), json!({"startTime": time, "active": 1, "ready": 1})];
    let scheduled =
        |time: &str| [json!({"lastScheduleTime": time}), json!({"lastScheduleTime": time, "lastSuccessfulTime": time})];
    [
        [
            Case { gvk: ("batch", "v1", "Job"), spec: job, status: started },
            Case { gvk: ("sidecarjob.dev", "v1alpha1", "SidecarJob"), spec: ours, status: started },
        ],
        [
            Case { gvk: ("batch", "v1", "CronJob"), spec: crons, status: scheduled },
            Case { gvk: ("sidecarjob.dev", "v1alpha1", "SidecarCronJob"), spec: our_crons, status: scheduled },
        ],
    ]
}

impl Case {
    fn api(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        let (group, version, kind) = self.gvk;
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(client.clone(), namespace, &resource)
    }

    fn object(&self, name: &str) -> DynamicObject {
        let (group, version, kind) = self.gvk;
        let object = json!({
            "apiVersion": format!("{group}/{version}"), "kind": kind, "metadata": {"name": name}, "spec": self.spec
        });
        serde_json::from_value(object).expect("an object")
    }

    /// What its creates of one turn cost, and what its statuses do.
    async fn costs(&self, client: &Client, namespace: &str, turn: usize) -> [Cost; 2] {
        let api = self.api(client, namespace);
        let mut object = self.object("x");
        let (rules, begin) = (rules(client).await, Instant::now());
        for n in 0..WRITES {
            object = api.create(&PostParams::default(), &self.object(&format!("x-{turn}-{n}"))).await.expect("created");
        }
        let created = since(client, begin, rules).await;
        let name = object.metadata.name.clone().expect("a name");
        let (rules, begin) = (self::rules(client).await, Instant::now());
        for n in 0..WRITES {
            object.data["status"] = (self.status)(&format!("2026-01-01T00:00:{n:02}Z"))[n % 2].take();
            object = api.replace_status(&name, &PostParams::default(), &object).await.expect("its status is written");
        }
        [created, since(client, begin, rules).await]
    }
}

/// For each write.
async fn since(client: &Client, begin: Instant, before: f64) -> Cost {
    let n = (WRITES * TURNS) as f64;
    let time = begin.elapsed().as_secs_f64();
    Cost { time: 1000.0 * time / n, rules: 1000.0 * (rules(client).await - before) / n }
}

/// Seconds that the API server has spent on rules.
async fn rules(client: &Client) -> f64 {
    const METRIC: &str = "apiserver_cel_evaluation_duration_seconds_sum";
    let request = http::Request::get("/metrics").body(Vec::new()).expect("a request");
    let text = client.request_text(request).await.expect("the API server's metrics can be read");
    let value = text.lines().find_map(|line| line.strip_prefix(METRIC)?.trim().parse().ok());
    value.expect("the API server has the metric")
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn all_rules_together_cost_the_api_server_less_than_a_write_of_the_built_in_kind() {
    world_without_controller("writecost", |w| async move {
        let mut wrong = Vec::new();
        for pair in pairs() {
            let mut sums = [[Cost::default(); 2]; 2];
            for turn in 0..TURNS {
                for (case, sums) in pair.iter().zip(&mut sums) {
                    let costs = case.costs(&w.client, &w.namespace, turn).await;
                    sums.iter_mut().zip(costs).for_each(|(sum, cost)| sum.add(cost));
                }
            }
            for (n, what) in ["create", "status"].into_iter().enumerate() {
                let ([built_in, ours], [base, cost]) = (pair.each_ref().map(|case| case.gvk.2), sums.map(|sum| sum[n]));
                let line = format!(
                    "{what}: {built_in} {:.1} ms, {ours} {:.1} ms, by its own count {:.1} ms of it for rules",
                    base.time, cost.time, cost.rules
                );
                println!("{line}");
                assert!(cost.rules > 0.0, "the API server says what rules cost");
                if cost.rules > AT_MOST * base.time {
                    wrong.push(line);
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}
