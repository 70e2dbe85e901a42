//! Where in an object does a value stand? A value of the object, and the path to the value.

use serde_json::Value;

use crate::cli::manifest::Path;
use crate::cli::manifest::Step;

/// What an absent field has for a value.
static NOTHING: Value = Value::Null;

/// A value of an object, and the path to the value. An absent field is `null`, and has a path too.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    value: &'a Value,
    path: Path,
}

impl<'a> Node<'a> {
    /// The whole object.
    pub fn root(value: &'a Value) -> Self {
        Self { value, path: Path::default() }
    }

    /// The value of this field.
    pub fn at(&self, key: &str) -> Self {
        self.step(self.value.get(key), Step::from(key))
    }

    /// The value of the field at the end of this way: `way("spec.template.spec")`.
    pub fn way(&self, keys: &str) -> Self {
        keys.split('.').fold(self.clone(), |node, key| node.at(key))
    }

    fn step(&self, value: Option<&'a Value>, step: Step) -> Self {
        let mut path = self.path.clone();
        path.0.push(step);
        Self { value: value.unwrap_or(&NOTHING), path }
    }

    /// The entries of a list; none, if the value is not a list.
    pub fn items(&self) -> Vec<Self> {
        let entries = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        entries.iter().enumerate().map(|(n, value)| self.step(Some(value), Step::Index(n))).collect()
    }

    /// The fields of a map, with their names; none, if the value is not a map.
    pub fn fields(&self) -> Vec<(&'a str, Self)> {
        let fields = self.value.as_object().into_iter().flatten();
        fields.map(|(key, value)| (key.as_str(), self.step(Some(value), Step::from(key.as_str())))).collect()
    }

    /// The value at the end of this path.
    pub fn along(&self, path: &Path) -> Self {
        let next = |node: Self, step: &Step| match step {
            Step::Key(key) => node.at(key),
            Step::Index(index) => node.step(node.value.get(*index), step.clone()),
        };
        path.iter().fold(self.clone(), next)
    }

    /// The value itself; `null` if it is absent.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// The value as text.
    pub fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The texts of a list, or the single text.
    pub fn texts(&self) -> Vec<&'a str> {
        match self.value {
            Value::String(one) => vec![one],
            _ => self.value.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        }
    }

    /// The value as a whole number.
    pub fn number(&self) -> Option<i64> {
        self.value.as_i64()
    }

    /// The value as this type, if it has its form.
    pub fn read<T: serde::Deserialize<'a>>(&self) -> Option<T> {
        T::deserialize(self.value).ok()
    }

    /// Whether the field is there and not `null`.
    pub fn is_there(&self) -> bool {
        !self.value.is_null()
    }

    /// Whether the value is `true`.
    pub fn is_true(&self) -> bool {
        self.value.as_bool() == Some(true)
    }

    /// Whether the value is this text.
    pub fn is(&self, text: &str) -> bool {
        self.text() == Some(text)
    }

    /// The path from the object.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_knows_its_place_and_what_is_absent_has_a_place_too() {
        let object = json!({"a": [{"b": "x"}], "n": 3, "labels": {"x.y/z": "v"}});
        let root = Node::root(&object);
        let entry = &root.at("a").items()[0];
        let rows = [
            (entry.at("b"), "a[0].b", Some("x"), true),
            (entry.at("c"), "a[0].c", None, false),
            (root.way("gone.below"), "gone.below", None, false),
            (root.at("labels").at("x.y/z"), "labels[x.y/z]", Some("v"), true),
        ];
        for (node, path, text, there) in rows {
            assert_eq!((node.path().to_string(), node.text(), node.is_there()), (path.to_owned(), text, there));
        }
        assert_eq!((root.at("n").number(), root.at("n").text(), root.at("n").items().len()), (Some(3), None, 0));
        assert_eq!((entry.at("b").texts(), root.at("n").texts()), (vec!["x"], vec![]));
    }
}
