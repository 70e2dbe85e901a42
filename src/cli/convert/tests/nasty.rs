//! Notations that are rare: the change is right or refused, and all other bytes stay.

use super::*;

/// The text, the form, and the pieces of the text that are replaced.
type Row<'a> = (String, Option<To>, Vec<(&'a str, String)>);

#[test]
fn rare_notations_are_changed_in_their_own_way_or_refused() {
    let json = "{\n  \"apiVersion\": \"batch/v1\",\n  \"kind\": \"Job\",\n  \"metadata\": {\"name\": \"a\"},\n  \"spec\": {\n    \"template\": {\n      \"spec\": {\n        \"containers\": [\n          {\"name\": \"fluent-bit\", \"image\": \"fluent/fluent-bit\"},\n          {\"name\": \"work\", \"image\": \"x\"}\n        ]\n      }\n    }\n  }\n}\n";
    let flow = "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {containers: [{name: work, image: x}, {name: fluent-bit, image: fluent/fluent-bit}]}}}}\n";
    let proxy = container("fluent-bit", "fluent/fluent-bit:3");
    let init = job(
        &(container("work", "x")
            + &proxy
            + "      initContainers:\n        # first\n        - name: first\n          image: y\n"),
        "",
    );
    let keep = job(&(proxy.clone() + "        args:\n        - |+\n          a\n\n" + &container("work", "x")), "");
    let open = job(&(container("work", "x") + &proxy), "");
    let open = open.trim_end();
    let moved = "      - name: fluent-bit\n        restartPolicy: Always\n        image: fluent/fluent-bit:3\n";
    let rows: Vec<Row<'_>> = vec![
        (json.into(), Some(To::Sidecarjob), vec![
            ("\"batch/v1\"", "\"sidecarjob.dev/v1alpha1\"".into()), ("\"Job\"", "\"SidecarJob\"".into()),
            ("    \"template\"", "    \"sidecars\": [{\"name\": \"fluent-bit\"}],\n    \"template\"".into()),
        ]),
        (json.into(), None, vec![
            ("          {\"name\": \"fluent-bit\", \"image\": \"fluent/fluent-bit\"},\n", String::new()),
            ("        \"containers\"", "        \"initContainers\": [\n          {\"name\": \"fluent-bit\", \"restartPolicy\": \"Always\", \"image\": \"fluent/fluent-bit\"}\n        ],\n        \"containers\"".into()),
        ]),
        (json.into(), Some(To::Annotation), vec![
            ("    \"template\": {\n", "    \"template\": {\n      \"metadata\": {\"annotations\": {\"sidecarjob.dev/main\": \"work\"}},\n".into()),
        ]),
        (flow.into(), None, vec![
            (", {name: fluent-bit, image: fluent/fluent-bit}", String::new()),
            ("{containers", "{initContainers: [{name: fluent-bit, restartPolicy: Always, image: fluent/fluent-bit}], containers".into()),
        ]),
        (flow.into(), Some(To::ManagedBy), vec![
            ("{name: a}", "{name: a, annotations: {sidecarjob.dev/sidecars: fluent-bit}}".into()),
            ("{template", "{managedBy: sidecarjob.dev/controller, template".into()),
        ]),
        (init.clone(), None, vec![
            (&proxy, String::new()),
            ("          image: y\n", "          image: y\n        - name: fluent-bit\n          restartPolicy: Always\n          image: fluent/fluent-bit:3\n".into()),
        ]),
        (keep.clone(), None, vec![
            (keep.split("      containers:\n").nth(1).and_then(|rest| rest.split("      - name: work").next()).unwrap_or_default(), String::new()),
            ("      containers:\n", format!("      initContainers:\n{moved}        args:\n        - |+\n          a\n\n      containers:\n")),
        ]),
        (open.into(), None, vec![
            ("      - name: fluent-bit\n        image: fluent/fluent-bit:3", String::new()),
            ("      containers:\n", format!("      initContainers:\n{moved}      containers:\n")),
        ]),
        (job(&(proxy.clone() + &container("work", "x") + "      initContainers: []\n"), ""), None, vec![
            (&proxy, String::new()), ("initContainers: []", format!("initContainers:\n{}", moved.trim_end())),
        ]),
        (job(&("      - {name: fluent-bit, image: fluent/fluent-bit} # c\n".to_owned() + &container("work", "x")), ""), None, vec![
            ("      - {name: fluent-bit, image: fluent/fluent-bit} # c\n", String::new()),
            ("      containers:\n", "      initContainers:\n      - {name: fluent-bit, restartPolicy: Always, image: fluent/fluent-bit} # c\n      containers:\n".into()),
        ]),
        (job(&(proxy.clone() + &container("work", "x")), "    metadata:\n      annotations: # none\n"), Some(To::Annotation), vec![
            ("annotations: # none", "annotations: # none\n        sidecarjob.dev/main: work".into()),
        ]),
        (job(&(proxy.clone() + &container("work", "x")), "    metadata:\n      annotations:\n        a: |+\n          b\n\n"), Some(To::Annotation), vec![
            ("        a: |+", "        sidecarjob.dev/main: work\n        a: |+".into()),
        ]),
        (job(&(proxy.clone() + &container("\"1e3\"", "x")), ""), Some(To::Annotation), vec![
            ("    spec:\n", "    metadata:\n      annotations:\n        sidecarjob.dev/main: \"1e3\"\n    spec:\n".into()),
        ]),
        // The anchor of the main container stands before its alias in either order.
        (job(&(container("work", "x") + "        env: &env [{name: A, value: 'yes'}]\n" + &proxy + "        env: *env\n"), ""), None, vec![
            ("      - name: fluent-bit\n        image: fluent/fluent-bit:3\n        env: *env\n", format!("      initContainers:\n{moved}        env: *env\n")),
        ]),
    ];
    for (text, to, pieces) in rows {
        let mut expected = text.clone();
        for (old, new) in &pieces {
            assert!(expected.contains(old), "{text}\nhas no\n{old}");
            expected = expected.replacen(old, new, 1);
        }
        for mark in ["", "\u{feff}"] {
            let before = format!("{mark}{text}");
            let (new, line) = told(&before, &wanted(to));
            assert_eq!(new, format!("{mark}{expected}"), "{line}");
            assert_eq!(told(&new, &wanted(to)).0, new, "twice");
        }
    }
}

