//! "Errors that help": what is refused and what is warned of, in which words, on each kind that carries the annotation.

use serde_json::{Value, json};

use super::support::{World, eventually, policy::Policy, world_without_controller};
use super::{SIDE, admitted, container, create, job};

const HAVE: &str = "The containers are: work, ffwd";

/// The annotation, and the words of the refusal.
const REFUSED: &[(&str, &str, &[&str])] = &[
    ("a name that is not there", "wrok", &["sidecarjob.dev/main names wrok, which is no container here. ", HAVE]),
    ("one of two that is not there", "work,lod", &["names lod, which is no container here. ", HAVE]),
    ("an init container", "setup", &["names setup, which is no container here but an init container. ", HAVE]),
    ("nothing", "", &["sidecarjob.dev/main is empty. Write the name of the container that does the work. ", HAVE]),
    ("a space alone", " ", &["sidecarjob.dev/main is empty. ", HAVE]),
    ("a space", "work, ffwd", &["is \"work, ffwd\". Take the spaces out. ", "separated by one comma. ", HAVE]),
    ("a line break, as `main: |` ends with", "work\n", &["is \"work\\n\". Take the line breaks and tabs out. ", HAVE]),
    ("capitals", "Work", &["is \"Work\". Names of containers have no capitals. ", HAVE]),
    ("a comma at the end", "work,", &["is \"work,\". Write names of containers, separated by one comma. ", HAVE]),
    ("another separator", "work;ffwd", &["is \"work;ffwd\". ", HAVE]),
];

fn containers() -> [Value; 2] {
    [container("work", "true"), container("ffwd", SIDE)]
}

fn more() -> Value {
    json!({"initContainers": [container("setup", "true")]})
}

/// One object of each kind whose Pod template has that annotation.
fn kinds(main: &str) -> Vec<(&'static str, Value)> {
    let job = job("x", Some(main), &containers(), more());
    let template = job["spec"]["template"].clone();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob",
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": job["spec"]}}});
    let ours = json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
        "spec": {"sidecars": [{"name": "ffwd"}], "template": template}});
    let mut all = vec![("Pod", pod), ("Job", job), ("CronJob", cron), ("SidecarJob", ours)];
    all.iter_mut().for_each(|(_, object)| object["metadata"]["name"] = json!("x"));
    all
}

