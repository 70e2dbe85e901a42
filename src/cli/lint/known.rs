//! Does a container never end by itself? A well-known sidecar by name and image, or a command that says so.

use std::sync::Arc;

use crate::api::recipes;
use crate::api::recipes::Recipe;
use crate::cli::lint::node::Node;

/// Shells: what their script does decides whether they end.
const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "ksh"];
/// Arguments with which servers only check or print something.
const CHECKS: [&str; 8] = ["-t", "-T", "-v", "-V", "--version", "--help", "-h", "validate"];
/// First arguments of servers, which an image takes for the name of its command.
const SERVES: [&str; 8] = ["agent", "server", "proxy", "sidecar", "run", "start", "serve", "tunnel"];
/// Programs of a shell that never end. Behind each stands a blank or the end.
const ENDLESS: [&str; 3] = ["sleep infinity", "sleep inf", "tail -f /dev/null"];

/// Why a container never ends by itself: a clause for people. `None`: the container may end.
pub fn endless(container: &Node<'_>) -> Option<String> {
    let words = words(container);
    if let Some(script) = script(&words) {
        return loops(script).then(|| "its script loops for ever".to_owned());
    }
    let program = container.at("command").is_there().then(|| words.iter().map(|w| basename(w)).collect::<Vec<_>>());
    if let Some(program) = program {
        let line = program.join(" ");
        if ENDLESS.iter().any(|endless| line == *endless || line == endless.replace("/dev/", "")) {
            return Some(format!("{:?} never ends", words.join(" ")));
        }
    }
    well_known(container)
        .map(|name| format!("it is the well-known sidecar {name}, which runs until it is told to stop"))
}

/// The recipe that the container matches: by the name that an injector gives and no other container has, by name and
/// image, or by an image that runs its own command.
fn well_known(container: &Node<'_>) -> Option<String> {
    let recipes: Arc<Vec<Recipe>> = recipes::built_in();
    let (name, image) = (container.at("name").text()?, container.at("image").text().unwrap_or_default());
    let has_command = container.at("command").is_there();
    let arguments = container.at("args").texts();
    if arguments.iter().any(|word| CHECKS.contains(word)) || !serves(&arguments) {
        return None;
    }
    let is_it = |recipe: &&Recipe| {
        let (by_name, by_image) = (recipe.containers.iter().any(|n| n == name), has_image(recipe, image));
        // `istio-proxy`, `daprd`: nobody calls another container so. `nginx` or `envoy` may be somebody's own build.
        let is_telling = name.contains('-') || name == "daprd" || name == "cloudflared";
        by_name && (by_image || is_telling) || by_image && !has_command
    };
    recipes.iter().find(is_it).map(|recipe| recipe.name.clone())
}

/// The name of the well-known sidecar that an injector gives to its container.
pub fn is_name_of_an_injector(name: &str) -> bool {
    recipes::built_in().iter().any(|recipe| recipe.containers.iter().any(|n| n == name))
}

/// The arguments begin with an option, with a file, an address or a word that says "serve": `kv` of Vault and
/// `istio-iptables` of Istio's image end.
fn serves(arguments: &[&str]) -> bool {
    arguments.first().is_none_or(|first| {
        let is_word = first.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !first.starts_with('-');
        !is_word || SERVES.contains(first)
    })
}

fn has_image(recipe: &Recipe, image: &str) -> bool {
    let repository = repository(image);
    recipe.images.iter().any(|end| {
        repository.strip_suffix(end.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })
}

/// The image without its tag and digest; a colon before a slash is a port.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => &image[..colon],
        _ => image,
    }
}

/// Command and arguments of a container, in one list.
pub fn words<'a>(container: &Node<'a>) -> Vec<&'a str> {
    let mut words = container.at("command").texts();
    words.extend(container.at("args").texts());
    words
}

/// The script, if the words run a shell with `-c`.
pub fn script<'a>(words: &[&'a str]) -> Option<&'a str> {
    if !SHELLS.contains(&basename(words.first()?)) {
        return None;
    }
    let flag = words.iter().position(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))?;
    words.get(flag + 1).copied()
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Does the script never come to its end? A loop without a condition and without a way out, or a program that never ends,
/// in the foreground. What a trap does happens only on a signal.
fn loops(script: &str) -> bool {
    let script = without_traps(script);
    let has_word = |word: &str| script.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == word);
    if ["break", "exit", "return", "kill", "exec", "timeout"].iter().any(|word| has_word(word))
        || is_in_background(&script)
    {
        return false;
    }
    let line = script.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_loop = ["while true", "while :", "until false", "while [ 1 ]"].iter().any(|head| {
        line.match_indices(head).any(|(at, _)| line[at + head.len()..].trim_start().starts_with([';', 'd']))
    });
    is_loop || ENDLESS.iter().any(|endless| line.ends_with(endless) || line.contains(&format!("{endless};")))
}

