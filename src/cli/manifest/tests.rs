//! What a text becomes: documents, objects, values, and the bytes of each.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("jobs.yaml", None, text))
}

fn only(text: &str) -> Document {
    let mut all = documents(&source(text));
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0).expect("a document")
}

fn path(text: &str) -> Path {
    text.parse().expect("a path")
}

#[test]
fn scalars_are_what_kubectl_makes_of_them() {
    let rows = [
        ("0644", json!(420)),
        ("\"0644\"", json!("0644")),
        ("0", json!(0)),
        ("08", json!(8.0)),
        ("-0x1F", json!(-31)),
        ("0b101", json!(5)),
        ("0o17", json!(15)),
        ("1_000", json!(1000)),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("1.5", json!(1.5)),
        ("1e3", json!(1000.0)),
        ("1.2.3", json!("1.2.3")),
        ("500m", json!("500m")),
        ("--flag", json!("--flag")),
        (".5", json!(0.5)),
        (".inf", json!(".inf")),
        ("yes", json!(true)),
        ("'yes'", json!("yes")),
        ("Off", json!(false)),
        ("y", json!(true)),
        ("nope", json!("nope")),
        ("", Value::Null),
        ("~", Value::Null),
        ("Null", Value::Null),
        ("2026-01-01", json!("2026-01-01")),
        ("!!str 12", json!("12")),
        ("!!int \"12\"", json!(12)),
        ("!!float 1", json!(1.0)),
        ("! 12", json!("12")),
        ("!house 12", json!("12")),
        (r#""C:\\run\u00e9""#, json!("C:\\runé")),
        (r"C:\run", json!(r"C:\run")),
        ("|-\n  a\n  ---\n  b", json!("a\n---\nb")),
        (">\n  a\n  b\n", json!("a b\n")),
    ];
    for (text, expected) in rows {
        let document = only(&format!("a: {text}"));
        assert_eq!(document.value["a"], expected, "{text}");
    }
}

#[test]
fn the_bytes_of_a_value_are_its_text_from_the_first_character_to_the_last() {
    let text = "a:\n  # first\n  - x\n  - b: |  # kept\n      foo\n      ---\n\n    c: 'it''s'\n  -\n  - &t !!str 12\n\
                d: {e: [1, 2] , f: }\ng: >-\nh:\n- i\n\n# end\n";
    let rows = [
        ("a", "- x\n  - b: |  # kept\n      foo\n      ---\n\n    c: 'it''s'\n  -\n  - &t !!str 12"),
        ("a[0]", "x"),
        ("a[1]", "b: |  # kept\n      foo\n      ---\n\n    c: 'it''s'"),
        ("a[1].b", "|  # kept\n      foo\n      ---"),
        ("a[1].c", "'it''s'"),
        ("a[2]", ""),
        ("a[3]", "12"),
        ("d", "{e: [1, 2] , f: }"),
        ("d.e", "[1, 2]"),
        ("d.e[1]", "2"),
        ("d.f", ""),
        ("g", ">-"),
        ("h", "- i"),
    ];
    for breaks in ["\n", "\r\n"] {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{}", text.replace('\n', breaks));
            let document = only(&text);
            let objects = document.objects();
            for (field, expected) in rows {
                let found = objects[0].find(&path(field)).unwrap_or_else(|| panic!("{field}"));
                assert_eq!(text[found.value.span.clone()].replace(breaks, "\n"), expected, "{field}");
            }
            let tagged = objects[0].find(&path("a[3]")).expect("an item").value;
            assert_eq!(&text[tagged.whole()], "&t !!str 12");
            assert_eq!(objects[0].line(&path("a[1].c")), 8);
            assert_eq!(objects[0].line(&path("a[1].missing.deeper")), 4, "the nearest parent");
            let place =
                document.source.position(objects[0].find(&path("d.f")).and_then(|f| f.key).expect("d.f").span.start);
            assert_eq!(place, Position { line: 11, column: 17 });
        }
    }
}

