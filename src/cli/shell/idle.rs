//! Has a program work of its own to do, or does it only wait, tell and end?

/// Programs without work of their own.
const IDLE: [&str; 21] = [
    "", ":", "[", "[[", "break", "date", "echo", "exit", "false", "kill", "killall", "pkill", "printf", "return", "rm",
    "set", "sleep", "test", "trap", "true", "wait",
];

/// Whether the program only waits, tells and ends.
pub fn is_idle(name: &str) -> bool {
    IDLE.contains(&name)
}
