//! How does a test give a program something to read, and get all that the program prints?

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the command to its end, with this on stdin. A program may end before it has read all.
pub fn output(command: &mut Command, input: &str) -> Output {
    let program = command.get_program().to_owned();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut stdin = child.stdin.take().expect("piped");
    // Beside the reading: a program that waits for its reader reads no more itself.
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output().expect("the program ends")
    })
}
