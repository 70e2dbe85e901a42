//! In which ways does the controller stop a sidecar? In the way that the spec gives; otherwise in the ways of the
//! recipe that matches the image or the name of the container.

use crate::api::recipes::{Recipe, Way};
use crate::engine::observed::{Container, Sidecar};

/// The ways to stop a sidecar, and whether the spec asks for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// In the order in which the controller tries them.
    pub list: Vec<Way>,
    /// The spec has the way, or names the recipe.
    pub asked_for: bool,
}

/// The ways for a container.
pub fn ways(container: &Container, sidecar: Option<&Sidecar>, recipes: &[Recipe]) -> Ways {
    if let Some(way) = sidecar.and_then(|s| s.way.clone()) {
        return Ways { list: vec![way], asked_for: true };
    }
    let given = sidecar.and_then(|s| s.recipe.as_deref());
    let recipe = match given {
        Some(name) => named(name, recipes),
        None => recipes.iter().find(|r| is_for(r, container)),
    };
    Ways { list: recipe.map(|r| r.stop.clone()).unwrap_or_default(), asked_for: given.is_some() && recipe.is_some() }
}

/// The recipe of that name.
pub fn named<'a>(name: &str, recipes: &'a [Recipe]) -> Option<&'a Recipe> {
    recipes.iter().find(|r| r.name == name)
}

/// A sentence about a recipe that the spec names and that does not exist, with the names of all recipes.
pub fn unknown(sidecar: &Sidecar, recipes: &[Recipe]) -> Option<String> {
    let name = sidecar.recipe.as_deref().filter(|name| named(name, recipes).is_none())?;
    let known: Vec<&str> = recipes.iter().map(|r| r.name.as_str()).collect();
    Some(format!(
        "stop.recipe of sidecar {} names the recipe {name}, which does not exist: the sidecar gets SIGTERM; the recipes \
         are {}",
        sidecar.name,
        known.join(", ")
    ))
}

/// The recipe has the container's name or image. The registry of the image does not matter.
fn is_for(recipe: &Recipe, container: &Container) -> bool {
    let repository = repository(&container.image);
    let is_image = |image: &String| {
        repository.strip_suffix(image.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    recipe.containers.contains(&container.name) || recipe.images.iter().any(is_image)
}

/// The image without its tag and digest.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => &image[..colon], // a colon before a slash is a port
        _ => image,
    }
}

#[cfg(test)]
mod tests;
