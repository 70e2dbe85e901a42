//! The same command a second time: its own output has nothing to do.

use super::*;

/// However the sidecar is named: by a flag, as what no flag names, or by an annotation.
#[test]
fn the_same_command_changes_nothing_in_its_own_output() {
    let three = job(&(container("a", "x") + &container("b", "y") + &container("p", "z")), "");
    let annotated = three.replace("{name: a}", "{name: a, annotations: {sidecarjob.dev/sidecars: p}}");
    let rows = [
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
