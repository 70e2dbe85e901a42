//! What happens to the Pods of a story? What a scheduler and a kubelet then write, for all Pods at once.

use serde_json::{Value, json};

use crate::world::counting::Server;
use crate::world::store::is_deleting;

/// The main container and the sidecar of all stories.
pub const MAIN: &str = "work";
pub const SIDECAR: &str = "proxy";

const LISTS: [(&str, &str); 2] = [("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")];

/// Each Pod that waits gets a node, and all its containers run.
pub fn start(server: &Server) {
    let now = server.clock.stamp();
    change(server, "Pending", |pod| {
        pod["spec"]["nodeName"] = json!("node-17");
        let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
            .map(|type_| json!({"type": type_, "status": "True", "lastTransitionTime": now}));
        let mut status = json!({"phase": "Running", "startTime": now, "conditions": conditions});
        for (list, statuses) in LISTS {
            let containers = pod["spec"][list].as_array().into_iter().flatten();
            let all = containers.map(|container| {
                json!({"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0,
                    "ready": true, "started": true, "state": {"running": {"startedAt": now}}})
            });
            status[statuses] = all.collect::<Value>();
        }
        pod["status"] = status;
    });
}

/// The scheduler finds no node for the Pods that wait.
pub fn find_no_node(server: &Server) {
    let now = server.clock.stamp();
    change(server, "Pending", |pod| {
        pod["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient cpu.", "lastTransitionTime": now}]);
    });
}

/// The main container of each Pod that runs exits with this code. Its sidecar goes on.
pub fn exit(server: &Server, code: i32) {
    let now = server.clock.stamp();
    change(server, "Running", |pod| {
        end(pod, MAIN, code, &now);
        for condition in pod["status"]["conditions"].as_array_mut().into_iter().flatten().skip(2) {
            condition["status"] = json!("False");
        }
    });
}

/// The kubelet has stopped all that ran of the Pods.
pub fn stop(server: &Server) {
    let now = server.clock.stamp();
    change(server, "Running", |pod| {
        let works = pod["status"]["containerStatuses"][0]["state"].get("running").is_some();
        end(pod, MAIN, 143, &now);
        end(pod, SIDECAR, 0, &now);
        let well = !works && pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0;
        pod["status"]["phase"] = json!(if well { "Succeeded" } else { "Failed" });
    });
    change(server, "Pending", |pod| {
        if is_deleting(pod) {
            pod["status"]["phase"] = json!("Failed");
        }
    });
}

/// The container ends, if it runs.
fn end(pod: &mut Value, container: &str, code: i32, now: &str) {
    for (_, statuses) in LISTS {
        let all = pod["status"][statuses].as_array_mut().into_iter().flatten();
        for status in all.filter(|status| status["name"] == container && status["state"].get("running").is_some()) {
            let started = status["state"]["running"]["startedAt"].take();
            let reason = if code == 0 { "Completed" } else { "Error" };
            status["ready"] = json!(false);
            status["started"] = json!(false);
            status["state"] =
                json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now}});
        }
    }
}

fn change(server: &Server, phase: &str, change: impl Fn(&mut Value)) {
    server.change("pods", |pod| pod["status"]["phase"] == phase, change);
}
