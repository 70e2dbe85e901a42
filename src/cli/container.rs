//! What does a manifest say of a container: its name, its image, its command, and what it mounts?

use serde_json::Value;

use crate::cli::shell::List;
use crate::cli::shell::program::{self, Program};

/// A container of a Pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// The name.
    pub name: String,
    /// The image, as it is written.
    pub image: String,
    /// `restartPolicy` of the container, if it has one.
    pub restart: Option<String>,
    /// `command`; empty: the command of the image.
    pub command: Vec<String>,
    /// `args`.
    pub args: Vec<String>,
    /// The volumes that it mounts.
    pub mounts: Vec<Mount>,
    /// It stands among the init containers.
    pub is_init: bool,
}

/// A volume in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// The name of the volume.
    pub volume: String,
    /// Where the container sees it.
    pub path: String,
    /// The folder of the volume that the container sees; empty: the whole volume.
    pub sub_path: String,
}

impl Container {
    /// Reads a container of an object. What has the wrong type is left out.
    pub fn of(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mount = |mount: &Value| Mount {
            volume: text(&mount["name"]),
            path: text(&mount["mountPath"]),
            sub_path: text(&mount["subPath"]),
        };
        Self {
            name: text(&value["name"]),
            image: text(&value["image"]),
            restart: value["restartPolicy"].as_str().map(str::to_owned),
            command: texts(&value["command"]),
            args: texts(&value["args"]),
            mounts: value["volumeMounts"].as_array().into_iter().flatten().map(mount).collect(),
            is_init: false,
        }
    }

    /// The same for an init container.
    pub fn init(value: &Value) -> Self {
        Self { is_init: true, ..Self::of(value) }
    }

    /// Command and arguments in one list.
    pub fn words(&self) -> Vec<&str> {
        self.command.iter().chain(&self.args).map(String::as_str).collect()
    }

    /// What the words run, as a command of a shell.
    pub fn commands(&self) -> List {
        program::list(&self.words())
    }

    /// The script, if the words run a shell with `-c`.
    pub fn script(&self) -> Option<String> {
        let words: Vec<_> = self.words().into_iter().map(Into::into).collect();
        Program::of(&words).script
    }
}

/// The texts of a list, or the single text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        _ => value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_script_is_what_a_shell_runs() {
        let rows = [
            (json!({"command": ["/bin/sh", "-c", "a; b"]}), Some("a; b")),
            (json!({"command": ["bash", "-euxc"], "args": ["a"]}), Some("a")),
            (json!({"args": ["sh", "-c", "a"]}), Some("a")),
            (json!({"command": ["bash", "--rc", "a"]}), None),
            (json!({"command": ["python", "-c", "a"]}), None),
            (json!({}), None),
        ];
        for (container, expected) in rows {
            assert_eq!(Container::of(&container).script().as_deref(), expected, "{container}");
        }
    }
}
