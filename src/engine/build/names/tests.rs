//! What a Pod is called.

use std::collections::BTreeSet;

use super::*;

fn pod(job: &str, uid: &str, number: u32) -> String {
    crate::engine::build::names::pod(job, uid, NewPod { number, ..NewPod::default() })
}

fn is_dns_label(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 63 && name.chars().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}

#[test]
fn no_two_numbers_of_a_job_give_one_name() {
    let names: BTreeSet<String> = (0..200_000).map(|n| pod("job", "some-uid", n)).collect();
    assert_eq!(names.len(), 200_000);
}

#[test]
fn the_same_pod_has_the_same_name_in_every_version_of_this_program() {
    assert_eq!(pod("cleanup", "3b1c9a52-5f7e-4f6b-9d0e-2a4c6d8e0f12", 0), "cleanup-lmdj7");
    assert_eq!(pod("cleanup", "3b1c9a52-5f7e-4f6b-9d0e-2a4c6d8e0f12", 1), "cleanup-cw5sr");
}

#[test]
fn another_job_of_the_same_name_has_other_names() {
    assert_ne!(pod("job", "uid-1", 0), pod("job", "uid-2", 0));
}

#[test]
fn a_long_name_is_cut_so_that_the_host_name_is_one_too() {
    for job in
        ["a".repeat(63), "a".repeat(200), format!("{}-b", "a".repeat(56)), format!("{}.b", "a".repeat(56)), "x".into()]
    {
        for index in [None, Some(0), Some(99_999)] {
            let name = crate::engine::build::names::pod(&job, "uid", NewPod { number: 7, index, ..NewPod::default() });
            assert!(is_dns_label(&name), "{name}");
        }
    }
}

#[test]
fn a_pod_of_an_indexed_run_has_its_index_in_its_name() {
    for (job, index, want) in [
        ("job", None, "job-"),
        ("job", Some(3), "job-3-"),
        (&"a".repeat(63), Some(12), &format!("{}-12-", "a".repeat(54))),
    ] {
        assert_eq!(prefix(job, index), want);
    }
}
