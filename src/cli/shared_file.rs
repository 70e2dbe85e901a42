//! Does a container wait for a file in a shared volume that another container writes?

use crate::cli::container::Container;

/// Words before a file that a script creates.
const CREATES: [&str; 2] = ["touch", ">"];
/// The word before a file that a script removes.
const REMOVES: [&str; 1] = ["rm"];
/// Words before a file that a script tests.
const TESTS: [&str; 3] = ["-f", "-e", "-s"];
/// More words before a file for which a script may wait.
const WAITS: [&str; 3] = ["inotifywait", "until", "cat"];

/// A file in a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    /// The name of the volume.
    volume: String,
    /// Where the file is in the volume.
    below: String,
    /// Where the container sees the file.
    path: String,
}

/// A file for which one container waits, and which another one writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The name of the volume.
    pub volume: String,
    /// Where the file is in the volume.
    pub below: String,
    /// Where the waiting container sees the file.
    pub path: String,
    /// A loop tests the file, and the script of the other container creates it. If false, this is only probable.
    pub is_sure: bool,
}

/// The files for which `waiting` waits, and which `writer` writes: those that are sure first.
pub fn awaited(waiting: &Container, writer: &Container) -> Vec<Awaited> {
    let is_loop = waiting.script().is_some_and(|script| script.contains("while ") || script.contains("until "));
    let is_sure = is_loop && writer.script().is_some();
    let (tested, created) = (files(waiting, &TESTS), files(writer, &CREATES));
    let sure = common(&tested, &created).filter(|_| is_sure).map(|file| told(file, true));
    let (waited, written) = (files(waiting, &WAITS), files(writer, &REMOVES));
    let (all_waited, all_written) = ([&*tested, &*waited].concat(), [&*created, &*written].concat());
    sure.chain(common(&all_waited, &all_written).map(|file| told(file, false))).collect()
}

/// The files of `waits` that are also in `writes`, in the order of `writes`.
fn common<'a>(waits: &'a [File], writes: &'a [File]) -> impl Iterator<Item = &'a File> {
    let same = |one: &File, other: &File| (&one.volume, &one.below) == (&other.volume, &other.below);
    writes.iter().filter_map(move |written| waits.iter().find(|waited| same(waited, written)))
}

fn told(file: &File, is_sure: bool) -> Awaited {
    let File { volume, below, path } = file.clone();
    Awaited { volume, below, path, is_sure }
}

/// The files in volumes behind one of these words.
fn files(container: &Container, after: &[&str]) -> Vec<File> {
    let script = container.words().join(" ").replace('>', " > ");
    let cut = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '(' | ')' | '&' | '|');
    let words: Vec<&str> = script.split(cut).filter(|word| !word.is_empty()).collect();
    let behind = (1..words.len()).filter(|at| after.contains(&words[at - 1]) && !is_option(&words[..*at]));
    behind.filter_map(|at| in_volume(container, words[at])).collect()
}

/// The last word is an option of a program, as in `tail -n0 -f`: no test of a file.
fn is_option(words: &[&str]) -> bool {
    let [.., before, last] = words else { return false };
    let joins = ["-a", "-o"].contains(before);
    last.starts_with('-') && (before.ends_with("tail") || before.starts_with('-') && !joins)
}

/// Where the file is: in the mount with the longest path.
fn in_volume(container: &Container, path: &str) -> Option<File> {
    let below = |at: &str| path.strip_prefix(at.trim_end_matches('/'))?.strip_prefix('/');
    let mounts = container.mounts.iter().filter_map(|mount| Some((mount, below(&mount.path)?)));
    let (mount, below) = mounts.max_by_key(|(mount, _)| mount.path.trim_end_matches('/').len())?;
    let folder = mount.sub_path.trim_matches('/');
    let below = if folder.is_empty() { below.to_owned() } else { format!("{folder}/{below}") };
    Some(File { volume: mount.volume.clone(), below, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container(script: &str, mounts: &[(&str, &str, &str)]) -> Container {
        let mounts: Vec<_> = mounts
            .iter()
            .map(|(volume, path, sub)| json!({"name": volume, "mountPath": path, "subPath": sub}))
            .collect();
        Container::of(&json!({"command": ["sh", "-c", script], "volumeMounts": mounts}))
    }

    #[test]
    fn a_file_is_awaited_in_the_same_volume_only() {
        let (one, loops) = (&[("v", "/pod", "")][..], "until [ -f /pod/done ]; do x; done");
        // What the writer does and mounts, what the other one does and mounts, whether that is sure.
        let rows = [
            ("touch /pod/done", one, loops, one, Some(true)),
            ("echo $? >/pod/done", one, "while ! test -e '/pod/done'; do x; done", one, Some(true)),
            ("touch /out/done", &[("v", "/out/", "")], loops, one, Some(true)),
            ("rm /pod/lock", one, "while [ -f /pod/lock ]; do x; done", one, Some(false)),
            ("touch /pod/done", one, "test -f /pod/done", one, Some(false)),
            ("touch /pod/done", one, "inotifywait /pod/done", one, Some(false)),
            ("touch /pod/done", one, "until [ -s /pod/x -a -f /pod/done ]; do x; done", one, Some(true)),
            ("touch /pod/done.tmp", one, loops, one, None),
            ("touch /other/done", one, "until [ -f /other/done ]; do x; done", one, None),
            ("touch /pod/done", &[("w", "/pod", "")], loops, one, None),
            ("touch /pod/done", &[("v", "/pod", "a")], loops, &[("v", "/pod", "b")], None),
            (
                "touch /pod/done",
                &[("v", "/pod", "a")],
                "until [ -f /x/a/done ]; do x; done",
                &[("v", "/x", "")],
                Some(true),
            ),
            ("touch /pod/a/done", &[("v", "/pod", ""), ("w", "/pod/a", "")], loops, one, None),
            ("work > /pod/log", one, "while true; do tail -f /pod/log; done", one, None),
            ("work > /pod/log", one, "tail -n0 -f /pod/log", one, None),
        ];
        for (writes, write_mounts, waits, wait_mounts, expected) in rows {
            let (writer, waiting) = (container(writes, write_mounts), container(waits, wait_mounts));
            let first = awaited(&waiting, &writer).first().map(|file| file.is_sure);
            assert_eq!(first, expected, "{writes} {write_mounts:?}, {waits} {wait_mounts:?}");
        }
    }
}
