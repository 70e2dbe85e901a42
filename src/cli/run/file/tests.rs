//! Which files are one SidecarJob, and what is said of all others?

use serde_json::json;

use super::*;

const GOOD: &str = "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarJob\nmetadata: {name: etl}\nspec: {}\n";

#[test]
fn one_sidecarjob_is_read_with_all_its_fields() {
    let json =
        r#"{"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "metadata": {"name": "etl"}, "spec": {}}"#;
    let object: Value = serde_json::from_str(json).unwrap();
    let commented = format!("# what it is\n---\n{GOOD}---\n# nothing\n");
    for text in [GOOD, json, &commented, &GOOD.replace('\n', "\r\n"), &format!("\u{feff}{GOOD}")] {
        assert_eq!(parse(text, "f"), Ok(object.clone()), "{text}");
    }
    let fields =
        parse(&GOOD.replace("spec: {}", "spec: {mode: 0644, size: 1_000, typo: yes, word: 'no', at: 12:30:45}"), "f");
    let fields = fields.unwrap()["spec"].clone();
    assert_eq!((&fields["mode"], &fields["word"]), (&json!(420), &json!("no")), "as kubectl reads them: {fields}");
}

#[test]
fn a_file_that_is_not_one_sidecarjob_is_told_in_one_sentence() {
    let job = "apiVersion: batch/v1\nkind: Job\n";
    let list = "apiVersion: v1\nkind: List\nitems: []\n";
    let schedule = "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarCronJob\n";
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\n\
                g: &g [*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g]\n";
    for (what, text, said) in [
        ("nothing", "", "f is empty"),
        ("comments only", "# later\n---\n", "f is empty"),
        ("two documents", &format!("{GOOD}---\n{GOOD}"), "f has 2 documents, and run creates one SidecarJob"),
        ("a template", "metadata: {name: {{ .Release.Name }}-etl}", "which must be rendered first"),
        ("half of a file", &GOOD[..GOOD.len() - 2], "f is no YAML: "),
        ("a key twice", &format!("{GOOD}spec: {{}}\n"), "f is no YAML: "),
        ("tabs", "kind:\tSidecarJob\n\tspec: {}", "f is no YAML: "),
        ("aliases that grow", bomb, "f is no YAML: "),
        ("a text", "hello", "f has no object with fields, but one text"),
        ("a list", "- a\n- b\n", "f has no object with fields, but a list"),
        ("no kind", "spec: {}", "f has no kind: a SidecarJob begins with apiVersion: sidecarjob.dev/v1alpha1"),
        ("a Job", job, "run --from job/NAME makes a SidecarJob of it"),
        ("a schedule", schedule, "run --from sidecarcronjob/NAME then starts a run"),
        ("a List", list, "f has kind \"List\", and run creates SidecarJobs only"),
        (
            "another group",
            &GOOD.replace("sidecarjob.dev", "example.com"),
            "f has apiVersion \"example.com/v1alpha1\": write sidecarjob.dev/v1alpha1",
        ),
    ] {
        let error = parse(text, "f").expect_err(what);
        assert!(error.contains(said), "{what}: {error}");
        assert_eq!(error.lines().count(), 1, "{what}: {error}");
    }
}

#[test]
fn the_name_is_that_of_the_command_or_of_the_file() {
    let exact = |name: &str| Some(Name::Exact(name.into()));
    for (metadata, given, expected) in [
        (json!({"name": "etl"}), None, exact("etl")),
        (json!({"name": "etl"}), Some("other"), exact("other")),
        (json!({"generateName": "etl-"}), None, Some(Name::Generated("etl-".into()))),
        (json!({"name": "etl", "generateName": "etl-"}), None, exact("etl")),
        (json!({"name": ""}), None, None),
        (json!(null), None, None),
    ] {
        let object = json!({"metadata": metadata});
        assert_eq!(name(&object, given, "f").ok(), expected, "{object} {given:?}");
    }
}

#[test]
fn the_namespace_is_of_the_command_or_the_file_and_never_two() {
    for (own, asked, expected) in [
        (json!({}), None, Ok("context")),
        (json!({"namespace": "own"}), None, Ok("own")),
        (json!({}), Some("asked"), Ok("asked")),
        (json!({"namespace": "own"}), Some("own"), Ok("own")),
        (
            json!({"namespace": "own"}),
            Some("asked"),
            Err("f has namespace own, and --namespace says asked: choose one"),
        ),
    ] {
        let found = namespace(&json!({"metadata": own}), asked, "context", "f");
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }
}

#[test]
fn a_file_that_can_not_be_read_or_is_too_large_is_named() {
    let folder = std::env::temp_dir().join(format!("sidecarjob-file-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let large = usize::try_from(MOST_BYTES).unwrap();
    for (file, said) in [
        (folder.join("none"), "No such file"),
        (folder.clone(), "Is a directory"),
        (file("large", &vec![b'#'; large + 1]), "is larger than 3 MiB"),
        (file("binary", &[0xff, 0xfe, 0]), "is no text"),
    ] {
        let error = read(&file).unwrap_err();
        assert!(error.contains(&file.display().to_string()) && error.contains(said), "{error}");
    }
    assert_eq!(read(&file("small", b"a: 1\n")).as_deref(), Ok("a: 1\n"));
    assert_eq!(read(&file("just", &vec![b'#'; large])).map(|text| text.len()), Ok(large));
    std::fs::remove_dir_all(&folder).unwrap();
}
