//! Do containers tell each other by a file that the work is done?

use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::known;
use crate::cli::lint::subject::Container;
use crate::cli::lint::subject::Subject;

/// A sidecar waits for a file of the main container.
pub static SHARED_FILE_WORKAROUND: Rule = Rule {
    name: "shared-file-workaround",
    severity: Severity::Warning,
    title: "A container ends when a file appears that another container may never write.",
    page: "\
Before native sidecars, the main container wrote a file into a shared volume when it was done, and the sidecar polled for the
file and ended. If the main container ends without writing the file (an error before the line, SIGKILL, out of memory; a `trap` on
EXIT does not run on SIGKILL), the sidecar waits for ever, and a Job that should have failed hangs.

```yaml
      containers:
      - name: work
        command: [sh, -c, \"do-the-work && touch /shared/done\"]
      - name: logs
        command: [sh, -c, \"until [ -f /shared/done ]; do ship; sleep 1; done\"]
```

Make the container a sidecar (`kubectl sidecarjob convert`), and take the file, the loop and the volume out: the kubelet stops
sidecars when the main containers have ended, however they end.",
};

/// The findings of this file.
pub fn find(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let mains: Vec<&Container<'_>> = subject.mains().filter(|main| !main.is_init).collect();
    for waiting in &mains {
        let others = mains.iter().filter(|other| other.name != waiting.name);
        let Some((writer, file)) = others.flat_map(|other| Some((other, common_file(waiting, other)?))).next() else {
            continue;
        };
        let message = format!(
            "{}: container {} ends when {} has written {file}; if {} ends without writing it, for example by SIGKILL, the {} \
             hangs",
            subject.words(),
            waiting.name,
            writer.name,
            writer.name,
            subject.run_kind()
        );
        let fix = format!(
            "make {} a sidecar and take the file out: kubectl sidecarjob convert --main {} --sidecar {}",
            waiting.name, writer.name, waiting.name
        );
        found.push(Finding::new(&SHARED_FILE_WORKAROUND, &waiting.node.at("name"), message, fix));
    }
}

/// The file for which the script of the one container waits in a loop, and which the other one's script writes.
fn common_file(waiting: &Container<'_>, writer: &Container<'_>) -> Option<String> {
    let words = known::words(&waiting.node);
    let waits = known::script(&words).filter(|script| script.contains("while ") || script.contains("until "))?;
    let words = known::words(&writer.node);
    let writes = known::script(&words)?;
    tested_files(waits).into_iter().find(|file| is_written(writes, file) && both_mount(waiting, writer, file))
}

/// The files behind `-f` and `-e`.
fn tested_files(script: &str) -> Vec<String> {
    let words: Vec<&str> =
        script.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).filter(|pair| matches!(pair[0], "-f" | "-e" | "-s"));
    let unquoted = |word: &str| word.trim_matches(|c| matches!(c, '"' | '\'' | ']')).to_owned();
    pairs.map(|pair| unquoted(pair[1])).filter(|file| file.starts_with('/')).collect()
}

fn is_written(script: &str, file: &str) -> bool {
    let ends =
        |rest: &str| rest.chars().next().is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/')));
    script.match_indices(file).any(|(at, _)| {
        let before = script[..at].trim_end_matches(['"', '\'']).trim_end();
        ends(&script[at + file.len()..]) && (before.ends_with("touch") || before.ends_with('>'))
    })
}

/// The file is below a volume that both containers mount.
fn both_mount(one: &Container<'_>, other: &Container<'_>, file: &str) -> bool {
    let volume = |container: &Container<'_>| {
        let mounts = container.node.at("volumeMounts").items();
        let above =
            mounts.iter().filter_map(|m| Some((m.at("mountPath").text()?.trim_end_matches('/'), m.at("name").text()?)));
        let above = above.filter(|(path, _)| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')));
        above.max_by_key(|(path, _)| path.len()).map(|(_, name)| name.to_owned())
    };
    volume(one).is_some_and(|name| volume(other) == Some(name))
}
