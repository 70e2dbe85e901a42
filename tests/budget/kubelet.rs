//! What happens to the Pods? The test says when; this is what a scheduler and a kubelet then write.

use serde_json::{Value, json};

use crate::allocations::outside;
use crate::world::counting::Server;
use crate::world::store::name;

/// The names of the Pods in that phase.
pub fn pods(server: &Server, phase: &str) -> Vec<String> {
    outside(|| {
        let all = server.all("pods");
        all.iter().filter(|pod| pod["status"]["phase"] == phase).map(|pod| name(pod).to_owned()).collect()
    })
}

/// The Pod gets a Node.
pub fn bind(server: &Server, pod: &str) {
    change(server, pod, |pod| pod["spec"]["nodeName"] = json!("node"));
}

/// All containers of the Pod run, and are ready.
pub fn start(server: &Server, pod: &str) {
    let now = server.clock.stamp();
    change(server, pod, |pod| {
        let statuses = |list: &str| {
            let containers = pod["spec"][list].as_array().into_iter().flatten();
            let all = containers.map(|container| {
                json!({"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0,
                    "ready": true, "started": true, "state": {"running": {"startedAt": now}}})
            });
            all.collect::<Value>()
        };
        let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
            .map(|type_| json!({"type": type_, "status": "True", "lastTransitionTime": now}));
        pod["status"] = json!({"phase": "Running", "startTime": now, "conditions": conditions,
            "containerStatuses": statuses("containers"), "initContainerStatuses": statuses("initContainers")});
    });
}

/// The main container ends with that exit code. Its sidecar goes on.
pub fn end_main(server: &Server, pod: &str, code: i64) {
    let now = server.clock.stamp();
    change(server, pod, |pod| {
        end(pod, "containerStatuses", "work", code, &now);
        let conditions = pod["status"]["conditions"].as_array_mut().expect("conditions");
        conditions.iter_mut().skip(2).for_each(|condition| condition["status"] = json!("False"));
    });
}

/// The sidecar of the Pod ends, and so does the Pod: by itself, or by its deadline if the sidecar is a plain container.
pub fn end_pod(server: &Server, pod: &str) {
    let now = server.clock.stamp();
    change(server, pod, |pod| {
        let native = pod["spec"]["initContainers"].is_array();
        let deadline = pod["spec"]["activeDeadlineSeconds"].is_number();
        assert!(native || deadline, "nobody stops the sidecar of {pod}");
        let (list, code) = if native { ("initContainerStatuses", 0) } else { ("containerStatuses", 143) };
        end(pod, list, "proxy", code, &now);
        let failed = deadline || pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] != 0;
        pod["status"]["phase"] = json!(if failed { "Failed" } else { "Succeeded" });
        if deadline {
            pod["status"]["reason"] = json!("DeadlineExceeded");
        }
    });
}

fn end(pod: &mut Value, list: &str, container: &str, code: i64, now: &str) {
    let mut all = pod["status"][list].as_array_mut().into_iter().flatten();
    let status = all.find(|status| status["name"] == container).expect("the container is there");
    let reason = if code == 0 { "Completed" } else { "Error" };
    let started = status["state"]["running"]["startedAt"].take();
    status["ready"] = json!(false);
    status["started"] = json!(false);
    status["state"] =
        json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now}});
}

fn change(server: &Server, pod: &str, change: impl Fn(&mut Value)) {
    outside(|| server.change("pods", |stored| name(stored) == pod, change));
}
