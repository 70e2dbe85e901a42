//! `kubectl explain`.

use super::support::{eventually, world_without_controller};

/// What is asked, and words of the answer.
const ASKED: &[(&str, &str)] = &[
    ("scj", "VERSION:    v1alpha1"),
    ("scj.spec.sidecars.stop.gracePeriodSeconds", "gracePeriodSeconds <integer>"),
    ("scj.spec.template.spec.containers.livenessProbe", "livenessProbe <Object>"),
    ("scj.status.conditions", "conditions <[]Object>"),
    ("sccj.spec.schedule", "schedule <string>"),
];

#[tokio::test]
#[ignore = "needs a cluster: run make compat"]
async fn kubectl_explains_each_kind_down_to_the_pod() {
    world_without_controller("explain", |w| async move {
        for (field, words) in ASKED {
            eventually(&format!("kubectl explain {field} says {words:?}"), || async {
                let out = w.kubectl(&["explain", field], "");
                String::from_utf8_lossy(&out.stdout).contains(words).then_some(())
            })
            .await;
        }
    })
    .await;
}
