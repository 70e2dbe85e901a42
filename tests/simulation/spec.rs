//! A random run of either kind, over all fields.

use serde_json::{Value, json};
use sidecarjob::api::{Kind, labels};

use crate::cluster::NAME;
use crate::world::dice::Dice;
use crate::world::store::NAMESPACE;

/// The object as the API server stores it, defaults filled in.
pub fn object(kind: Kind, uid: &str, created: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": kind.api_version(), "kind": kind.name(),
        "metadata": {"name": NAME, "namespace": NAMESPACE, "uid": uid, "generation": 1, "creationTimestamp": created},
        "spec": spec
    });
    if kind == Kind::Job {
        let label = json!({"batch.kubernetes.io/controller-uid": uid});
        object["spec"]["managedBy"] = json!(labels::CONTROLLER);
        object["spec"]["selector"] = json!({"matchLabels": label});
        object["spec"]["template"]["metadata"]["labels"] = label;
        object["status"] = json!({});
        if object["spec"]["sidecars"].is_array() {
            object["metadata"]["annotations"] = json!({labels::SIDECARS: "side"});
        }
        if let Some(spec) = object["spec"].as_object_mut() {
            spec.remove("sidecars");
            spec.remove("sidecarMode");
            spec.remove("completedIndexes");
        }
    }
    object
}

/// Everything that a spec can say, by chance.
pub fn random(dice: &mut Dice) -> Value {
    let mut spec = json!({"parallelism": 1 + dice.roll(4), "backoffLimit": dice.roll(6), "template": template(dice)});
    let indexed = dice.one_in(2);
    if indexed {
        spec["completionMode"] = json!("Indexed");
    }
    if indexed || !dice.one_in(4) {
        spec["completions"] = json!(dice.roll(6));
    }
    if indexed && dice.one_in(3) {
        spec["completions"] = spec["parallelism"].clone(); // elastic
    }
    if !dice.one_in(3) {
        spec["sidecars"] = json!([sidecar(dice)]);
        spec["sidecarMode"] = json!(["Auto", "Native", "Managed"][dice.roll(3) as usize]);
    }
    if dice.one_in(6) {
        spec["activeDeadlineSeconds"] = json!(100 + dice.roll(300));
    }
    if dice.one_in(8) {
        spec["suspend"] = json!(true);
    }
    let never = spec["template"]["spec"]["restartPolicy"] == "Never";
    if indexed && never && dice.one_in(2) {
        per_index(&mut spec, dice);
    }
    if never && dice.one_in(3) {
        spec["podFailurePolicy"] = failure_policy(dice, spec["backoffLimitPerIndex"].is_number());
        spec["podReplacementPolicy"] = json!("Failed");
    } else if dice.one_in(3) {
        spec["podReplacementPolicy"] = json!("Failed");
    }
    if indexed && dice.one_in(4) {
        spec["successPolicy"] = success_policy(dice);
    }
    if indexed && spec["parallelism"] == 4 {
        spec["completedIndexes"] = json!("0,2-3"); // without the dice, so that the seeds of the regressions tell the same
    }
    spec
}

/// A run whose result does not depend on what happens when: one Pod after the other, or each index for itself.
pub fn of_one_result(dice: &mut Dice) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "main"}, {"name": "side"}]});
    let mut spec = json!({
        "parallelism": 1, "completions": 1 + dice.roll(4), "backoffLimit": dice.roll(4),
        "template": {"metadata": {}, "spec": pod}
    });
    if dice.one_in(2) {
        spec["completionMode"] = json!("Indexed");
        if dice.one_in(2) {
            spec["backoffLimitPerIndex"] = json!(dice.roll(3));
            (spec["backoffLimit"], spec["parallelism"]) = (json!(i32::MAX), json!(1 + dice.roll(4)));
        }
    }
    if dice.one_in(2) {
        spec["sidecars"] = json!([{"name": "side"}]);
        spec["sidecarMode"] = json!(if dice.one_in(2) { "Native" } else { "Managed" });
    }
    spec
}

/// How it is stopped, and how often it may start again.
fn sidecar(dice: &mut Dice) -> Value {
    let mut sidecar = json!({"name": "side"});
    match dice.roll(4) {
        0 => sidecar["stop"] = json!({"exec": {"command": ["quit"]}, "gracePeriodSeconds": 1 + dice.roll(40)}),
        1 => sidecar["stop"] = json!({"http": {"port": 15020, "path": "/quitquitquit", "method": "POST"}}),
        _ => {}
    }
    if dice.one_in(4) {
        sidecar["maxRestarts"] = json!(dice.roll(3));
    }
    sidecar
}

fn template(dice: &mut Dice) -> Value {
    let restart = if dice.one_in(4) { "OnFailure" } else { "Never" };
    let mut containers = vec![json!({"name": "main"}), json!({"name": "side"})];
    if dice.one_in(4) {
        containers.push(json!({"name": "main2"}));
    }
    if dice.one_in(4) {
        containers[0]["restartPolicy"] = json!("Never");
        containers[0]["restartPolicyRules"] =
            json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [2]}}]);
    }
    let mut pod = json!({"restartPolicy": restart, "containers": containers});
    if dice.one_in(5) {
        pod["activeDeadlineSeconds"] = json!(10 + dice.roll(60));
    }
    json!({"metadata": {}, "spec": pod})
}

fn per_index(spec: &mut Value, dice: &mut Dice) {
    spec["backoffLimitPerIndex"] = json!(dice.roll(3));
    if dice.one_in(2) {
        spec["maxFailedIndexes"] = json!(dice.roll(3));
    }
    if dice.one_in(2) {
        spec["backoffLimit"] = json!(i32::MAX);
    }
}

/// Exit codes are 1, 2, 3 and 143; a lost node shows as DisruptionTarget.
fn failure_policy(dice: &mut Dice, per_index: bool) -> Value {
    let actions: &[&str] =
        if per_index { &["FailJob", "Ignore", "Count", "FailIndex"] } else { &["FailJob", "Ignore", "Count"] };
    let rules: Vec<Value> = (0..1 + dice.roll(3))
        .map(|_| {
            let action = actions[dice.roll(actions.len() as u32) as usize];
            if dice.one_in(3) {
                return json!({"action": action, "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]});
            }
            let operator = if dice.one_in(2) { "In" } else { "NotIn" };
            let mut codes = json!({"operator": operator, "values": [1 + dice.roll(3)]});
            if dice.one_in(3) {
                codes["containerName"] = json!(["main", "side"][dice.roll(2) as usize]);
            }
            json!({"action": action, "onExitCodes": codes})
        })
        .collect();
    json!({"rules": rules})
}

fn success_policy(dice: &mut Dice) -> Value {
    let rule = match dice.roll(3) {
        0 => json!({"succeededCount": 1 + dice.roll(2)}),
        1 => json!({"succeededIndexes": "0-1"}),
        _ => json!({"succeededIndexes": "0-2", "succeededCount": 1}),
    };
    json!({"rules": [rule]})
}

/// What the history is about, on one line.
pub fn in_words(kind: Kind, spec: &Value) -> String {
    let mut short = spec.clone();
    let pod = &spec["template"]["spec"];
    let containers = pod["containers"].as_array().map_or(0, Vec::len);
    short["template"] =
        json!(format!("restartPolicy {}, {containers} containers", pod["restartPolicy"].as_str().unwrap_or("?")));
    format!("{} {short}", kind.name())
}
