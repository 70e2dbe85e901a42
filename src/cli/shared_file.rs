//! Does a container end when a file appears in a shared volume, which another container writes?
//!
//! A container that has work to do behind the file waits for its input, or for a server: that is another case.

use crate::cli::container::Container;
use crate::cli::shell::program::Program;
use crate::cli::shell::{Command, Form, List, visit};

mod waits;

use waits::{Wait, waits};

/// Programs that create the files in their arguments.
const CREATE: [&str; 2] = ["touch", "tee"];
/// Programs that create the last file in their arguments.
const CREATE_LAST: [&str; 3] = ["mv", "cp", "ln"];
/// The program that removes files.
const REMOVES: &str = "rm";

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

/// The files for which `waiting` waits until it ends, and which `writer` writes: those that are sure first.
pub fn awaited(waiting: &Container, writer: &Container) -> Vec<Awaited> {
    let waits = waits(&waiting.commands());
    let (created, removed) = written(&visit::scripts(&writer.commands()));
    let of = |is: fn(&Wait) -> bool| -> Vec<File> {
        waits.iter().filter(|wait| is(wait)).filter_map(|wait| in_volume(waiting, &wait.path)).collect()
    };
    let files = |paths: &[String]| -> Vec<File> { paths.iter().filter_map(|path| in_volume(writer, path)).collect() };
    let (created, removed) = (files(&created), files(&removed));
    let (looped, told, gone) =
        (of(|wait| wait.is_loop && !wait.is_gone), of(|wait| !wait.is_loop), of(|wait| wait.is_gone));
    let sure = common(&looped, &created).map(|file| (file, true));
    let others = common(&told, &created).chain(common(&gone, &removed)).map(|file| (file, false));
    sure.chain(others).map(|(file, is_sure)| said(file, is_sure)).collect()
}

/// The files of `waits` that are also in `writes`, in the order of `writes`.
fn common<'a>(waits: &'a [File], writes: &'a [File]) -> impl Iterator<Item = &'a File> {
    let same = |one: &File, other: &File| (&one.volume, &one.below) == (&other.volume, &other.below);
    writes.iter().filter_map(move |written| waits.iter().find(|waited| same(waited, written)))
}

fn said(file: &File, is_sure: bool) -> Awaited {
    let File { volume, below, path } = file.clone();
    Awaited { volume, below, path, is_sure }
}

/// The files that the scripts create, and those that they remove.
fn written(scripts: &[List]) -> (Vec<String>, Vec<String>) {
    let (mut created, mut removed) = (Vec::new(), Vec::new());
    let mut add = |command: &Command| {
        created.extend(command.writes.iter().cloned());
        let Form::Simple(simple) = &command.form else { return };
        let program = Program::of(&simple.words);
        let mut files = program.arguments().iter().filter(|word| !word.starts_with('-')).cloned();
        match program.name() {
            name if CREATE.contains(&name) => created.extend(files),
            name if CREATE_LAST.contains(&name) => created.extend(files.next_back()),
            REMOVES => removed.extend(files),
            _ => {}
        }
    };
    scripts.iter().for_each(|script| visit::each(script, &mut add));
    (created, removed)
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
            ("touch /pod/done", one, "test -f /pod/done", one, None),
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
            ("touch /pod/done", one, "while [ ! -f /pod/done ]; do sleep 5; done; aws s3 cp /pod/a s3://b", one, None),
            ("touch /pod/done", one, "until [ -f /pod/done ]; do sleep 1; done && ./main", one, None),
            ("touch /pod/done", one, "f() { until [ -f /pod/done ]; do x; done; }; f; ./main", one, None),
            ("touch /pod/done", one, "f() { until [ -f /pod/done ]; do x; done; }; f; echo bye", one, Some(true)),
            ("touch /pod/done", one, "ship & until [ -f /pod/done ]; do x; done; kill $!; wait", one, Some(true)),
            ("touch /pod/done", one, "(until [ -f /pod/done ]; do x; done; kill $$) & exec ./ship", one, Some(true)),
            ("touch /pod/done", one, "while true; do [ -f /pod/done ] && exit 0; ship; done", one, Some(true)),
            ("touch /pod/done", one, "while true; do [ -f /pod/done ] && ship; sleep 1; done", one, None),
            (
                "touch /pod/done",
                one,
                "while true; do if [ -f /pod/done ]; then exit 0; fi; ship; done",
                one,
                Some(true),
            ),
            ("touch /pod/done", one, "while true; do if [ -f /pod/done ]; then ./load; exit 0; fi; done", one, None),
            ("touch /pod/done", one, "while true; do [ -f /pod/done ] && ./load && exit 0; done", one, None),
            ("touch /pod/done", one, "until [ -f /pod/done ]; do x; done; R=$(curl -d @/pod/o http://x)", one, None),
            ("touch /pod/done", one, "until [ -f /pod/done ]; do x; done; exit $(cat /pod/code)", one, Some(true)),
            ("touch /pod/done", one, "until [ -f /pod/done ]; do x; done; echo \"`aws s3 cp a b`\"", one, None),
            ("touch /pod/done", one, "until [ -f /pod/done ]; do x; done; X=($(./load))", one, None),
            ("touch /pod/done", one, "until [ -f /pod/done ]; do x; done; (( $(./load) == 0 ))", one, None),
            ("touch /pod/done", one, "trap ./upload EXIT; until [ -f /pod/done ]; do x; done", one, None),
            ("touch /pod/done", one, "trap 'echo bye' EXIT; until [ -f /pod/done ]; do x; done", one, Some(true)),
            ("touch /pod/done", one, "./part-b; until [ -f /pod/done ]; do x; done", one, None),
            ("touch /pod/done", one, "mkdir -p /x; until [ -f /pod/done ]; do x; done", one, Some(true)),
            ("touch /pod/done", one, "while [ -f /pod/done ]; do x; done", one, None),
            ("touch /pod/done", one, "timeout 60 sh -c 'until [ -f /pod/done ]; do x; done'; exit 0", one, Some(true)),
            ("mv /x /pod/done", one, loops, one, Some(true)),
            ("trap 'touch /pod/done' EXIT; work", one, loops, one, Some(true)),
            ("echo 'touch /pod/done'", one, loops, one, None),
            ("work > /pod/out.json", one, "cat /pod/out.json | curl -d @- http://x", one, None),
            ("work > /pod/c.tgz", one, "if [ -f /pod/c.tgz ]; then tar xf /pod/c.tgz; fi; ./build", one, None),
        ];
        for (writes, write_mounts, waits, wait_mounts, expected) in rows {
            let (writer, waiting) = (container(writes, write_mounts), container(waits, wait_mounts));
            let first = awaited(&waiting, &writer).first().map(|file| file.is_sure);
            assert_eq!(first, expected, "{writes} {write_mounts:?}, {waits} {wait_mounts:?}");
        }
    }
}