/// A single `&` at the end of a command.
fn is_in_background(script: &str) -> bool {
    let bytes = script.as_bytes();
    (0..bytes.len()).any(|n| {
        let is_and = |m: Option<usize>| m.and_then(|m| bytes.get(m)) == Some(&b'&');
        let to_a_file = n.checked_sub(1).and_then(|m| bytes.get(m)) == Some(&b'>') || bytes.get(n + 1) == Some(&b'>');
        bytes[n] == b'&' && !is_and(n.checked_sub(1)) && !is_and(Some(n + 1)) && !to_a_file
    })
}

/// The script without the actions of its traps.
fn without_traps(script: &str) -> String {
    let mut rest = script;
    let mut kept = String::new();
    while let Some(at) = rest.find("trap ") {
        let after = &rest[at + 5..];
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let end = quote.and_then(|quote| after[1..].find(quote)).map(|end| end + 2);
        kept.push_str(&rest[..at]);
        rest = &after[end.unwrap_or(0)..];
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shell(script: &str) -> Value {
        json!({"name": "x", "image": "busybox", "command": ["sh", "-c", script]})
    }

    #[test]
    fn a_well_known_sidecar_is_known_by_what_no_other_container_has() {
        let rows = [
            ("name and image", json!({"name": "nginx", "image": "docker.io/library/nginx:1.27"}), true),
            ("a name of an injector, with an image of one's own", json!({"name": "istio-proxy", "image": "x/y"}), true),
            ("a common name, with an image of one's own", json!({"name": "envoy", "image": "x/y"}), false),
            ("the image alone", json!({"name": "p", "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2"}), true),
            ("a port in the image", json!({"name": "p", "image": "reg:5000/istio/proxyv2@sha256:0"}), true),
            ("the end of another image", json!({"name": "p", "image": "x/my-nginx"}), false),
            (
                "the image with another command",
                json!({"name": "p", "image": "hashicorp/vault", "command": ["vault", "kv"]}),
                false,
            ),
            (
                "the image with a command that ends",
                json!({"name": "p", "image": "hashicorp/vault", "args": ["kv", "get"]}),
                false,
            ),
            ("Vault's agent", json!({"name": "p", "image": "hashicorp/vault", "args": ["agent", "-config=x"]}), true),
            (
                "Istio's init container",
                json!({"name": "istio-init", "image": "istio/proxyv2", "args": ["istio-iptables"]}),
                false,
            ),
            ("a check of a configuration", json!({"name": "nginx", "image": "nginx", "args": ["-t"]}), false),
            (
                "the name, with a program",
                json!({"name": "cloud-sql-proxy", "image": "x", "command": ["/proxy", "-i=a:b:c"]}),
                true,
            ),
            (
                "the name, with a script that ends",
                json!({"name": "cloud-sql-proxy", "image": "x", "command": ["sh", "-c", "exit"]}),
                false,
            ),
            ("something else", json!({"name": "work", "image": "busybox"}), false),
        ];
        for (case, container, expected) in rows {
            assert_eq!(endless(&Node::root(&container)).is_some(), expected, "{case}");
        }
    }

    #[test]
    fn a_command_never_ends_if_it_says_so() {
        let rows = [
            ("while true; do date; sleep 1; done", true),
            ("while :\ndo date\ndone", true),
            ("trap 'echo bye; exit 0' TERM; while :; do sleep 1; done", true),
            ("trap \"exit\" TERM INT; tail -f /dev/null", true),
            ("echo up; sleep infinity", true),
            ("while true; do test -f /done && break; sleep 1; done", false),
            ("until test -f /done; do sleep 1; done", false),
            ("fluentd & while :; do sleep 1; done", false),
            ("while true; do date 2>&1; done", true),
            ("while true && test ! -f /done; do sleep 1; done", false),
            ("timeout 60 sh -c 'while true; do sleep 1; done'", false),
            ("while trueish; do sleep 1; done", false),
            ("sleep 5", false),
        ];
        for (script, expected) in rows {
            assert_eq!(endless(&Node::root(&shell(script))).is_some(), expected, "{script}");
        }
        let rows = [
            (json!({"command": ["sleep", "infinity"]}), true),
            (json!({"command": ["/bin/sleep"], "args": ["infinity"]}), true),
            (json!({"command": ["tail", "-f", "/dev/null"]}), true),
            (json!({"command": ["sleep", "60"]}), false),
            (json!({"args": ["sleep", "infinity"]}), false),
            (json!({"command": ["bash", "-euxc"], "args": ["while true; do sleep 1; done"]}), true),
            (json!({}), false),
        ];
        for (container, expected) in rows {
            assert_eq!(endless(&Node::root(&container)).is_some(), expected, "{container}");
        }
    }
}
