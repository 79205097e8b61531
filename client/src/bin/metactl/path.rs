//! Paths as users write them: from the root of the namespace, or from a node by its id.

use std::{fmt, str::FromStr};

use metad_client::{steps, v1::NodeRef};

/// `/a/b`, or `#17/a/b` from the node with id 17, or `#17` for that node. A trailing slash says
/// that it is a directory, as elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePath {
    /// As the user wrote it, but for slashes at the end.
    text: String,
    /// Of the node that it starts from; 0 for the root.
    start: u64,
    is_directory: bool,
}

impl NodePath {
    /// For the service.
    pub fn target(&self) -> NodeRef {
        match self.start {
            0 => steps::at(&self.text),
            start => steps::under(start, self.names()),
        }
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
        NodePath { text, is_directory: false, ..*self }
    }

    /// The last name, unless the path is an id alone: then only the service knows it.
    pub fn name(&self) -> Option<&str> {
        let names = self.names();
        let is_named = self.start == 0 || !names.is_empty();
        is_named.then(|| names.rsplit('/').next().unwrap_or_default())
    }

    /// Does it name a directory that receives something under its own name?
    pub fn is_directory(&self) -> bool {
        self.is_directory
    }

    /// What comes after the start.
    fn names(&self) -> &str {
        match self.start {
            0 => &self.text,
            _ => self.text.split_once('/').map_or("", |(_, names)| names),
        }
    }
}

impl FromStr for NodePath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<NodePath, Self::Err> {
        if text.is_empty() {
            return Err("the path is empty; / is the root");
        }
        let start = match text.strip_prefix('#') {
            Some(rest) => id(rest.split('/').next().unwrap_or_default()).ok_or(
                "after # comes a node's id, such as #17/a; a name that begins with # is written \
                 /#name",
            )?,
            None => 0,
        };
        let trimmed = text.trim_end_matches('/');
        let text_or_root = if trimmed.is_empty() { "/" } else { trimmed };
        Ok(NodePath { text: text_or_root.to_owned(), start, is_directory: text.ends_with('/') })
    }
}

impl fmt::Display for NodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An id in digits alone: no sign, and never 0.
pub fn id(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| is_number && *id != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> NodePath {
        text.parse().expect("a path")
    }

    #[test]
    fn a_trailing_slash_means_into() {
        assert_eq!(path("/a/b/").as_str(), "/a/b");
        assert_eq!(path("/").as_str(), "/");
        assert_eq!(path("/a/").receiving("f").as_str(), "/a/f");
        assert_eq!(path("/").receiving("f").as_str(), "/f");
        assert_eq!(path("/a").receiving("f").as_str(), "/a");
        assert_eq!(path("a/b/").name(), Some("b"));
        assert_eq!(path("/").name(), Some(""));
        assert!("".parse::<NodePath>().is_err());
    }

    #[test]
    fn a_path_may_start_from_an_id() {
        let target = |text: &str| path(text).target();
        assert_eq!(target("#17"), steps::by_id(17));
        assert_eq!(target("#17/"), steps::by_id(17));
        assert_eq!(target("#17/a/b"), steps::under(17, "a/b"));
        assert_eq!(path("#17/").receiving("f").target(), steps::under(17, "f"));
        assert_eq!((path("#17").name(), path("#17/a/b").name()), (None, Some("b")));
        assert_eq!(target("/#17"), steps::at("/#17"));
        for wrong in ["#", "#0", "#+1", "#1a", "#a", "#/a", "#99999999999999999999"] {
            assert!(wrong.parse::<NodePath>().is_err(), "{wrong}");
        }
    }
}