#[test]
fn documents_end_at_their_markers_and_nowhere_else() {
    let text = "# top\n---\na: |\n  x\n  ---\n  y\n--- # second\n# only a comment\n---\n\n---\n{b: 1}\n...\n---\n- c\n";
    let all: Vec<_> = documents(&source(text)).into_iter().map(|document| document.expect("YAML")).collect();
    let values: Vec<_> = all.iter().map(|document| document.value.clone()).collect();
    assert_eq!(values, [json!({"a": "x\n---\ny\n"}), Value::Null, Value::Null, json!({"b": 1}), json!(["c"])]);
    assert_eq!(all.iter().map(Document::line).collect::<Vec<_>>(), [3, 7, 9, 12, 15]);
    assert_eq!(all[0].range.end, all[1].range.start);
    assert_eq!(all[4].range.end, text.len());
    assert_eq!(all[4].objects().len(), 0, "a list is no object");
}

#[test]
fn what_is_no_yaml_is_told_with_its_line_and_the_other_documents_are_read() {
    let template = "{{ begins a template, which must be rendered first, for example by helm template";
    let rows = [
        ("a: 1\n---\nb: [\n---\nc: 1\n", "jobs.yaml:3: no YAML: unclosed bracket '['"),
        ("a: 1\n---\nb:\n  name: {{ .Values.name }}\n---\nc: 1\n", &format!("jobs.yaml:4: {template}")),
        ("a: 1\n---\n{{- if .Values.on }}\nb: 1\n{{- end }}\n---\nc: 1\n", &format!("jobs.yaml:3: {template}")),
        ("a: 1\n---\nb: *x\n---\nc: 1\n", "jobs.yaml:3: no YAML: while parsing node, found unknown anchor"),
        ("a: 1\n---\nb: &x [*x]\n---\nc: 1\n", "jobs.yaml:3: *x is an alias of the value in which the alias stands"),
        ("a: 1\n---\n? [b]\n: 1\n---\nc: 1\n", "jobs.yaml:3: the name of a field must be a text"),
        ("a: 1\n---\nb: 'x {{'\n c: 1\n---\nc: 1\n", "jobs.yaml:4: no YAML: "),
    ];
    for (text, expected) in rows {
        let all = documents(&source(text));
        let values: Vec<_> = all.iter().flatten().map(|document| document.value.clone()).collect();
        assert_eq!(values, [json!({"a": 1}), json!({"c": 1})], "{text}");
        let told: Vec<_> = all.into_iter().filter_map(Result::err).map(|fault| fault.to_string()).collect();
        assert!(told.len() == 1 && told[0].starts_with(expected), "{text}\n{told:?}\n{expected}");
    }
}

#[test]
fn aliases_and_merge_keys_are_followed_and_their_fields_are_shared() {
    let text = "x: &x {a: 1, b: 2}\nq: &q\n  c: [*x, 5]\nz:\n  <<: [*x, *q]\n  b: 3\nw: *q\n";
    let document = only(text);
    assert_eq!(document.value["z"], json!({"a": 1, "b": 3, "c": [{"a": 1, "b": 2}, 5]}));
    assert_eq!(document.value["w"], json!({"c": [{"a": 1, "b": 2}, 5]}));
    let objects = document.objects();
    let rows = [
        ("x.a", false),
        ("q.c", false),
        ("q.c[0]", false),
        ("q.c[0].a", true),
        ("z.b", false),
        ("z.a", true),
        ("w", false),
        ("w.c", true),
    ];
    for (field, shared) in rows {
        assert_eq!(objects[0].find(&path(field)).map(|found| found.shared), Some(shared), "{field}");
    }
    let anchored = objects[0].find(&path("x.a")).expect("x.a").value.span.clone();
    assert_eq!(document.alias_of(&anchored).map(|byte| document.source.line(byte)), Some(3));
    let own = objects[0].find(&path("z.b")).expect("z.b").value.span.clone();
    assert_eq!(document.alias_of(&own), None);
}