fn dry_run(w: &World, object: &Value) -> Result<String, String> {
    create(w, object, &["--dry-run=server"])
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_cant_be_meant_is_refused_on_each_kind_with_the_names_that_are_there() {
    world_without_controller("refused", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        for (case, main, words) in REFUSED {
            for (kind, object) in kinds(main) {
                let said = dry_run(&w, &object).expect_err(&format!("{case} on a {kind} is refused"));
                words
                    .iter()
                    .for_each(|part| assert!(said.contains(part), "{case} on a {kind}: {part:?} is not in: {said}"));
            }
        }
        for (kind, object) in kinds("work") {
            dry_run(&w, &object).unwrap_or_else(|e| panic!("{kind}: {e}"));
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_with_a_restart_policy_of_its_own_is_refused_with_both_ways_out() {
    world_without_controller("own-policy", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let mut containers = containers();
        containers[1]["restartPolicy"] = json!("Never");
        let words = "ffwd has restartPolicy Never of its own, but a native sidecar is always restarted. Take it out, or \
                     name ffwd in sidecarjob.dev/main, which is now \"work\"";
        let on_pod = admitted(&w, Some("work"), &containers, json!({})).expect_err("refused");
        let on_job = dry_run(&w, &job("x", Some("work"), &containers, json!({}))).expect_err("refused");
        assert!(on_pod.contains(words) && on_job.contains(words), "{on_pod}{on_job}");
        assert!(!on_job.contains("run as native sidecars"), "what is refused is not announced: {on_job}");
        admitted(&w, Some("work,ffwd"), &containers, json!({})).expect("named as main, it is taken");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_that_is_always_restarted_is_refused_and_such_a_sidecar_is_taken() {
    world_without_controller("endless", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let endless = |name: &str| {
            let mut containers = containers();
            containers.iter_mut().filter(|c| c["name"] == name).for_each(|c| c["restartPolicy"] = json!("Always"));
            containers
        };
        let words = "work has restartPolicy Always, so it never ends, and sidecarjob.dev/main names it";
        let on_pod = admitted(&w, Some("work"), &endless("work"), json!({})).expect_err("refused");
        let on_job = dry_run(&w, &job("x", Some("work"), &endless("work"), json!({}))).expect_err("refused");
        assert!(on_pod.contains(words) && on_job.contains(words), "{on_pod}{on_job}");
        admitted(&w, Some("work"), &endless("ffwd"), json!({})).expect("it becomes a native sidecar");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_from_before_the_policy_tells_the_refusal_in_its_events_and_can_be_deleted() {
    let _alone = super::install::ALONE.lock().await; // `page` and `install` put the real policy in force for all
    world_without_controller("before", |w| async move {
        let mut suspended = job("typo", Some("wrok"), &containers(), json!({}));
        suspended["spec"]["suspend"] = json!(true);
        create(&w, &suspended, &[]).expect("nothing looks at it yet");
        let _policy = Policy::one_annotation(&w).await;
        // what does not touch the template is no news: labels, resuming, the controller's own writes, the deletion
        w.kubectl_ok(&["label", "job", "typo", "a=b"], "");
        w.kubectl_ok(&["patch", "job", "typo", "--type=merge", "-p", r#"{"spec":{"suspend":false}}"#], "");
        eventually("the Job's events tell it", || async {
            let events = w.kubectl_ok(&["events", "--for", "job/typo"], "");
            events.contains("names wrok, which is no container here. The containers are: work, ffwd").then_some(())
        })
        .await;
        w.kubectl_ok(&["delete", "job", "typo", "--cascade=foreground", "--timeout=60s"], "");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_template_that_changes_is_looked_at_again() {
    world_without_controller("changes", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let cron = &kinds("work")[2].1;
        create(&w, cron, &[]).expect("created");
        let patch = |main: &str| {
            let patch = json!({"spec": {"jobTemplate": {"spec": {"template": {"metadata": {
                "annotations": {"sidecarjob.dev/main": main}}}}}}});
            w.kubectl(&["patch", "cronjob", "x", "--type=merge", "-p", &patch.to_string()], "")
        };
        let refused = patch("wrok");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(HAVE), "{refused:?}");
        assert!(patch("ffwd").status.success());
    })
    .await;
}

/// What is said of that object, and not refused.
fn warning(w: &World, object: &Value) -> String {
    let out = w.kubectl(&["create", "--dry-run=server", "-f", "-"], &object.to_string());
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{said}");
    said
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn who_creates_it_is_told_what_will_happen() {
    world_without_controller("warned", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let says = |object: &Value, words: &str| {
            let said = warning(&w, object);
            assert!(said.contains(words), "{words:?} is not in: {said}");
        };
        let moved = "These run as native sidecars: ffwd. They start, in this order, before work; ";
        for (kind, object) in kinds("work") {
            match kind {
                "SidecarJob" => {
                    says(&object, "sets sidecarjob.dev/main itself, so the one in the template has no effect")
                }
                _ => says(&object, moved),
            }
        }
        for (_, object) in kinds("work,ffwd").into_iter().take(3) {
            says(&object, "names every container (work, ffwd), so none of them is a sidecar");
        }
        let mut misplaced = job("x", None, &containers(), json!({}));
        misplaced["metadata"]["annotations"] = json!({"sidecarjob.dev/main": "work"});
        says(&misplaced, "has no meaning here: write it on the Pod template, below spec.template.metadata.annotations");
        let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"}, "spec": {
            "schedule": "0 0 * * *",
            "jobTemplate": {"metadata": misplaced["metadata"], "spec": misplaced["spec"]}}});
        says(&cron, "write it on the Pod template, below spec.jobTemplate.spec.template.metadata.annotations");
        let one_container = job("x", Some("work"), &containers()[..1], json!({}));
        assert_eq!(warning(&w, &one_container), "", "what a webhook will add a sidecar to");
        let mut owned = kinds("work").remove(1).1;
        owned["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "0"}]);
        assert_eq!(warning(&w, &owned), "", "a controller does not read");
    })
    .await;
}

/// managedBy is ours; the annotation on the Job; the words; whether it is taken.
const JOB_SIDECARS: &[(&str, bool, &str, &str, bool)] = &[
    ("one of the template", true, "ffwd", "", true),
    ("an init container of the template", true, "setup", "", true),
    ("nothing", true, "", "sidecarjob.dev/sidecars is empty. ", false),
    ("a space", true, "ffwd, x", "Take the spaces out. ", false),
    ("a line break", true, "ffwd\n", "is \"ffwd\\n\". Take the line breaks and tabs out. ", false),
    ("capitals", true, "Ffwd", "Names of containers have no capitals. ", false),
    ("all of them", true, "work,ffwd", "names every container, so none is left to do the work. ", false),
    ("what a webhook may add", true, "ffwd,mesh", "names mesh, which is no container of the template: ", true),
    ("a Job of the built-in controller", false, "ffwd", "has no effect here: ", true),
    ("nonsense on a Job of the built-in controller", false, "F f", "has no effect here: ", true),
];

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_sidecars_of_a_job_by_managed_by_are_checked_on_the_job_and_the_cronjob() {
    world_without_controller("job-sidecars", |w| async move {
        let in_force = |w: &World| dry_run(w, &managed(true, "")[0]).is_err();
        let _policy = Policy::install(&w, "admission", in_force).await;
        for (case, ours, sidecars, words, taken) in JOB_SIDECARS {
            for object in managed(*ours, sidecars) {
                let out = w.kubectl(&["create", "--dry-run=server", "-f", "-"], &object.to_string());
                let said = String::from_utf8_lossy(&out.stderr);
                assert_eq!(out.status.success(), *taken, "{case}: {said}");
                assert!(said.contains(words) && (*taken || said.contains(HAVE)), "{case}: {said}");
                assert!(!words.is_empty() || said.is_empty(), "{case}: nothing is to be said: {said}");
            }
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_container_with_restart_policy_always_does_no_work_in_a_job_by_managed_by() {
    world_without_controller("job-endless", |w| async move {
        let in_force = |w: &World| dry_run(w, &managed(true, "")[0]).is_err();
        let _policy = Policy::install(&w, "admission", in_force).await;
        for mut object in managed(true, "ffwd") {
            let cron = object["kind"] == "CronJob";
            let spec = if cron { &mut object["spec"]["jobTemplate"]["spec"] } else { &mut object["spec"] };
            spec["template"]["spec"]["containers"][0]["restartPolicy"] = json!("Always");
            let said = dry_run(&w, &object).expect_err("no container is left that ends");
            assert!(
                said.contains("names every container that ends (one with restartPolicy Always does not)"),
                "{said}"
            );
        }
    })
    .await;
}

/// A Job with that annotation, and a CronJob that makes such Jobs.
fn managed(ours: bool, sidecars: &str) -> [Value; 2] {
    let mut job = job("x", None, &containers(), more());
    job["metadata"]["annotations"] = json!({"sidecarjob.dev/sidecars": sidecars});
    if ours {
        job["spec"]["managedBy"] = json!("sidecarjob.dev/controller");
    }
    let annotations = json!({"annotations": job["metadata"]["annotations"]});
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"},
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"metadata": annotations, "spec": job["spec"]}}});
    [job, cron]
}
