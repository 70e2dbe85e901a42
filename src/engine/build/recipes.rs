//! By which ways is a sidecar stopped? What the spec gives, else what the recipe says that its image or name matches.

use crate::api::recipes::{Recipe, Way};
use crate::engine::observed::{Container, Sidecar};

/// The ways, in their order, and whether the spec asked for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// In the order in which they are tried.
    pub list: Vec<Way>,
    /// The spec names them, or their recipe.
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

/// The spec names a recipe that there is not: in words, with those that there are.
pub fn unknown(sidecar: &Sidecar, recipes: &[Recipe]) -> Option<String> {
    let name = sidecar.recipe.as_deref().filter(|name| named(name, recipes).is_none())?;
    let known: Vec<&str> = recipes.iter().map(|r| r.name.as_str()).collect();
    Some(format!(
        "there is no recipe {name}, which stop.recipe of sidecar {} names: it gets SIGTERM; the recipes are {}",
        sidecar.name,
        known.join(", ")
    ))
}

/// The container has a name of the recipe, or its image is one of the recipe's, in whatever registry.
fn is_for(recipe: &Recipe, container: &Container) -> bool {
    let repository = repository(&container.image);
    let is_image = |image: &String| {
        repository.strip_suffix(image.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    recipe.containers.contains(&container.name) || recipe.images.iter().any(is_image)
}

/// The image without tag and digest.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => &image[..colon], // a colon before a slash is a port
        _ => image,
    }
}

#[cfg(test)]
mod tests;
