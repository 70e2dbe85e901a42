//! In which words and numbers does the status say how a container ended?

use crate::engine::observed::{Container, End, State, text};

/// The longest name of a container, by Kubernetes' rules.
const NAME_MAX: usize = 63;
/// The longest name of a Pod or node, by Kubernetes' rules.
const OBJECT_NAME_MAX: usize = 253;

/// The name of the container.
pub fn name(c: &Container) -> String {
    text::cut_at(&c.name, NAME_MAX).to_owned()
}

/// The name of a Pod or node.
pub fn object_name(name: &str) -> String {
    text::cut_at(name, OBJECT_NAME_MAX).to_owned()
}

/// A reason in one word.
pub fn reason(word: &str) -> String {
    text::cut_at(word, text::WORD).to_owned()
}

/// The signal that ended the container. Most container runtimes do not say it: then the exit code says it, by the
/// convention of shells and container runtimes.
pub fn signal(end: &End) -> Option<i32> {
    end.signal.or_else(|| (129..=159).contains(&end.exit).then(|| end.exit - 128))
}

/// The container has ended and does not run again now.
pub fn now(c: &Container) -> Option<&End> {
    c.end.as_deref().filter(|_| matches!(c.state, State::Terminated { .. }))
}
