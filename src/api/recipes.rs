//! Recipes: how to stop well-known sidecars, as data.
//!
//! The built-in recipes are in `recipes.yaml`. A file of the same form adds recipes, or replaces those with the same
//! name. `engine::build::recipes` decides which recipe applies to a container.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::api::rules::SIGNALS;
use crate::api::sidecar::StopExec;
use crate::api::sidecar::StopHttp;

/// A well-known sidecar, and how to stop it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    /// The name of the recipe, for `stop.recipe`.
    pub name: String,
    /// The names that the injector of the sidecar gives to the container.
    #[serde(default)]
    pub containers: Vec<String>,
    /// Ends of the repository path of the image, in whatever registry: `istio/proxyv2`.
    #[serde(default)]
    pub images: Vec<String>,
    /// The ways to stop the sidecar. The controller tries them in this order until one succeeds.
    pub stop: Vec<Way>,
    /// The version of the sidecar since which the first way works.
    pub since: String,
    /// Does the first way work without being turned on?
    pub on_by_default: bool,
    /// How to turn the first way on, and what happens if it is off.
    pub if_off: String,
    /// What our tests run it against: a real program, or a stand-in that serves the documented endpoint.
    #[serde(default)]
    pub tested: Option<String>,
}

/// One way to stop a sidecar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Way {
    /// An HTTP request from inside the Pod.
    Http(StopHttp),
    /// A command in the container.
    Exec(StopExec),
    /// A signal to the first process of the container.
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

/// The recipes that are part of the program.
pub fn built_in() -> Arc<Vec<Recipe>> {
    static BUILT_IN: LazyLock<Arc<Vec<Recipe>>> =
        LazyLock::new(|| Arc::new(parse(include_str!("recipes.yaml")).unwrap_or_default()));
    BUILT_IN.clone()
}

/// Recipes from YAML: a list. The error names the invalid recipe.
pub fn parse(yaml: &str) -> Result<Vec<Recipe>, String> {
    let recipes: Vec<Recipe> = serde_saphyr::from_str(yaml).map_err(|e| e.to_string())?;
    match recipes.iter().find_map(|r| wrong(r).map(|why| format!("recipe {:?}: {why}", r.name))) {
        Some(why) => Err(why),
        None => Ok(recipes),
    }
}

/// The built-in recipes and the given ones. A given recipe replaces a built-in recipe with the same name; given recipes
/// come first.
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
