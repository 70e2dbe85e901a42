//! `kubectl get scj --field-selector …`: the `selectableFields` of the CRDs.

use super::support::{World, eventually, world};
use super::{absent, manifest};

fn get(w: &World, kind: &str, selector: &str) -> Result<String, String> {
    let out = w.kubectl(&["get", kind, "-o", "name", "--field-selector", selector], "");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
}

#[tokio::test]
#[ignore = "needs a cluster: run make compat"]
async fn runs_and_schedules_are_selected_by_their_fields() {
    world("selectors", &[], |w| async move {
        w.apply(&manifest::run("paused", "  suspend: true")).await;
        if let Err(said) = get(&w, "scj", "spec.suspend=true") {
            assert!(said.contains("field label not supported: spec.suspend"), "{said}");
            absent("selectors", "off before 1.31: the API server drops `selectableFields`");
            return;
        }
        assert_eq!(get(&w, "scj", "spec.suspend=false").as_deref(), Ok(""));
        eventually("the run is selected by its phase", || async {
            (get(&w, "scj", "status.phase=Suspended").ok()? == "sidecarjob.sidecarjob.dev/paused\n").then_some(())
        })
        .await;
        assert_eq!(get(&w, "sccj", "spec.suspend=true").as_deref(), Ok(""));
    })
    .await;
}