#[test]
fn what_would_change_other_places_is_refused() {
    let proxy = container("fluent-bit", "fluent/fluent-bit:3");
    let anchored = proxy.replace("- name", "- &p\n        name");
    let list =
        |first: &str| format!("apiVersion: v1\nkind: List\nitems:\n- {}\n", first.trim_end().replace('\n', "\n  "));
    let rows = [
        (job(&(container("work", "x") + &anchored), "") + "x-other: *p\n", "write the alias out"),
        (
            job("      - *p\n      - {name: work, image: x}\n", "")
                .replace("spec:\n  t", "x: &p {name: fluent-bit, image: fluent/fluent-bit}\nspec:\n  t"),
            "so a change would reach other places: write it out",
        ),
        (
            job(&(container("work", "x") + &proxy), "").replace("    spec:\n", "    spec: &pod\n") + "x-other: *pod\n",
            "write the alias out",
        ),
        (
            list(&job(&(container("work", "x") + &proxy), "").replacen("apiVersion", "&j\napiVersion", 1)) + "- *j\n",
            "write the alias out",
        ),
    ];
    for (text, expected) in rows {
        let Converted { text: new, reports } = converted(&text, &wanted(None));
        assert_eq!(new, text);
        let lines: Vec<_> = reports.iter().map(|report| report.lines().remove(0)).collect();
        assert!(lines[0].ends_with(expected), "{lines:?}\n{expected}");
    }
}

#[test]
fn all_other_documents_keep_their_bytes() {
    let before = "\u{feff}# only a comment\n---\n\n---\napiVersion: v1\nkind: ConfigMap\ndata:\n  mode: 0644\n  on: \"yes\"\n  path: C:\\run\n  \
                  text: |\n    ---\n    kind: Job\n    {{ go }}\n--- # two\nx: &x {a: 1}\ny: {<<: *x}\n---\n";
    let behind = "---\r\nkind: Job\r\n...\n---\n{\"kind\": \"Pod\"}\n---\napiVersion: v1\nkind: Service";
    let Converted { text, reports } = converted(&format!("{before}{JOB}{behind}"), &wanted(None));
    assert_eq!(text, format!("{before}{NATIVE}{behind}"));
    assert_eq!(reports.len(), 1);
}

#[test]
fn objects_of_a_list_are_converted_each() {
    let item = |text: &str| text.trim_end().replacen("# a job\n", "", 1).replace('\n', "\n  ");
    let list = |a: &str, b: &str| format!("apiVersion: v1\nkind: List\nitems:\n- {}\n- {}\n", item(a), item(b));
    let Converted { text, reports } = converted(&list(JOB, JOB), &wanted(None));
    assert_eq!(text, list(NATIVE, NATIVE));
    assert_eq!(reports.iter().filter(|report| report.is_changed()).count(), 2);
}

#[test]
fn a_document_that_is_no_yaml_is_refused_with_its_line_and_the_others_are_converted() {
    let broken = "---\n{{- if .Values.on }}\nkind: Job\n{{- end }}\n";
    let Converted { text, reports } = converted(&format!("{JOB}{broken}"), &wanted(None));
    assert_eq!(text, format!("{NATIVE}{broken}"));
    let line = JOB.lines().count() + 2;
    let template = "{{ begins a template, which must be rendered first, for example by helm template";
    assert_eq!(reports[1].lines(), [format!("j.yaml:{line}: error: {template}")]);
}
