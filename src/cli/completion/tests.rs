//! Which words does kubectl get, and what is in the scripts? No cluster: the names of objects are in tests/cluster.

use clap::Subcommand;

use super::*;

#[derive(Parser)]
#[command(name = "sidecarjob")]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Why
    Why(crate::cli::why::Args),
    /// What
    Watch(crate::cli::watch::Args),
}

fn lines(words: &[&str]) -> Vec<String> {
    use clap::CommandFactory;
    lines_for_kubectl(Cli::command(), words.iter().map(OsString::from).collect())
}

#[test]
fn kubectl_gets_the_words_and_a_last_line() {
    assert_eq!(lines(&["w"]), ["why", "watch", ":4"]);
    assert_eq!(lines(&["watch", "-o", "j"]), ["json", ":4"]);
    assert!(lines(&["why", "--n"]).contains(&"--namespace".to_owned()));
    assert_eq!(lines(&["nothing", "x"]), [":4"], "of an unknown verb there are no words");
}

#[test]
fn the_script_of_each_shell_asks_this_program() {
    for (shell, word) in
        [(Shell::Bash, "complete -o"), (Shell::Zsh, "#compdef"), (Shell::Fish, "complete --keep-order")]
    {
        let mut out = Vec::new();
        run(&Args { shell }, &mut out).unwrap();
        let script = String::from_utf8(out).unwrap();
        assert!(script.contains(word) && script.contains(VARIABLE), "{shell:?}: {script}");
        assert!(!script.contains("\\u{"), "nothing had to be escaped: {script}");
    }
}
