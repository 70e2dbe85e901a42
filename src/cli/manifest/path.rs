//! How is a field of an object named? As the API server does: `spec.containers[0].name`, `metadata.annotations[a.b/c]`.

use std::fmt;
use std::str::FromStr;

/// One step from a value to a value in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The field of a map.
    Key(String),
    /// The item of a list, from 0.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The steps from an object to one of its fields. It dereferences to the steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path with one more step.
    #[must_use]
    pub fn then(&self, step: impl Into<Step>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }
}

impl std::ops::Deref for Path {
    type Target = [Step];

    fn deref(&self) -> &[Step] {
        &self.0
    }
}

/// Fields with dots between them; `[…]` is an item if it has digits only, else a field.
impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = match rest.strip_prefix('[') {
                Some(inner) => {
                    let (inner, after) =
                        inner.split_once(']').ok_or_else(|| format!("{text:?} has a [ without a ]"))?;
                    let item = inner.parse().ok().filter(|_| inner.bytes().all(|byte| byte.is_ascii_digit()));
                    (item.map_or_else(|| Step::from(inner), Step::Index), after)
                }
                None => {
                    let end = rest.find(['.', '[']).unwrap_or(rest.len());
                    (Step::from(&rest[..end]), &rest[end..])
                }
            };
            if step == Step::Key(String::new()) {
                return Err(format!("{text:?} has a step without a name"));
            }
            steps.push(step);
            rest = after.strip_prefix('.').unwrap_or(after);
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if key.contains(['.', '[', '/']) => write!(f, "[{key}]")?,
                Step::Key(key) if at == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}
