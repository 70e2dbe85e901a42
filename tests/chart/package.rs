//! Is the packaged chart the chart, with the image of its release?

use std::process::Command;

use crate::helm::{BOTH, Helm, NAMESPACE, objects};
use crate::rows::DEPLOYMENT;
use crate::{Folder, root};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A copy of what `make package` reads, so that the test leaves dist/ alone.
fn sources() -> Folder {
    let folder = Folder::new();
    for path in ["release", "charts"] {
        crate::copy(&root().join(path), &folder.0.join(path));
    }
    for path in ["LICENSE", "Cargo.toml"] {
        std::fs::copy(root().join(path), folder.0.join(path)).expect("copied");
    }
    folder
}

/// `make package`: whether it succeeds, and what it says.
fn package(sources: &Folder, image: &str) -> (bool, String) {
    let out = Command::new(sources.0.join("release/package"))
        .env("IMAGE", image)
        .env("SOURCE_URL", "https://example.com/sources")
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .expect("it runs");
    (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
}

#[test]
#[ignore = "needs Go: run make test"]
fn the_packaged_chart_is_the_chart_with_the_image_of_the_release_and_the_same_bytes_each_time() {
    let sources = sources();
    let archive = sources.0.join(format!("dist/sidecarjob-{VERSION}.tgz"));
    let packed = || {
        // A registry wants small letters.
        let (succeeds, said) = package(&sources, "registry.example.com:5000/A/b:v1");
        assert!(succeeds, "{said}");
        std::fs::read(&archive).expect("the archive")
    };
    assert_eq!(packed(), packed(), "the same input gives the same bytes");

    let version = "--kube-version=1.37.2";
    for helm in BOTH {
        let mut wanted = helm.render(&[version, "--set=image.repository=registry.example.com:5000/a/b,image.tag=v1"]);
        let mut have = helm.template(&archive, &[version]);
        // A chart's notes and order are no objects; the image is one of the fields that are compared.
        assert!(wanted[DEPLOYMENT].to_string().contains("registry.example.com:5000/a/b:v1"));
        for key in wanted.keys().cloned().collect::<Vec<_>>() {
            assert_eq!(have.remove(&key), wanted.remove(&key), "{helm:?}: {key}");
        }
        assert!(have.is_empty(), "{helm:?}: {:?}", have.keys());
        let readme = helm.ok(&["show", "readme", archive.to_str().expect("UTF-8")]);
        let page = format!("https://example.com/sources/blob/v{VERSION}/docs/install.md");
        assert!(readme.contains(&page) && !readme.contains("](../"), "{readme}");
    }
}

#[test]
#[ignore = "needs Go: run make test"]
fn without_an_image_the_packaged_chart_is_that_of_the_sources() {
    let sources = sources();
    let (succeeds, said) = package(&sources, "");
    assert!(succeeds, "{said}");
    let archive = sources.0.join(format!("dist/sidecarjob-{VERSION}.tgz"));
    let out = Helm::Four.ok(&["template", "sidecarjob", archive.to_str().expect("UTF-8"), "--namespace", NAMESPACE]);
    assert_eq!(objects(&out), Helm::Four.render(&[]));
}

#[test]
fn an_image_without_a_tag_is_refused() {
    for image in ["registry.example.com/a/b", "registry.example.com:5000/a/b"] {
        let (succeeds, said) = package(&sources(), image);
        assert!(!succeeds && said.contains("names no tag"), "{image}: {said}");
    }
}
