//! Names of nodes and namespaces.

use std::fmt;

use metad_proto::limits::NAME_BYTES_MAX;

/// 1..=255 bytes of UTF-8, no NUL, no `/`, not `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

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
        Ok(Name(text.into()))
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
