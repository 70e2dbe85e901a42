//! "20 containers, 50 containers": they run and drain, within the server's budget, and messages stay short enough to be shown.

use serde_json::json;

use super::support::{policy::Policy, world_without_controller};
use super::{SIDE, admitted, completes, container, inits, job, plain};

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn twenty_sidecars_run_and_drain() {
    world_without_controller("twenty", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let mut containers: Vec<_> = (0..20).map(|n| container(&format!("side-{n:02}"), SIDE)).collect();
        containers.insert(7, container("work", "sleep 1"));
        let mut object = job("twenty", Some("work"), &containers, json!({"shareProcessNamespace": true}));
        object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(30);
        let pod = completes(&w, &object).await;
        let expected: Vec<_> = (0..20).map(|n| format!("side-{n:02}*")).collect();
        assert_eq!((plain(&pod), inits(&pod)), (vec!["work"], expected));
        assert!(w.logs(&pod, "side-00").await.contains("drained"), "the first to start, the last to stop");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn fifty_containers_are_within_the_servers_budget_for_all_policies() {
    world_without_controller("fifty", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        // the longest names that there may be, behind as many init containers, and three times the number that is promised
        let name = |kind: &str, n: usize| format!("{kind}{n:03}-{}", "x".repeat(55));
        for count in [50, 150] {
            let mut containers: Vec<_> = (0..count - 1).map(|n| container(&name("side", n), SIDE)).collect();
            containers.push(container("work", "true"));
            let inits_before: Vec<_> = (0..count).map(|n| container(&name("init", n), "true")).collect();
            let more = json!({"initContainers": inits_before});
            let pod = admitted(&w, Some("work"), &containers, more.clone()).expect("taken");
            assert_eq!((plain(&pod), inits(&pod).len()), (vec!["work"], 2 * count - 1), "{count} containers");
            let refused = admitted(&w, Some("wrok"), &containers, more.clone()).expect_err("refused");
            assert!(refused.contains("names wrok, which is no container here. "), "{count} containers: {refused}");
            names_at_most_fifty(&refused, "The containers are: ", &name("side", 49), count);
            // 150 names are more than a message may hold; all of them as main, and in a list that has a space, too
            let all: Vec<_> = containers.iter().map(|c| c["name"].as_str().expect("a name")).collect();
            let spaced = admitted(&w, Some(&all.join(", ")), &containers, more).expect_err("refused");
            assert!(spaced.contains("Take the spaces out. "), "{count} containers: {spaced}");
            names_at_most_fifty(&spaced, "The containers are: ", &name("side", 49), count);
            let unknown = admitted(&w, Some(&all.join(",")), &[container("work", "true")], json!({}));
            let unknown = unknown.expect_err("refused");
            assert!(unknown.contains(&format!("{}, …, which is no container", name("side", 9))), "{unknown}");
        }
    })
    .await;
}

/// The list behind those words ends with the fiftieth name and an ellipsis, if there are more.
fn names_at_most_fifty(said: &str, words: &str, fiftieth: &str, count: usize) {
    let (_, list) = said.split_once(words).unwrap_or_else(|| panic!("{words:?} is not in: {said}"));
    let list = list.trim_end();
    assert_eq!(list.ends_with(&format!("{fiftieth}, …")), count > 50, "{count} containers: {list}");
    assert_eq!(list.split(", ").count(), count.min(51), "{count} containers: {list}");
}
