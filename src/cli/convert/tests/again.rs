//! The same command a second time: its own output has nothing to do.

use super::*;

const BY_FILE: &str = "      volumes: [{name: v, emptyDir: {}}]
      containers:
      - name: a
        image: z
        command: [sh, -c, \"trap 'touch /v/done' EXIT; work; sleep infinity\"]
        volumeMounts: [{name: v, mountPath: /v}]
      - {name: b, image: y}
      - name: p
        image: z
        command: [sh, -c, 'until [ -f /v/done ]; do sleep 1; done']
        volumeMounts: [{name: v, mountPath: /v}]
";

/// However the sidecar is named: by a flag, as what no flag names, or by an annotation.
#[test]
fn the_same_command_changes_nothing_in_its_own_output() {
    let three = job(&(container("a", "x") + &container("b", "y") + &container("p", "z")), "");
    let annotated = three.replace("{name: a}", "{name: a, annotations: {sidecarjob.dev/sidecars: p}}");
    // Only the file tells that `a`, whose loop never ends, is no sidecar.
    let by_file = job("", "").replace("      containers:\n", BY_FILE);
    let rows = [
        (&by_file, said(&[], &["p"])),
        (&three, said(&[], &["p"])),
        (&three, said(&["a", "b"], &[])),
        (&three, said(&["a"], &[])),
        (&three, said(&[], &["b", "p"])),
        (&annotated, said(&[], &[])),
        (&annotated, said(&["a", "b"], &[])),
    ];
    for (text, said) in rows {
        for to in [None, Some(To::Native), Some(To::Annotation), Some(To::ManagedBy), Some(To::Sidecarjob)] {
            let wanted = Wanted { said: said.clone(), ..wanted(to) };
            let (new, line) = told(text, &wanted);
            assert!(line.contains("-> "), "{said:?}, {to:?}: {line}");
            let (again, line) = told(&new, &wanted);
            assert_eq!(again, new, "{said:?}, {to:?}");
            assert!(line.contains(" stays as it is: it "), "{said:?}, {to:?}: {line}");
        }
    }
}
