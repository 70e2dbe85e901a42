//! Every tool that reads a status shows the right state, in every version of the object.
//!
//! The objects come from the real controller: it runs on the API server in memory (`tools/stories.rs`), and on a real cluster
//! (`tools/cluster.rs`). The tools are asked through their own libraries, by the Go program in `tools/`: kstatus (Helm, Flux,
//! kpt), the CEL of Flux, the Lua of Argo CD. docs/tools.md has the table.

#[path = "tools/argocd.rs"]
mod argocd;
#[path = "tools/cluster.rs"]
mod cluster;
mod go_program;
#[path = "tools/k9s.rs"]
mod k9s;
#[path = "tools/kubelet.rs"]
mod kubelet;
#[path = "tools/metrics.rs"]
mod metrics;
#[path = "tools/program.rs"]
mod program;
#[path = "tools/stories.rs"]
mod stories;
#[path = "tools/story.rs"]
mod story;
mod support;
mod world;

use serde_json::Value;
use story::Played;

/// Asks about every version in one go, and says what is wrong.
fn judge(stories: &[Played]) -> usize {
    let versions = stories.iter().flat_map(|played| &played.versions);
    let objects: Vec<Value> = versions.map(|version| version.object.clone()).collect();
    let mut said = program::judge(&objects).into_iter();
    let mut wrong = Vec::new();
    for played in stories {
        let said: Vec<_> = said.by_ref().take(played.versions.len()).collect();
        wrong.extend(played.wrong(&said));
    }
    println!("{} stories, {} versions, {} wrong", stories.len(), objects.len(), wrong.len());
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    objects.len()
}

#[test]
#[ignore = "needs Go: run make test"]
fn in_every_version_of_a_run_kstatus_flux_and_argo_cd_show_its_state() {
    let versions = judge(&stories::OF_RUNS);
    assert!(versions > 50, "{versions} versions are too few: the stories were not played");
}

#[test]
#[ignore = "needs Go: run make test"]
fn in_every_version_of_a_schedule_kstatus_flux_and_argo_cd_show_its_state() {
    let versions = judge(&stories::OF_SCHEDULES);
    assert!(versions > 15, "{versions} versions are too few: the stories were not played");
}
