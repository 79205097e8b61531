//! Paths as users write them.

use std::{fmt, str::FromStr};

use metad_client::{steps, v1::NodeRef};

/// A path in the namespace. A trailing slash says that it is a directory, as elsewhere.
#[derive(Clone, Debug)]
pub struct NodePath {
    text: String,
    is_directory: bool,
}

impl NodePath {
    /// For the service.
    pub fn target(&self) -> NodeRef {
        steps::at(&self.text)
    }

    /// As text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where something of that name goes: `mv a dir/` means `dir/a`.
    pub fn receiving(&self, name: &str) -> NodePath {
        if !self.is_directory {
            return self.clone();
        }
        let text = format!("{}/{name}", self.text.trim_end_matches('/'));
        NodePath { text, is_directory: false }
    }

    /// The last name.
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for NodePath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<NodePath, Self::Err> {
        if text.is_empty() {
            return Err("the path is empty; / is the root");
        }
        let trimmed = text.trim_end_matches('/');
        let text_or_root = if trimmed.is_empty() { "/" } else { trimmed };
        Ok(NodePath { text: text_or_root.to_owned(), is_directory: text.ends_with('/') })
    }
}

impl fmt::Display for NodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_means_into() {
        let path = |text: &str| text.parse::<NodePath>().expect("a path");
        assert_eq!(path("/a/b/").as_str(), "/a/b");
        assert_eq!(path("/").as_str(), "/");
        assert_eq!(path("/a/").receiving("f").as_str(), "/a/f");
        assert_eq!(path("/").receiving("f").as_str(), "/f");
        assert_eq!(path("/a").receiving("f").as_str(), "/a");
        assert_eq!(path("a/b/").name(), "b");
        assert!("".parse::<NodePath>().is_err());
    }
}
