//! Paths inside a namespace, and references to nodes.

use std::fmt;

use super::{Name, NameInvalid, NodeId};

/// Names from a starting node downwards; empty for the starting node itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<Name>);

impl Path {
    /// Splits `a/b`, with or without a leading slash. Empty and `/` are the empty path.
    ///
    /// # Errors
    /// If one of the names is not valid.
    pub fn parse(text: &str) -> Result<Path, NameInvalid> {
        let relative = text.strip_prefix('/').unwrap_or(text);
        if relative.is_empty() {
            return Ok(Path::default());
        }
        relative.split('/').map(Name::new).collect::<Result<_, _>>().map(Path)
    }

    /// A path of these names.
    pub fn of(names: Vec<Name>) -> Path {
        Path(names)
    }

    /// The names, outermost first.
    pub fn names(&self) -> &[Name] {
        &self.0
    }

    /// The last name and the names before it; None for the starting node.
    pub fn split_last(&self) -> Option<(&Name, &[Name])> {
        self.0.split_last()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}

/// Names a node: a path from a starting node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRef {
    /// Where the path starts; [`NodeId::NONE`] for the namespace's root.
    pub start: NodeId,
    /// From there.
    pub path: Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(Path::parse("/").map(|path| path.to_string()), Ok("/".into()));
        assert_eq!(Path::parse("a/b").map(|path| path.to_string()), Ok("/a/b".into()));
        assert_eq!(Path::parse("/a/b"), Path::parse("a/b"));
        assert_eq!(Path::parse("/a//b"), Err(NameInvalid::Empty));
        assert_eq!(Path::parse("/a/"), Err(NameInvalid::Empty));
    }
}
