//! What does `version` say about the cluster?

use serde_json::json;

use super::*;

fn deployment(image: &str, ready: i32) -> Deployment {
    serde_json::from_value(json!({
        "metadata": {"namespace": "jobs", "name": "x"},
        "spec": {"replicas": 2, "selector": {}, "template": {"spec": {"containers": [{"name": "controller", "image": image}]}}},
        "status": {"readyReplicas": ready}
    }))
    .unwrap()
}

fn said(found: &Found) -> String {
    let mut out = Vec::new();
    found.print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn found() -> Found {
    Found { client: VERSION.into(), kubernetes: Some("v1.37.0".into()), ..Found::default() }
}

#[test]
fn what_fits_is_said_in_one_line_each_and_a_sentence() {
    let mut found = found();
    for crd in crd::all() {
        found.compare(&crd, &crd);
    }
    found.controller(&deployment(&format!("registry:5000/sidecarjob:v{VERSION}"), 2));
    assert_eq!(
        said(&found),
        format!(
            "Client: {VERSION}\nKubernetes: v1.37.0\nCRD sidecarjobs.sidecarjob.dev: v1alpha1\n\
             CRD sidecarcronjobs.sidecarjob.dev: v1alpha1\n\
             Controller: registry:5000/sidecarjob:v{VERSION}, 2 of 2 replicas ready (x in jobs)\nProgram, CRDs and controller fit.\n"
        )
    );
}

#[test]
fn what_does_not_fit_is_said_with_what_to_do() {
    let rows = [
        ("sidecarjob.dev/controller:9.9.9", 1, "the controller's image has version 9.9.9, and this program is"),
        ("sidecarjob.dev/controller:dev", 1, "the image sidecarjob.dev/controller:dev does not say its version"),
        ("registry:5000/controller", 1, "the image registry:5000/controller does not say its version"),
        ("sidecarjob.dev/controller@sha256:abc", 1, "does not say its version"),
        (
            "sidecarjob.dev/controller:dev",
            0,
            "no replica of Deployment x in namespace jobs is ready, so nobody runs SidecarJobs",
        ),
    ];
    for (image, ready, words) in rows {
        let mut found = found();
        found.controller(&deployment(image, ready));
        assert!(said(&found).contains(words), "{image}: {}", said(&found));
    }
}

#[test]
fn fields_that_one_side_lacks_are_named() {
    let own = crd::sidecarjob();
    let mut older = serde_json::to_value(&own).unwrap();
    let spec = &mut older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    for field in ["endedPods", "sidecars"] {
        spec.as_object_mut().unwrap().remove(field).expect("it is there");
    }
    let older: CustomResourceDefinition = serde_json::from_value(older).unwrap();
    let mut found = found();
    found.compare(&own, &older);
    assert_eq!(
        found.crds[0].missing_fields,
        ["spec.endedPods", "spec.sidecars"],
        "and not the fields below spec.sidecars"
    );
    assert!(
        said(&found).contains("is older than this program: it lacks spec.endedPods, spec.sidecars; sidecarjob crds |")
    );
    found.skew.clear();
    found.compare(&older, &own);
    assert!(said(&found).contains("is newer than this program: it also has spec.endedPods, spec.sidecars; update"));
    let many = ["a", "b", "c", "d", "e"].map(String::from);
    assert_eq!(few(&many), "a, b, c and 2 more");
}