#[test]
fn aliases_of_aliases_without_end_are_refused() {
    let laughs = (1..40).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)).collect::<String>();
    let chain = (1..5000).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect::<String>();
    for (more, expected) in
        [(laughs, "the aliases repeat more than 1000000 values"), (chain, "more than 600 levels of values")]
    {
        let all = documents(&source(&format!("a0: &a0 [x]\n{more}")));
        assert!(all[0].as_ref().expect_err("a fault").to_string().ends_with(expected));
    }
}

#[test]
fn the_items_of_a_list_are_objects() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- kind: Job\n  metadata: {name: a, namespace: ns}\n- apiVersion: v1\n  kind: List\n  \
                items: [{kind: CronJob, metadata: {generateName: b-}}]\n- 5\n";
    let document = only(text);
    let objects = document.objects();
    let told: Vec<_> =
        objects.iter().map(|o| (o.kind(), o.name(), o.namespace(), o.first_line(), o.path.to_string())).collect();
    assert_eq!(
        told,
        [("Job", "a", "ns", 4, "items[0]".to_owned()), ("CronJob", "b-", "", 8, "items[1].items[0]".to_owned())]
    );
    assert_eq!(objects[1].line(&path("metadata.generateName")), 8);
}

#[test]
fn json_is_read_alone_and_in_a_row() {
    let text = "{\n\t\"kind\": \"Job\", \"a\": \"\\ud83d\\ude00\", \"big\": {\"n\": 1e2}}\n{\"kind\": \"Pod\"} {\"kind\":\"Job\"}\n";
    let all: Vec<_> = documents(&source(text)).into_iter().map(|document| document.expect("JSON")).collect();
    let kinds: Vec<_> = all.iter().map(|d| (d.value["kind"].as_str().unwrap_or_default(), d.line())).collect();
    assert_eq!(kinds, [("Job", 1), ("Pod", 3), ("Job", 3)]);
    assert_eq!(all[0].value["a"], json!("😀"));
}

#[test]
fn paths_are_written_as_the_api_server_writes_them() {
    for text in ["spec.containers[0].name", "metadata.annotations[sidecarjob.dev/main]", "[0].a", "a[b.c][1]", ""] {
        assert_eq!(path(text).to_string(), text);
    }
    assert_eq!(*path("spec[0]"), [Step::from("spec"), Step::from(0)]);
    for wrong in ["a[0", "a..b", ".a", "a[]"] {
        assert!(wrong.parse::<Path>().is_err(), "{wrong}");
    }
}

#[test]
fn edits_replace_bytes_and_leave_all_others() {
    let mut edits = edit::Edits::default();
    edits.insert(2, "x");
    edits.replace(4..6, "");
    edits.insert(2, "y");
    edits.replace(0..1, "A");
    assert_eq!(edits.apply("abcdefg").as_deref(), Some("Abxycdg"));
    edits.replace(5..7, "");
    assert_eq!(edits.apply("abcdefg"), None, "two edits of one byte");
    let mut edits = edit::Edits::default();
    edits.replace(0..1, "");
    assert_eq!(edits.apply("é"), None, "no part of a character");
}

/// The samples and the install, with the library that the rest of the program reads YAML with. A template of a chart is no
/// YAML.
#[test]
fn all_manifests_of_the_project_read_as_by_serde_saphyr() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for folder in ["config", "crds", "contrib"].map(|name| folder.join(name)) {
        let sources = read(&folder, true).expect("manifests");
        for source in sources.into_iter().filter(|source| !source.text.contains("{{ .")) {
            let mut options = serde_saphyr::Options::default();
            options.legacy_octal_numbers = true;
            let expected = serde_saphyr::from_multiple_with_options::<Value>(&source.text, options).expect("YAML");
            let read: Vec<_> = documents(&source).into_iter().map(|document| document.expect("YAML").value).collect();
            let read: Vec<_> = read.into_iter().filter(|value| !value.is_null()).collect();
            assert_eq!(
                read,
                expected.into_iter().filter(|value| !value.is_null()).collect::<Vec<_>>(),
                "{}",
                source.name
            );
            seen += read.len();
        }
    }
    assert!(seen > 30, "{seen} documents");
}
