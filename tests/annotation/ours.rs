//! "The same policy serves SidecarJob's Pods": injected containers become native, unless the SidecarJob says otherwise.

use sidecarjob::api::Phase;

use super::support::webhook::{Call, Webhooks};
use super::support::{policy::Policy, world};
use super::{inits, plain};

fn manifest(name: &str, spec: &str) -> String {
    format!(
        r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {{name: {name}}}
spec:
  backoffLimit: 0
{spec}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      containers:
      - {{name: work, image: "busybox:1.37", command: [sh, -c, "sleep 1"]}}
      - {{name: ffwd, image: "busybox:1.37", command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]}}
"#
    )
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_injects_into_a_sidecarjob_whose_policy_makes_it_native_unless_it_is_managed() {
    world("ours", &[], |w| async move {
        let hooks = Webhooks::start(&w).await;
        let _policy = Policy::one_annotation(&w).await;
        hooks.register(&w, &[Call::once("/plain/proxy")]).await;
        let native = "  sidecars: [{name: ffwd}]";
        for (name, spec, plain_after, inits_after) in [
            ("native", native, &["work"][..], &["ffwd*", "proxy*"][..]),
            ("managed", "  sidecars: [{name: ffwd}]\n  sidecarMode: Managed", &["work", "ffwd", "proxy"], &[]),
        ] {
            w.apply(&manifest(name, spec)).await;
            let status = w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)), "{name}");
            let pod = w.pods_of(name).await.remove(0);
            assert_eq!(
                (plain(&pod), inits(&pod)),
                (plain_after.to_vec(), inits_after.iter().map(ToString::to_string).collect()),
                "{name}"
            );
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_injects_a_main_container_where_the_sidecarjob_says_that_it_is_one() {
    world("ours-main", &[], |w| async move {
        let hooks = Webhooks::start(&w).await;
        let _policy = Policy::one_annotation(&w).await;
        hooks.register(&w, &[Call::once("/plain/proxy"), Call::once("/plain/tester")]).await;
        w.apply(&manifest("mains", "  sidecars: [{name: ffwd}, {name: proxy}]\n  injectedContainers: Main")).await;
        let pod = super::support::eventually("its Pod", || async { w.pods_of("mains").await.pop() }).await;
        assert_eq!((plain(&pod), inits(&pod)), (vec!["work", "tester"], vec!["ffwd*".to_string(), "proxy*".into()]));
    })
    .await;
}
