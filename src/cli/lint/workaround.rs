//! Do containers tell each other by a file that the work is done?

use crate::cli::known;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::subject::Container;
use crate::cli::lint::subject::Subject;
use crate::cli::shared_file::awaited;

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

Make the container a sidecar (`kubectl sidecarjob convert -f FILE`; in a SidecarJob `spec.sidecars`), and take the file, the loop
and the volume out: the kubelet stops sidecars when the main containers have ended, however they end. There is no finding if the
container has work to do behind the loop: then the file is its input, or says that a server is ready.",
};

/// The findings of this file.
pub fn find(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let mains: Vec<&Container<'_>> = subject.mains().filter(|main| !main.is_init).collect();
    for waiting in &mains {
        let others =
            mains.iter().filter(|other| other.name != waiting.name && known::never_ends(&other.said).is_none());
        let files = |other: &Container<'_>| awaited(&waiting.said, &other.said).into_iter().find(|file| file.is_sure);
        let Some((writer, file)) = others.filter_map(|other| Some((other, files(other)?.path))).next() else {
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
        let how = match subject.is_batch() {
            true => subject.convert(&format!("--sidecar {}", waiting.name)),
            false => Subject::name_in_sidecars(waiting.name),
        };
        let fix = format!("make {} a sidecar and take the file out: {how}", waiting.name);
        found.push(Finding::new(&SHARED_FILE_WORKAROUND, &waiting.node.at("name"), message, fix));
    }
}
