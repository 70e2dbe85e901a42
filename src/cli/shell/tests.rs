//! "A script is read as a shell reads it": tables of scripts.

use super::*;

/// The words of all simple commands.
fn words(script: &str) -> Option<Vec<String>> {
    let list = parsed(script)?;
    let mut all = Vec::new();
    visit::each(&list, &mut |command| {
        if let Form::Simple(simple) = &command.form {
            all.push(simple.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
        }
    });
    Some(all)
}

#[test]
fn quotes_comments_and_here_documents_are_no_commands() {
    let rows: [(&str, Option<&[&str]>); 23] = [
        ("a b; c 'd; e' \"f $(g \"h\") i\"", Some(&["a b", "c d; e f $(g \"h\") i"])),
        ("a # b\n#c\nd#e", Some(&["a", "d#e"])),
        ("cat > x <<'E'\nloop\nE\nb", Some(&["cat", "b"])),
        ("cat <<-E && b\n\tx\n\tE\nc", Some(&["cat", "b", "c"])),
        ("cat <<E\nno end", Some(&["cat"])),
        ("a \\\n  b && c ||\nd", Some(&["a b", "c", "d"])),
        ("a 2>&1 >/x </y & b |& c", Some(&["a", "b", "c"])),
        ("if a; then b; elif c; then d; else e; fi", Some(&["a", "b", "c", "d", "e"])),
        ("while a; do b; done; until c\ndo d\ndone", Some(&["a", "b", "c", "d"])),
        ("for x in 1 2; do a; done; for ((i=0;i<5;i++)); do b; done; for x\ndo c; done", Some(&["a", "b", "c"])),
        ("case $x in a|b) c;; (*) d ;; esac", Some(&["c", "d"])),
        ("f() { a; }; function g { b; }; f", Some(&["a", "b", "f"])),
        ("( a; (b) ) && { c; }; ((1<2)) && d", Some(&["a", "b", "c", "d"])),
        ("[[ a && b < c ]] && d", Some(&["[[ a && b < c", "d"])),
        ("X=1 Y=(a b) a $((1+(2))) ${x:-{}} `b`", Some(&["a $((1+(2))) ${x:-{}} `b`"])),
        ("local x=(a b); declare -A y=([\"/\"]=1 \\\n [z]=2)", Some(&["local x= a b", "declare -A y= [/]=1 [z]=2"])),
        ("a=`b \\`c\\``; d", Some(&["", "d"])),
        ("diff <(a) <(b)", Some(&["diff <(a) <(b)"])),
        ("! time a", Some(&["time a"])),
        ("a 'b", None),
        ("if a; then b", None),
        ("a; done", None),
        ("a && ", None),
    ];
    for (script, expected) in rows {
        let expected = expected.map(|all| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(script), expected, "{script}");
    }
}

#[test]
fn what_is_too_deep_or_too_long_is_no_script() {
    let deep = |open: &str, close: &str| format!("{}a{}", open.repeat(100_000), close.repeat(100_000));
    let rows = [
        deep("(", ")"),
        deep("{ ", "; }"),
        deep("$(", ")"),
        deep("\"$(", ")\""),
        deep("${", "}"),
        deep("if ", "; then x; fi"),
        deep("! ", ""),
        deep("x() ", ""),
        deep("case a in a) ", ";; esac"),
        deep("((", "))"),
        deep("`", "`"),
        "a;".repeat(200_000),
        "é\\".to_owned(),
        "$".to_owned(),
    ];
    for script in rows {
        let short: String = script.chars().take(20_000).collect();
        for script in [script, short] {
            let _ =
                parsed(&script).map(|list| flow::flow(&list, flow::Rules { serves: &|_| false, all_goes_well: true }));
        }
    }
}

#[test]
fn functions_that_call_each_other_end() {
    let twice: String = (0..40).map(|n| format!("f{n}() {{ f{next}; f{next}; }}; ", next = n + 1)).collect();
    let many = format!("f() {{ {} }}; {}", "echo; ".repeat(9_000), "f; ".repeat(9_000));
    assert!(!ready::waits_first(&parsed(&many).expect("a script")));
    for script in [many, format!("{twice} f0; sleep infinity"), "f() { f; f; }; f; sleep infinity".to_owned()] {
        let list = parsed(&script).expect("a script");
        let flow = flow::flow(&list, flow::Rules { serves: &|_| false, all_goes_well: false });
        assert!(flow.falls(), "{script}");
    }
}

/// Words; the program, its script, the seconds after which `timeout` ends it.
type Row = (&'static [&'static str], &'static str, Option<&'static str>, Option<i64>);

#[test]
fn a_program_is_found_behind_those_that_run_it() {
    let rows: [Row; 14] = [
        (&["/bin/sh", "-c", "a"], "sh", Some("a"), None),
        (&["sh", "-ce", "a"], "sh", Some("a"), None),
        (&["/bin/sh", "-c", "--", "a"], "sh", Some("a"), None),
        (&["bash", "-o", "pipefail", "-ec", "a", "b"], "bash", Some("a"), None),
        (&["env", "A=1", "bash", "-c", "a"], "bash", Some("a"), None),
        (&["sh", "a.sh", "-c"], "sh", None, None),
        (&["/sbin/tini", "-g", "--", "/bin/sleep", "infinity"], "sleep infinity", None, None),
        (&["dumb-init", "a"], "a", None, None),
        (&["nohup", "nice", "-n", "5", "stdbuf", "-oL", "a"], "a", None, None),
        (&["timeout", "-k", "5", "2m", "a", "b"], "a b", None, Some(120)),
        (&["timeout", "$X", "a"], "a", None, Some(0)),
        (&["exec", "-a", "x", "a"], "a", None, None),
        (&["eval", "a", "b"], "", Some("a b"), None),
        (&["gosu", "root", "a"], "a", None, None),
    ];
    for (words, name, script, limit) in rows {
        let all: Vec<Word> = words.iter().map(|word| Word::from(*word)).collect();
        let found = program::Program::of(&all);
        let line = if found.script.is_some() { found.name().to_owned() } else { found.words.join(" ") };
        let line = if name == "sh" { found.name().to_owned() } else { line };
        assert_eq!((line.as_str(), found.script.as_deref(), found.limit), (name, script, limit), "{words:?}");
    }
}
