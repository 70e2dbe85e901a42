//! Recipes: how well-known sidecars are stopped, as data.
//!
//! The built-in ones are in `recipes.yaml`; a file of the same form adds to them or replaces those of the same name. Which
//! container a recipe is for is decided in `engine::build::recipes`.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::api::rules::SIGNALS;
use crate::api::sidecar::StopExec;
use crate::api::sidecar::StopHttp;

/// A well-known sidecar, and how it is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    /// Its name, for `stop.recipe`.
    pub name: String,
    /// The names that its injector gives to the container.
    #[serde(default)]
    pub containers: Vec<String>,
    /// The ends of its image's repository path, whatever the registry: `istio/proxyv2`.
    #[serde(default)]
    pub images: Vec<String>,
    /// The ways to stop it, tried in this order until one is heard.
    pub stop: Vec<Way>,
    /// Since which of its versions the first way works.
    pub since: String,
    /// The first way works without being turned on.
    pub on_by_default: bool,
    /// How it is turned on, and what happens if it is not.
    pub if_off: String,
    /// What it was tried against by our tests: a real program, or a stand-in that speaks the documented endpoint.
    #[serde(default)]
    pub tested: Option<String>,
}

/// One way to stop a sidecar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Way {
    /// An HTTP request from inside of the Pod.
    Http(StopHttp),
    /// A command in the container.
    Exec(StopExec),
    /// A signal to its first process.
    Signal(String),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(http) => write!(f, "HTTP {} :{}{}", http.method, http.port, http.path),
            Self::Exec(exec) => write!(f, "exec {}", exec.command.join(" ")),
            Self::Signal(signal) => write!(f, "{signal}"),
        }
    }
}

/// The recipes that the program brings.
pub fn built_in() -> Arc<Vec<Recipe>> {
    static BUILT_IN: LazyLock<Arc<Vec<Recipe>>> =
        LazyLock::new(|| Arc::new(parse(include_str!("recipes.yaml")).unwrap_or_default()));
    BUILT_IN.clone()
}

/// Recipes from YAML: a list. What is wrong is said with the recipe's name.
pub fn parse(yaml: &str) -> Result<Vec<Recipe>, String> {
    let recipes: Vec<Recipe> = serde_saphyr::from_str(yaml).map_err(|e| e.to_string())?;
    match recipes.iter().find_map(|r| wrong(r).map(|why| format!("recipe {:?}: {why}", r.name))) {
        Some(why) => Err(why),
        None => Ok(recipes),
    }
}

/// The built-in recipes and these; one of the same name replaces it, and what was added is asked first.
pub fn with(more: Vec<Recipe>) -> Arc<Vec<Recipe>> {
    let built_in = built_in();
    let rest = built_in.iter().filter(|r| !more.iter().any(|m| m.name == r.name)).cloned();
    Arc::new(more.iter().cloned().chain(rest).collect())
}

fn wrong(recipe: &Recipe) -> Option<String> {
    let Recipe { name, containers, images, stop, .. } = recipe;
    if name.is_empty() {
        return Some("name is empty".into());
    }
    if containers.is_empty() && images.is_empty() {
        return Some("neither containers nor images say what it is for".into());
    }
    if stop.is_empty() {
        return Some("stop has no way to stop it".into());
    }
    stop.iter().find_map(|way| match way {
        Way::Http(http) if http.port == 0 => Some("stop has an http without a port".into()),
        Way::Http(http) if !http.path.starts_with('/') => {
            Some(format!("the path {:?} has no leading slash", http.path))
        }
        Way::Exec(exec) if exec.command.is_empty() => Some("stop has an exec without a command".into()),
        Way::Signal(signal) if !SIGNALS.contains(&signal.as_str()) => {
            Some(format!("the signal {signal:?} is none of {}", SIGNALS.join(", ")))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
