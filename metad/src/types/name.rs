//! Names of nodes and namespaces.

use std::{cmp::Ordering, fmt};

use metad_proto::limits::NAME_BYTES_MAX;

/// 1..=255 bytes of UTF-8, no NUL, no `/`, not `.` or `..`. One that is stored in a directory
/// knows the key under which that is found there; in the order of these keys.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    text: Box<str>,
    /// If it differs from the text.
    key: Option<Box<str>>,
}

impl Name {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn new(text: &str) -> Result<Name, NameInvalid> {
        if text.is_empty() {
            return Err(NameInvalid::Empty);
        }
        if text.len() > NAME_BYTES_MAX {
            return Err(NameInvalid::TooLong);
        }
        if text == "." || text == ".." {
            return Err(NameInvalid::Dots);
        }
        if text.contains(['\0', '/']) {
            return Err(NameInvalid::Character);
        }
        Ok(Name { text: text.into(), key: None })
    }

    /// The same spelling under a key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Name {
        let key = (key != &*self.text).then(|| key.into());
        Name { text: self.text.clone(), key }
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is found under.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.text)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        (self.key(), &self.text).cmp(&(other.key(), &other.text))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Name").field(&self.text).finish()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why something is not a name or a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameInvalid {
    /// An empty name, such as between two slashes.
    #[error("a name must not be empty")]
    Empty,
    /// Too many bytes.
    #[error("a name has at most 255 bytes")]
    TooLong,
    /// `.` or `..`.
    #[error("a name must not be . or ..")]
    Dots,
    /// A NUL or a slash.
    #[error("a name must not contain NUL or /")]
    Character,
    /// The root, where a name inside a directory is needed.
    #[error("the root cannot be the target here")]
    Root,
    /// A content hash of another size.
    #[error("a hash has 32 bytes")]
    Hash,
    /// Blocks and a reference to a list of them.
    #[error("a file has blocks or a manifest, not both")]
    Manifest,
    /// What was asked for would bring names into a namespace that tells them apart otherwise.
    #[error("the two namespaces have different name policies")]
    Policy,
    /// The later of two revisions was given first.
    #[error("the earlier revision comes first")]
    Revisions,
    /// A lock that is on neither a path nor a node.
    #[error("a lock is on a path or on a node, not on a path from a node")]
    Lock,
    /// A field that every request of this kind has.
    #[error("{0} is missing")]
    Missing(Field),
    /// A value of an enumeration that this version does not have.
    #[error("{0} has a value that is not known")]
    Unknown(Field),
}

/// A field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Of a mutation: its id.
    Request,
    /// What a mutation is.
    Mutation,
    /// What a mutation of steps consists of.
    Steps,
    /// What a step is.
    Op,
    /// What a check demands.
    Condition,
    /// What kind of node a check demands.
    Kind,
    /// Which names of a namespace are the same.
    Policy,
    /// What a symlink holds.
    To,
}

impl Field {
    /// As the messages call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Request => "request",
            Field::Mutation => "mutation",
            Field::Steps => "steps",
            Field::Op => "op",
            Field::Condition => "condition",
            Field::Kind => "kind",
            Field::Policy => "policy",
            Field::To => "to",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl NameInvalid {
    /// A word for programs: part of the API.
    pub fn why(self) -> &'static str {
        match self {
            NameInvalid::Empty => "empty",
            NameInvalid::TooLong => "too_long",
            NameInvalid::Dots => "dots",
            NameInvalid::Character => "character",
            NameInvalid::Root => "root",
            NameInvalid::Hash => "hash",
            NameInvalid::Manifest => "manifest",
            NameInvalid::Policy => "policies_differ",
            NameInvalid::Revisions => "revisions",
            NameInvalid::Lock => "lock",
            NameInvalid::Missing(_) => "missing",
            NameInvalid::Unknown(_) => "unknown",
        }
    }

    /// The field that it is about, where that says more.
    pub fn field(self) -> Option<Field> {
        match self {
            NameInvalid::Missing(field) | NameInvalid::Unknown(field) => Some(field),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(Name::new(""), Err(NameInvalid::Empty));
        assert_eq!(Name::new(".."), Err(NameInvalid::Dots));
        assert_eq!(Name::new("a/b"), Err(NameInvalid::Character));
        assert_eq!(Name::new("a\0"), Err(NameInvalid::Character));
        assert_eq!(Name::new(&"ü".repeat(128)), Err(NameInvalid::TooLong));
        assert_eq!(Name::new("...").expect("three dots are a name").as_str(), "...");
    }
}
